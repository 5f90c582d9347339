"""The real WebUI, started once by start_app.sh for all tests that talk to it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Running:
    """A running WebUI: where it answers, its shared folder, and what start_app.sh said."""

    url: str
    port: int
    shared: Path
    log: str


@pytest.fixture(scope="session")
def webui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    shared = tmp_path_factory.mktemp("语音 shared")
    port = free_port()
    command = ["bash", str(ROOT / "tts_service" / "start_app.sh"), "--server_port", str(port), "--host", "127.0.0.1"]
    environment = {**os.environ, "TTS_SHARED": str(shared), "TTS_VENV": sys.prefix, "PYTHON": sys.executable}
    started = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert started.returncode == 0, started.stderr
    assert started.stdout == f"READY http://127.0.0.1:{port}\n"
    yield Running(f"http://127.0.0.1:{port}", port, shared, started.stderr)
    stopped = subprocess.run(
        [*command, "--stop"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert stopped.stdout == "stopped\n", stopped.stderr

"""A service with a small engine; what start_app.sh starts: the real WebUI once for all tests that talk to it; releases
with a stand-in for it.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI

from tests.support.ports import free_port
from tests.tts_service.release import Release
from tests.tts_service.tone_engine import ToneEngine
from tts_service.app.admission import Admission
from tts_service.app.health import About
from tts_service.app.service import service_app

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def engine() -> ToneEngine:
    return ToneEngine()


@pytest.fixture
def about(engine: ToneEngine, tmp_path: Path) -> About:
    return About(engine, "1.2.3", "abc", shared=tmp_path, admission=Admission(slots=1, waiting=1))


@pytest.fixture
def app(about: About) -> FastAPI:
    return service_app(about)


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


@pytest.fixture(scope="session")
def empty_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("venv") / "v"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder


@pytest.fixture(scope="session")
def venv_key(tmp_path_factory: pytest.TempPathFactory) -> str:
    return Release(tmp_path_factory.mktemp("key"), 1).make().run("--print-venv-key").stdout.strip()


@pytest.fixture
def release(tmp_path: Path, empty_venv: Path, venv_key: str) -> Iterator[Release]:
    made = Release(tmp_path / "语音 服务", free_port()).make()
    (made.shared / "venvs").mkdir(parents=True)
    (made.shared / "venvs" / venv_key).symlink_to(empty_venv)
    yield made
    record = made.service.running()
    if record:
        os.killpg(record.pid, signal.SIGKILL)

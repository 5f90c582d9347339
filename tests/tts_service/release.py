"""A release folder as start_app.sh meets it on a host, with a small HTTP server in the WebUI's place."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts_service.service_process import Service

SERVICE = Path(__file__).resolve().parents[2] / "tts_service"


@dataclass
class Release:
    """A release folder with start_app.sh in it, and the shared folder beside; the path has spaces and Chinese."""

    root: Path
    port: int
    commit: str = "a" * 40

    @property
    def folder(self) -> Path:
        return self.root / "releases" / self.commit / "tts_service"

    @property
    def shared(self) -> Path:
        return self.root / "shared"

    @property
    def service(self) -> Service:
        return Service(self.shared, self.port)

    def make(self) -> "Release":
        self.folder.mkdir(parents=True)
        for name in ("start_app.sh", "service_process.py"):
            shutil.copy(SERVICE / name, self.folder / name)
        shutil.copy(Path(__file__).with_name("small_webui.py"), self.folder / "webui.py")
        (self.folder / "requirements.txt").write_text("# nothing\n")
        return self

    def begin(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        where = ["--server_port", str(self.port), "--host", "127.0.0.1"]
        env = {key: value for key, value in os.environ.items() if not key.startswith(("TTS_", "TORCH_"))}
        return subprocess.Popen(
            ["bash", str(self.folder / "start_app.sh"), *where, *arguments],
            env={**env, "PYTHON": sys.executable, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        process = self.begin(*arguments, **environment)
        out, err = process.communicate(timeout=400)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def health(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=10) as reply:
            answer: dict[str, Any] = json.load(reply)
            return answer


def until_said(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"never said: {text}")


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def list_sessions(text: str) -> list[str]:
    """Command lines of living processes that hold a text."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if text in line:
                found.append(line)
    return found

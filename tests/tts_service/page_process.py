"""The small page (`small_page.py`) in a process of its own, and files by which a test holds and watches its engine."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.ports import free_port
from tests.tts_service.gradio_http import Page

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class SmallPage(Page):
    """A running page: its `process`, and what its engine and its door do."""

    process: subprocess.Popen[bytes]

    def hold(self, name: str = "hold") -> Path:
        """``hold`` stops the engine before the next piece, ``slow`` makes every piece take a while."""
        path = self.shared / name
        path.touch()
        return path

    @property
    def closed(self) -> Path:
        """A file that is there once a stream was closed before its end."""
        return self.shared / "closed"

    def figure(self, name: str) -> float:
        """One figure of ``/metrics``; 0 where it is missing."""
        lines = httpx.get(self.url + "/metrics", timeout=30).text.splitlines()
        return float(next((line.rpartition(" ")[2] for line in lines if line.startswith(name + " ")), "0"))

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Waits for what is about to happen."""
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, what
            time.sleep(0.02)


@contextmanager
def small_page(shared: Path, log: Path | None = None) -> Iterator[SmallPage]:
    """Starts it and waits until it answers; ends it by force."""
    port = free_port()
    command = [sys.executable, str(ROOT / "tests" / "tts_service" / "small_page.py"), str(port), str(shared)]
    with (
        (log or Path("/dev/null")).open("ab") as said,
        subprocess.Popen(command, stdout=said, stderr=said) as process,
    ):
        page = SmallPage(f"http://127.0.0.1:{port}", shared, process)
        try:
            deadline = time.monotonic() + 300
            while True:
                assert process.poll() is None
                assert time.monotonic() < deadline, "the page did not come up"
                try:
                    urllib.request.urlopen(page.url + "/healthz", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield page
        finally:
            process.kill()

"""What the small servers share: an engine that files hold and slow down, and the server around it."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI

from tests.tts_service.tone_engine import ToneEngine
from tts_service.app.health import About
from tts_service.app.server import DrainingServer


class Held(threading.Event):
    """An event that is set while `free` says so; while the file ``slow`` is in `folder`, every wait takes a while."""

    def __init__(self, folder: Path, free: Callable[[], bool]) -> None:
        super().__init__()
        self._folder, self._free = folder, free

    def wait(self, timeout: float | None = None) -> bool:
        if (self._folder / "slow").exists():
            time.sleep(0.05)
        until = time.monotonic() + (timeout or 0)
        while not self._free():
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True


def serve(engine: ToneEngine, build: Callable[[About], FastAPI], port: int, folder: Path) -> None:
    """Serves until it is ended; ready from the beginning."""
    about = About(engine, "1", "abc", shared=folder)
    about.meter.spoken(1.0, 0.1)
    DrainingServer(build(about), about.admission, host="127.0.0.1", port=port).run()

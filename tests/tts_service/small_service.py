"""The service in a process of its own, without page and network: the tone engine behind the real server.

``small_service.py PORT FOLDER``: a chunk waits until the file ``go`` is in FOLDER; ``inside`` appears when the first
request computes. While ``slow`` is in FOLDER, every chunk takes a while.
"""

import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT)

from tests.tts_service.tone_engine import ToneEngine  # noqa: E402
from tts_service.app.health import About  # noqa: E402
from tts_service.app.server import DrainingServer  # noqa: E402
from tts_service.app.service import service_app  # noqa: E402


class Held(threading.Event):
    """An event that is set by a file."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def wait(self, timeout: float | None = None) -> bool:
        (self._folder / "inside").touch()
        if (self._folder / "slow").exists():
            time.sleep(0.05)
        until = time.monotonic() + (timeout or 0)
        while not (self._folder / "go").exists():
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True


if __name__ == "__main__":
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    engine = ToneEngine()
    engine.go = Held(folder)
    about = About(engine, "1", "abc", shared=folder)
    about.meter.spoken(1.0, 0.1)
    DrainingServer(service_app(about), about.admission, host="127.0.0.1", port=port).run()
    print("ended by itself", flush=True)

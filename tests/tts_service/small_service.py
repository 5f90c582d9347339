"""The service in a process of its own, without page and network: the tone engine behind the real server.

``small_service.py PORT FOLDER``: a chunk waits until the file ``go`` is in FOLDER; ``inside`` appears when the first
request computes. While ``slow`` is in FOLDER, every chunk takes a while.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT)

from tests.tts_service.held_engine import Held, serve  # noqa: E402
from tests.tts_service.tone_engine import ToneEngine  # noqa: E402
from tts_service.app.service import service_app  # noqa: E402

if __name__ == "__main__":
    port, folder = int(sys.argv[1]), Path(sys.argv[2])

    def free() -> bool:
        (folder / "inside").touch()
        return (folder / "go").exists()

    serve(ToneEngine(go=Held(folder, free)), service_app, port, folder)
    print("ended by itself", flush=True)

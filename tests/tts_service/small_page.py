"""The service with its real page in a process of its own, the tone engine in the voice's place.

``small_page.py PORT SHARED``: Gradio's files lie in SHARED as they do in the real service. A recording of more than
three seconds is one in which the engine hears no voice. While the file ``hold`` is in SHARED, no piece is made; while
``slow`` is there, every piece takes a while; ``closed`` appears when a stream was closed before its end.
"""

import sys
import threading
import wave
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT)

from tests.tts_service.held_engine import Held, serve  # noqa: E402
from tests.tts_service.tone_engine import ToneEngine  # noqa: E402
from tts_service.engines.base import RequestRefused, SpeechStream, SynthesisRequest  # noqa: E402
from tts_service.webui import build_app, prepare_environment  # noqa: E402


class Told(threading.Event):
    """An event that a file tells of."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def set(self) -> None:
        self._path.touch()


class PickyEngine(ToneEngine):
    """Refuses long recordings."""

    def stream(self, request: SynthesisRequest) -> SpeechStream:
        if request.reference is not None:
            with wave.open(str(request.reference.path)) as file:
                if file.getnframes() > 3 * file.getframerate():
                    raise RequestRefused("听不出人声。", "No voice can be heard.", "reference")
        return super().stream(request)


if __name__ == "__main__":
    port, shared = int(sys.argv[1]), Path(sys.argv[2])
    prepare_environment(shared)
    go = Held(shared, lambda: not (shared / "hold").exists())
    serve(PickyEngine(go=go, closed=Told(shared / "closed"), matching=True), build_app, port, shared)

"""The service with its real page in a process of its own, the tone engine in the voice's place.

``small_page.py PORT SHARED``: Gradio's files lie in SHARED as they do in the real service. A recording with the rate
of 16,000 Hz is refused by the engine.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT)

from tests.tts_service.tone_engine import ToneEngine  # noqa: E402
from tts_service.app.health import About  # noqa: E402
from tts_service.app.server import DrainingServer  # noqa: E402
from tts_service.webui import build_app, prepare_environment  # noqa: E402

if __name__ == "__main__":
    port, shared = int(sys.argv[1]), Path(sys.argv[2])
    prepare_environment(shared)
    about = About(ToneEngine(matching=True), "1", "abc", shared=shared)
    about.meter.spoken(1.0, 0.1)
    DrainingServer(build_app(about), about.admission, host="127.0.0.1", port=port).run()

"""The service's one process: FastAPI with the HTTP API and the Gradio page at ``/``.

``python tts_service/webui.py --server_port 7860 --host 0.0.0.0`` works from any folder; start_app.sh calls it so.
"""

import argparse
import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if __package__ in (None, ""):  # started as a file: its own folder on sys.path would hide real packages
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from tts_service.app.folders import empty_uploads, shared_folder
from tts_service.app.release import commit, version
from tts_service.engines.base import EngineFailed, RequestRefused, SynthesisRequest

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tts_service.app.health import About

_PRIVATE: Final = (
    "audit",
    "references",
    "indextts_voices",
    "logs",
    "cache_hub",
    "venvs",
    "lexicon.txt",
    "lexicon.txt.before",
)
"""What of the shared folder Gradio never hands out, wherever that folder lies."""


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Reads the command line: where to listen (by default where people expect a WebUI) and what to speak with."""
    parser = argparse.ArgumentParser(prog="webui.py", description="Speech service with a WebUI")
    parser.add_argument("--server_port", "--port", dest="server_port", type=_port, default=7860)
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on")  # noqa: S104
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--engine", default="", help="bundled, indextts or auto (default: TTS_ENGINE, else bundled)")
    parser.add_argument("--low-memory", action="store_true", help="short segments and half precision from the start")
    return parser.parse_args(argv)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:9]) <= 65535:
        raise argparse.ArgumentTypeError(f"{text[:40]} is no port: 1 to 65535")
    return int(text)


def prepare_environment(shared: Path) -> None:
    """Keeps Gradio at home (no analytics, files in the shared folder) and memory small; call it before their import."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("GRADIO_TEMP_DIR", str(shared / "run" / "gradio"))
    # Every length of text is a new shape, and PyTorch's CPU kernels keep a thousand of them: 75 MB measured.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16")
    # Buffers that MKL would keep for the next product of matrices: 15 MB measured, and no slower without.
    os.environ.setdefault("MKL_DISABLE_FAST_MM", "1")
    _use_one_heap()


def _use_one_heap() -> None:
    """Lets all threads share glibc's one heap: heaps of their own keep what other threads could use, 20 MB measured."""
    arena_max = -8  # M_ARENA_MAX of glibc's malloc.h
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL("libc.so.6").mallopt(arena_max, 1)


def build_app(about: "About") -> "FastAPI":
    """Puts health, API and page into one app; the page comes last, so that at ``/`` it can't hide the others."""
    import gradio as gr  # noqa: PLC0415 - five seconds, and only here

    from tts_service.app.page import CSS, build_page, theme  # noqa: PLC0415
    from tts_service.app.service import service_app  # noqa: PLC0415
    from tts_service.references import LARGEST  # noqa: PLC0415

    app = service_app(about)
    page = build_page(about)
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        theme=theme(),
        css=CSS,
        footer_links=[],
        show_error=True,
        ssr_mode=False,
        # Else Gradio keeps in the browser what was spoken, and what was declared of a recording, beside our own history
        # and beyond its "delete all".
        run_history=False,
        max_file_size=LARGEST,
        blocked_paths=[str(about.shared.resolve() / name) for name in _PRIVATE],
    )
    # Gradio looks whether a path that a client names was uploaded only in pages that have been launched, and a mounted
    # one never is: without this line anybody reads the host's .txt and .wav files.
    page.has_launched = True
    return app


def main(argv: Sequence[str] | None = None) -> int:
    """Loads the engine, then opens the port; ends with 1 and a plain sentence when the engine can't be loaded."""
    options = arguments(argv)
    shared = shared_folder()
    prepare_environment(shared)
    uploads = empty_uploads(shared)
    running = commit()
    print(f"tts-service {version()} commit {running} shared {shared}", flush=True)

    # Gradio takes seconds to import: it does so while the engine loads.
    importing = threading.Thread(target=__import__, args=("tts_service.app.page",), daemon=True)
    importing.start()
    from tts_service.app.health import About  # noqa: PLC0415
    from tts_service.app.server import DrainingServer  # noqa: PLC0415
    from tts_service.engines.choose import choose  # noqa: PLC0415
    from tts_service.references import drop_leftovers  # noqa: PLC0415

    drop_leftovers(shared)

    def say(line: str) -> None:
        print(line, flush=True)

    try:
        engine = choose(options.engine, shared, device=options.device, low_memory=options.low_memory, say=say)
        about = About(engine, version(), running, shared=shared)
        engine.load()
        prove(about)
    except EngineFailed as failed:
        print(f"ERROR: {failed}", file=sys.stderr, flush=True)
        return 1
    print(f"engine {engine.name} ready on {engine.device}", flush=True)
    importing.join()
    close = getattr(engine, "close", None)
    DrainingServer(build_app(about), about.admission, host=options.host, port=options.server_port, close=close).run()
    os.close(uploads)
    return 0


def prove(about: "About") -> None:
    """Speaks once, so that ``/readyz`` tells of something that happened; raises EngineFailed.

    An engine that has no voice without a reference recording is ready after the first request that brings one.
    """
    try:
        speech = about.engine.synthesize(SynthesisRequest("你好，服务已经启动。"))
    except RequestRefused as refused:
        print(f"nothing was spoken at the start: {refused.en}", flush=True)
        return
    about.meter.spoken(speech.seconds, speech.compute_seconds, speech.measures)


if __name__ == "__main__":
    raise SystemExit(main())

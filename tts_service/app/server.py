"""The HTTP server: after TERM it finishes what soon ends, refuses what waits or is new, and ends with 0."""

import os
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from tts_service.app.admission import Admission, Crowd

DRAINING: Final = 8.0
"""Seconds that requests may go on computing after TERM."""
LAST: Final = 13.0
"""Seconds after TERM when the process ends, whatever still computes: start_app.sh kills after 20, and a machine that is
slow may see the signal late."""
_TELLING: Final = 1.0
_CLOSING: Final = 2


class DrainingServer(uvicorn.Server):
    """Serves `app`; TERM or INT closes the `admission`: who waits hears 503 at once, who computes has some seconds.

    The server ends when nobody is inside any more. Until then it goes on answering: new requests hear 503, ``/healthz``
    says that it lives. What can't be interrupted in time ends with the process, whose status is 0 all the same; `close`
    is called before that, in a thread of its own, to end what the engine has started.
    """

    def __init__(
        self, app: FastAPI, admission: Admission, *, host: str, port: int, close: Callable[[], None] | None = None
    ) -> None:
        config = uvicorn.Config(
            app, host=host, port=port, log_level="info", access_log=False, timeout_graceful_shutdown=_CLOSING
        )
        super().__init__(config)
        self._admission, self._close = admission, close
        self._asked = False
        self._since: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Notes the signal and nothing else: a handler may not take locks. A second one ends the draining."""
        if self._asked:
            self.should_exit = True
        self._asked = True

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second."""
        if self._asked:
            self._drain()
        return await super().on_tick(counter)

    def _drain(self) -> None:
        now = time.monotonic()
        if self._since is None:
            self._since = now
            self._admission.drain()
            last = threading.Timer(LAST, _leave)
            last.daemon = True
            last.start()
        if now - self._since > DRAINING and not self._admission.over:
            self._admission.end()
            if self._close is not None:
                threading.Thread(target=self._close, daemon=True).start()
        if self._admission.crowd == Crowd(0, 0) or now - self._since > DRAINING + _TELLING:
            self.should_exit = True


def _leave() -> None:
    """Ends the process though threads compute: they hold nothing that must be put in order."""
    print("something still computed when the time was over; it is dropped", flush=True)
    sys.stderr.flush()
    os._exit(0)

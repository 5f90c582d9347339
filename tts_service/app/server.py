"""The HTTP server: after TERM it finishes what runs, refuses what is new, and ends with 0."""

import time
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from tts_service.app.admission import Admission, Crowd

DRAINING: Final = 12.0
"""Seconds that requests may go on after TERM; start_app.sh kills after 20."""
_CLOSING: Final = 5


class DrainingServer(uvicorn.Server):
    """Serves `app`; TERM or INT closes the `admission`, and the server ends when nobody is inside any more.

    Until then it goes on answering: new requests hear 503, ``/healthz`` says that it lives.
    """

    def __init__(self, app: FastAPI, admission: Admission, *, host: str, port: int) -> None:
        config = uvicorn.Config(
            app, host=host, port=port, log_level="info", access_log=False, timeout_graceful_shutdown=_CLOSING
        )
        super().__init__(config)
        self._admission = admission
        self._asked = False
        self._until: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Notes the signal and nothing else: a handler may not take locks. A second one ends the draining."""
        if self._asked:
            self.should_exit = True
        self._asked = True

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second."""
        if self._asked:
            if self._until is None:
                self._admission.drain()
                self._until = time.monotonic() + DRAINING
            if self._admission.crowd == Crowd(0, 0) or time.monotonic() > self._until:
                self.should_exit = True
        return await super().on_tick(counter)

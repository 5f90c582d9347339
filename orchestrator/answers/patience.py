"""Waiting for ZenTao: a call is repeated for as long as the server is away, and nothing else is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_never, wait_exponential, wait_random

from orchestrator.engine import cancelled
from zentao_client import LoginPaused, LoginRefused, Unavailable

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Patience:
    """Repeats a call while ZenTao can't answer, for as long as it takes: after `first` seconds, twice that, …
    up to `longest` seconds, each a little more by chance, so that waiting deployments don't all ask in one moment.

    Server away, time-out before anything was sent, login page, refused or paused login: all end by waiting, because an
    answer that is late beats one that is lost. Everything else (`Rejected`, `NotFound`, `WriteUnknown`, …) is raised.
    A daemon that is being stopped leaves the wait (the engine's `Stopping`); the step begins again at its next start.
    """

    def __init__(self, *, first: float = 1.0, longest: float = 60.0) -> None:
        self._first = first
        self._longest = longest

    def pause(self, seconds: float) -> None:
        """Wait as between two tries."""
        until = time.monotonic() + seconds
        while (rest := until - time.monotonic()) > 0:
            cancelled()  # a stopping daemon leaves here; a cancelled deployment still owes its answer
            time.sleep(min(rest, 0.5))

    def __call__(self, call: Callable[[], T], *, doing: str) -> T:
        """Return what `call` returns; `doing` names it in the log."""
        retrying = Retrying(
            retry=retry_if_exception_type((Unavailable, LoginPaused, LoginRefused)),
            wait=wait_exponential(multiplier=self._first, max=self._longest) + wait_random(0, self._first / 2),
            stop=stop_never,
            sleep=self.pause,
            before_sleep=_logger(doing),
            reraise=True,
        )
        return retrying(call)


def _logger(doing: str) -> Callable[[RetryCallState], None]:
    def say(state: RetryCallState) -> None:
        # The first failure is news; the following ones would only fill the log of a night without ZenTao.
        level = log.warning if state.attempt_number == 1 else log.debug
        error = state.outcome.exception() if state.outcome else None
        level("zentao_waiting", doing=doing, attempt=state.attempt_number, error=str(error))

    return say

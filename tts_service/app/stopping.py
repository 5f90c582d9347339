"""Ending what a visitor has begun: a flag that the work looks at between two pieces, and a door where nobody must wait.

Gradio's own way (``cancels=``) closes the generator behind a button: while a thread computes or waits in it, that is
tried for up to a minute under a lock that other visitors need, and what was made is lost. Here the work ends itself:
its slot is back and its stream closed when the page says so, and what was made is kept.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final

from tts_service.app.admission import Admission

SPEAK: Final = "speak"
BATCH: Final = "batch"
MATCH: Final = "match"


class Stopped(Exception):
    """The visitor stopped it before anything was made."""


class Stop:
    """Whether one run is to end. Safe from any thread."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._calls: list[Callable[[], object]] = []

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    def ask(self) -> None:
        """The run is to end; calls what `calling` was given."""
        with self._lock:
            self._asked.set()
            calls = list(self._calls)
        for call in calls:
            call()

    def wait(self, seconds: float) -> None:
        """Waits, until it is asked at most."""
        self._asked.wait(seconds)

    @contextmanager
    def calling(self, call: Callable[[], object]) -> Iterator[None]:
        """Inside the block, `ask` calls this; at once where it was asked before."""
        with self._lock:
            self._calls.append(call)
            asked = self._asked.is_set()
        try:
            if asked:
                call()
            yield
        finally:
            with self._lock:
                self._calls.remove(call)


class Runs:
    """What the page is doing, by the browser's tab that asked for it: a tab can stop its own runs and no other's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[tuple[str, str], list[Stop]] = {}

    @contextmanager
    def begin(self, tab: str | None, kind: str) -> Iterator[Stop]:
        """A run of `kind` (`SPEAK`, `BATCH`, `MATCH`) lasts as long as the block; `tab` is Gradio's session hash."""
        key, stop = (tab or "", kind), Stop()
        with self._lock:
            self._running.setdefault(key, []).append(stop)
        try:
            yield stop
        finally:
            with self._lock:
                self._running[key].remove(stop)
                if not self._running[key]:
                    del self._running[key]

    def stop(self, tab: str | None, kind: str) -> bool:
        """Stops this tab's runs of this kind; false where there is none."""
        with self._lock:
            found = list(self._running.get((tab or "", kind), ())) if tab else []
        for each in found:
            each.ask()
        return bool(found)


class Door:
    """The engine's door for threads that may be stopped: who waits there leaves the queue at once.

    One thread waits for all of them, in an event loop of its own.
    """

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="page-door", daemon=True).start()

    @contextmanager
    def enter(self, stop: Stop) -> Iterator[None]:
        """Like `Admission.enter`; raises Stopped, too."""
        inside: Future[None] = Future()
        leaving = asyncio.Event()
        holding = asyncio.run_coroutine_threadsafe(self._hold(inside, leaving), self._loop)
        try:
            with stop.calling(holding.cancel):
                inside.result()
            if stop.asked:
                raise Stopped
            yield
        finally:
            self._loop.call_soon_threadsafe(leaving.set)

    async def _hold(self, inside: "Future[None]", leaving: asyncio.Event) -> None:
        try:
            async with self._admission.enter():
                inside.set_result(None)
                await leaving.wait()
        except asyncio.CancelledError:
            if not inside.done():
                inside.set_exception(Stopped())
            raise
        except Exception as error:  # Busy, or what nobody foresaw: the thread must not wait for ever
            inside.set_exception(error)

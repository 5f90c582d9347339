"""The door before everything that computes: few at once, some wait, the rest hears at once when to come again."""

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

SLOTS: Final = 2
"""Requests that compute at once. The engine's one thread takes their chunks in turns: a short text needn't wait for
the end of a long one, and more of them would only make all of them late."""
WAITING: Final = 32
PATIENCE: Final = 30.0
"""Seconds that a request waits for its turn before it is sent away."""
_LONGEST_ADVICE: Final = 60


class Busy(Exception):
    """No room: as many wait as may wait, or the wait was too long. `retry_after` is in whole seconds, 1 to 60."""

    def __init__(self, retry_after: int, zh: str = "", en: str = "") -> None:
        self.retry_after = retry_after
        self.zh = zh or f"服务正忙，请在 {retry_after} 秒后再试。"
        self.en = en or f"The service is busy, try again in {retry_after} seconds."
        super().__init__(f"{self.zh} {self.en}")


class Draining(Busy):
    """The service is about to end: who computes may finish if that is soon, nobody else comes in."""

    def __init__(self) -> None:
        super().__init__(
            10, "服务正在停止或重启，请稍后再试。", "The service is stopping or restarting, try again soon."
        )


@dataclass(frozen=True)
class Crowd:
    """How many are inside, and how many wait."""

    running: int
    waiting: int


class Admission:
    """Lets `slots` requests compute at once and `waiting` more wait, first come, first served.

    ``async with admission.enter(): …`` in any event loop; threads come in through `stopping.Door`. Raises Busy (or
    Draining). Safe to use from any thread.
    """

    def __init__(self, *, slots: int = SLOTS, waiting: int = WAITING, patience: float = PATIENCE) -> None:
        self._slots, self._waiting, self._patience = slots, waiting, patience
        self._lock = threading.Lock()
        self._queue: deque[Future[None]] = deque()
        self._running = 0
        self._draining = False
        self._over = False
        self._told: set[Callable[[], None]] = set()
        self._usual = 1.0  # seconds that a request keeps its slot, a running mean

    @property
    def crowd(self) -> Crowd:
        """How many are inside and how many wait, now."""
        with self._lock:
            return Crowd(self._running, len(self._queue))

    @property
    def draining(self) -> bool:
        return self._draining

    @property
    def over(self) -> bool:
        """Whether those who still compute must end."""
        return self._over

    def drain(self) -> None:
        """Lets nobody else in and turns away who waits (Draining); who computes goes on. Not for signal handlers."""
        with self._lock:
            self._draining = True
            while self._queue:
                ticket = self._queue.popleft()
                if ticket.set_running_or_notify_cancel():
                    ticket.set_exception(Draining())

    def end(self) -> None:
        """After `drain`: the time of those who still compute is over; calls what `when_over` was given."""
        with self._lock:
            self._draining = self._over = True
            told = list(self._told)
        for call in told:
            call()

    @contextmanager
    def when_over(self, call: Callable[[], None]) -> Iterator[None]:
        """Inside the block, `end` calls `call`, in the thread that called `end`."""
        with self._lock:
            self._told.add(call)
        try:
            yield
        finally:
            with self._lock:
                self._told.discard(call)

    @asynccontextmanager
    async def enter(self) -> AsyncIterator[None]:
        """Waits for a slot without a thread and keeps it inside the block; raises Busy. May be cancelled."""
        ticket = self._draw()
        try:
            async with asyncio.timeout(self._patience):
                await asyncio.wrap_future(ticket)
        except TimeoutError:
            self._give_up(ticket)
            raise Busy(max(self._advice(), min(_LONGEST_ADVICE, math.ceil(self._patience)))) from None
        except BaseException:  # cancelled while waiting, or in the moment between the turn and its notice
            self._give_up(ticket)
            raise
        begun = time.monotonic()
        try:
            yield
        finally:
            self._leave(time.monotonic() - begun)

    def _draw(self) -> "Future[None]":
        """A ticket whose result comes with the slot."""
        ticket: Future[None] = Future()
        with self._lock:
            if self._draining:
                raise Draining
            if self._running < self._slots:
                self._running += 1
                self._grant(ticket)
            elif len(self._queue) < self._waiting:
                self._queue.append(ticket)
            else:
                raise Busy(self._wait_for(len(self._queue)))
        return ticket

    def _leave(self, seconds: float) -> None:
        with self._lock:
            self._usual += 0.2 * (seconds - self._usual)
            self._pass_on()

    def _give_up(self, ticket: "Future[None]") -> None:
        """Takes a ticket back; if its turn had come in the same moment, the slot goes to the next."""
        with self._lock:
            if ticket in self._queue:
                self._queue.remove(ticket)
            elif not ticket.cancelled() and ticket.exception() is None:  # else it was refused, and has no slot
                self._pass_on()

    def _pass_on(self) -> None:
        while self._queue:
            if self._grant(self._queue.popleft()):
                return
        self._running -= 1

    @staticmethod
    def _grant(ticket: "Future[None]") -> bool:
        """Gives the slot to a ticket; false for one whose holder went away (asyncio has cancelled it)."""
        if not ticket.set_running_or_notify_cancel():
            return False
        ticket.set_result(None)
        return True

    def _advice(self) -> int:
        """By how long requests usually take; who waited in vain is told as long again at least: it was not usual."""
        with self._lock:
            return self._wait_for(len(self._queue))

    def _wait_for(self, ahead: int) -> int:
        return max(1, min(_LONGEST_ADVICE, round(self._usual * (ahead + 1) / self._slots)))

"""One thread that ends what takes too long.

Several of the SSH library's calls wait without any limit (the answer to "run this", a full send window, a file
transfer). A guard around such a call closes the connection under it when its time is over, which wakes it.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Guard:
    """One guarded call: `expired` tells, afterwards, whether the watchdog had to end it."""

    def __init__(self, deadline: float, end: Callable[[], None]) -> None:
        self.deadline = deadline
        self.end = end
        self.done = False
        self.expired = False


class Watchdog:
    """Guards for any number of threads, served by one daemon thread that is started with the first of them."""

    def __init__(self) -> None:
        self._wake = threading.Condition()
        self._queue: list[tuple[float, int, Guard]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None
        self._closed = False

    @contextmanager
    def guard(self, seconds: float, end: Callable[[], None]) -> Iterator[Guard]:
        """Call `end` from another thread if the block is still running after `seconds`."""
        guard = Guard(time.monotonic() + seconds, end)
        with self._wake:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="host-watchdog", daemon=True)
                self._thread.start()
            first = not self._queue or guard.deadline < self._queue[0][0]
            heapq.heappush(self._queue, (guard.deadline, next(self._order), guard))
            if first:
                self._wake.notify()
        try:
            yield guard
        finally:
            guard.done = True

    def close(self) -> None:
        """Stop the thread; guards still open lose their protection."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        while True:
            with self._wake:
                while self._queue and self._queue[0][2].done:
                    heapq.heappop(self._queue)
                if self._closed:
                    return
                now = time.monotonic()
                if not self._queue or self._queue[0][0] > now:
                    self._wake.wait(self._queue[0][0] - now if self._queue else None)
                    continue
                guard = heapq.heappop(self._queue)[2]
            if not guard.done:
                guard.expired = True
                guard.end()

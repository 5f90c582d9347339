"""Hands pieces from a thread that computes to the event loop that sends, with little room between."""

import asyncio
import threading
from typing import Final

ROOM: Final = 16
"""Pieces that may lie between: a minute of speech or so, and the work ends before a slow reader has all of it."""


class Gone(Exception):
    """Nobody reads any more."""


class Mailbox:
    """One writer, a thread; one reader, a coroutine. None ends it, an exception is raised at the reader's."""

    def __init__(self, loop: asyncio.AbstractEventLoop, stalled: float) -> None:
        self._loop, self._stalled = loop, stalled
        self._queue: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self._room = threading.Semaphore(ROOM)
        self._gone = threading.Event()

    @property
    def gone(self) -> bool:
        return self._gone.is_set()

    def put(self, item: bytes | Exception | None) -> None:
        """Waits while there is no room, for `stalled` seconds at most; raises Gone when nobody reads."""
        if not self._room.acquire(timeout=self._stalled) or self._gone.is_set():
            raise Gone
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)
        except RuntimeError:  # the loop has ended
            raise Gone from None

    def put_from_loop(self, error: Exception) -> None:
        """Puts an error behind all pieces, from the event loop itself; never waits."""
        self._queue.put_nowait(error)

    async def get(self) -> bytes | None:
        """The next piece, or None at the end."""
        item = await self._queue.get()
        self._room.release()
        if isinstance(item, Exception):
            raise item
        return item

    def leave(self) -> None:
        """The reader goes; a writer that waits is woken."""
        self._gone.set()
        self._room.release()

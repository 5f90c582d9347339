"""Hands pieces from a thread that computes to the event loop that sends; a slow reader keeps nobody from speaking."""

import asyncio
import threading
from typing import Final

ROOM: Final = 16
"""Pieces that may always lie between, for each reader."""
SHELF: Final = 48 * 1024 * 1024
"""Bytes that may lie between beyond that, of all readers together: a quarter of an hour of raw PCM."""


class Gone(Exception):
    """Nobody reads any more."""


class Shelf:
    """Room that all mailboxes share: as long as there is some, a client that listens at the pace of speech, or doesn't
    read at all, holds memory and not one of the few places where requests compute.
    """

    def __init__(self, size: int = SHELF) -> None:
        self._lock = threading.Lock()
        self._free = size

    @property
    def free(self) -> int:
        """Bytes that can still be taken."""
        return self._free

    def take(self, size: int) -> bool:
        """Takes so many bytes; false where there are fewer."""
        with self._lock:
            if size > self._free:
                return False
            self._free -= size
            return True

    def give(self, size: int) -> None:
        """Gives bytes back."""
        with self._lock:
            self._free += size


class Mailbox:
    """One writer, a thread; one reader, a coroutine. None ends it, an exception is raised at the reader's."""

    def __init__(self, loop: asyncio.AbstractEventLoop, stalled: float, shelf: Shelf) -> None:
        self._loop, self._stalled, self._shelf = loop, stalled, shelf
        # With each piece the bytes that it takes on the shelf; None: it has a place of the mailbox's own.
        self._queue: asyncio.Queue[tuple[bytes | Exception | None, int | None]] = asyncio.Queue()
        self._room = threading.Semaphore(ROOM)
        self._gone = threading.Event()

    @property
    def gone(self) -> bool:
        return self._gone.is_set()

    def put(self, item: bytes | None) -> None:
        """Waits while there is no room, for `stalled` seconds at most; raises Gone when nobody reads."""
        size: int | None = len(item or b"")
        if not self._shelf.take(size or 0):
            size = None
            if not self._room.acquire(timeout=self._stalled):
                raise Gone
        if self._gone.is_set():
            self._free(size)
            raise Gone
        try:
            self._loop.call_soon_threadsafe(self._arrive, item, size)
        except RuntimeError:  # the loop has ended
            self._free(size)
            raise Gone from None

    def put_from_loop(self, error: Exception) -> None:
        """Puts an error behind all pieces, from the event loop itself; never waits."""
        self._queue.put_nowait((error, 0))

    async def get(self) -> bytes | None:
        """The next piece, or None at the end."""
        item, size = await self._queue.get()
        self._free(size)
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        """Nothing more is taken in, and a writer that waits is woken; what lies here can still be read."""
        self._gone.set()
        self._room.release()

    def leave(self) -> None:
        """The reader goes, and what lies here with it; for the event loop."""
        self.close()
        while not self._queue.empty():
            self._free(self._queue.get_nowait()[1])

    def _arrive(self, item: bytes | None, size: int | None) -> None:
        if self._gone.is_set():
            self._free(size)
        else:
            self._queue.put_nowait((item, size))

    def _free(self, size: int | None) -> None:
        if size is None:
            self._room.release()
        else:
            self._shelf.give(size)

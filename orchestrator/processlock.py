"""One owner per data folder: an advisory file lock that names its holder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

ENGINE_LOCK: Final = "engine.lock"
"""The file in a data folder that the process which owns its engine holds for as long as it lives."""


class ProcessLock:
    """A lock on one file, held by one process at a time and gone when that process is, however it ended.

    The kernel lets go of the lock when its holder dies, so a stale file never blocks anybody. The holder's process
    id is written into the file for the people who want to know whom they are waiting for.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock; False when another process (or another object in this one) holds it. Never waits."""
        if self._descriptor is not None:
            return True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let go; harmless when the lock isn't held."""
        if self._descriptor is not None:
            # The file stays: removing it would let two processes lock two different files of one name.
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def is_held(self) -> bool:
        """Whether a process holds it now; False where there is no such file. Raises PermissionError for another user's.

        Asking takes the lock for an instant, shared: a process that starts in just that one is told that it is busy.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def holder(self) -> int | None:
        """The process id that the holder wrote, or None when nobody holds the lock (or none can be read)."""
        try:
            text = self.path.read_text("ascii", "replace").strip()
        except OSError:
            return None
        return int(text) if text.isdecimal() else None

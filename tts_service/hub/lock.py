"""One process at a time fills a folder; the others wait and say for whom."""

import fcntl
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from tts_service.hub.manifest import LOCK


@contextmanager
def locked(folder: Path, what: str, say: Callable[[str], None]) -> Iterator[None]:
    """Holds the folder's lock; the kernel gives it back when the process ends, however it ends.

    While another process holds it, `say` hears who. Raises OSError when the lock's file can't be opened.
    """
    with (folder / LOCK).open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"cache_hub: {what} is being filled by {_holder(lock)}, waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        _sign(lock)
        try:
            yield
        finally:
            lock.truncate(0)


def _sign(lock: TextIO) -> None:
    lock.truncate(0)
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": " ".join(sys.orig_argv)[:160],
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    lock.write(json.dumps(holder))
    lock.flush()


def _holder(lock: TextIO) -> str:
    """Tells who signed the lock; the signature may be missing for the moment between locking and signing."""
    lock.seek(0)
    try:
        holder = json.loads(lock.read(4096))
        return f"process {holder['pid']} on {holder['host']} ({holder['command']}) since {holder['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"

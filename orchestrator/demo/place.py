"""The folder that a demo's results go to, and the one process that writes there."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.demo.processes import DemoError
from orchestrator.processlock import ProcessLock

RESULTS = ("summary.json", "ticket.png", "webui.png", "speech.wav")
LOG = "daemon.log"
PID_FILE = "demo.pid"
VARIABLE = "DEMO_OUT"
_STOP_SECONDS = 90.0


def default_place() -> Path:
    """`$DEMO_OUT`, else `demo-out/` here, else (in a folder that is not ours to write to) one in the caller's home."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    here = Path("demo-out")
    if os.access(here if here.exists() else Path.cwd(), os.W_OK):
        return here
    return Path.home() / "zentao-deploy-demo-out"


@contextmanager
def place(folder: Path) -> Iterator[Path]:
    """The folder, made, free of an earlier demo's results, and ours until the end of the block.

    Raises `DemoError` when another demo writes there or nobody may.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = ProcessLock(folder / PID_FILE)
        ours = lock.acquire()
        for name in (*RESULTS, LOG) if ours else ():
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise DemoError(f"can't write to {folder} ({error.strerror}); name another folder with {VARIABLE}") from error
    if not ours:
        raise DemoError(
            f"another demo (process {lock.holder()}) is running in {folder}: end it with `make demo-stop`, or name "
            f"another folder with {VARIABLE}"
        )
    try:
        yield folder
    finally:
        lock.release()


def stop(folder: Path) -> str:
    """End the demo that runs in `folder`, wait until it is gone, and say what happened.

    Raises `DemoError` when it doesn't end.
    """
    lock = ProcessLock(folder / PID_FILE)
    try:
        # A number in a file may by now be any program; that the lock is held proves that it is the demo.
        if not lock.path.exists() or lock.acquire():
            lock.release()
            return "No demo is running here."
    except OSError as error:
        raise DemoError(f"{lock.path} can't be read ({error.strerror}): whose is it?") from error
    pid = lock.holder()
    if pid is None:
        raise DemoError(f"a demo is starting or ending in {folder}; try again")
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + _STOP_SECONDS
    while not lock.acquire():
        if time.monotonic() > until:
            raise DemoError(f"the demo (process {pid}) was asked to end and is still there after {_STOP_SECONDS:.0f} s")
        time.sleep(0.1)
    lock.release()
    return "Stopped."

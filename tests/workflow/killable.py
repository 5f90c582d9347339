"""The ordinary daemon, except that it kills itself (SIGKILL) once at every boundary it meets, and is started again.

A boundary is the moment before a step's body, the moment between its effect and its checkpoint, and the same around
each write to our store that something else depends on. Those that were met stand in the file `$KILL_LEDGER`, so that
the next life dies at the next new one, until none is left. Each life is a process of its own, forked after the imports.

    python -m tests.workflow.killable serve --config FILE
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import apscheduler.schedulers.background  # noqa: F401 - imported once, before the lives part
import dbos  # noqa: F401
import uvicorn  # noqa: F401

import orchestrator.daemon  # noqa: F401
from orchestrator.cli import main
from orchestrator.engine.carrier import Carrier
from orchestrator.store import Store

LIVES = 150
_LEDGER = Path(os.environ["KILL_LEDGER"])
_ONLY = os.environ.get("KILL_ONLY", "")
_STORE_WRITES = ("record_event", "create_run", "record_intent", "put_answer", "resolve_intent")
_guard = threading.Lock()


def boundary(name: str) -> None:
    """Die here, unless an earlier life died here."""
    if _ONLY and _ONLY not in name:
        return
    with _guard:
        met = _LEDGER.read_text().splitlines() if _LEDGER.exists() else []
        if name in met:
            return
        with _LEDGER.open("a") as ledger:
            ledger.write(f"{name}\n")
            ledger.flush()
            os.fsync(ledger.fileno())
        os.kill(os.getpid(), signal.SIGKILL)


def _named(name: str, body: Callable[[], Any]) -> str:
    arguments = body.args if isinstance(body, functools.partial) else ()
    return " ".join([name, *(str(argument) for argument in arguments if isinstance(argument, str | int))])


def _guarded_step(original: Callable[..., Any]) -> Callable[..., Any]:
    def step(self: Carrier, name: str, body: Callable[[], Any], **options: Any) -> Any:
        label = _named(name, body)

        def guarded() -> Any:
            boundary(f"before {label}")
            result = body()
            boundary(f"after {label}")
            return result

        return original(self, name, guarded, **options)

    return step


def _guarded_write(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def write(self: Store, value: Any, *more: Any, **options: Any) -> Any:
        label = " ".join([name, str(getattr(value, "marker", "")), str(getattr(value, "state", ""))])
        boundary(f"before {label}")
        result = original(self, value, *more, **options)
        boundary(f"after {label}")
        return result

    return write


def live() -> int:
    """One life after the other, until one isn't killed; returns how that one ended."""
    Carrier.run_step = _guarded_step(Carrier.run_step)  # type: ignore[method-assign]
    for write in _STORE_WRITES:
        setattr(Store, write, _guarded_write(write, getattr(Store, write)))
    child = 0

    def forward(_number: int, _frame: FrameType | None) -> None:
        os.kill(child, signal.SIGTERM)

    signal.signal(signal.SIGTERM, forward)
    for _ in range(LIVES):
        child = os.fork()
        if child == 0:
            main()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            return os.waitstatus_to_exitcode(status)
    return 99


if __name__ == "__main__":
    sys.exit(live())

"""Declaring workflows and steps, and what a story may ask while it is told. Knows nothing of DBOS."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec, TypeVar

from orchestrator.engine.errors import EngineError

if TYPE_CHECKING:
    from orchestrator.engine.engine import Engine

P = ParamSpec("P")
R = TypeVar("R")

HOSTS: Final = "hosts"
"""The queue for work on hosts: one workflow per partition (host) at a time."""


class Workflow(Generic[P, R]):
    """A registered workflow. Calling it runs the story at once, in this thread and without any record."""

    def __init__(self, name: str, function: Callable[P, R]) -> None:
        self.name = name
        self.function = function
        self.durable: Callable[..., Any] | None = None
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)


class _Seat:
    """The one engine of this process, while it is launched."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.changing = threading.Lock()


seat: Final = _Seat()
workflows: Final[dict[str, Workflow[..., Any]]] = {}
"""Every declared workflow by its name."""


def workflow(name: str) -> Callable[[Callable[P, R]], Workflow[P, R]]:
    """Declare a workflow under a name that stays the same for ever: stored work is found again by it."""

    def declare(function: Callable[P, R]) -> Workflow[P, R]:
        if name in workflows:
            raise ValueError(f"two workflows are called {name!r}")
        declared = Workflow(name, function)
        workflows[name] = declared
        return declared

    return declare


def declared(name: str) -> Workflow[..., Any]:
    """The workflow of that name; its module must have been imported. Raises EngineError otherwise."""
    if name not in workflows:
        raise EngineError(f"no workflow is called {name!r}")
    return workflows[name]


def step(
    name: str,
    *,
    attempts: int = 1,
    interval: float = 1.0,
    backoff: float = 2.0,
    retry_on: tuple[type[Exception], ...] = (Exception,),
    cleanup: bool = False,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare a step; inside a workflow its result is stored and it isn't run a second time.

    Args:
        attempts: how often it is tried in all. Off (1) by default: most effects must not be repeated blindly.
        interval: seconds before the second attempt; `backoff` multiplies it for each further one.
        retry_on: only these errors are tried again.
        cleanup: run it also after a cancel was requested; every other step then raises `Cancelled` instead.
    """

    def declare(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            engine = seat.engine
            if engine is None:
                return function(*args, **kwargs)
            body = functools.partial(function, *args, **kwargs)
            return engine.carrier.run_step(
                name,
                body,
                attempts=attempts,
                interval=interval,
                backoff=backoff,
                retry_on=retry_on,
                cleanup=cleanup,
            )

        return wrapper

    return declare


def cancelled() -> bool:
    """For long steps, every second or so: has somebody asked this workflow (or its parent) to stop?

    It is also where a daemon that is being stopped leaves a long step, by `Stopping`. False outside an engine.
    """
    engine = seat.engine
    return engine is not None and engine.carrier.cancelled_here()


def running() -> Engine:
    """The engine of this process. Raises EngineError when none is launched."""
    if seat.engine is None:
        raise EngineError("the engine isn't running")
    return seat.engine


def sleep(seconds: float) -> None:
    """Wait inside a workflow; after a restart only the rest is waited. Cancel and shutdown cut it short."""
    engine = seat.engine
    if engine is None:
        time.sleep(seconds)
        return
    # The end of the wait is a step of its own, so that a restart doesn't begin it anew.
    until = engine.carrier.run_step(f"sleep {seconds:g} s", lambda: time.time() + seconds, cleanup=True)
    engine.carrier.run_step("slept", functools.partial(engine.carrier.doze, until), cleanup=False)

"""What carries workflows out in this process: their steps, whether they were asked to stop, the drain at the end."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from orchestrator.engine.declarations import seat
from orchestrator.engine.errors import Cancelled, StepFailed, Stopping, storable_errors
from orchestrator.engine.state import CANCEL_REQUESTED

P = ParamSpec("P")
R = TypeVar("R")


class Carrier:
    """The workflows that this process carries out. Its methods are called in their threads, by DBOS or by a story.

    `active` are the ids under way here, `cancel_requested` those that were asked to stop, by whichever process.
    """

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.active: set[str] = set()
        self.cancel_requested: set[str] = set()
        self._ready = threading.Event()
        self._idle = threading.Condition()

    def close_the_gate(self) -> None:
        """Before DBOS is launched: what it resumes at once waits until we know who was asked to stop."""
        self.stopping.clear()
        self._ready.clear()

    def open_the_gate(self, cancel_requested: set[str]) -> None:
        """Let workflows begin."""
        self.cancel_requested = cancel_requested
        self._ready.set()

    def drain(self, timeout: float) -> bool:
        """Make every workflow leave at its next step; False when one was still inside one after `timeout` seconds."""
        self.stopping.set()
        self._ready.set()
        with self._idle:
            return self._idle.wait_for(lambda: not self.active, timeout)

    def dropped_of(self, ids: set[str]) -> set[str]:
        """Those of the workflows that nobody carries out here."""
        with self._idle:
            return ids - self.active

    def run_step(
        self,
        name: str,
        body: Callable[[], R],
        *,
        attempts: int = 1,
        interval: float = 1.0,
        backoff: float = 2.0,
        retry_on: tuple[type[Exception], ...] = (Exception,),
        cleanup: bool = False,
    ) -> R:
        """A step of this thread's workflow: its stored result, else what `body` gives. Outside of one, `body()`."""
        from dbos import DBOS, error  # noqa: PLC0415

        if DBOS.workflow_id is None:
            return body()

        def guarded() -> R:
            if self.cancelled_here() and not cleanup:
                raise Cancelled
            with storable_errors():
                return body()

        def again(failure: BaseException) -> bool:
            origin = failure.__cause__ if isinstance(failure, StepFailed) and failure.__cause__ else failure
            return isinstance(origin, retry_on) and not isinstance(origin, Cancelled)

        try:
            return DBOS.run_step(
                {
                    "name": name,
                    "retries_allowed": attempts > 1,
                    "max_attempts": attempts,
                    "interval_seconds": interval,
                    "backoff_rate": backoff,
                    "should_retry": again,
                },
                guarded,
            )
        except error.DBOSMaxStepRetriesExceeded as exceeded:
            raise exceeded.errors[-1] from None
        except error.DBOSWorkflowCancelledError:
            raise Stopping from None

    def cancelled_here(self) -> bool:
        """Whether the workflow of this thread was asked to stop. Raises Stopping when the process leaves."""
        from dbos import DBOS  # noqa: PLC0415

        if self.stopping.is_set():
            raise Stopping
        return DBOS.workflow_id in self.cancel_requested

    def doze(self, until: float) -> None:
        """Wait until a Unix time; cancel and shutdown cut it short."""
        while (rest := until - time.time()) > 0:
            if self.cancelled_here():
                raise Cancelled
            self.stopping.wait(min(rest, 0.5))

    @contextmanager
    def carrying(self, workflow_id: str) -> Iterator[None]:
        """Around a workflow's body: it waits for the gate, and counts for the drain."""
        self._ready.wait()
        with self._idle:
            self.active.add(workflow_id)
        try:
            # The first record tells `cancel` that this one has begun and may have something to tidy up.
            self.run_step("begin", functools.partial(self._inherit_cancel, workflow_id), cleanup=True)
            yield
        finally:
            with self._idle:
                self.active.discard(workflow_id)
                self._idle.notify_all()

    def _inherit_cancel(self, workflow_id: str) -> None:
        """A child of a workflow that was asked to stop is asked to stop."""
        from dbos import DBOS  # noqa: PLC0415

        found = DBOS.get_workflow_status(workflow_id)
        if found is not None and found.parent_workflow_id in self.cancel_requested:
            self.cancel_requested.add(workflow_id)
            DBOS.update_workflow_attributes(workflow_id, {CANCEL_REQUESTED: True}, merge=True)


def guarded(function: Callable[P, R]) -> Callable[P, R]:
    """The workflow's body as DBOS runs it: counted for the drain, its error in a form that can be stored."""

    @functools.wraps(function)
    def body(*args: P.args, **kwargs: P.kwargs) -> R:
        from dbos import DBOS  # noqa: PLC0415

        engine, workflow_id = seat.engine, DBOS.workflow_id
        if engine is None or workflow_id is None:
            raise Stopping
        with engine.carrier.carrying(workflow_id), storable_errors():
            return function(*args, **kwargs)

    return body

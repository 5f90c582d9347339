"""The engine of one data folder: its life, and what is asked of it.

DBOS is imported where it is used, not with the file: `zentao-deploy --help` stays quick.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from orchestrator.engine.carrier import Carrier
from orchestrator.engine.dbos_life import APPLICATION_VERSION, compact, destroy, launch
from orchestrator.engine.declarations import Workflow, seat
from orchestrator.engine.errors import Cancelled, EngineBusy, EngineError, Stopping, UnknownWorkflow
from orchestrator.engine.state import CANCEL_REQUESTED, OPEN, PHASES, WorkflowState, state_of
from orchestrator.processlock import ENGINE_LOCK, ProcessLock

if TYPE_CHECKING:
    from dbos import WorkflowStatus

_RESULT_POLL: Final = 0.25


class Engine:
    """The workflow engine of one data folder. One process owns it, and one process has at most one.

    Args:
        data_dir: where `engine.sqlite`, `engine.lock` and `engine.id` live; made when missing.
        worker_concurrency: how many hosts are worked on at the same time.
    """

    def __init__(self, data_dir: Path, *, worker_concurrency: int = 8) -> None:
        self.data_dir = Path(data_dir)
        self._worker_concurrency = worker_concurrency
        self._lock = ProcessLock(self.data_dir / ENGINE_LOCK)
        self.carrier = Carrier()
        self._dropped: dict[str, float] = {}

    def __enter__(self) -> Self:
        self.launch()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.shutdown()

    @property
    def is_running(self) -> bool:
        """Whether it was launched and isn't shutting down."""
        return seat.engine is self and not self.carrier.stopping.is_set()

    # -- life ---------------------------------------------------------------------------------------------------------

    def launch(self) -> None:
        """Take the lock and go on with whatever an earlier process left unfinished.

        Every workflow must have been declared (imported) before. Raises `EngineBusy` when the folder is in use.
        """
        with seat.changing:
            if seat.engine is not None:
                raise EngineError("this process already runs an engine")
            if not self._lock.acquire():
                raise EngineBusy(self._lock.holder())
            try:
                seat.engine = self  # before the launch: it begins with resumed workflows, whose steps look for us
                self.carrier.close_the_gate()
                launch(self.data_dir, worker_concurrency=self._worker_concurrency)
                self.carrier.open_the_gate({each.id for each in self.pending() if each.cancel_requested})
            except BaseException:
                seat.engine = None
                destroy()
                self._lock.release()
                raise

    def shutdown(self, timeout: float = 20.0) -> bool:
        """Drain and let go of the folder; what is unfinished goes on at the next launch.

        Workflows stop at their next step, long steps at their next `cancelled()`. Returns False when one was still
        inside a step after `timeout` seconds: its thread lives on, so end the process.
        """
        if seat.engine is not self:
            return True
        drained = self.carrier.drain(timeout)
        seat.engine = None
        destroy()
        self._lock.release()
        return drained

    # -- work ---------------------------------------------------------------------------------------------------------

    def start(self, workflow: Workflow[..., Any], workflow_id: str, *args: Any) -> None:
        """Begin at once, in a thread of its own; nothing happens when the id is known already.

        `args` are stored: plain str, int, float, bool, None, lists and dicts of them. From inside a workflow it
        begins a child, or raises `Cancelled` when the workflow was asked to stop.
        """
        from dbos import DBOS, SetWorkflowID  # noqa: PLC0415

        self.carrier.run_step(f"may begin {workflow_id}", lambda: None)
        with SetWorkflowID(workflow_id):
            DBOS.start_workflow(self._durable(workflow), *_plain(args))

    def enqueue(self, queue: str, workflow: Workflow[..., Any], workflow_id: str, *args: Any, partition: str) -> None:
        """Begin when the partition (a host's name) is free; otherwise as `start`."""
        from dbos import DBOS, SetEnqueueOptions, SetWorkflowID  # noqa: PLC0415

        self.carrier.run_step(f"may begin {workflow_id}", lambda: None)
        with SetWorkflowID(workflow_id), SetEnqueueOptions(queue_partition_key=partition):
            DBOS.enqueue_workflow(queue, self._durable(workflow), *_plain(args))

    def status(self, workflow_id: str) -> WorkflowState | None:
        """The workflow's state, or None when the id is unknown. Call it in a step, not in a workflow's own body."""
        found = self._find(workflow_id)
        return None if found is None else state_of(found)

    def wait(self, workflow_id: str, timeout: float | None = None) -> Any:
        """Wait for a workflow's end and return its result; its error is raised as it was.

        From inside a workflow the wait is a step: after a restart the answer comes from the record.

        Raises:
            Cancelled: it was cancelled before it began. TimeoutError: not in time. UnknownWorkflow: no such id.
        """
        body = functools.partial(self._await, workflow_id, timeout)
        # A cancelled parent still waits: its child tidies up, and the end of that is what it has to know.
        return self.carrier.run_step(f"wait for {workflow_id}", body, cleanup=True)

    def cancel(self, workflow_id: str) -> bool:
        """Ask a workflow and its children to stop; False when it has ended already or is unknown.

        What hasn't begun is taken out of its queue. What runs gets `Cancelled` at its next step and True from
        `cancelled()`, and may run its clean-up steps. The request survives a restart.
        """
        from dbos import DBOS  # noqa: PLC0415

        found = self._find(workflow_id)
        if found is None or found.status not in OPEN:
            return False
        # Marked before its children are looked for: one that begins meanwhile finds the mark itself.
        self.carrier.cancel_requested.add(workflow_id)
        family = [workflow_id]
        for member in family:
            family += [c.workflow_id for c in DBOS.list_workflows(parent_workflow_id=member, load_input=False)]
        for member in family:
            found = self._find(member)
            if found is None or found.status not in OPEN:
                continue
            self.carrier.cancel_requested.add(member)
            DBOS.update_workflow_attributes(member, {CANCEL_REQUESTED: True}, merge=True)
            if found.status != "PENDING" and not DBOS.list_workflow_steps(member, load_output=False, limit=1):
                DBOS.cancel_workflow(member)
        return True

    def is_outdated(self, state: WorkflowState) -> bool:
        """Whether another application version began it and it has not ended: it waits for that version for ever."""
        return not state.ended and state.version not in (None, APPLICATION_VERSION)

    def give_up(self, workflow_id: str) -> None:
        """End outdated workflows where they stand: this one, its children, and those whose ids begin with its own and
        a `-`. Nothing of them runs any more, not even clean-up.

        What this version carries out, has ended, or is unknown stays as it is.
        """
        from dbos import DBOS  # noqa: PLC0415

        for each in self._family(workflow_id):
            if self.is_outdated(state_of(each)):
                DBOS.cancel_workflow(each.workflow_id, cancel_children=True)

    def forget(self, workflow_id: str) -> bool:
        """Delete the records of a workflow, and of those whose ids begin with its own and a `-`.

        False, and nothing is deleted, while one of them has not ended. An id that was forgotten can be started anew.
        """
        from dbos import DBOS  # noqa: PLC0415

        family = self._family(workflow_id)
        if any(each.status in OPEN for each in family):
            return False
        DBOS.delete_workflows([each.workflow_id for each in family])
        return True

    def compact(self) -> None:
        """Give the room of what was forgotten back to the disk. Raises sqlite3.Error where that can't be done now."""
        compact(self.data_dir)

    def outdated(self) -> tuple[WorkflowState, ...]:
        """Every workflow that has not ended and that only another application version could go on with."""
        return tuple(state for state in self.pending() if self.is_outdated(state))

    def pending(self) -> tuple[WorkflowState, ...]:
        """Every workflow that has not ended, oldest first."""
        from dbos import DBOS  # noqa: PLC0415

        return tuple(state_of(found) for found in DBOS.list_workflows(status=list(OPEN), load_input=False))

    def revive(self, *, after: float = 60.0) -> int:
        """Go on with work that stands as running while nobody here has carried it out for `after` seconds.

        That happens when not even a failure could be written down (the disk was full). Returns how many were taken up
        again; to be called from time to time.
        """
        from dbos import DBOS  # noqa: PLC0415

        now = time.monotonic()
        found = DBOS.list_workflows(status="PENDING", app_version=APPLICATION_VERSION, load_input=False)
        dropped = self.carrier.dropped_of({each.workflow_id for each in found})
        self._dropped = {each: self._dropped.get(each, now) for each in dropped}
        due = [each for each, since in self._dropped.items() if now - since >= after]
        for workflow_id in due:
            del self._dropped[workflow_id]
            logging.getLogger(__name__).warning("going on with %s, which nobody carried out any more", workflow_id)
            DBOS.resume_workflow(workflow_id)
        return len(due)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _durable(self, workflow: Workflow[..., Any]) -> Callable[..., Any]:
        if seat.engine is not self:
            raise EngineError("the engine isn't running")
        if workflow.durable is None:
            raise EngineError(f"workflow {workflow.name!r} was declared after the engine was launched")
        return workflow.durable

    def _await(self, workflow_id: str, timeout: float | None) -> Any:
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            found = self._find(workflow_id)
            if found is None:
                raise UnknownWorkflow(workflow_id)
            phase = PHASES[found.status]
            if phase == "succeeded":
                return found.output
            if phase == "cancelled":
                raise Cancelled(workflow_id)
            if phase == "failed":
                raise found.error or EngineError(f"workflow {workflow_id} was given up after too many restarts")
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"workflow {workflow_id} had not ended after {timeout:g} s")
            if self.carrier.stopping.wait(_RESULT_POLL):
                raise Stopping

    @staticmethod
    def _family(workflow_id: str) -> list[WorkflowStatus]:
        """A workflow and those whose ids begin with its own and a `-`."""
        from dbos import DBOS  # noqa: PLC0415

        found = DBOS.list_workflows(workflow_id_prefix=workflow_id, load_input=False, load_output=False)
        return [each for each in found if f"{each.workflow_id}-".startswith(f"{workflow_id}-")]

    @staticmethod
    def _find(workflow_id: str) -> WorkflowStatus | None:
        from dbos import DBOS  # noqa: PLC0415

        return DBOS.get_workflow_status(workflow_id)


def _plain(args: Iterable[Any]) -> tuple[Any, ...]:
    """The arguments, once they are known to be plain data that any later version of the code can read."""

    def check(value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                if not isinstance(key, str):
                    raise TypeError("a workflow's argument has a key that isn't a string")
                check(inner)
        elif isinstance(value, list):
            for inner in value:
                check(inner)
        elif type(value) not in (str, int, float, bool, type(None)):
            raise TypeError(f"a workflow's argument must be plain data, not {type(value).__name__}")

    checked = tuple(args)
    for value in checked:
        check(value)
    return checked

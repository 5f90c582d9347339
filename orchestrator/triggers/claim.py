"""Starting a deployment by hand: claim the transition that waits, or make a key of one's own."""

from __future__ import annotations

from datetime import UTC, datetime

from orchestrator.store.records import Event, EventState, Run, RunState
from orchestrator.triggers.reader import TaskReader

MANUAL = "manual"


class ClaimRefused(Exception):
    """Nothing was started; the text says why and what to do. `run_id` names the run in the way, if one is."""

    def __init__(self, message: str, run_id: str | None = None) -> None:
        super().__init__(message, run_id)
        self.message = message
        self.run_id = run_id

    def __str__(self) -> str:
        return self.message


def claim(reader: TaskReader, task_id: int, *, again: bool = False) -> Run:
    """Start a deployment of a task because an operator says so (`zentao-deploy run`).

    The newest unanswered transition is claimed, so that the poller doesn't start it a second time. Without one the
    event gets a key of its own and the source `cli`; its actor is whoever last asked for a deployment by moving the
    task, or None.
    Raises ClaimRefused, and what the client raises.
    """
    with reader.lock(task_id):
        _refuse_while_active(reader, task_id)
        task = reader.find(task_id)
        if task is None:
            raise ClaimRefused(f"ZenTao shows no task {task_id}: check the number and what the bot may see")
        if not reader.is_ours(task):
            raise ClaimRefused(f"task {task_id} is not ours: {reader.is_ours.why_not(task)}")
        judged = reader.judge(task_id)
        if judged is None:
            raise ClaimRefused(f"task {task_id} was deleted or moved while it was read")
        task, verdict = judged
        if verdict.incomplete:
            # Taking a key of our own now would deploy once for us, and once more for the move being written.
            raise ClaimRefused(f"ZenTao is still writing the history of task {task_id}: try again in a moment")
        reader.note(task, verdict, "cli")
        if verdict.start is not None:
            return reader.begin(task, verdict.start, "cli")
        latest = next(iter(reader.store.runs(task_id=task_id, limit=1)), None)
        if latest is not None and latest.state is RunState.SUCCEEDED and not again:
            raise ClaimRefused(
                f"task {task_id} is deployed already ({latest.run_id}); use --again to repeat it", latest.run_id
            )
        # The time is in the key, because markers and job folders of a lost data folder may still be around.
        now = datetime.now(UTC)
        number = 1 + sum(event.key.startswith(f"{MANUAL}|") for event in reader.store.events(task_id=task_id))
        event = Event(
            key=f"{MANUAL}|{reader.server}|{task_id}|{number}|{now.isoformat(timespec='milliseconds')}",
            server=reader.server,
            task_id=task_id,
            action_id=0,
            action_date=now.isoformat(),
            actor=next((each.actor for each in reversed(reader.requests(task))), None),
            old=None,
            new=task.status,
            title=task.name,
            description=task.description,
            execution=task.execution,
            project=task.project,
            source="cli",
            state=EventState.NEW,
        )
        reader.store.record_event(event)
        return reader.start(event)


def _refuse_while_active(reader: TaskReader, task_id: int) -> None:
    for run in reader.store.runs(task_id=task_id, active=True, limit=1):
        raise ClaimRefused(
            f"task {task_id} is being deployed already by {run.run_id}; follow it with"
            f" `zentao-deploy status {run.run_id}` or stop it with `zentao-deploy cancel {run.run_id}`",
            run.run_id,
        )

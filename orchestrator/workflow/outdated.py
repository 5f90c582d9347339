"""What a raised application version leaves behind: runs whose stored steps this program can't go on with.

Such a run is ended in the ordinary way: its host is taken from it, its ticket says so and is handed back, and it is
closed. One that had said that it succeeded only lacks its last move, which any version can make.
"""

from __future__ import annotations

import structlog

from orchestrator.answers.desk import marker_for
from orchestrator.context import current
from orchestrator.engine import step, workflow
from orchestrator.hosts import HostError
from orchestrator.store import AnswerState, Run, RunState
from orchestrator.triggers.starting import END_OUTDATED
from orchestrator.workflow import answer
from orchestrator.workflow.deploy import close_run
from orchestrator.workflow.records import Result, failed, load_plan, load_run

log = structlog.get_logger(__name__)


@workflow(END_OUTDATED)
def end_outdated(run_id: str) -> str:
    """End a run that another application version began; returns the state that it ended in."""
    result: Result = {"ok": True}
    if had_succeeded(run_id):
        answer.finish_task(run_id)
        state = RunState.SUCCEEDED.value
    else:
        take_from_run(run_id)
        answer.say_interrupted(run_id, service_at_risk(run_id))
        answer.hand_back(run_id)
        state = RunState.FAILED.value
        result = failed("outdated", "the program was upgraded in the middle of the deployment", step="")
    close_run(run_id, state, result)
    # Last, because a run that is open while its workflow has ended would be closed without a word.
    give_up(run_id)
    return state


@step("had it succeeded?", cleanup=True)
def had_succeeded(run_id: str) -> bool:
    """Whether the ticket says already that the service runs and spoke."""
    found = current().store.answer(marker_for(run_id, "succeeded"))
    return found is not None and found.state is AnswerState.CONFIRMED


@step("take the host from it", cleanup=True)
def take_from_run(run_id: str) -> None:
    """End the run's jobs and free its host; where that can't be done now, the next run finds that this one is over."""
    run, context = load_run(run_id), current()
    if run.host is None or run.host not in context.inventory.hosts:
        return
    host = context.hosts.host(run.host)
    try:
        holder = host.lock_holder()
        if holder is not None and holder.run_id == run_id:
            host.evict(run_id)
            log.warning("host_freed", host=run.host, run=run_id)
    except HostError as error:
        log.warning("host_not_freed", host=run.host, run=run_id, error=str(error))


@step("may the service be down?", cleanup=True)
def service_at_risk(run_id: str) -> bool:
    """Whether the run may have begun with a step that touches the service that was there."""
    run = load_run(run_id)
    return run.started_at is not None and _touched(run)


def _touched(run: Run) -> bool:
    recorded = {record.name for record in current().store.steps(run.run_id)}
    for planned in load_plan(run.run_id).steps:
        if planned.touches_service:
            return True
        if planned.name not in recorded:
            return False
    return False


@step("give its workflows up", cleanup=True)
def give_up(run_id: str) -> None:
    """Take what the other version stored out of the engine, which would keep the host's queue waiting for ever."""
    current().engine.give_up(run_id)

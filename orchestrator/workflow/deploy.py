"""One deployment from the ticket's transition to its answer: the workflow in which every trigger ends.

    accept or refuse → say so in the ticket → work on the host (queued per host) → answer in the ticket → close the run

Whatever dies in between, the story continues here: finished steps answer from the record, and each answer stands in the
ticket once.
"""

from __future__ import annotations

import structlog

from orchestrator.context import current
from orchestrator.engine import HOSTS, Cancelled, step, workflow
from orchestrator.store import RunState, utc_now
from orchestrator.workflow import answer
from orchestrator.workflow.planning import NotPlanned, plan_for_ticket
from orchestrator.workflow.records import Result, as_plain, failed, load_run
from orchestrator.workflow.work import work_on_host

log = structlog.get_logger(__name__)


@workflow("deploy")
def deploy(run_id: str) -> str:
    """Carry one deployment out; returns the state that the run ended in."""
    try:
        result = _carry_out(run_id)
        state = _answer(run_id, result)
    except Exception as error:
        # A fault of ours: the run must not stay "running" for ever, and the ticket has to say so.
        log.exception("deployment_broke", run=run_id)
        result = failed("internal", f"{type(error).__name__}: {error}", step="")
        state = RunState.FAILED.value
        answer.say_broken(run_id, result)
        answer.hand_back(run_id)
    close_run(run_id, state, result)
    return state


def _carry_out(run_id: str) -> Result:
    try:
        accepted = accept(run_id)
    except Cancelled:
        return failed("cancelled", "the deployment was cancelled", step="")
    if not accepted["ok"]:
        return accepted
    answer.say_accepted(run_id)
    return _work(run_id, accepted["host"])


def _work(run_id: str, host: str) -> Result:
    engine = current().engine
    try:
        engine.enqueue(HOSTS, work_on_host, f"{run_id}-host", run_id, partition=host)
        result: Result = engine.wait(f"{run_id}-host")
    except Cancelled:
        result = failed("cancelled", "the deployment was cancelled", step="")
    return result


def _answer(run_id: str, result: Result) -> str:
    if result["ok"]:
        answer.say_succeeded(run_id)
        answer.finish_task(run_id)
        return RunState.SUCCEEDED.value
    if result["code"] in ("ticket", "not_allowed"):
        answer.say_refused(run_id, result)
        answer.hand_back(run_id)
        return RunState.REFUSED.value
    if result["code"] == "cancelled":
        answer.say_cancelled(run_id, result)
        answer.hand_back(run_id)
        return RunState.CANCELLED.value
    report = answer.diagnose_failure(run_id, result)
    if report["code"] == "ticket":
        answer.say_refused(run_id, report)
        answer.hand_back(run_id)
        return RunState.REFUSED.value
    answer.report_bug(run_id, report)
    answer.say_failed(run_id, report)
    answer.hand_back(run_id)
    return RunState.FAILED.value


@step("accept")
def accept(run_id: str) -> Result:
    """Read the ticket as it was when it was moved, check who moved it, and make the plan. Touches nothing."""
    context = current()
    run = load_run(run_id)
    event = context.store.event(run.event_key)
    if event is None:
        return failed("internal", f"the event {run.event_key} of this run is gone", step="accept")
    planned = plan_for_ticket(context, event.title, event.description)
    if isinstance(planned, NotPlanned):
        return failed("ticket", str(planned), step="accept", problems=[as_plain(item) for item in planned.problems])
    spec, host, plan = planned.spec, planned.host, planned.plan
    context.store.update_run(
        run_id,
        host=host.name,
        playbook=plan.playbook,
        ref=spec.ref or plan.value("ref"),
        detail={"plan": plan.to_json()},
    )
    # Whoever can run our command line on this machine decides; a ticket that nobody moved has no other account to ask.
    by_hand = event.source == "cli" and event.actor is None
    if not by_hand and not context.inventory.may_deploy(event.actor or "", host.name):
        words = f"{event.actor or 'an unknown account'} may not deploy to {host.name}"
        return failed("not_allowed", words, step="accept")
    return {"ok": True, "host": host.name}


@step("close the run", cleanup=True)
def close_run(run_id: str, state: str, result: Result) -> None:
    """Write down how it ended; from here on the run is final."""
    failed_step = None if result["ok"] else result["step"] or None
    current().store.update_run(run_id, state=RunState(state), failed_step=failed_step, finished_at=utc_now())
    log.info("run_ended", run=run_id, state=state, code=result.get("code"))

"""Running one planned script on a host: as a detached job that a restarted daemon finds again."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.context import current
from orchestrator.engine import cancelled, step
from orchestrator.hosts import HostError, JobResult
from orchestrator.playbook import OutputRefused, PlannedStep, as_environment, check_outputs, outcome_of
from orchestrator.workflow.evidence import KeptLog
from orchestrator.workflow.records import Result, evidence_of, failed, host_failure, load_plan, record

PATIENCE_SECONDS = 300.0
"""How long a host may be out of reach in the middle of a step before the step counts as failed."""


def job_id(run_id: str, name: str) -> str:
    """The job of one step of one run: the same after every restart, so nothing is started twice."""
    return f"{run_id}-{name}"


@step("run on host")
def run_planned(run_id: str, position: int, name: str, known: dict[str, str], generation: int) -> Result:
    """Run the planned step `name` with the outputs `known` so far; returns its own outputs."""
    return _run(run_id, position, name, known, generation, stoppable=True)


@step("run on host to put back", cleanup=True)
def run_rollback(run_id: str, position: int, name: str, known: dict[str, str], generation: int) -> Result:
    """Run a rollback step; it also runs, and can't be interrupted, after a cancel."""
    return _run(run_id, position, name, known, generation, stoppable=False)


def _run(
    run_id: str, position: int, name: str, known: Mapping[str, str], generation: int, *, stoppable: bool
) -> Result:
    context, plan = current(), load_plan(run_id)
    planned = plan.step(name)
    host = context.hosts.host(plan.host)
    kept = KeptLog()
    try:
        host.jobs.start(job_id(run_id, name), planned.script, env=as_environment(known), generation=generation)
        result = host.jobs.wait(
            job_id(run_id, name),
            planned.timeout,
            kept.add,
            cancelled=cancelled if stoppable else _watch_for_stop,
            patience=PATIENCE_SECONDS,
        )
        outcome = _judge(planned, result)
    except HostError as error:
        result = None
        outcome = host_failure(error, name)
    except OutputRefused as error:
        result = None
        outcome = failed("bad_output", str(error), step=name)
    evidence_of(run_id).write_step_log(position, name, kept.text())
    seconds = result.seconds if result else 0.0
    title = planned.title.said(context.settings.zentao.language)
    record(run_id, position, name, title, outcome.pop("outcome", "failed"), seconds, outcome.get("message", ""))
    return outcome


def _watch_for_stop() -> bool:
    cancelled()  # leaves here when the daemon is being stopped
    return False


def _judge(planned: PlannedStep, result: JobResult) -> Result:
    if result.ok:
        outputs = check_outputs(planned, result.outputs)
        return {"ok": True, "outcome": outcome_of(result.outputs, planned), "outputs": outputs}
    words = {
        "exited": f"ended with status {result.exit_code}",
        "killed": "was killed on the host",
        "missing": "never began on the host",
        "timed_out": f"took longer than {planned.timeout:g} s and was ended",
        "cancelled": "was cancelled",
    }
    code = {"exited": "step_failed", "killed": "killed", "timed_out": "step_timeout"}.get(result.state, result.state)
    return failed(code, words[result.state], step=planned.name, log_tail=result.log_tail)

"""What the steps of the story hand to each other: plain results, the stored plan, the record of each step."""

from __future__ import annotations

from typing import Any, TypeAlias

from orchestrator.context import current
from orchestrator.hosts import HostError
from orchestrator.playbook import Plan
from orchestrator.store import Run, StepRecord
from orchestrator.tickets.spec import TicketProblem
from orchestrator.workflow.evidence import Evidence

Result: TypeAlias = dict[str, Any]
"""`{"ok": True, …}` or `{"ok": False, "code": …, "message": …, "step": …}`; the engine stores it as JSON."""


def failed(code: str, message: str, *, step: str, **more: Any) -> Result:
    """A failure: `code` is a stable word, `message` the technical words, `step` the name of what failed."""
    return {"ok": False, "code": code, "message": message, "step": step, **more}


def host_failure(error: HostError, name: str) -> Result:
    """A failure of the host itself, in the words of the diagnosis table."""
    return failed(error.code, error.message, step=name, kind=type(error).__name__, detail=error.detail)


def as_plain(problem: TicketProblem) -> Result:
    """A ticket's problem as plain data, from which `TicketProblem(**…)` makes it again."""
    names = ("code", "message", "line", "shown", "key", "example")
    return {name: getattr(problem, name) for name in names} | {"allowed": list(problem.allowed)}


def load_run(run_id: str) -> Run:
    """The stored run. Raises KeyError when there is none."""
    run = current().store.run(run_id)
    if run is None:
        raise KeyError(f"there is no run {run_id!r}")
    return run


def load_plan(run_id: str) -> Plan:
    """The plan as it was made when the run was accepted: an edited playbook changes nothing that has begun."""
    return Plan.from_json(load_run(run_id).detail["plan"])


def evidence_of(run_id: str) -> Evidence:
    """The folder with what a run leaves to look at."""
    return Evidence(current().settings.data_dir, run_id)


def record(run_id: str, position: int, name: str, title: str, outcome: str, seconds: float, detail: str = "") -> None:
    """Remember how a step ended."""
    current().store.record_step(StepRecord(run_id, position, name, title, outcome, round(seconds, 3), detail))

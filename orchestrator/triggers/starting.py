"""The one place where a deployment begins, whoever asked for it."""

from __future__ import annotations

import hashlib
from typing import Any

import structlog

from orchestrator.engine import APPLICATION_VERSION, Engine, Workflow, WorkflowState, declared
from orchestrator.store.records import Event, Run, RunState, utc_now
from orchestrator.store.store import Store

log = structlog.get_logger("triggers")

DEPLOY = "deploy"
"""The name of the workflow that carries out a run; its only argument is the run's id."""

END_OUTDATED = "end-outdated"
"""The name of the workflow that ends a run which another application version began; its argument is the run's id."""


def run_id_for(event: Event) -> str:
    """A run's id, derived from its transition: the same transition can only ever make the same run."""
    short = hashlib.sha256(event.key.encode()).hexdigest()[:8]
    return f"run-{event.task_id}-{event.action_id}-{short}"


def start_deployment(store: Store, engine: Engine, event: Event, *, workflow: Workflow[..., Any] | None = None) -> Run:
    """Create the run of a recorded event and start its workflow; both do nothing when they were done before.

    A crash between the two is made good by `resume_runs` at the next start.
    """
    run = Run(
        run_id=run_id_for(event),
        event_key=event.key,
        task_id=event.task_id,
        title=event.title,
        actor=event.actor,
    )
    if store.create_run(run):
        log.info("run_created", run=run.run_id, task=event.task_id, actor=event.actor, source=event.source)
    stored = store.run(run.run_id) or run
    # Once it is over, the engine may have forgotten its id, and would begin anew.
    if not stored.state.final:
        engine.start(workflow or declared(DEPLOY), run.run_id, run.run_id)
    return stored


def resume_runs(store: Store, engine: Engine, *, workflow: Workflow[..., Any] | None = None) -> int:
    """Make runs and workflows agree again: start what a crash left unstarted, end what another version of the workflows
    began, close what the engine gave up, go on with what broke off.

    Returns how many runs it touched. Called at start and from time to time; cheap while nothing is active.
    """
    touched = 0
    active = store.runs(active=True, limit=1000)
    for run in active:
        state = engine.status(run.run_id)
        if state is None:
            log.warning("run_restarted", run=run.run_id, reason="its workflow had not been started")
            engine.start(workflow or declared(DEPLOY), run.run_id, run.run_id)
        elif engine.is_outdated(state):
            # A workflow too, so that its answer stands in the ticket once; a later version starts its own.
            ending = f"{run.run_id}-ended-by-{APPLICATION_VERSION}"
            ended = engine.status(ending)
            if ended is None:
                log.warning("run_outdated", run=run.run_id, begun_by=state.version, now=APPLICATION_VERSION)
                engine.start(declared(END_OUTDATED), ending, run.run_id)
            elif not ended.ended or not _close(store, run, ended):
                continue
            else:
                engine.give_up(run.run_id)
        elif not state.ended or not _close(store, run, state):
            continue
        touched += 1
    return touched + (engine.revive() if active else 0)


def give_up_leftovers(store: Store, engine: Engine) -> None:
    """Take out of the engine what other versions left of runs that are over; it would keep a host's queue for ever.

    That is so when the program was upgraded once more, just as the version before was ending such a run. Once in the
    life of a process is enough, after the first `resume_runs`.
    """
    for state in engine.outdated():
        run = store.run(_run_of(state.id))
        if run is not None and run.state.final:
            log.warning("leftover_given_up", workflow=state.id, begun_by=state.version)
            engine.give_up(run.run_id)


def _run_of(workflow_id: str) -> str:
    """The run that a workflow works for: `run-8-4-<hash>` of `run-8-4-<hash>-host`."""
    return "-".join(workflow_id.split("-")[:4])


def _close(store: Store, run: Run, state: WorkflowState) -> bool:
    """End a run whose workflow ended without doing so, because it broke; False where the run is over."""
    latest = store.run(run.run_id)
    if latest is None or latest.state.final:
        return False
    end = RunState.CANCELLED if state.phase == "cancelled" else RunState.FAILED
    log.error("run_closed", run=run.run_id, state=end.value, reason=state.error)
    store.update_run(run.run_id, state=end, finished_at=utc_now(), detail={"engine_error": state.error or state.phase})
    return True

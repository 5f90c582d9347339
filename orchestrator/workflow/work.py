"""The part of a deployment that touches a host: one at a time on each, queued by the host's name.

The story: take the host, look at it, run the playbook's steps up to the start, prove that the service speaks, cut over.
When something fails after the old service was touched, the previous release is started and proven again. Every step's
result is a plain dict, see `records`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import structlog

from orchestrator.context import current
from orchestrator.engine import Cancelled, cancelled, step, workflow
from orchestrator.hostlocks import holder_words
from orchestrator.hosts import Host, HostBusy, HostError, HostFacts, HostTimeout, HostUnreachable, Lease
from orchestrator.playbook import Plan
from orchestrator.store import RunState, utc_now
from orchestrator.workflow import jobs, report, verify
from orchestrator.workflow.records import Result, evidence_of, failed, host_failure, load_plan, record

log = structlog.get_logger(__name__)

TAKE_HOST = "take-host"
_CONNECT_SECONDS = 30.0
_BUSY_SECONDS = 900.0
_LEAST_DISK = 512 * 2**20
"""A release, its logs and a cache entry; a first install needs more and says so itself."""
_COLLECTED = 4 * 1024 * 1024
"""How many bytes are fetched of the end of a service's log, which says how it ended."""
_ROLLBACK_POSITION = 100
"""Rollback's records stand behind all others, however many steps a playbook has."""


@dataclass
class _Progress:
    """How far the story got; rebuilt by the engine from the stored results after a restart."""

    position: int = 1
    touched: bool = False
    known: dict[str, str] | None = None

    def next(self) -> int:
        self.position += 1
        return self.position


@workflow("work-on-host")
def work_on_host(run_id: str) -> Result:
    """Carry a run's plan out on its host. Returns `{"ok": True}` or the failure, and what became of the old version."""
    plan = load_plan(run_id)
    progress = _Progress(known={})
    generation = None
    try:
        taken = take_host(run_id)
        if not taken["ok"]:
            return taken
        generation = int(taken["generation"])
        result = _carry_out(run_id, plan, generation, progress)
    except Cancelled:
        result = failed("cancelled", "the deployment was cancelled", step="")
    except Exception as error:
        # A fault of ours: neither may the host stay taken for it, nor the old service stay stopped.
        log.exception("work_broke", run=run_id)
        result = failed("internal", f"{type(error).__name__}: {error}", step="")
    if generation is not None:
        if not result["ok"]:
            result = {**result, **_clean_up(run_id, plan, generation, progress)}
        release_host(run_id, generation)
    return result


def _carry_out(run_id: str, plan: Plan, generation: int, progress: _Progress) -> Result:
    assert progress.known is not None
    for planned in plan.before_verify:
        progress.touched = progress.touched or planned.touches_service
        result = jobs.run_planned(run_id, progress.next(), planned.name, progress.known, generation)
        if not result["ok"]:
            return result
        progress.known = {**progress.known, **result["outputs"]}
        note_outputs(run_id, progress.known)
    for check in report.checks(plan):
        result = verify.run_check(run_id, progress.next(), check.name, check.title)
        if not result["ok"]:
            return result
    for planned in plan.after_verify:
        result = jobs.run_planned(run_id, progress.next(), planned.name, progress.known, generation)
        if not result["ok"]:
            return result
    return {"ok": True}


def _clean_up(run_id: str, plan: Plan, generation: int, progress: _Progress) -> Result:
    """After a failure: keep the service's logs, put the previous release back; whatever happens, it ends."""
    try:
        collect(run_id)
    except Exception:
        log.exception("collect_broke", run=run_id)
    if not progress.touched:
        return {}
    try:
        return _put_back(run_id, plan, generation, progress.known or {})
    except Exception:
        log.exception("put_back_broke", run=run_id)
        return {"rollback": "failed"}


def _put_back(run_id: str, plan: Plan, generation: int, known: dict[str, str]) -> Result:
    """End what was started, start the previous release and prove it; says under `rollback` what came of it."""
    position = _ROLLBACK_POSITION
    for planned in plan.rollback:
        position += 1
        if not jobs.run_rollback(run_id, position, planned.name, known, generation)["ok"]:
            return {"rollback": "failed"}
    if not known.get("previous"):
        return {"rollback": "nothing_to_restore"}
    url = current().inventory.hosts[plan.host].service_url(int(known.get("previous_port", plan.port)))
    proven = verify.check_restored(run_id, position + 1, url)
    return {"rollback": "restored" if proven["ok"] else "failed", "restored_url": url}


@step("take the host")
def take_host(run_id: str) -> Result:
    """Take the host's lock and look at the host; waits while another run has it, and a moment for one out of reach."""
    context, plan = current(), load_plan(run_id)
    context.store.update_run(run_id, state=RunState.RUNNING, started_at=utc_now())
    host = context.hosts.host(plan.host)
    holder = holder_words(context.settings.data_dir)
    began = time.monotonic()
    title = {"zh-CN": "连接并占用主机", "en": "take the host"}[context.settings.zentao.language]
    lease: Lease | None = None
    waits_for: type[HostError] | None = None
    while True:
        waited = time.monotonic() - began
        try:
            lease = host.lock(holder, run_id)
            facts = host.facts()
        except HostError as error:
            if isinstance(error, HostBusy) and _freed(host, error.run_id):
                continue
            limit = {HostBusy: _BUSY_SECONDS, HostUnreachable: _CONNECT_SECONDS, HostTimeout: _CONNECT_SECONDS}
            stop = cancelled()
            if not stop and waited < limit.get(type(error), 0.0):
                if type(error) is not waits_for:
                    waits_for = type(error)
                    log.info("host_waiting", run=run_id, error=f"{type(error).__name__}: {error}")
                time.sleep(1.0)
                continue
            if lease is not None:
                _give_back(host, lease)
            if stop:
                return failed("cancelled", "the deployment was cancelled", step=TAKE_HOST)
            return _not_taken(run_id, title, began, host_failure(error, TAKE_HOST))
        break
    context.store.update_run(run_id, detail={"environment": report.describe_host(facts)})
    problem = _unfit(facts)
    if problem is not None:
        _give_back(host, lease)
        return _not_taken(run_id, title, began, problem)
    record(run_id, 1, TAKE_HOST, title, "ok", time.monotonic() - began)
    return {"ok": True, "generation": lease.generation}


def _freed(host: Host, run_id: str) -> bool:
    """Take the host from a run of ours that is over and could not give it back (the host was out of reach then)."""
    context = current()
    run = context.store.run(run_id)
    if run is None:
        return False  # another daemon's: only a person can tell
    if not run.state.final:
        work = context.engine.status(f"{run_id}-host")
        if work is None or not work.ended:
            return False
    try:
        freed = host.evict(run_id) is not None
    except HostError as error:
        log.warning("host_not_freed", host=host.name, run=run_id, error=str(error))
        return False
    log.warning("host_freed", host=host.name, run=run_id)
    return freed


def _give_back(host: Host, lease: Lease) -> None:
    """Unlock; where the host can't be reached, the next run finds that this one is over."""
    try:
        host.unlock(lease)
    except HostError as error:
        log.warning("host_not_released", run=lease.run_id, host=lease.host, error=str(error))


def _not_taken(run_id: str, title: str, began: float, problem: Result) -> Result:
    words = f"{problem['kind']}: {problem['message']}"
    record(run_id, 1, TAKE_HOST, title, "failed", time.monotonic() - began, words)
    evidence_of(run_id).write_step_log(1, TAKE_HOST, f"{words}\n{problem['detail']}\n".rstrip("\n") + "\n")
    return problem


def _unfit(facts: HostFacts) -> Result | None:
    """Why nothing should be begun on a host; caught before anything is touched."""
    if not facts.root_writable:
        words = f"the account {facts.user} may not write {facts.root}"
        return failed("denied", words, step=TAKE_HOST, kind="HostDenied", detail="Permission denied")
    if facts.disk_free is not None and facts.disk_free < _LEAST_DISK:
        words = (
            f"only {facts.disk_free // 2**20} MiB are free for {facts.root}, at least {_LEAST_DISK // 2**20} are needed"
        )
        return failed("disk_full", words, step=TAKE_HOST, kind="HostDiskFull", detail="No space left on device")
    if facts.git is None:
        return failed("tool", "git is not installed on the host", step=TAKE_HOST, kind="HostError", detail="")
    return None


@step("release the host", cleanup=True)
def release_host(run_id: str, generation: int) -> None:
    """Give the lock back; where the host can't be reached, the next run finds that this one is over."""
    plan = load_plan(run_id)
    try:
        host = current().hosts.host(plan.host)
    except KeyError:
        log.warning("host_not_released", run=run_id, host=plan.host, error="no longer in the inventory")
        return
    _give_back(host, Lease(plan.host, run_id, holder_words(current().settings.data_dir), generation))


@step("note outputs", cleanup=True)
def note_outputs(run_id: str, known: dict[str, str]) -> None:
    """Keep what the steps found out (the exact commit, the previous release) with the run."""
    current().store.update_run(run_id, commit=known.get("commit"), detail={"outputs": known})


@step("collect logs", cleanup=True)
def collect(run_id: str) -> None:
    """Fetch the service's own logs that the playbook names, as far as they are this deployment's.

    A log that was last written before its first step tells of another deployment, and would be blamed for this failure.
    """
    plan = load_plan(run_id)
    host = current().hosts.host(plan.host)
    parts = []
    for path in plan.collect:
        try:
            if host.jobs.is_older(path, jobs.job_id(run_id, plan.before_verify[0].name)):
                continue
            text = host.tail(path, limit=_COLLECTED).decode("utf-8", "replace")
        except HostError as error:
            log.info("log_not_collected", run=run_id, path=path, error=str(error))
            continue
        parts.append(f"===== {path} =====\n{text}")
    if parts:
        evidence_of(run_id).path("service.log").write_text("\n".join(parts), encoding="utf-8")

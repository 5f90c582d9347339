"""What old deployments left is removed; what is open, young or out of reach stays."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator import retention
from orchestrator.context import Context, use
from orchestrator.demo.ssh_host import EmbeddedSshHost
from orchestrator.engine import Engine, workflow
from orchestrator.hosts import HostError, HostPool
from orchestrator.hosts.jobs import Jobs
from orchestrator.inventory import HostEntry
from orchestrator.retention import Sweeper, expired
from orchestrator.store import Event, Run, RunState, Store, utc_now
from orchestrator.triggers.starting import run_id_for, start_deployment
from orchestrator.workflow.evidence import Evidence
from tests.support.sshd import end_everything_at_home

told: list[str] = []


@workflow("test-old-deployment")
def deployment(run_id: str) -> str:
    told.append(run_id)
    return run_id


class Place:
    """A host, a store, an engine, and deployments that ended some days ago."""

    def __init__(self, context: Context, home: Path) -> None:
        self.context, self.home = context, home
        self.sweeper = Sweeper(context, threading.Event())

    def left(self, number: int, *, days: float, state: RunState = RunState.SUCCEEDED, host: str = "gpu-01") -> Run:
        """A run with everything that a deployment leaves."""
        context = self.context
        event = Event(
            key=f"event {number}", server="z", task_id=number, action_id=1, action_date="2026-01-01T00:00:00+00:00",
            actor="pm", old="wait", new="doing", title="【部署】", description="", execution=1, project=1,
        )  # fmt: skip
        context.store.record_event(event)
        start_deployment(context.store, context.engine, event, workflow=deployment)
        run_id = run_id_for(event)
        context.engine.wait(run_id, timeout=20)
        Evidence(context.settings.data_dir, run_id).write_step_log(1, "fetch", "log")
        jobs = context.hosts.host("gpu-01").jobs
        jobs.start(f"{run_id}-fetch", "echo fetched", env={}, generation=100)
        assert jobs.wait(f"{run_id}-fetch", 20).ok
        ended = utc_now() - timedelta(days=days)
        return context.store.update_run(run_id, state=state, finished_at=ended, host=host)

    def leftovers(self, run: Run) -> list[str]:
        """What there still is of a run."""
        kept = {
            "folder": Evidence(self.context.settings.data_dir, run.run_id).folder.exists(),
            "job": (self.home / ".zentao-deploy" / "jobs" / f"{run.run_id}-fetch").exists(),
            "engine": self.context.engine.status(run.run_id) is not None,
        }
        return [name for name, there in kept.items() if there]


ALL = ["folder", "job", "engine"]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    home = tmp_path / "home"
    home.mkdir()
    told.clear()
    data_dir = tmp_path / "data"
    with EmbeddedSshHost(home) as ssh, Store.open(data_dir / "store.sqlite") as store:
        (tmp_path / "known_hosts").write_text(ssh.host_key_line)
        entry = HostEntry(
            name="gpu-01", address="127.0.0.1", port=ssh.port, user=ssh.user, identity_file=ssh.client_key_path,
            known_hosts=tmp_path / "known_hosts", root=str(tmp_path / "root"),
        )  # fmt: skip
        away = entry.model_copy(update={"name": "gpu-02", "port": 9})
        inventory: Any = SimpleNamespace(hosts={"gpu-01": entry, "gpu-02": away})
        settings: Any = SimpleNamespace(data_dir=data_dir, keep_runs_days=90)
        zentao: Any = SimpleNamespace(close=lambda: None)
        with HostPool(inventory, state_dir=tmp_path / "state") as pool, Engine(data_dir) as engine:
            context = Context(settings, inventory, store, zentao, pool, engine)
            with use(context):
                yield Place(context, home)
    end_everything_at_home(home)


def test_what_an_old_run_left_is_removed_and_its_record_stays(place: Place) -> None:
    old, older, young = place.left(1, days=91), place.left(2, days=400), place.left(3, days=89)
    waits = place.left(4, days=400, state=RunState.WAITING)
    assert [run.run_id for run in expired(place.context.store, 90)] == [older.run_id, old.run_id]
    assert place.sweeper.sweep() == 2
    assert [place.leftovers(run) for run in (old, older, young, waits)] == [[], [], ALL, ALL]
    kept = place.context.store.run(old.run_id)
    assert kept is not None
    assert kept.state is RunState.SUCCEEDED
    assert list(expired(place.context.store, 90)) == []
    assert place.sweeper.sweep() == 0


def test_an_event_that_is_seen_again_after_the_sweep_starts_nothing(place: Place) -> None:
    old = place.left(1, days=91)
    place.sweeper.sweep()
    event = place.context.store.event(old.event_key)
    assert event is not None
    again = start_deployment(place.context.store, place.context.engine, event, workflow=deployment)
    assert (again.run_id, again.state) == (old.run_id, RunState.SUCCEEDED)
    assert place.context.engine.status(old.run_id) is None
    assert told == [old.run_id]


def test_a_host_out_of_reach_and_one_that_is_gone_hold_nothing_else_up(place: Place) -> None:
    away, gone, here = (place.left(n, days=91, host=host) for n, host in enumerate(("gpu-02", "gpu-99", "gpu-01"), 1))
    assert place.sweeper.sweep() == 2
    assert place.leftovers(away) == ALL, "for the next time"
    assert place.leftovers(gone) == ["job"], "there is no way to a host that was taken out of the inventory"
    assert place.leftovers(here) == []


def test_the_many_runs_of_a_dead_host_hold_no_other_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PAGE", 2)
    store, ended = place.context.store, utc_now() - timedelta(days=400)
    for number in range(10, 15):  # of one moment, so that pages end between equals
        run = Run(f"run-{number}", f"event of {number}", number, "【部署】", "pm", RunState.FAILED, "gpu-02")
        store.create_run(replace(run, finished_at=ended))
    here = [place.left(number, days=92 - number) for number in range(2)]
    assert [run.run_id for run in expired(store, 90)][5:] == [run.run_id for run in here]
    assert place.sweeper.sweep() == 2
    assert [place.leftovers(run) for run in here] == [[], []]
    assert len(list(expired(store, 90))) == 5


def test_a_folder_that_can_not_be_removed_holds_nothing_else_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    there, here, good = (place.left(n, days=95 - n) for n in range(1, 4))
    stuck = {there.run_id, here.run_id}
    on_host, in_folder = Jobs.remove, Evidence.remove

    def remove_there(jobs: Jobs, run_id: str) -> bool:
        if run_id == there.run_id and stuck:
            raise HostError("gpu-01", "rm: cannot remove 'log': Operation not permitted")
        return on_host(jobs, run_id)

    def remove_here(evidence: Evidence) -> None:
        if evidence.folder.name == here.run_id and stuck:
            raise PermissionError(13, "Permission denied", str(evidence.folder))
        in_folder(evidence)

    monkeypatch.setattr(Jobs, "remove", remove_there)
    monkeypatch.setattr(Evidence, "remove", remove_here)
    assert place.sweeper.sweep() == 1
    assert [place.leftovers(run) for run in (there, here, good)] == [ALL, ["folder"], []]
    stuck.clear()
    assert place.sweeper.sweep() == 2


def test_a_run_that_holds_its_host_or_whose_job_runs_is_left_alone(place: Place) -> None:
    holds, runs = place.left(1, days=91), place.left(2, days=91)
    host = place.context.hosts.host("gpu-01")
    lease = host.lock("zentao-deploy", holds.run_id)
    host.jobs.start(f"{runs.run_id}-install", "sleep 600", env={}, generation=100)
    assert place.sweeper.sweep() == 0
    assert place.leftovers(holds) == ALL
    assert host.jobs.running() == (f"{runs.run_id}-install",)
    assert host.jobs.cancel(f"{runs.run_id}-install")
    assert host.unlock(lease)
    assert place.sweeper.sweep() == 2
    assert list((place.home / ".zentao-deploy" / "jobs").iterdir()) == []

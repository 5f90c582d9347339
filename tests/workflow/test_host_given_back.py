"""However the work on a host ends, the host is free for the next deployment and the old service is put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.context import Context, use
from orchestrator.demo.ssh_host import EmbeddedSshHost
from orchestrator.hosts import Host, HostError, HostPool
from orchestrator.inventory import HostEntry
from orchestrator.playbook import Plan, PlannedStep
from orchestrator.playbook.schema import HealthCheck, VerifySpec
from orchestrator.playbook.words import both
from orchestrator.store import Run, RunState, Store
from orchestrator.workflow import jobs
from orchestrator.workflow.evidence import Evidence
from orchestrator.workflow.records import Result
from orchestrator.workflow.work import work_on_host
from tests.support.sshd import end_everything_at_home

HOST = "gpu-01"


def planned(name: str, script: str, phase: Any) -> PlannedStep:
    return PlannedStep(name=name, title=both(name, name), script=script, timeout=60, outputs={}, phase=phase)


class Place:
    """A host, a store, and runs whose plan is `steps` (script by name) with the rollback `put-back`."""

    def __init__(self, folder: Path, home: Path, store: Store, pool: HostPool) -> None:
        self.root = folder / "root"
        self.home, self.store, self.pool = home, store, pool
        self.ended: set[str] = set()

    @property
    def host(self) -> Host:
        return self.pool.host(HOST)

    def status(self, workflow_id: str) -> Any:
        return SimpleNamespace(ended=workflow_id in self.ended)

    def run(self, number: int, *steps: PlannedStep) -> str:
        plan = Plan(
            playbook="small", digest="0" * 64, title=both("小", "small"), host=HOST, address="127.0.0.1",
            root=str(self.root), port=7860, service_url="http://127.0.0.1:7860", values=(), preamble="",
            steps=steps, verify=VerifySpec(health=HealthCheck(ready_timeout=1)), collect=(),
            rollback=(planned("put-back", f"echo back >>'{self.home}/effects'", "rollback"),),
        )  # fmt: skip
        run_id = f"run-{number}"
        self.store.create_run(Run(run_id, f"event {number}", number, "【部署】", "pm", detail={"plan": plan.to_json()}))
        return run_id

    def effects(self) -> list[str]:
        path = self.home / "effects"
        return path.read_text().split() if path.exists() else []


@contextmanager
def _place(tmp_path: Path) -> Iterator[Place]:
    home = tmp_path / "home"
    home.mkdir()
    with EmbeddedSshHost(home) as ssh, Store.open(tmp_path / "store.sqlite") as store:
        (tmp_path / "known_hosts").write_text(ssh.host_key_line)
        entry = HostEntry(
            name=HOST, address="127.0.0.1", port=ssh.port, user=ssh.user, identity_file=ssh.client_key_path,
            known_hosts=tmp_path / "known_hosts", root=str(tmp_path / "root"),
        )  # fmt: skip
        inventory: Any = SimpleNamespace(hosts={HOST: entry})
        with HostPool(inventory, state_dir=tmp_path / "state") as pool:
            place = Place(tmp_path, home, store, pool)
            settings: Any = SimpleNamespace(zentao=SimpleNamespace(language="en"), data_dir=tmp_path / "data")
            zentao: Any = SimpleNamespace(close=lambda: None)
            engine: Any = SimpleNamespace(status=place.status)
            with use(Context(settings, inventory, store, zentao, pool, engine)):
                yield place
    end_everything_at_home(home)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with _place(tmp_path) as place:
        yield place


def worked(run_id: str) -> Result:
    result: Result = work_on_host(run_id)
    return result


def test_a_fault_of_ours_puts_the_service_back_and_frees_the_host(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = place.run(1, planned("start", "echo start >>~/effects", "start"))

    def full(self: Evidence, position: int, name: str, text: str) -> None:
        if name == "start":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Evidence, "write_step_log", full)
    result = worked(run)
    assert (result["ok"], result["code"]) == (False, "internal")
    assert "No space left" in result["message"]
    assert place.effects() == ["start", "back"]
    assert place.host.lock_holder() is None


def test_a_host_whose_facts_cannot_be_read_is_not_kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(self: Host) -> None:
        raise HostError(HOST, "the host's facts can't be read")

    monkeypatch.setattr(Host, "facts", unreadable)
    result = worked(place.run(1, planned("start", "true", "start")))
    assert (result["ok"], result["code"]) == (False, "error")
    assert place.host.lock_holder() is None


def test_the_next_run_takes_a_host_from_one_that_is_over_and_ends_what_it_left(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = place.run(1, planned("start", "sleep 600", "start"))
    lease = place.host.lock("zentao-deploy", left)
    place.host.jobs.start(jobs.job_id(left, "start"), "sleep 600", env={}, generation=lease.generation)
    place.store.update_run(left, state=RunState.FAILED)
    # The check after it fails, as nothing serves here; that is far enough.
    monkeypatch.setattr("orchestrator.workflow.verify._PORT_SECONDS", 0.1)
    assert worked(place.run(2, planned("start", "echo two >>~/effects", "start")))["step"] == "port"
    assert place.effects() == ["two", "back"]
    assert place.host.jobs.running() == ()


def test_a_run_whose_work_is_over_and_that_is_still_answering_does_not_keep_the_host_either(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = place.run(1, planned("start", "true", "start"))
    place.host.lock("zentao-deploy", left)
    place.ended.add(f"{left}-host")
    monkeypatch.setattr("orchestrator.workflow.verify._PORT_SECONDS", 0.1)
    assert worked(place.run(2, planned("start", "echo two >>~/effects", "start")))["step"] == "port"


@pytest.mark.parametrize("holder", ["another daemon", "a run under way"])
def test_a_host_that_somebody_works_on_is_waited_for(
    place: Place, monkeypatch: pytest.MonkeyPatch, holder: str
) -> None:
    monkeypatch.setattr("orchestrator.workflow.work._BUSY_SECONDS", 0.1)
    theirs = "run-of-another" if holder == "another daemon" else place.run(1, planned("start", "true", "start"))
    place.host.lock("zentao-deploy", theirs)
    result = worked(place.run(2, planned("start", "true", "start")))
    assert (result["ok"], result["code"]) == (False, "busy")
    found = place.host.lock_holder()
    assert found is not None
    assert found.run_id == theirs


def test_a_host_that_was_taken_out_of_the_inventory_ends_the_work(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = place.run(1, planned("fetch", "echo fetch >>~/effects", "fetch"), planned("start", "true", "start"))
    keep = jobs.run_planned

    def removed_afterwards(*args: Any) -> Result:
        result: Result = keep(*args)
        place.pool._inventory.hosts.clear()  # type: ignore[attr-defined]
        return result

    monkeypatch.setattr(jobs, "run_planned", removed_afterwards)
    assert worked(run)["code"] == "internal"
    assert place.effects() == ["fetch"]

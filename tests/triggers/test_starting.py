from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

import orchestrator.workflow.outdated  # noqa: F401 - declares the workflow that ends what another version began
from orchestrator.engine import APPLICATION_VERSION, Engine, step, workflow
from orchestrator.settings import RuleSettings, Trigger
from orchestrator.store import Event, EventState, Intent, Run, RunState, Store
from orchestrator.triggers.claim import ClaimRefused, claim
from orchestrator.triggers.reader import TaskReader
from orchestrator.triggers.starting import give_up_leftovers, resume_runs, run_id_for, start_deployment
from tests.triggers.fake import MONDAY, FakeZentao, action, task

carried_out: list[str] = []
let_go = threading.Event()
MINUTE = timedelta(minutes=1)


@step("carry out")
def _carry_out(run_id: str) -> None:
    if run_id.startswith("run-13-"):
        raise RuntimeError("this one breaks")
    if run_id.startswith("run-14-"):
        let_go.wait(20)
    carried_out.append(run_id)


@workflow("test-deploy")
def deploy(run_id: str) -> str:
    _carry_out(run_id)
    return run_id


def event(task_id: int = 8, action_id: int = 4) -> Event:
    return Event(
        key=f"http://z|{task_id}|{action_id}|2026-11-23T09:00:00Z",
        server="http://z",
        task_id=task_id,
        action_id=action_id,
        action_date=MONDAY.isoformat(),
        actor="pm",
        old="wait",
        new="doing",
        title="t",
        description="d",
        execution=3,
        project=2,
    )


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    carried_out.clear()
    with Engine(tmp_path / "engine") as launched:
        yield launched


def test_the_same_transition_makes_one_run_however_often_it_is_started(store: Store, engine: Engine) -> None:
    store.record_event(event())
    first = start_deployment(store, engine, event(), workflow=deploy)
    engine.wait(first.run_id, timeout=15)
    assert start_deployment(store, engine, event(), workflow=deploy).run_id == first.run_id
    assert carried_out == [first.run_id]
    assert len(store.runs()) == 1
    found = store.event(event().key)
    assert found is not None
    assert (found.state, found.run_id) == (EventState.STARTED, first.run_id)


def test_a_runs_id_tells_task_and_action_and_differs_between_servers_and_dates() -> None:
    ids = {run_id_for(replace(event(), key=key)) for key in ("a|8|4|x", "b|8|4|x", "a|8|4|y")}
    assert len(ids) == 3
    assert all(each.startswith("run-8-4-") for each in ids)


def test_a_run_whose_workflow_was_never_started_is_started(store: Store, engine: Engine) -> None:
    store.record_event(event())
    store.create_run(Run(run_id_for(event()), event().key, 8, "t", "pm"))
    assert resume_runs(store, engine, workflow=deploy) == 1
    engine.wait(run_id_for(event()), timeout=15)
    assert carried_out == [run_id_for(event())]


def test_a_run_whose_workflow_broke_is_closed_so_that_it_does_not_stay_running(store: Store, engine: Engine) -> None:
    run = start_deployment(store, engine, event(task_id=13), workflow=deploy)
    with pytest.raises(RuntimeError):
        engine.wait(run.run_id, timeout=15)
    assert resume_runs(store, engine, workflow=deploy) == 1
    closed = store.run(run.run_id)
    assert closed is not None
    assert closed.state is RunState.FAILED
    assert "this one breaks" in closed.detail["engine_error"]
    assert resume_runs(store, engine, workflow=deploy) == 0


def as_begun_by(tmp_path: Path, versions: dict[str, str]) -> None:
    """Let the engine's records say that these workflows were begun by other versions of the program."""
    with contextlib.closing(sqlite3.connect(tmp_path / "engine" / "engine.sqlite", timeout=30)) as records:
        for workflow, version in versions.items():
            changed = records.execute(
                "UPDATE workflow_status SET application_version = ? WHERE workflow_uuid = ?", (version, workflow)
            )
            assert changed.rowcount == 1
        records.commit()


def test_a_run_of_another_version_is_closed_also_where_its_ending_broke(
    store: Store, engine: Engine, tmp_path: Path
) -> None:
    let_go.clear()
    run = start_deployment(store, engine, event(task_id=14), workflow=deploy)
    try:
        as_begun_by(tmp_path, {run.run_id: "wf-0"})
        assert resume_runs(store, engine) == 1
        with pytest.raises(RuntimeError, match="context"):  # nothing here gave it one: so it breaks
            engine.wait(f"{run.run_id}-ended-by-{APPLICATION_VERSION}", timeout=15)
        assert resume_runs(store, engine) == 1
    finally:
        let_go.set()
    closed = store.run(run.run_id)
    assert closed is not None
    assert closed.state is RunState.FAILED
    state = engine.status(run.run_id)
    assert state is not None
    assert state.ended
    assert resume_runs(store, engine) == 0


def test_a_run_whose_program_was_upgraded_twice_ends_and_leaves_nothing_open(
    store: Store, engine: Engine, tmp_path: Path
) -> None:
    let_go.clear()
    run = start_deployment(store, engine, event(task_id=14), workflow=deploy)
    before = f"{run.run_id}-ended-by-wf-b"
    engine.start(deploy, before, run.run_id)  # what the version in between was about
    try:
        as_begun_by(tmp_path, {run.run_id: "wf-a", before: "wf-b"})
        assert resume_runs(store, engine) == 1
        with pytest.raises(RuntimeError, match="context"):
            engine.wait(f"{run.run_id}-ended-by-{APPLICATION_VERSION}", timeout=15)
        assert resume_runs(store, engine) == 1
    finally:
        let_go.set()
    closed = store.run(run.run_id)
    assert closed is not None
    assert closed.state is RunState.FAILED
    assert engine.outdated() == ()
    assert engine.forget(run.run_id), "and nothing keeps its records for ever"


def test_what_other_versions_left_of_a_run_that_is_over_is_given_up(
    store: Store, engine: Engine, tmp_path: Path
) -> None:
    let_go.clear()
    over, open_ = (start_deployment(store, engine, event(14, action), workflow=deploy) for action in (4, 5))
    engine.start(deploy, f"{over.run_id}-host", over.run_id)
    try:
        as_begun_by(tmp_path, dict.fromkeys((over.run_id, f"{over.run_id}-host", open_.run_id), "wf-a"))
        store.update_run(over.run_id, state=RunState.FAILED)
        give_up_leftovers(store, engine)
        assert [each.id for each in engine.outdated()] == [open_.run_id]
    finally:
        let_go.set()


def test_a_claim_takes_the_transition_that_waits(
    reader: TaskReader, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str]
) -> None:
    reader.baseline()
    zentao.tasks.put(task(8, [action(1, MONDAY + MINUTE, ("wait", "doing"))]))
    clock.shift(120)
    run = claim(reader, 8)
    assert (run.actor, started) == ("pm", ["http://zentao.example|8|1|2026-11-23T09:01:00Z"])
    assert reader.look(8, "poll").run is None
    assert len(started) == 1


def test_a_claim_while_the_move_is_still_being_written_waits_instead_of_deploying_twice(
    reader: TaskReader, zentao: FakeZentao, clock: time_machine.Traveller, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.triggers.reader.REREADS", (0.0,))
    reader.baseline()
    clock.shift(60)
    zentao.tasks.put(task(8, [action(1, MONDAY + MINUTE, complete=False)]))
    with pytest.raises(ClaimRefused, match="still writing"):
        claim(reader, 8)
    assert store.runs() == ()
    zentao.tasks.put(task(8, [action(1, MONDAY + MINUTE, ("wait", "doing"))]))
    run = claim(reader, 8)
    store.update_run(run.run_id, state=RunState.FAILED)
    assert reader.look(8, "poll").run is None
    assert len(store.runs()) == 1


def test_without_one_a_claim_makes_a_key_of_its_own_each_time(
    reader: TaskReader, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str], store: Store
) -> None:
    clock.shift(120)
    zentao.tasks.put(task(8, [action(1, MONDAY + MINUTE, ("wait", "doing"))]))
    first = claim(reader, 8)
    store.update_run(first.run_id, state=RunState.FAILED)
    clock.shift(5)
    second = claim(reader, 8)
    assert len({first.run_id, second.run_id}) == 2
    assert all(key.startswith("manual|http://zentao.example|8|") for key in started)
    assert first.actor == "pm"
    assert [each.source for each in store.events(task_id=8)] == ["cli", "cli"]


def test_a_claim_for_a_task_nobody_started_has_no_actor(
    reader: TaskReader, zentao: FakeZentao, clock: time_machine.Traveller
) -> None:
    zentao.tasks.put(task(8, status="wait"))
    assert claim(reader, 8).actor is None


def test_our_own_moves_do_not_lend_their_account_to_a_claim(
    make_reader: Any, zentao: FakeZentao, clock: time_machine.Traveller, store: Store
) -> None:
    marker = "zd:run-8-1-abcdef01:finish"
    store.record_intent(Intent(marker, "run-8-1-abcdef01", 8, "finish", "done", action_id=2))
    zentao.tasks.put(
        task(
            8,
            [
                action(1, MONDAY - 2 * MINUTE, ("wait", "doing")),
                action(2, MONDAY - MINUTE, ("doing", "done"), actor="bot", comment=f'<span title="{marker}"></span>'),
            ],
        )
    )
    rule = RuleSettings(triggers=(*RuleSettings().triggers, Trigger(old=None, new="done")))
    assert claim(make_reader(triggers=rule.triggers), 8).actor == "pm"


def test_a_claim_is_refused_while_a_run_is_active_and_names_it(
    reader: TaskReader, zentao: FakeZentao, clock: time_machine.Traveller
) -> None:
    zentao.tasks.put(task(8))
    run = claim(reader, 8)
    with pytest.raises(ClaimRefused, match=run.run_id) as refused:
        claim(reader, 8, again=True)
    assert refused.value.run_id == run.run_id


def test_a_deployed_task_is_deployed_again_only_with_again(
    reader: TaskReader, zentao: FakeZentao, clock: time_machine.Traveller, store: Store
) -> None:
    zentao.tasks.put(task(8))
    run = claim(reader, 8)
    store.update_run(run.run_id, state=RunState.SUCCEEDED)
    clock.shift(5)
    with pytest.raises(ClaimRefused, match="--again"):
        claim(reader, 8)
    assert claim(reader, 8, again=True).run_id != run.run_id


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"name": "支付模块联调"}, "rule.title"),
        ({"execution": 9}, "execution 9, but ours are: 3 \\(or assign the task to deploybot\\)"),
        ({"deleted": True}, "deleted"),
    ],
)
def test_a_claim_on_what_is_not_ours_says_what_would_make_it_ours(
    reader: TaskReader, zentao: FakeZentao, clock: time_machine.Traveller, fields: dict[str, Any], why: str
) -> None:
    zentao.tasks.put(task(8, **fields))
    with pytest.raises(ClaimRefused, match=why):
        claim(reader, 8)
    assert zentao.tasks.reads == []


def test_a_claim_on_a_task_that_is_not_there(
    reader: TaskReader, zentao: FakeZentao, clock: time_machine.Traveller
) -> None:
    with pytest.raises(ClaimRefused, match="no task 8"):
        claim(reader, 8)

"""The store keeps what a restarted daemon needs, and nothing twice."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.event import listen

from orchestrator.store import (
    Answer,
    AnswerState,
    Event,
    EventState,
    Intent,
    Run,
    RunState,
    StepRecord,
    Store,
    utc_now,
)
from orchestrator.store.database import HEAD, NewerDatabase, open_database
from orchestrator.store.schema import metadata


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "orchestrator.db")


def an_event(action: int = 25, **changes: object) -> Event:
    values: dict[str, object] = {
        "key": f"http://zentao.example|7|{action}|2026-11-22 13:37:03",
        "server": "http://zentao.example",
        "task_id": 7,
        "action_id": action,
        "action_date": "2026-11-22 13:37:03",
        "actor": "linyanfa",
        "old": "wait",
        "new": "doing",
        "title": "【IndexTTS2-V23部署】",
        "description": "<p>分支：v23</p>",
        "execution": 3,
        "project": 2,
    }
    return Event(**{**values, **changes})  # type: ignore[arg-type]


def a_run(event: Event, run_id: str = "run-7-25-abc") -> Run:
    return Run(run_id, event.key, event.task_id, event.title, event.actor)


def test_an_event_is_recorded_once(store: Store) -> None:
    assert store.record_event(an_event())
    assert not store.record_event(an_event(title="changed later"))
    assert [event.title for event in store.events(task_id=7)] == ["【IndexTTS2-V23部署】"]


def test_events_come_in_the_order_of_their_actions(store: Store) -> None:
    for action in (30, 25, 27):
        store.record_event(an_event(action))
    assert [event.action_id for event in store.events()] == [25, 27, 30]


def test_creating_a_run_marks_its_event_and_happens_once(store: Store) -> None:
    event = an_event()
    store.record_event(event)
    assert store.create_run(a_run(event))
    assert not store.create_run(a_run(event))
    found = store.event(event.key)
    assert found is not None
    assert (found.state, found.run_id) == (EventState.STARTED, "run-7-25-abc")


def test_one_event_never_has_two_runs(store: Store) -> None:
    event = an_event()
    store.record_event(event)
    store.create_run(a_run(event))
    assert not store.create_run(a_run(event, "run-other"))
    assert store.run("run-other") is None


def test_active_runs_are_those_that_are_not_final(store: Store) -> None:
    store.create_run(a_run(an_event()))
    assert [run.run_id for run in store.runs(active=True)] == ["run-7-25-abc"]
    store.update_run("run-7-25-abc", state=RunState.FAILED, finished_at=utc_now())
    assert store.runs(active=True) == ()
    assert len(store.runs(task_id=7, active=False)) == 1


def test_updating_a_run_merges_its_detail(store: Store) -> None:
    store.create_run(a_run(an_event()))
    store.update_run("run-7-25-abc", detail={"speech": {"rms": 0.1}})
    run = store.update_run("run-7-25-abc", commit="c0ffee", detail={"previous": "beef"})
    assert run == store.run("run-7-25-abc")
    assert run.detail == {"speech": {"rms": 0.1}, "previous": "beef"}


def test_updating_an_unknown_run_names_it(store: Store) -> None:
    with pytest.raises(KeyError, match="nobody"):
        store.update_run("nobody", commit="x")


def test_a_step_that_ran_again_replaces_its_record(store: Store) -> None:
    store.record_step(StepRecord("r", 1, "fetch", "获取代码", "failed", 1.0))
    store.record_step(StepRecord("r", 1, "fetch", "获取代码", "ok", 2.0))
    assert [(step.outcome, step.seconds) for step in store.steps("r")] == [("ok", 2.0)]


def test_an_intent_belongs_to_one_action_only(store: Store) -> None:
    store.record_intent(Intent("zd:r:pause", "r", 7, "pause", "pause"))
    assert store.resolve_intent("zd:r:pause", 40)
    assert store.resolve_intent("zd:r:pause", 40)
    assert not store.resolve_intent("zd:r:pause", 41), "a copied marker must not make another action ours"


def test_a_confirmed_answer_stays_confirmed(store: Store) -> None:
    store.put_answer(Answer("zd:r:ok", "r", "task", 7, AnswerState.CONFIRMED, result_id=108))
    kept = store.put_answer(Answer("zd:r:ok", "r", "task", 7, AnswerState.UNKNOWN))
    assert (kept.state, kept.result_id) == (AnswerState.CONFIRMED, 108)


def test_a_cursor_survives_reopening(tmp_path: Path) -> None:
    with Store.open(tmp_path / "o.db") as store:
        assert store.cursor("poll") is None
        store.set_cursor("poll", {"at": 1})
        store.set_cursor("poll", {"at": 2})
    with Store.open(tmp_path / "o.db") as store:
        assert store.cursor("poll") == {"at": 2}


def test_migrations_build_exactly_the_tables_of_the_schema(tmp_path: Path) -> None:
    with open_database(tmp_path / "o.db").connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_known_head_is_the_newest_migration() -> None:
    from orchestrator.store import migrations

    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_current_head() == HEAD


def test_a_database_of_a_newer_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with open_database(tmp_path / "o.db").begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabase, match="newer zentao-deploy"):
        open_database(tmp_path / "o.db")


def _open_and_record(path: str, action: int) -> None:
    with Store.open(Path(path)) as store:
        store.record_event(an_event(action))


def test_two_processes_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    path = str(tmp_path / "o.db")
    workers = [spawn.Process(target=_open_and_record, args=(path, action)) for action in (1, 2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(Store.open(Path(path)).events()) == 2


def test_what_every_tick_asks_costs_the_same_however_much_is_remembered(store: Store) -> None:
    asked: list[tuple[str, Any]] = []
    listen(
        store._engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, values, *_: asked.append((statement, values)),
    )
    store.events(state=EventState.NEW)
    store.runs(active=True, limit=1000)
    queries = list(asked)
    with store._engine.connect() as connection:
        plans = [
            [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            for statement, values in queries
        ]
    assert [plan[0].split(" (")[0] for plan in plans] == [
        "SEARCH event USING INDEX event_by_state",
        "SEARCH run USING INDEX run_by_state",
    ]


def test_the_file_is_for_its_owner_alone(store: Store, tmp_path: Path) -> None:
    store.set_cursor("poll", {})
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("orchestrator.db*")}
    del modes["orchestrator.db.migrating"]  # empty
    assert set(modes.values()) == {0o600}

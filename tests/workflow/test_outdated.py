"""A program that was upgraded in the middle of deployments ends them, instead of waiting for the old one for ever."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.answers.desk import marker_for
from orchestrator.context import Context, use
from orchestrator.store import Answer, AnswerState, Run, RunState, Store
from orchestrator.workflow.outdated import had_succeeded, service_at_risk
from tests.workflow.world import HOST, World


def test_runs_of_another_version_are_ended_with_an_answer_and_their_host_is_free(world: World) -> None:
    old = world.version("v1", branch="old")
    world.daemon()
    world.ended(world.ticket("分支：old"))
    new = world.version("v2", branch="new")
    with world.held("start", new):
        working, waiting = world.ticket("分支：new"), world.ticket("分支：old")
        world.reached("start", new)
        world.until(lambda: world.said(waiting), "the second one to be accepted")
        world.daemons[-1].end(gently=0)
        with contextlib.closing(sqlite3.connect(world.data_dir / "engine.sqlite", timeout=30)) as engine:
            changed = engine.execute(
                "UPDATE workflow_status SET application_version = 'wf-0' WHERE status IN ('PENDING', 'ENQUEUED')"
            )
            engine.commit()
            assert changed.rowcount >= 3
        world.daemon()
        ends = [world.ended(working), world.ended(waiting)]
    assert [run.state for run in ends] == [RunState.FAILED, RunState.FAILED]
    world.until(lambda: world.sandbox.task(waiting)["assignedTo"] == "linyanfa", "the ticket to be handed back")
    for task in (working, waiting):
        assert world.sandbox.task(task)["status"] == "pause"
        assert "升级前的运行未完成，请重新触发" in world.said(task)[-1]
        assert sum("升级前" in said for said in world.said(task)) == 1
    assert "原来的服务可能已经停止" in world.said(working)[-1]
    assert "没有动过正在运行的版本" in world.said(waiting)[-1]
    with world.ssh_pool() as pool:
        assert pool.host(HOST).lock_holder() is None
        assert pool.host(HOST).jobs.running() == ()
    assert world.bugs() == []
    # And the host's queue isn't kept by what was given up: the ticket can be deployed after all.
    world.sandbox.as_user("linyanfa").restart_task(waiting)
    assert world.ended(waiting, 2).state is RunState.SUCCEEDED
    assert world.served() == f"v1 {old}"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.sqlite") as store:
        nothing: Any = SimpleNamespace(close=lambda: None)
        with use(Context(nothing, nothing, store, nothing, nothing, nothing)):
            yield store


def test_a_run_that_had_said_that_it_succeeded_is_only_finished(store: Store) -> None:
    store.create_run(Run("run-1", "event 1", 1, "【部署】", "pm"))
    assert not had_succeeded("run-1")
    for state, counts in ((AnswerState.UNKNOWN, False), (AnswerState.CONFIRMED, True)):
        store.put_answer(Answer(marker_for("run-1", "succeeded"), "run-1", "task", 1, state))
        assert had_succeeded("run-1") is counts


def test_a_run_that_had_not_taken_its_host_has_touched_nothing(store: Store) -> None:
    store.create_run(Run("run-1", "event 1", 1, "【部署】", "pm", host="gpu-01"))
    assert not service_at_risk("run-1")

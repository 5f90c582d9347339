"""Cancelling: long steps, queues, children, restarts."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.engine import HOSTS, Cancelled, Engine
from tests.engine import stories
from tests.engine.watch import lines, until


def test_a_cancel_reaches_a_long_step_and_clean_up_still_runs(engine: Engine, log: str) -> None:
    engine.start(stories.cancellable, "c", log)
    until(lambda: lines(log) == ["waiting"])
    assert engine.cancel("c")
    assert engine.wait("c", timeout=10) == "cancelled"
    assert lines(log) == ["waiting", "tidied"]
    assert not engine.cancel("c")
    assert not engine.cancel("nobody")


def test_a_cancel_takes_work_that_has_not_begun_out_of_its_queue(engine: Engine, log: str) -> None:
    engine.enqueue(HOSTS, stories.cancellable, "first", log, partition="gpu-01")
    until(lambda: lines(log) == ["waiting"])
    engine.enqueue(HOSTS, stories.on_host, "second", log, "second", 0.0, partition="gpu-01")
    assert engine.cancel("second")
    with pytest.raises(Cancelled):
        engine.wait("second", timeout=10)
    engine.cancel("first")
    engine.wait("first", timeout=10)
    assert lines(log) == ["waiting", "tidied"]


def test_after_a_cancel_no_child_is_begun(engine: Engine, log: str) -> None:
    engine.start(stories.late_parent, "p", log)
    until(lambda: lines(log) == ["before the child"])
    assert engine.cancel("p")
    Path(log).with_name("word").touch()
    assert engine.wait("p", timeout=15) == "cancelled"
    assert lines(log) == ["before the child", "tidied"]
    assert engine.status("late-child") is None


def test_a_child_that_begins_while_its_parent_is_cancelled_is_cancelled(engine: Engine, log: str) -> None:
    """The moment between the parent's leave to begin a child and the child's place in the queue."""
    engine.enqueue(HOSTS, stories.cancellable, "blocker", log, partition="h")
    until(lambda: lines(log) == ["waiting"])
    engine.start(stories.parent, "p", log)
    until(lambda: engine.status("child") is not None)
    engine.carrier.cancel_requested.add("p")  # as `cancel` does first, before it looks for children
    engine.cancel("blocker")
    with pytest.raises(Cancelled):
        engine.wait("p", timeout=15)
    assert lines(log) == ["waiting", "tidied"]


def test_a_cancel_that_was_asked_for_before_a_restart_still_counts(tmp_path: Path, log: str) -> None:
    data = tmp_path / "data"
    first = Engine(data)
    first.launch()
    first.start(stories.sleeping, "s", log, 60.0)
    until(lambda: lines(log) == ["before"])
    first.shutdown(timeout=10)
    with Engine(data) as second:
        second.cancel("s")
        with pytest.raises(Cancelled):
            second.wait("s", timeout=10)
        state = second.status("s")
    assert state is not None
    assert state.ended
    assert state.cancel_requested
    assert lines(log) == ["before"]

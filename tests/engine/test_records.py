"""What is kept of work, and what becomes of it with an upgrade."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from orchestrator.engine import Engine
from tests.engine import stories
from tests.engine.child import died
from tests.engine.watch import edit, lines, until


def test_work_of_another_version_is_told_as_such_and_waits_until_it_is_given_up(tmp_path: Path, log: str) -> None:
    data = tmp_path / "data"
    died(data, "d", log)
    edit(data, "UPDATE workflow_status SET application_version = 'wf-0'")
    with Engine(data) as engine:
        engine.start(stories.plain, "p", log)
        assert engine.wait("p", timeout=30) == "ONETWO"
        found = [engine.status(each) for each in ("d", "p")]
        assert [state is not None and engine.is_outdated(state) for state in found] == [True, False]
        engine.give_up("d")
        engine.give_up("p")
        ended = [engine.status(each) for each in ("d", "p")]
        assert [state and state.phase for state in ended] == ["cancelled", "succeeded"]
    assert lines(log).count("dying step") == 1, "the new version ran nothing of it"


def test_what_has_ended_can_be_forgotten_with_all_that_belongs_to_it(engine: Engine, log: str) -> None:
    engine.start(stories.plain, "p", log)
    engine.start(stories.plain, "p2", log)
    engine.start(stories.cancellable, "p-long", log)
    for each in ("p", "p2"):
        engine.wait(each, timeout=20)
    until(lambda: "waiting" in lines(log))
    assert not engine.forget("p"), "a part of it is under way"
    assert engine.status("p") is not None
    engine.cancel("p-long")
    engine.wait("p-long", timeout=20)
    assert engine.forget("p")
    assert [each for each in ("p", "p-long", "p2") if engine.status(each) is not None] == ["p2"]


def test_what_a_second_upgrade_left_of_an_ending_is_given_up_with_its_run(tmp_path: Path, log: str) -> None:
    data = tmp_path / "data"
    for each in ("d", "d-ended-by-wf-b", "d2"):
        Path(log).unlink(missing_ok=True)  # so that each of them dies once
        died(data, each, log)
        edit(data, "UPDATE workflow_status SET application_version = 'wf-0'")
    with Engine(data) as engine:
        assert {each.id for each in engine.outdated()} == {"d", "d-ended-by-wf-b", "d2"}
        assert not engine.forget("d")
        engine.give_up("d")
        assert [each.id for each in engine.outdated()] == ["d2"]
        assert engine.forget("d")
        assert [each.id for each in engine.pending()] == ["d2"]


@pytest.mark.parametrize("made_by_us", [True, False])
def test_the_records_file_becomes_smaller_once_they_were_forgotten(
    tmp_path: Path, log: str, *, made_by_us: bool
) -> None:
    path = tmp_path / "data" / "engine.sqlite"
    if not made_by_us:  # a file as it was before we thought of this: with the schema, and no books of free pages
        with Engine(path.parent):
            pass
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA auto_vacuum = 0")
            connection.execute("VACUUM")
    with Engine(path.parent) as engine:
        for number in range(3):
            engine.start(stories.plain, f"p{number}", log)
            engine.wait(f"p{number}", timeout=20)
        edit(path.parent, "UPDATE operation_outputs SET output = ?", "x" * 1_000_000)
        for number in range(3):
            assert engine.forget(f"p{number}")
        engine.compact()
        small = path.stat().st_size
        engine.start(stories.plain, "after", log)
        assert engine.wait("after", timeout=20) == "ONETWO"
    assert small < 1_000_000, "of some million bytes"

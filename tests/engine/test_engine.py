"""What a story may rely on while an engine runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.engine import HOSTS, Engine, EngineError, StepFailed, UnknownWorkflow, step, workflow
from tests.engine import stories
from tests.engine.watch import lines


def test_without_an_engine_a_story_is_an_ordinary_function(log: str) -> None:
    assert stories.plain(log) == "ONETWO"
    assert lines(log) == ["one", "two"]


def test_a_second_start_with_the_same_id_does_nothing(engine: Engine, log: str) -> None:
    engine.start(stories.plain, "p", log)
    engine.start(stories.plain, "p", log)
    assert engine.wait("p", timeout=10) == "ONETWO"
    engine.start(stories.plain, "p", "elsewhere")
    assert engine.wait("p", timeout=10) == "ONETWO"
    assert lines(log) == ["one", "two"]


def test_a_process_runs_one_engine(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="already runs"):
        Engine(tmp_path / "other").launch()


def test_one_host_is_worked_on_by_one_at_a_time_and_two_hosts_at_once(engine: Engine, log: str) -> None:
    for name, host in (("a", "h1"), ("b", "h1"), ("c", "h2")):
        engine.enqueue(HOSTS, stories.on_host, name, log, name, 0.5, partition=host)
    for name in "abc":
        engine.wait(name, timeout=20)
    seen = lines(log)
    assert {seen.index("a begins"), seen.index("a ends")}.isdisjoint(
        range(seen.index("b begins"), seen.index("b ends") + 1)
    )
    assert seen.index("c begins") < max(seen.index("a ends"), seen.index("b ends"))


def test_a_workflow_enqueues_a_child_and_awaits_its_answer(engine: Engine, log: str) -> None:
    engine.start(stories.parent, "p", log)
    assert engine.wait("p", timeout=20) == "child said CHILD ENDS"
    child = engine.status("child")
    assert child is not None
    assert child.parent == "p"
    assert child.phase == "succeeded"


@pytest.mark.parametrize("kind", ["connection", "awkward"])
def test_a_step_is_tried_again_only_when_it_says_so(engine: Engine, log: str, kind: str) -> None:
    engine.start(stories.retrying, "r", log, kind)
    assert engine.wait("r", timeout=10) == "third time"
    assert lines(log) == ["try"] * 3


def test_other_errors_are_raised_at_once_and_as_they_were(engine: Engine, log: str) -> None:
    engine.start(stories.retrying, "r", log, "value")
    with pytest.raises(ValueError, match="not worth another try"):
        engine.wait("r", timeout=10)
    assert lines(log) == ["try"]
    state = engine.status("r")
    assert state is not None
    assert state.error == "ValueError: not worth another try"


def test_an_error_that_cannot_be_stored_keeps_its_words(engine: Engine) -> None:
    engine.start(stories.awkward, "a")
    with pytest.raises(StepFailed, match="Awkward: there: 7"):
        engine.wait("a", timeout=10)


def test_waiting_ends_in_time(engine: Engine, log: str) -> None:
    engine.start(stories.sleeping, "s", log, 60.0)
    with pytest.raises(TimeoutError):
        engine.wait("s", timeout=0.3)
    with pytest.raises(UnknownWorkflow):
        engine.wait("nobody", timeout=1)
    assert engine.status("nobody") is None
    engine.cancel("s")


def test_arguments_must_be_plain_data(engine: Engine) -> None:
    with pytest.raises(TypeError, match="PosixPath"):
        engine.start(stories.plain, "p", Path("/"))
    with pytest.raises(TypeError, match="isn't a string"):
        engine.start(stories.plain, "p", {"a": {1: 2}})


def test_two_workflows_cannot_share_a_name() -> None:
    with pytest.raises(ValueError, match="test-plain"):
        workflow("test-plain")(stories.note)


def test_a_workflow_declared_too_late_is_refused(engine: Engine) -> None:
    late = workflow("test-late")(lambda: None)
    with pytest.raises(EngineError, match="after the engine was launched"):
        engine.start(late, "late")


def test_a_step_outside_a_workflow_simply_runs(engine: Engine) -> None:
    assert step("add")(lambda a: a + 1)(1) == 2


def test_the_folder_keeps_its_executor_and_its_files_private(tmp_path: Path) -> None:
    data = tmp_path / "data"
    names = set()
    for _ in range(2):
        with Engine(data):
            names.add((data / "engine.id").read_text())
    assert len(names) == 1
    assert (data / "engine.sqlite").stat().st_mode & 0o077 == 0
    assert (data / "engine.sqlite").read_bytes()[18:20] == b"\x02\x02"  # write-ahead log


def test_importing_the_engine_does_not_import_dbos() -> None:
    code = "import sys, orchestrator.engine, orchestrator.context; print('dbos' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"

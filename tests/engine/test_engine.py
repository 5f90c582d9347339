from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engine import (
    HOSTS,
    Cancelled,
    Engine,
    EngineBusy,
    EngineError,
    StepFailed,
    UnknownWorkflow,
    step,
    workflow,
)
from tests.engine import stories

CHILD = """
import sys
from pathlib import Path
from orchestrator.engine import Engine
from tests.engine import stories
engine = Engine(Path(sys.argv[1]))
engine.launch()
engine.start(getattr(stories, sys.argv[2]), sys.argv[3], *sys.argv[4:])
print("started", flush=True)
try:
    engine.wait(sys.argv[3], timeout=60)
finally:
    engine.shutdown()
"""


@pytest.fixture
def log(tmp_path: Path) -> str:
    return str(tmp_path / "log")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "data") as running:
        yield running


def lines(log: str) -> list[str]:
    path = Path(log)
    return path.read_text().splitlines() if path.exists() else []


def until(condition: Callable[[], Any], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


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


def test_a_killed_process_leaves_work_that_the_next_one_ends_without_repeating_a_step(tmp_path: Path, log: str) -> None:
    data = tmp_path / "data"
    killed = subprocess.run(
        [sys.executable, "-c", CHILD, str(data), "dying", "d", log], capture_output=True, timeout=60, check=False
    )
    assert killed.returncode == -9
    assert lines(log) == ["one", "dying step"]
    began = time.monotonic()
    with Engine(data) as engine:
        assert engine.wait("d", timeout=30) == "TWO"
    assert time.monotonic() - began < 30
    assert lines(log) == ["one", "dying step", "dying step", "two"]


def test_work_is_not_given_up_however_often_the_process_had_to_be_started(tmp_path: Path, log: str) -> None:
    data = tmp_path / "data"
    subprocess.run(
        [sys.executable, "-c", CHILD, str(data), "dying", "d", log], capture_output=True, timeout=60, check=False
    )
    with contextlib.closing(sqlite3.connect(data / "engine.sqlite")) as connection:
        connection.execute("UPDATE workflow_status SET recovery_attempts = 5000")
        connection.commit()
    with Engine(data) as engine:
        assert engine.wait("d", timeout=30) == "TWO"


def test_work_of_another_version_is_told_as_such_and_waits_until_it_is_given_up(tmp_path: Path, log: str) -> None:
    data = tmp_path / "data"
    subprocess.run(
        [sys.executable, "-c", CHILD, str(data), "dying", "d", log], capture_output=True, timeout=60, check=False
    )
    with contextlib.closing(sqlite3.connect(data / "engine.sqlite")) as connection:
        connection.execute("UPDATE workflow_status SET application_version = 'wf-0'")
        connection.commit()
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
        subprocess.run(
            [sys.executable, "-c", CHILD, str(data), "dying", each, log], capture_output=True, timeout=60, check=False
        )
        with contextlib.closing(sqlite3.connect(data / "engine.sqlite")) as connection:
            connection.execute("UPDATE workflow_status SET application_version = 'wf-0'")
            connection.commit()
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
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection:
            connection.execute("UPDATE operation_outputs SET output = ?", ("x" * 1_000_000,))
            connection.commit()
        for number in range(3):
            assert engine.forget(f"p{number}")
        engine.compact()
        small = path.stat().st_size
        engine.start(stories.plain, "after", log)
        assert engine.wait("after", timeout=20) == "ONETWO"
    assert small < 1_000_000, "of some million bytes"


FULL_DISK = """
import logging, os, resource, signal, sys, threading
from pathlib import Path
from orchestrator.engine import Engine, step, workflow
from tests.engine.stories import note
from tests.engine.test_engine import until

proceed, over = threading.Event(), threading.Event()

class Hears(logging.Handler):
    def emit(self, record):  # the engine's last word, after it has tried in vain to write the failure down
        if "Exception encountered in" in record.getMessage():
            over.set()

@step("long")
def long(log):
    note(log, "long")
    proceed.wait(60)
    return "x" * 200_000

@workflow("filling")
def filling(log):
    long(log)
    note(log, "end")
    return "done"

data, log = Path(sys.argv[1]), sys.argv[2]
engine = Engine(data)
engine.launch()
logging.getLogger("dbos").addHandler(Hears())
engine.start(filling, "f", log)
until(lambda: Path(log).exists())
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
before = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
proceed.set()
assert over.wait(60)
resource.setrlimit(resource.RLIMIT_FSIZE, before)
print(engine.status("f").phase, engine.revive(after=60), engine.revive(after=0), engine.wait("f", timeout=20))
engine.shutdown()
"""


def test_work_that_broke_off_because_nothing_could_be_written_goes_on(tmp_path: Path, log: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "data"), log],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.stdout.split() == ["running", "0", "1", "done"]
    assert lines(log) == ["long", "long", "end"]


def test_work_under_way_is_left_alone(engine: Engine, log: str) -> None:
    engine.start(stories.cancellable, "c", log)
    until(lambda: lines(log) == ["waiting"])
    assert engine.revive(after=0) == 0
    engine.cancel("c")
    assert engine.wait("c", timeout=15) == "cancelled"


def test_a_folder_has_one_owner_and_the_second_learns_its_process_id(tmp_path: Path, log: str) -> None:
    data = tmp_path / "data"
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(data), "cancellable", "c", log], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "started\n"
        with pytest.raises(EngineBusy) as busy:
            Engine(data).launch()
        assert busy.value.pid == owner.pid
        assert str(owner.pid) in str(busy.value)
        until(lambda: lines(log) == ["waiting"])
        owner.kill()
    with Engine(data) as engine:
        assert engine.cancel("c")
        assert engine.wait("c", timeout=15) == "cancelled"


def test_a_process_runs_one_engine(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="already runs"):
        Engine(tmp_path / "other").launch()


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


def test_a_shutdown_leaves_long_steps_and_the_next_launch_goes_on(tmp_path: Path, log: str) -> None:
    data = tmp_path / "data"
    engine = Engine(data)
    engine.launch()
    engine.start(stories.cancellable, "c", log)
    until(lambda: lines(log) == ["waiting"])
    began = time.monotonic()
    assert engine.shutdown(timeout=10)
    assert time.monotonic() - began < 8
    with Engine(data) as again:
        assert [state.id for state in again.pending()] == ["c"]
        until(lambda: lines(log) == ["waiting", "waiting"])
        again.cancel("c")
        assert again.wait("c", timeout=10) == "cancelled"


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

"""What the next process finds of one that was killed, stopped, or could not write; and who owns a folder."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.engine import Engine, EngineBusy
from tests.engine import stories
from tests.engine.child import command, died
from tests.engine.watch import edit, lines, until


def test_a_killed_process_leaves_work_that_the_next_one_ends_without_repeating_a_step(tmp_path: Path, log: str) -> None:
    data = tmp_path / "data"
    killed = died(data, "d", log)
    assert killed.returncode == -9
    assert lines(log) == ["one", "dying step"]
    began = time.monotonic()
    with Engine(data) as engine:
        assert engine.wait("d", timeout=30) == "TWO"
    assert time.monotonic() - began < 30
    assert lines(log) == ["one", "dying step", "dying step", "two"]


def test_work_is_not_given_up_however_often_the_process_had_to_be_started(tmp_path: Path, log: str) -> None:
    data = tmp_path / "data"
    died(data, "d", log)
    edit(data, "UPDATE workflow_status SET recovery_attempts = 5000")
    with Engine(data) as engine:
        assert engine.wait("d", timeout=30) == "TWO"


FULL_DISK = """
import logging, os, resource, signal, sys, threading
from pathlib import Path
from orchestrator.engine import Engine, step, workflow
from tests.engine.stories import note
from tests.engine.watch import until

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
    with subprocess.Popen(command(data, "cancellable", "c", log), stdout=subprocess.PIPE, text=True) as owner:
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

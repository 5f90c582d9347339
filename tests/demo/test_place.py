"""Where a demo's results go, who may write there, and how it is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.demo.__main__ import main
from orchestrator.demo.place import LOG, PID_FILE, RESULTS, default_place, place, stop
from orchestrator.demo.processes import DemoError

_HOLDER = """
import signal, sys, pathlib
from orchestrator.demo.place import place
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
with place(pathlib.Path(sys.argv[1])):
    print("holding", flush=True)
    signal.pause()
"""


def test_results_of_an_earlier_demo_are_cleared_and_other_files_stay(tmp_path: Path) -> None:
    for name in (*RESULTS, LOG, "notes.txt"):
        (tmp_path / name).write_text("old")
    with place(tmp_path):
        assert sorted(path.name for path in tmp_path.iterdir()) == [PID_FILE, "notes.txt"]
        assert (tmp_path / PID_FILE).read_text() == f"{os.getpid()}\n"


def test_stop_ends_the_demo_that_runs_here_and_waits_for_it(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _HOLDER, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"holding\n"
        with pytest.raises(DemoError, match=f"another demo .process {holder.pid}."), place(tmp_path):
            pass
        assert stop(tmp_path) == "Stopped."
        assert holder.wait(10) == 7
    assert stop(tmp_path) == "No demo is running here."


def test_a_stale_pid_file_ends_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "kill", lambda *arguments: pytest.fail(f"os.kill{arguments}"))
    (tmp_path / PID_FILE).write_text(f"{os.getppid()}\n")
    assert stop(tmp_path) == "No demo is running here."
    assert main(["--stop", "--out", str(tmp_path)]) == 0
    assert main(["--stop", "--out", str(tmp_path / "never-was")]) == 0
    assert not (tmp_path / "never-was").exists()


def test_a_killed_demo_leaves_the_folder_free(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _HOLDER, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
    assert stop(tmp_path) == "No demo is running here."
    with place(tmp_path):
        pass


def test_the_results_go_where_the_caller_says_else_here_else_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DEMO_OUT", raising=False)
    assert default_place() == Path("demo-out")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert default_place() == tmp_path / "home" / "zentao-deploy-demo-out"
    monkeypatch.setenv("DEMO_OUT", "/somewhere/else")
    assert default_place() == Path("/somewhere/else")


def test_a_folder_that_can_not_be_written_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["--out", str(tmp_path / "file" / "out")]) == 1
    said = capsys.readouterr().err
    assert "can't write to" in said
    assert "DEMO_OUT" in said

"""Which processes start_app.sh ends and which it never touches: pid files, strangers, children, signals."""

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

from tests.tts_service.release import Release, list_sessions, until, until_said
from tts_service.service_process import start_ticks


def test_a_process_that_ignores_term_is_killed_after_the_given_patience(release: Release) -> None:
    (release.folder / "stubborn").touch()
    release.run()
    stopped = release.run("--stop", TTS_STOP_TIMEOUT="0.5")
    assert stopped.stdout == "stopped\n"
    assert "KILL" in stopped.stderr


def test_a_child_that_outlives_its_parent_is_ended_too(release: Release) -> None:
    (release.folder / "child").touch()
    release.run()
    child = int((release.folder / "child").read_text())
    assert start_ticks(child) is not None
    assert release.run("--stop", TTS_STOP_TIMEOUT="0.5").stdout == "stopped\n"
    assert start_ticks(child) is None


def test_a_stranger_on_the_port_is_named_and_left_alone(release: Release) -> None:
    with socket.create_server(("127.0.0.1", release.port)):
        refused = release.run()
    assert refused.returncode != 0
    assert f"port {release.port} is taken by process {os.getpid()}" in refused.stderr
    assert "--server_port" in refused.stderr


def test_a_pid_file_that_names_a_stranger_never_ends_it(release: Release) -> None:
    release.run()
    record = json.loads(release.service.pid_file.read_text())
    release.run("--stop")
    with subprocess.Popen(["sleep", "60"]) as stranger:
        ticks = start_ticks(stranger.pid)
        release.service.pid_file.write_text(json.dumps(record | {"pid": stranger.pid, "ticks": ticks}))
        assert release.run("--stop").stdout == "not running\n"
        assert stranger.poll() is None
        stranger.kill()


def test_a_pid_that_went_to_another_process_is_never_ended(release: Release) -> None:
    release.run()
    record = json.loads(release.service.pid_file.read_text())
    release.run("--stop")
    program = str(release.folder / "webui.py")
    with subprocess.Popen(["sh", "-c", "sleep 60; exit", program]) as stranger:
        ticks = start_ticks(stranger.pid)
        assert ticks is not None
        for lie in ({"ticks": ticks + 1}, {"boot": "another boot"}, {"pid": 0}, {"pid": -1}, {"pid": "self"}):
            honest = {"pid": stranger.pid, "ticks": ticks}
            release.service.pid_file.write_text(json.dumps(record | honest | lie))
            assert release.run("--stop").stdout == "not running\n"
        assert stranger.poll() is None
        stranger.kill()


def test_a_pid_file_of_garbage_means_that_nothing_of_ours_runs(release: Release) -> None:
    release.service.pid_file.parent.mkdir()
    for text in ("", "12345", "[]", '{"pid": 1}', "\0\0", "[" * 100_000):
        release.service.pid_file.write_text(text)
        assert release.service.running() is None
    assert release.run("--stop").stdout == "not running\n"


def test_a_pid_file_with_more_or_other_fields_of_another_release_is_understood(release: Release) -> None:
    release.run()
    record = json.loads(release.service.pid_file.read_text())
    release.service.pid_file.write_text(json.dumps(record | {"later": ["a", "field"]}))
    assert release.run("--stop").stdout == "stopped\n"


def test_a_folder_in_the_pid_file_s_place_is_told_in_one_line(release: Release) -> None:
    release.service.pid_file.mkdir(parents=True)
    refused = release.run()
    assert refused.returncode == 1
    assert f"ERROR: {release.service.pid_file}" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not list_sessions(str(release.folder))


def test_a_stranger_who_took_the_port_of_a_dead_service_is_named(release: Release) -> None:
    release.run()
    pid = release.health()["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: start_ticks(pid) is None)
    with socket.create_server(("127.0.0.1", release.port)):
        refused = release.run()
    assert f"is taken by process {os.getpid()}" in refused.stderr


def test_ctrl_c_while_waiting_says_that_the_service_goes_on(release: Release) -> None:
    (release.folder / "mute").touch()
    starting = release.begin()
    until_said(starting, "started process")
    child = next(line for line in Path(f"/proc/{starting.pid}/task/{starting.pid}/children").read_text().split())
    os.kill(int(child), signal.SIGINT)
    _, err = starting.communicate(timeout=30)
    assert "Traceback" not in err
    assert "--stop ends it" in err
    assert release.run("--stop", TTS_STOP_TIMEOUT="5").stdout == "stopped\n"

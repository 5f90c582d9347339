"""start_app.sh on a real machine: starts, stops, failures. A small HTTP server stands in for the WebUI."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.tts_service.release import Release, until_said
from tts_service.service_process import start_ticks


def test_a_start_prints_one_ready_line_and_the_service_answers_from_its_release(release: Release) -> None:
    started = release.run()
    assert started.returncode == 0, started.stderr
    assert started.stdout == f"READY http://127.0.0.1:{release.port}\n"
    answer = release.health()
    assert answer["cwd"] == str(release.folder.parent)
    assert answer["argv"] == ["--server_port", str(release.port), "--host", "127.0.0.1", "--device", "auto"]
    assert "reused" in started.stderr


def test_it_finds_its_release_through_a_link_and_where_cd_looks_in_other_places(
    release: Release, venv_key: str, tmp_path: Path
) -> None:
    link = tmp_path / "start"
    link.symlink_to(release.folder / "start_app.sh")
    for called in (link, "tts_service/start_app.sh"):
        told = subprocess.run(
            ["bash", str(called), "--print-venv-key"],
            cwd=release.folder.parent,
            env={**os.environ, "PYTHON": sys.executable, "TTS_SHARED": str(release.shared), "CDPATH": f".:{tmp_path}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (told.stdout, told.stderr) == (f"{venv_key}\n", "")


def test_a_time_limit_that_is_no_number_is_refused_in_one_line(release: Release) -> None:
    refused = release.run(TTS_START_TIMEOUT="soon")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "ERROR: TTS_START_TIMEOUT is no number of seconds: soon\n"


def test_a_second_start_ends_the_old_process_and_serves_with_a_new_one(release: Release) -> None:
    release.run()
    old = release.health()["pid"]
    assert release.run().returncode == 0
    assert release.health()["pid"] != old
    assert start_ticks(old) is None


def test_two_starts_at_the_same_time_leave_one_process_and_both_say_ready(release: Release) -> None:
    both = [release.begin(), release.begin()]
    outputs = [process.communicate(timeout=400) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert all(out == f"READY http://127.0.0.1:{release.port}\n" for out, _ in outputs)
    assert sum("started process" in err for _, err in outputs) == 1
    assert sum("was started by a call at the same time" in err for _, err in outputs) == 1


def test_an_impatient_second_start_waits_for_the_first_and_takes_its_service(release: Release) -> None:
    (release.folder / "slow").touch()
    first = release.begin()
    until_said(first, "started process")
    second = release.begin()
    until_said(second, "another start_app.sh is at work")
    (release.folder / "slow").unlink()
    for process in (first, second):
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (0, f"READY http://127.0.0.1:{release.port}\n"), err
    assert "started process" not in err


def test_stop_ends_a_start_that_hangs(release: Release) -> None:
    (release.folder / "mute").touch()
    hanging = release.begin()
    until_said(hanging, "started process")
    assert release.run("--stop").stdout == "stopped\n"
    _, err = hanging.communicate(timeout=60)
    assert hanging.returncode == 1
    assert "the service ended before it answered" in err


def test_stop_ends_the_process_and_a_second_stop_finds_nothing(release: Release) -> None:
    release.run()
    pid = release.health()["pid"]
    assert release.run("--stop").stdout == "stopped\n"
    assert start_ticks(pid) is None
    again = release.run("--stop")
    assert (again.returncode, again.stdout) == (0, "not running\n")


def test_a_service_that_dies_at_start_fails_at_once_with_its_log(release: Release) -> None:
    (release.folder / "die").write_text("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.30 GiB")
    failed = release.run()
    assert failed.returncode != 0
    assert failed.stdout == ""
    assert "CUDA out of memory. Tried to allocate 2.30 GiB" in failed.stderr
    assert "ended before it answered" in failed.stderr
    assert not release.service.pid_file.exists()


def test_a_service_that_never_answers_is_ended_when_time_is_up(release: Release) -> None:
    (release.folder / "mute").touch()
    failed = release.run(TTS_START_TIMEOUT="1")
    assert failed.returncode != 0
    assert "did not answer within 1 s" in failed.stderr
    assert release.service.running() is None


def test_the_engine_reaches_the_service_and_only_when_it_was_asked_for(release: Release) -> None:
    release.run("--engine", "auto")
    assert release.health()["argv"][-2:] == ["--engine", "auto"]
    release.run("--engine=bundled", "--low-memory")
    assert release.health()["argv"][-3:] == ["--low-memory", "--engine", "bundled"]
    release.run()
    assert "--engine" not in release.health()["argv"]


def test_low_memory_reaches_the_service_and_only_when_it_was_asked_for(release: Release) -> None:
    release.run("--low-memory", "--device", "cpu")
    assert release.health()["argv"][-3:] == ["--device", "cpu", "--low-memory"]
    release.run()
    assert "--low-memory" not in release.health()["argv"]


def test_every_way_to_write_the_port_means_the_same_service(release: Release) -> None:
    port = release.port
    release.run(f"--port={port}")
    assert release.run("--server_port", f"0{port}", "--stop").stdout == "stopped\n"
    release.run("--port", str(port))
    assert release.run(f"--server_port={port}", "--stop").stdout == "stopped\n"


def test_it_starts_when_it_is_called_with_sh_and_in_any_locale(release: Release) -> None:
    for locale in ("C", "POSIX", "zh_CN.GBK", "C.UTF-8"):
        command = ["sh", str(release.folder / "start_app.sh"), "--port", str(release.port), "--host", "127.0.0.1"]
        environment = {**os.environ, "PYTHON": sys.executable, "LC_ALL": locale, "LANG": locale}
        before = release.service.running()
        done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
        assert done.stdout == f"READY http://127.0.0.1:{release.port}\n".encode(), done.stderr.decode()
        assert before is None or start_ticks(before.pid) is None, "the process of the other locale was found and ended"


def test_a_new_release_takes_over_from_the_old_one_on_the_same_port(release: Release) -> None:
    release.run()
    newer = Release(release.root, release.port, "b" * 40).make()
    assert newer.run().returncode == 0
    assert newer.health()["cwd"].endswith("b" * 40)


def test_the_log_of_the_run_before_is_kept_and_the_new_one_begins_empty(release: Release) -> None:
    (release.folder / "die").write_text("first failure")
    release.run()
    (release.folder / "die").write_text("second failure")
    release.run()
    assert release.service.log.read_text() == "second failure\n"
    assert release.service.log.with_name(release.service.log.name + ".1").read_text() == "first failure\n"


MEANINGLESS = (
    ["--server_port", "0"],
    ["--server_port", "65536"],
    ["--server_port", "7860; reboot"],
    ["--server_port", ""],
    ["--server_port", "-1"],
    ["--server_port", "7860\n"],
    ["--host", ""],
    ["--host", "-v"],
    ["--host", "127.0.0.1 --device cuda"],
    ["--host", "$(reboot)"],
    ["--device", "tpu"],
    ["--device"],
    ["--what"],
)


def test_arguments_that_mean_nothing_are_refused_before_anything_happens(release: Release) -> None:
    shutil.rmtree(release.shared)
    for arguments in MEANINGLESS:
        refused = release.run(*arguments)
        assert refused.returncode == 2, arguments
        assert "ERROR" in refused.stderr
    assert not release.shared.exists()

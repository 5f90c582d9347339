"""start_app.sh on a real machine: venv, processes, ports. A small HTTP server stands in for the WebUI."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.ports import free_port
from tts_service.service_process import Service, start_ticks

SERVICE = Path(__file__).resolve().parents[2] / "tts_service"


@dataclass
class Release:
    """A release folder with start_app.sh in it, and the shared folder beside; the path has spaces and Chinese."""

    root: Path
    port: int
    commit: str = "a" * 40

    @property
    def folder(self) -> Path:
        return self.root / "releases" / self.commit / "tts_service"

    @property
    def shared(self) -> Path:
        return self.root / "shared"

    @property
    def service(self) -> Service:
        return Service(self.shared, self.port)

    def make(self) -> "Release":
        self.folder.mkdir(parents=True)
        for name in ("start_app.sh", "service_process.py"):
            shutil.copy(SERVICE / name, self.folder / name)
        shutil.copy(Path(__file__).with_name("small_webui.py"), self.folder / "webui.py")
        (self.folder / "requirements.txt").write_text("# nothing\n")
        return self

    def begin(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        where = ["--server_port", str(self.port), "--host", "127.0.0.1"]
        env = {key: value for key, value in os.environ.items() if not key.startswith(("TTS_", "TORCH_"))}
        return subprocess.Popen(
            ["bash", str(self.folder / "start_app.sh"), *where, *arguments],
            env={**env, "PYTHON": sys.executable, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        process = self.begin(*arguments, **environment)
        out, err = process.communicate(timeout=400)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def health(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=10) as reply:
            answer: dict[str, Any] = json.load(reply)
            return answer


@pytest.fixture(scope="session")
def empty_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("venv") / "v"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder


@pytest.fixture(scope="session")
def venv_key(tmp_path_factory: pytest.TempPathFactory) -> str:
    return Release(tmp_path_factory.mktemp("key"), 1).make().run("--print-venv-key").stdout.strip()


@pytest.fixture
def release(tmp_path: Path, empty_venv: Path, venv_key: str) -> Iterator[Release]:
    made = Release(tmp_path / "语音 服务", free_port()).make()
    (made.shared / "venvs").mkdir(parents=True)
    (made.shared / "venvs" / venv_key).symlink_to(empty_venv)
    yield made
    record = made.service.running()
    if record:
        os.killpg(record.pid, signal.SIGKILL)


def test_a_start_prints_one_ready_line_and_the_service_answers_from_its_release(release: Release) -> None:
    started = release.run()
    assert started.returncode == 0, started.stderr
    assert started.stdout == f"READY http://127.0.0.1:{release.port}\n"
    answer = release.health()
    assert answer["cwd"] == str(release.folder.parent)
    assert answer["argv"] == ["--server_port", str(release.port), "--host", "127.0.0.1", "--device", "auto"]
    assert "reused" in started.stderr


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


def until_said(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"never said: {text}")


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


def test_a_process_that_ignores_term_is_killed_after_the_given_patience(release: Release) -> None:
    (release.folder / "stubborn").touch()
    release.run()
    stopped = release.run("--stop", TTS_STOP_TIMEOUT="0.5")
    assert stopped.stdout == "stopped\n"
    assert "KILL" in stopped.stderr


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


def test_a_child_that_outlives_its_parent_is_ended_too(release: Release) -> None:
    (release.folder / "child").touch()
    release.run()
    child = int((release.folder / "child").read_text())
    assert start_ticks(child) is not None
    assert release.run("--stop", TTS_STOP_TIMEOUT="0.5").stdout == "stopped\n"
    assert start_ticks(child) is None


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


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def list_sessions(text: str) -> list[str]:
    """Command lines of living processes that hold a text."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if text in line:
                found.append(line)
    return found


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


def test_a_python_that_is_too_old_or_missing_is_said(release: Release, tmp_path: Path) -> None:
    fake = tmp_path / "bin"
    fake.mkdir()
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        (fake / name).write_text("#!/bin/sh\necho Python 3.9.2\nexit 1\n")
        (fake / name).chmod(0o755)
    refused = release.run("--prepare", PYTHON="", PATH=f"{fake}:/usr/bin:/bin")
    assert refused.returncode != 0
    assert "Python 3.11 or later is needed (found: Python 3.9.2)" in refused.stderr


def test_too_little_disk_is_said_with_figures(release: Release) -> None:
    for link in (release.shared / "venvs").iterdir():
        link.unlink()
    refused = release.run("--prepare", TTS_MIN_DISK_MB="999999999")
    assert refused.returncode != 0
    assert "999999999 MB are needed" in refused.stderr


def test_prepare_reuses_a_linked_venv(release: Release) -> None:
    prepared = release.run("--prepare")
    assert (prepared.returncode, prepared.stdout) == (0, "reused\n")
    assert not release.service.pid_file.exists()


def test_a_venv_that_lacks_a_package_is_no_seed(release: Release, empty_venv: Path) -> None:
    (release.folder / "requirements.txt").write_text("no-such-package==1.0\n")
    refused = release.run("--prepare", TTS_VENV=str(empty_venv))
    assert refused.returncode != 0
    assert "it lacks no-such-package" in refused.stderr


def test_a_seed_is_linked_under_the_key_and_counts_as_reused(release: Release) -> None:
    (release.folder / "requirements.txt").write_text("pytest\n")
    prepared = release.run("--prepare", TTS_VENV=sys.prefix)
    assert (prepared.returncode, prepared.stdout) == (0, "reused\n"), prepared.stderr
    key = release.run("--print-venv-key").stdout.strip()
    assert (release.shared / "venvs" / key).resolve() == Path(sys.prefix).resolve()


@pytest.mark.slow
def test_two_prepares_at_once_build_one_venv_from_a_folder_of_wheels(release: Release, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    make_wheel(wheels, "torch", "2.13.0")
    make_wheel(wheels, "smallpackage", "1.0")
    (release.folder / "requirements.txt").write_text("torch==2.13.*\nsmallpackage>=1\n")
    environment = {
        "TORCH_INDEX_URL": str(wheels),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "TTS_MIN_DISK_MB": "50",
    }
    both = [release.begin("--prepare", **environment) for _ in range(2)]
    outputs = [process.communicate(timeout=400) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sorted(out for out, _ in outputs) == ["built\n", "reused\n"]
    key = release.run("--print-venv-key").stdout.strip()
    python = release.shared / "venvs" / key / "bin" / "python"
    assert subprocess.run([python, "-c", "import torch, smallpackage"], check=False).returncode == 0
    assert not list((release.shared / "venvs").glob("*.part"))


@pytest.mark.slow
def test_a_failed_installation_leaves_no_venv_behind_and_says_why(release: Release) -> None:
    (release.folder / "requirements.txt").write_text("no-such-package==1.0\n")
    failed = release.run("--prepare", PIP_NO_INDEX="1", TTS_MIN_DISK_MB="50")
    assert failed.returncode != 0
    assert "no-such-package" in failed.stderr
    key = release.run("--print-venv-key").stdout.strip()
    assert not (release.shared / "venvs" / key).exists()


def test_the_key_changes_with_the_requirements_and_with_nothing_else(release: Release) -> None:
    before = release.run("--print-venv-key").stdout
    assert release.run("--print-venv-key", TTS_SHARED=str(release.root / "elsewhere")).stdout == before
    (release.folder / "requirements.txt").write_text("other\n")
    assert release.run("--print-venv-key").stdout != before


def test_cache_hub_is_made_once_and_never_touched(release: Release) -> None:
    weights = release.shared / "cache_hub" / "voices" / "other" / "weights.bin"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"precious")
    for arguments in ([], ["--stop"], ["--prepare"], []):
        release.run(*arguments)
    assert weights.read_bytes() == b"precious"


def make_wheel(folder: Path, name: str, version: str) -> None:
    """Writes the smallest wheel that pip installs."""
    import zipfile

    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(path, text)

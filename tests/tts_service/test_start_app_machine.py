"""start_app.sh on machines that are not as they should be: GPU and driver, rights, other users, a full disk."""

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.tts_service.release import Release

GPU = "NVIDIA H200, 143771 MiB, 140000 MiB, 570.86.15"
LOST = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."
SYSTEM_PYTHON = "/usr/bin/python3"


def pretend_driver(folder: Path, *, cuda: str = "12.8", lists: str = GPU, status: int = 0) -> str:
    """Puts an nvidia-smi of a certain mood before everything else; gives the PATH."""
    folder.mkdir(exist_ok=True)
    table = f"| NVIDIA-SMI 570.86.15   Driver Version: 570.86.15   CUDA Version: {cuda}  |"
    script = f'#!/bin/sh\ncase "$*" in *query*) echo "{lists}"; exit {status};; esac\necho "{table}"\nexit {status}\n'
    (folder / "nvidia-smi").write_text(script)
    (folder / "nvidia-smi").chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def no_driver(folder: Path) -> str:
    """Gives a PATH on which everything is found but nvidia-smi."""
    folder.mkdir()
    for place in ("/bin", "/usr/bin"):
        for program in Path(place).iterdir():
            if program.name != "nvidia-smi" and not (folder / program.name).exists():
                (folder / program.name).symlink_to(program)
    return str(folder)


def install_torch(release: Release, cuda: str) -> None:
    """Gives the release a venv of its own with a torch that only says what it was built for."""
    (venv,) = (release.shared / "venvs").iterdir()
    venv.unlink()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    (package,) = venv.glob("lib/python*/site-packages")
    (package / "torch").mkdir()
    (package / "torch" / "__init__.py").write_text("raise SystemExit('nobody imports this')\n")
    (package / "torch" / "version.py").write_text(f"from typing import Optional\ncuda: Optional[str] = {cuda}\n")


def test_cuda_without_a_driver_is_refused_with_a_remedy_and_auto_uses_the_cpu(release: Release, tmp_path: Path) -> None:
    path = no_driver(tmp_path / "bin")
    refused = release.run("--device", "cuda", PATH=path)
    assert refused.returncode == 1
    assert "--device cuda needs an NVIDIA driver: there is no NVIDIA driver on this machine" in refused.stderr
    assert "install the driver, or use --device cpu" in refused.stderr
    assert release.service.running() is None
    prepared = release.run("--prepare", PATH=path)
    assert prepared.returncode == 0
    assert "the service will use the CPU: there is no NVIDIA driver" in prepared.stderr
    assert "GPU" not in release.run("--prepare", "--device", "cpu", PATH=path).stderr


@pytest.mark.parametrize(("lists", "status"), [(LOST, 9), ("No devices were found", 0), ("No devices were found", 6)])
def test_a_driver_that_does_not_work_is_told_in_its_own_words(
    release: Release, tmp_path: Path, lists: str, status: int
) -> None:
    path = pretend_driver(tmp_path / "bin", lists=lists, status=status)
    refused = release.run("--prepare", "--device", "cuda", PATH=path)
    assert refused.returncode == 1
    assert f"does not work ({lists})" in refused.stderr
    assert "reboot" in refused.stderr
    assert release.run("--prepare", PATH=path).returncode == 0


@pytest.mark.parametrize(
    ("built", "problem"),
    [
        ("None", "is a build for the CPU"),
        ("'13.0'", "torch was built for CUDA 13.0, this driver can do CUDA 12.8: update the driver"),
    ],
)
def test_a_torch_that_does_not_fit_the_driver_is_refused_for_cuda_and_told_for_auto(
    release: Release, tmp_path: Path, built: str, problem: str
) -> None:
    install_torch(release, built)
    path = pretend_driver(tmp_path / "bin")
    refused = release.run("--device", "cuda", PATH=path)
    assert refused.returncode == 1
    assert problem in refused.stderr
    assert "TORCH_INDEX_URL" in refused.stderr
    assert release.service.running() is None, "refused before anything was started"
    told = release.run("--prepare", PATH=path)
    assert told.returncode == 0
    assert problem in told.stderr
    assert problem not in release.run("--prepare", "--device", "cpu", PATH=path).stderr


def test_a_torch_that_fits_starts_on_the_gpu(release: Release, tmp_path: Path) -> None:
    install_torch(release, "'12.6'")
    started = release.run("--device", "cuda", PATH=pretend_driver(tmp_path / "bin"))
    assert started.returncode == 0, started.stderr
    assert f"check: GPU {GPU}" in started.stderr
    assert "torch for CUDA 12.6, the driver can do CUDA 12.8" in started.stderr
    assert release.health()["argv"][-2:] == ["--device", "cuda"]


def test_an_incomplete_release_is_told_before_anything_happens(release: Release) -> None:
    for name in ("service_process.py", "webui.py", "requirements.txt"):
        (release.folder / name).unlink()
        refused = release.run()
        assert refused.returncode == 1
        assert f"{name}: the release is incomplete" in refused.stderr


def test_a_full_disk_is_told_with_figures_before_anything_is_touched(release: Release, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    start = f"PYTHON='{sys.executable}' TTS_SHARED='{small}/shared' bash '{release.folder}/start_app.sh'"
    inner = f"mount -t tmpfs -o size=1m tmpfs '{small}' && exec env {start} --port {release.port}"
    done = subprocess.run(["unshare", "-Urm", "sh", "-c", inner], capture_output=True, text=True, check=False)
    if "check:" not in done.stderr and ("unshare" in done.stderr or "mount" in done.stderr):
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    assert done.returncode == 1
    assert "MB free below" in done.stderr
    assert "300 MB are needed for logs and weights" in done.stderr


@pytest.fixture
def foreign(release: Release) -> Iterator[Release]:
    """A release that belongs to root and can be read by all, and a shared folder that belongs to nobody."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    if not Path(SYSTEM_PYTHON).exists():
        pytest.skip(f"no {SYSTEM_PYTHON} that every user can run")
    root = Path(tempfile.mkdtemp(prefix="start-app-"))
    try:
        root.chmod(0o755)
        moved = Release(root / "语音 服务", free_port()).make()
        seed = root / "venv"
        subprocess.run([SYSTEM_PYTHON, "-m", "venv", "--without-pip", str(seed)], check=True)
        (root / "seed").write_text(str(seed))
        moved.shared.mkdir()
        shutil.chown(moved.shared, "nobody", "nogroup")
        yield moved
        record = moved.service.running()
        if record:
            os.kill(record.pid, 9)
    finally:
        shutil.rmtree(root)


def as_nobody(release: Release, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "env", "-i"]
    command += ["PATH=/usr/bin:/bin", f"PYTHON={SYSTEM_PYTHON}", f"TTS_VENV={release.root.parent / 'venv'}"]
    command += ["bash", str(release.folder / "start_app.sh"), "--port", str(release.port), "--host", "127.0.0.1"]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=120, check=False, cwd="/")


def test_another_user_than_root_starts_restarts_and_stops_it_with_nothing_in_the_environment(foreign: Release) -> None:
    for _ in range(2):
        started = as_nobody(foreign)
        assert started.stdout == f"READY http://127.0.0.1:{foreign.port}\n", started.stderr
    pid = foreign.health()["pid"]
    assert Path(f"/proc/{pid}").stat().st_uid == foreign.shared.stat().st_uid
    assert "user nobody" in started.stderr
    assert as_nobody(foreign, "--stop").stdout == "stopped\n"


def test_what_root_started_another_user_may_not_end_and_is_told_whose_it_is(foreign: Release) -> None:
    assert foreign.run(PYTHON=SYSTEM_PYTHON, TTS_VENV=str(foreign.root.parent / "venv")).returncode == 0
    pid = foreign.health()["pid"]
    refused = as_nobody(foreign)
    assert refused.returncode == 1
    assert "chown it to this user" in refused.stderr
    nobody = pwd.getpwnam("nobody")
    for path in foreign.shared.rglob("*"):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    for arguments in ([], ["--stop"]):
        refused = as_nobody(foreign, *arguments)
        assert refused.returncode == 1
        assert f"process {pid} belongs to user root, nobody may not end it: call this as root" in refused.stderr
    assert foreign.health()["pid"] == pid
    foreign.service.pid_file.write_text(json.dumps({}))
    refused = as_nobody(foreign)
    assert f"port {foreign.port} is taken by a process of user root, which is not this service" in refused.stderr
    assert foreign.health()["pid"] == pid
    os.kill(pid, 9)


def test_a_shared_folder_that_may_not_be_written_is_told_with_the_user_s_name(foreign: Release) -> None:
    shutil.rmtree(foreign.shared)
    refused = as_nobody(foreign)
    assert refused.returncode == 1
    assert "check the rights of user nobody" in refused.stderr
    foreign.shared.mkdir()
    for name in ("cache_hub", "venvs", "run", "logs"):
        (foreign.shared / name).mkdir()
    refused = as_nobody(foreign)
    assert "user nobody may not write below" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_lock_of_another_user_is_told_in_one_line(foreign: Release) -> None:
    assert as_nobody(foreign, "--prepare").returncode == 0
    lock = foreign.shared / "run" / f"webui-{foreign.port}.lock"
    lock.write_text("")
    lock.chmod(0o600)
    refused = as_nobody(foreign)
    assert refused.returncode == 1
    assert f"user nobody can't write {lock}" in refused.stderr
    assert "Traceback" not in refused.stderr

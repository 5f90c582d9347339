"""A host whose disk is full: the embedded SSH host, with a very small file system of its own where ours would be."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.hosts import Host, HostDiskFull
from orchestrator.hosts.shell import quote
from tests.hosts.conftest import entry_of, pool_of, start_host_process

MOUNT = 'mount -t tmpfs -o size=512k tmpfs "$HOME_FOLDER/.zentao-deploy" && exec "$@"'


@pytest.fixture
def small_host(tmp_path: Path) -> Iterator[Host]:
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"], check=False).returncode != 0:
        pytest.skip("this machine allows no mounts of one's own (unshare -rm)")
    home = tmp_path / "家 home"
    (home / ".zentao-deploy").mkdir(parents=True)
    unshare = ["unshare", "-rm", "env", f"HOME_FOLDER={home}", "sh", "-c", MOUNT, "sh"]
    with start_host_process(home, tmp_path, unshare) as place, pool_of(entry_of(place, tmp_path), tmp_path) as pool:
        yield pool.host("gpu-01")


def fill(host: Host) -> None:
    assert not host.run('cat /dev/zero >"$HOME/.zentao-deploy/fill"').ok


def test_an_upload_to_a_full_disk_is_told_as_such(small_host: Host) -> None:
    folder = small_host.facts().home + "/.zentao-deploy"
    with pytest.raises(HostDiskFull):
        small_host.put(b"x" * 2_000_000, folder + "/file")
    assert small_host.run(f"ls -A {quote(folder)}").stdout == ""


def test_a_lock_on_a_full_disk_is_told_as_such(small_host: Host) -> None:
    fill(small_host)
    with pytest.raises(HostDiskFull):
        small_host.lock("daemon", "run-1")


def test_a_job_that_finds_no_room_is_not_started_and_can_be_started_later(small_host: Host) -> None:
    fill(small_host)
    with pytest.raises(HostDiskFull):
        small_host.jobs.start("job", "echo ran", env={}, generation=0)
    assert small_host.jobs.poll("job").state == "missing"
    assert small_host.run('rm "$HOME/.zentao-deploy/fill"').ok
    assert not small_host.jobs.start("job", "echo ran", env={}, generation=0).reattached
    assert small_host.jobs.wait("job", 20).log_tail == "ran\n"


def test_a_job_that_fills_the_disk_still_leaves_its_exit_code(small_host: Host) -> None:
    script = 'cat /dev/zero >"$HOME/.zentao-deploy/fill"; exit 7'
    small_host.jobs.start("job", script, env={}, generation=0)
    assert small_host.jobs.wait("job", 20).exit_code == 7

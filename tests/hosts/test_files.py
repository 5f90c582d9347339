"""Uploads and downloads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.hosts import Host, HostDenied, HostError, HostFileMissing
from tests.hosts.conftest import Place


def test_bytes_go_there_and_come_back(host: Host, place: Place) -> None:
    data = os.urandom(3_000_000)
    remote = str(place.home / "声音 file'\".wav")
    host.put(data, remote, mode=0o640)
    assert host.get(remote) == data
    assert Path(remote).stat().st_mode & 0o777 == 0o640


def test_an_upload_replaces_the_file_and_leaves_nothing_beside_it(host: Host, place: Place, tmp_path: Path) -> None:
    local = tmp_path / "local"
    local.write_bytes(b"new")
    folder = place.home / "folder"
    folder.mkdir()
    (folder / "file").write_text("old and longer")
    host.put(local, str(folder / "file"))
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("file", "new")]


def test_an_upload_that_fails_leaves_the_old_file_and_nothing_beside_it(host: Host, place: Place) -> None:
    folder = place.home / "folder"
    (folder / "file").mkdir(parents=True)
    with pytest.raises(HostError):
        host.put(b"new", str(folder / "file"))
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_an_empty_file_is_a_file(host: Host, place: Place) -> None:
    host.put(b"", str(place.home / "empty"))
    assert host.get(str(place.home / "empty")) == b""


def test_a_file_that_is_not_there_is_told_as_such(host: Host, place: Place) -> None:
    with pytest.raises(HostFileMissing):
        host.get(str(place.home / "nothing"))
    with pytest.raises(HostFileMissing):
        host.put(b"", str(place.home / "no folder" / "file"))


def test_a_file_over_the_limit_is_not_fetched(host: Host, place: Place) -> None:
    (place.home / "big").write_bytes(b"x" * 1001)
    with pytest.raises(HostError, match="larger than the 1000 bytes"):
        host.get(str(place.home / "big"), limit=1000)
    assert len(host.get(str(place.home / "big"), limit=1001)) == 1001


def test_a_place_without_the_right_to_write_is_told_as_such(host: Host) -> None:
    with pytest.raises(HostDenied):
        host.put(b"x", "/sys/kernel/zentao-deploy")


@pytest.mark.parametrize("remote", ["relative/file", "", "~/file", "/tmp/a\0b"])
def test_a_path_that_is_not_absolute_is_refused(host: Host, remote: str) -> None:
    with pytest.raises(ValueError, match="absolute"):
        host.put(b"", remote)
    with pytest.raises(ValueError, match="absolute"):
        host.get(remote)


def test_the_end_of_a_log_comes_back_however_long_it_is(host: Host, place: Place) -> None:
    log = place.home / "a 'log'.txt"
    log.write_bytes(b"x" * 3_000_000 + "的结尾\n".encode())
    assert host.tail(str(log), limit=10) == "的结尾\n".encode()
    assert len(host.tail(str(log), limit=2_000_000)) == 2_000_000
    with pytest.raises(HostError):
        host.tail(str(place.home / "missing"))
    with pytest.raises(ValueError, match="absolute"):
        host.tail("relative")


def test_a_pipe_in_a_logs_place_holds_nobody_up(host: Host, place: Place) -> None:
    os.mkfifo(place.home / "pipe")
    with pytest.raises(HostError):
        host.tail(str(place.home / "pipe"))

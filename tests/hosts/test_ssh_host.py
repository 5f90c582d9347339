"""The embedded SSH host: what a plain SSH client finds there."""

from __future__ import annotations

import base64
import json
import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko
import pytest

from orchestrator.demo.ssh_host import EmbeddedSshHost
from tests.hosts.conftest import entry_of, eventually, pool_of, start_host_process


@contextmanager
def client_of(host: EmbeddedSshHost, user: str | None = None) -> Iterator[paramiko.SSHClient]:
    client = paramiko.SSHClient()
    kind, blob = host.host_key_line.split()[1:]
    key = paramiko.PKey.from_type_string(kind, base64.b64decode(blob))
    client.get_host_keys().add(f"[127.0.0.1]:{host.port}", kind, key)
    try:
        client.connect(
            "127.0.0.1",
            host.port,
            user or host.user,
            key_filename=str(host.client_key_path),
            allow_agent=False,
            look_for_keys=False,
        )
        yield client
    finally:
        client.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[EmbeddedSshHost]:
    home = tmp_path / "家 home"
    home.mkdir()
    with EmbeddedSshHost(home) as host:
        yield host


def test_sftp_is_a_plain_file_server(served: EmbeddedSshHost) -> None:
    with client_of(served) as client, client.open_sftp() as sftp:
        assert sftp.normalize(".") == str(served.home)
        sftp.mkdir("文件夹")
        with sftp.open("文件夹/a", "w") as file:
            file.write("first")
        with sftp.open("文件夹/a", "a") as file:
            file.write(" second")
        with sftp.open("文件夹/a", "r+") as file:
            file.seek(6)
            file.write("SEC")
            assert file.stat().st_size == 12
            file.truncate(9)
        assert (served.home / "文件夹" / "a").read_text() == "first SEC"
        sftp.chmod("文件夹/a", 0o600)
        sftp.utime("文件夹/a", (1000, 2000))
        found = sftp.stat(f"{served.home}/文件夹/a")
        assert (stat.S_IMODE(found.st_mode or 0), found.st_mtime) == (0o600, 2000)
        sftp.symlink("a", "文件夹/link")
        assert sftp.readlink("文件夹/link") == "a"
        assert sorted(sftp.listdir("文件夹")) == ["a", "link"]
        with pytest.raises(OSError, match="Failure"):
            sftp.rename("文件夹/link", "文件夹/a")
        sftp.posix_rename("文件夹/link", "文件夹/a")
        sftp.remove("文件夹/a")
        sftp.rmdir("文件夹")
        with pytest.raises(FileNotFoundError):
            sftp.stat("文件夹")


def test_commands_get_a_clean_environment(served: EmbeddedSshHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENTAO_PASSWORD", "secret")
    with client_of(served) as client:
        _, out, _ = client.exec_command("env; pwd")
        text = out.read().decode()
    assert "secret" not in text
    assert f"HOME={served.home}\n" in text
    assert text.endswith(f"{served.home}\n")


def test_many_sessions_share_one_connection(served: EmbeddedSshHost) -> None:
    with client_of(served) as client:
        outputs = [client.exec_command(f"sleep 0.2; echo {number}")[1] for number in range(12)]
        assert [output.read().decode() for output in outputs] == [f"{number}\n" for number in range(12)]


def test_a_command_killed_by_a_signal_tells_so(served: EmbeddedSshHost) -> None:
    with client_of(served) as client:
        _, out, _ = client.exec_command("kill -9 $$")
        assert out.channel.recv_exit_status() == 137


def test_only_the_account_with_the_key_gets_in(served: EmbeddedSshHost) -> None:
    with pytest.raises(paramiko.AuthenticationException), client_of(served, "somebody-else"):
        pass


def test_a_shell_and_forwarding_are_not_offered(served: EmbeddedSshHost) -> None:
    with client_of(served) as client:
        with pytest.raises(paramiko.SSHException):
            client.invoke_shell()
        transport = client.get_transport()
        assert transport is not None
        with pytest.raises(paramiko.ChannelException):
            transport.open_channel("direct-tcpip", ("127.0.0.1", served.port), ("127.0.0.1", 1))


def test_the_keys_stay_the_same_over_a_restart(tmp_path: Path) -> None:
    with EmbeddedSshHost(tmp_path) as first:
        line, key = first.host_key_line, first.client_key_path.read_text()
        assert first.client_key_path.stat().st_mode & 0o077 == 0
    with EmbeddedSshHost(tmp_path, port=first.port) as second:
        assert (second.host_key_line, second.client_key_path.read_text()) == (line, key)


def test_a_foreground_command_ends_with_the_host_and_a_detached_job_lives_on(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with EmbeddedSshHost(home) as place:
        with pool_of(entry_of(place, tmp_path), tmp_path) as pool:
            script = 'while [ ! -e "$HOME/go" ]; do sleep 0.05; done; echo >"$HOME/end"'
            pool.host("gpu-01").jobs.start("job", script, env={}, generation=0)
        with client_of(place) as client:
            client.exec_command("echo $$ >pid; exec sleep 600")
            eventually(lambda: (home / "pid").exists() and (home / "pid").read_text().endswith("\n"))
    foreground = int((home / "pid").read_text())
    eventually(lambda: not Path(f"/proc/{foreground}").exists())
    (home / "go").touch()
    eventually((home / "end").exists)


def test_as_a_process_it_tells_how_to_get_in_and_ends_when_told(tmp_path: Path) -> None:
    home = tmp_path / "家 home"
    with start_host_process(home, tmp_path) as place, pool_of(entry_of(place, tmp_path), tmp_path) as pool:
        assert pool.host("gpu-01").run('printf %s "$HOME"').stdout == str(home)
    told = json.loads((tmp_path / "ready.json").read_text())
    assert told["address"] == "127.0.0.1"
    with pytest.raises(ProcessLookupError):
        os.kill(told["pid"], signal.SIGCONT)

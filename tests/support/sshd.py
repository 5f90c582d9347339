"""A real OpenSSH server on a free loopback port, for the account that runs the tests, with a scratch home."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import paramiko
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.support.ports import free_port

SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")

_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PermitTTY no
UseDNS no
MaxStartups 200
LogLevel ERROR
Subsystem sftp internal-sftp
SetEnv "HOME={home}"
"""


class Reachable(Protocol):
    """Where a server is and how to get in."""

    @property
    def port(self) -> int: ...
    @property
    def user(self) -> str: ...
    @property
    def home(self) -> Path: ...
    @property
    def client_key_path(self) -> Path: ...
    @property
    def host_key_line(self) -> str: ...


class Sshd:
    """A running server: where it is and how to get in."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, home: Path, port: int) -> None:
        self.process = process
        self.port = port
        self.user = getpass.getuser()
        self.home = home
        self.client_key_path = folder / "client_key"
        self.host_key_line = f"[127.0.0.1]:{port} {(folder / 'host_key.pub').read_text()}"

    def cut(self) -> None:
        """Kill the processes that serve connections, and nothing else: what was started over them goes on."""
        for pid in _served_by(self.process.pid):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def running_sshd(folder: Path, home: Path, *, extra: str = "") -> Iterator[Sshd]:
    """Start sshd with keys and configuration in `folder`, and `home` as $HOME; `extra` are lines of sshd_config.

    Skips the test where there is no sshd.
    """
    if SSHD is None:
        pytest.skip("sshd is not installed (package openssh-server)")
    if os.geteuid() == 0:
        # What the system's service does at boot: sshd insists on this folder when it starts as root.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    home.mkdir(parents=True, exist_ok=True)
    make_key(folder / "host_key")
    make_key(folder / "client_key")
    shutil.copy(folder / "client_key.pub", folder / "authorized_keys")
    with (folder / "sshd.log").open("wb") as log:
        process, port = _start(folder, home, extra, log.fileno())
    try:
        yield Sshd(process, folder, home, port)
    finally:
        serving = _served_by(process.pid)
        process.terminate()
        process.wait()
        for pid in serving:
            _kill(pid)
        end_everything_at_home(home)


def end_everything_at_home(home: Path) -> None:
    """End what a test left running on its host: every process that has this scratch folder as its $HOME."""
    mark = b"HOME=" + os.fsencode(home)
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in environ.read_bytes().split(b"\0"):
                _kill(int(environ.parent.name))
        except OSError:
            continue  # it has just ended, or isn't ours


def make_key(path: Path) -> None:
    """An Ed25519 key pair `path`, `path.pub` in OpenSSH's format."""
    key = Ed25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    path.chmod(0o600)
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    path.with_name(f"{path.name}.pub").write_bytes(public + b"\n")


def _start(folder: Path, home: Path, extra: str, log: int) -> tuple[subprocess.Popen[bytes], int]:
    assert SSHD is not None
    for _ in range(5):
        port = free_port()
        config = folder / "sshd_config"
        config.write_text(_CONFIG.format(port=port, folder=folder, home=home) + extra)
        process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(config), *_lenient(str(config))], stderr=log)
        if _answers(process, port):
            return process, port
        process.wait()
    raise AssertionError(f"sshd does not start: {(folder / 'sshd.log').read_text()}")


def _lenient(config: str) -> tuple[str, ...]:
    # Newer servers shut out an address after refused logins; older ones don't know the word.
    if not _options:
        assert SSHD is not None
        option = ("-o", "PerSourcePenalties=no")
        known = subprocess.run([SSHD, "-t", "-f", config, *option], capture_output=True, check=False)
        _options.append(option if known.returncode == 0 else ())
    return _options[0]


_options: list[tuple[str, ...]] = []


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
                return sock.recv(4) == b"SSH-"
        except OSError:
            time.sleep(0.01)
    process.kill()
    return False


def _served_by(server: int) -> list[int]:
    """The processes of sshd below the one that listens."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, tail = stat.read_text(errors="replace").rpartition(") ")
        except OSError:
            continue  # it has just ended
        pid, _, name = head.partition(" (")
        if name.startswith("sshd"):
            parents[int(pid)] = int(tail.split()[1])
    found = {server}
    while more := {pid for pid, parent in parents.items() if parent in found and pid not in found}:
        found |= more
    return sorted(found - {server})


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def refuses_this_account(sshd: Sshd) -> str:
    """Why the account can't log in at all (a locked one, as some build machines have); empty if it can."""
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    try:
        client.connect(
            "127.0.0.1",
            sshd.port,
            sshd.user,
            key_filename=str(sshd.client_key_path),
            allow_agent=False,
            look_for_keys=False,
        )
    except paramiko.AuthenticationException as error:
        return f"sshd lets the account {sshd.user} not in: {error}"
    finally:
        client.close()
    return ""

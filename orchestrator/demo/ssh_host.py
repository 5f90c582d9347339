"""An SSH host in this process: real SSH on 127.0.0.1, the caller's own user, a scratch home, one key.

    with EmbeddedSshHost(Path("scratch-home")) as host:
        ...  # host.port, host.user, host.host_key_line (for known_hosts), host.client_key_path

As a process: `python -m orchestrator.demo.ssh_host --home DIR --ready-file FILE` writes the same as JSON to FILE
when it is ready, and runs until SIGTERM or Ctrl-C. Made for trying things out and for tests on machines without
sshd; whoever has the key can do whatever the caller can.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import hmac
import json
import os
import signal
import socket
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)

from orchestrator.demo.ssh_command import Commands
from orchestrator.demo.ssh_files import Files

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class EmbeddedSshHost:
    """Serves SSH (exec, SFTP) while the `with` block runs. Keys are made in `<home>/.ssh` and kept there.

    `env` is added to the clean environment that commands get (`HOME`, `USER`, `PATH`, …).
    """

    def __init__(self, home: Path, *, port: int = 0, env: Mapping[str, str] | None = None) -> None:
        self.home = home.resolve()
        self.user = getpass.getuser()
        self.port = port
        self.client_key_path = self.home / ".ssh" / "client_key"
        self._env = dict(env or {})
        self._lock = threading.Lock()
        self._transports: set[paramiko.Transport] = set()

    @property
    def host_key_line(self) -> str:
        """The line for a known_hosts file."""
        return f"[127.0.0.1]:{self.port} {self._host_key.get_name()} {self._host_key.get_base64()}\n"

    def __enter__(self) -> EmbeddedSshHost:
        self._host_key = _key(self.home / ".ssh" / "host_key")
        self._client_key = _key(self.client_key_path)
        self._commands = Commands(self.home, self._environment())
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="ssh-host", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        self.cut()
        self._commands.close()

    def cut(self) -> None:
        """Break all connections, as a network does; what runs goes on, new connections are welcome."""
        with self._lock:
            transports, self._transports = self._transports, set()
        for transport in transports:
            transport.close()
            transport.join()

    def _environment(self) -> dict[str, str]:
        clean = {
            "HOME": str(self.home),
            "USER": self.user,
            "LOGNAME": self.user,
            "SHELL": "/bin/sh",
            "PATH": PATH,
            "LANG": "C.UTF-8",
        }
        return clean | self._env

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            transport = paramiko.Transport(client)
            transport.add_server_key(self._host_key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Files, home=self.home)
            with self._lock:
                self._transports = {one for one in self._transports if one.is_alive()} | {transport}
            # With an event it returns at once; a client that breaks off is nobody's concern.
            with contextlib.suppress(paramiko.SSHException, EOFError):
                server = _Session(self.user, self._client_key, self._commands)
                transport.start_server(event=threading.Event(), server=server)


class _Session(paramiko.ServerInterface):
    """The rules for one connection: one account, one key, commands and SFTP, nothing else."""

    def __init__(self, user: str, key: paramiko.PKey, commands: Commands) -> None:
        self._user = user
        self._key = key.asbytes()
        self._commands = commands

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        welcome = username == self._user and hmac.compare_digest(key.asbytes(), self._key)
        return AUTH_SUCCESSFUL if welcome else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        try:
            self._commands.start(channel, command.decode("utf-8"))
        except (OSError, ValueError):
            return False
        return True


def _key(path: Path) -> paramiko.PKey:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        part = path.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(pem)
        part.replace(path)
    return paramiko.Ed25519Key.from_private_key_file(str(path))


def describe(host: EmbeddedSshHost) -> dict[str, Any]:
    """How to reach the host, as JSON values."""
    return {
        "pid": os.getpid(),
        "address": "127.0.0.1",
        "port": host.port,
        "user": host.user,
        "home": str(host.home),
        "host_key_line": host.host_key_line,
        "client_key_path": str(host.client_key_path),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(description="An SSH host on 127.0.0.1 with a scratch home.")
    parser.add_argument("--home", type=Path, required=True, help="the account's home folder, made if missing")
    parser.add_argument("--ready-file", type=Path, required=True, help="written as JSON when the host is ready")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    asked = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    asked.home.mkdir(parents=True, exist_ok=True)
    with EmbeddedSshHost(asked.home, port=asked.port) as host:
        part = asked.ready_file.with_suffix(".part")
        part.write_text(json.dumps(describe(host)), encoding="utf-8")
        part.replace(asked.ready_file)
        stop.wait()


if __name__ == "__main__":
    main()

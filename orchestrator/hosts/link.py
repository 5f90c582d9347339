"""One SSH connection to one host, and how it is opened: our own socket, our own rules, fabric's connection.

Written against fabric 3.2 and paramiko 5.1, whose defaults don't fit here: Nagle's algorithm stays on, unknown
host keys are accepted, the caller's ~/.ssh/config applies, and several waits have no limit.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import fabric
import paramiko
from paramiko.hostkeys import HostKeyEntry, InvalidHostKey
from paramiko.pkey import UnknownKeyType

from orchestrator.hosts.address import HostAddress
from orchestrator.hosts.errors import (
    HostAuthFailed,
    HostError,
    HostKeyMismatch,
    HostTimeout,
    HostUnreachable,
)

# What this room has to say it says in its errors; without a handler the library would print to stderr.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Limits:
    """How long each stage of connecting may take, in seconds."""

    connect: float = 10.0
    banner: float = 10.0
    auth: float = 20.0
    channel: float = 10.0
    keepalive: int = 30


class Link:
    """An open connection; `sessions` counts who is using it (guarded by its owner's lock)."""

    def __init__(self, connection: Any, transport: paramiko.Transport, sock: socket.socket) -> None:
        self._connection = connection
        self._sock = sock
        self.transport = transport
        self.sessions = 0
        self.retired = False
        self.used = False
        self.abandoned: list[paramiko.Channel] = []

    @property
    def alive(self) -> bool:
        """Whether the library still believes in it; a dead peer may go unnoticed until the next request."""
        return self.transport.is_active()

    def close(self) -> None:
        """Close it now; whoever still uses it sees a broken connection."""
        self.retired = True
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(Exception):
            self._connection.close()
        self.transport.close()
        while self.abandoned:
            self.abandoned.pop().close()


def open_link(entry: HostAddress, known_hosts: tuple[Path, ...], limits: Limits) -> Link:
    """Connect, check the host's key, log in. Errors: the kinds of `orchestrator.hosts.errors`."""
    key = _load_key(entry)
    sock = _connect(entry, limits)
    try:
        return _log_in(entry, sock, key, known_hosts, limits)
    except BaseException:
        sock.close()
        raise


def _connect(entry: HostAddress, limits: Limits) -> socket.socket:
    where = f"{entry.address}:{entry.port}"
    try:
        sock = socket.create_connection((entry.address, entry.port), timeout=limits.connect)
    except socket.gaierror as error:
        raise HostUnreachable(entry.name, f"the address {entry.address} is not known", detail=str(error)) from error
    except TimeoutError as error:
        message = f"{where} did not answer within {limits.connect:g} s"
        raise HostUnreachable(entry.name, message, detail=str(error)) from error
    except ConnectionRefusedError as error:
        raise HostUnreachable(entry.name, f"nothing listens on {where}", detail=str(error)) from error
    except OSError as error:
        raise HostUnreachable(entry.name, f"no way to {where}: {error.strerror or error}", detail=str(error)) from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _load_key(entry: HostAddress) -> paramiko.PKey | None:
    path = entry.identity_file
    if path is None:
        return None
    try:
        return paramiko.PKey.from_path(str(path))
    except FileNotFoundError as error:
        raise HostAuthFailed(entry.name, f"the key file {path} does not exist", detail=str(error)) from error
    except PermissionError as error:
        raise HostAuthFailed(entry.name, f"the key file {path} may not be read", detail=str(error)) from error
    except TypeError as error:
        message = f"the key file {path} is protected by a passphrase"
        raise HostAuthFailed(entry.name, message, detail=str(error)) from error
    except (ValueError, OSError, paramiko.SSHException, UnknownKeyType) as error:
        raise HostAuthFailed(entry.name, f"{path} is not a private key", detail=str(error)) from error


def _log_in(
    entry: HostAddress,
    sock: socket.socket,
    key: paramiko.PKey | None,
    known_hosts: tuple[Path, ...],
    limits: Limits,
) -> Link:
    connection = fabric.Connection(
        entry.address,
        user=entry.user,
        port=entry.port,
        # An explicit, empty SSH configuration: what holds is the inventory, not the caller's ~/.ssh/config.
        config=fabric.Config(lazy=True, ssh_config=paramiko.SSHConfig()),
        connect_kwargs={
            "sock": sock,
            "pkey": key,
            "allow_agent": key is None,
            "look_for_keys": key is None,
            "timeout": limits.connect,
            "banner_timeout": limits.banner,
            "auth_timeout": limits.auth,
            "channel_timeout": limits.channel,
        },
    )
    client: paramiko.SSHClient = connection.client
    client.set_missing_host_key_policy(_Reject(entry.name))
    for path in known_hosts:
        _load_known_hosts(client, path)
    began = time.monotonic()
    try:
        connection.open()
    except Exception as error:
        client.close()
        raise _login_error(entry, error, time.monotonic() - began, limits) from error
    transport = client.get_transport()
    if transport is None:
        raise HostUnreachable(entry.name, "the connection closed right after the login")
    transport.set_keepalive(limits.keepalive)
    return Link(connection, transport, sock)


def _load_known_hosts(client: paramiko.SSHClient, path: Path) -> None:
    """Take over what stands in the file. A line that can't be read counts for nothing, as with OpenSSH's client."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return  # no known keys: the host's key will be refused as unknown, and the message says so
    for line in lines:
        if not line.strip() or line.lstrip().startswith(("#", "@")):
            continue  # certificate authorities and revocations aren't supported by the library
        with contextlib.suppress(InvalidHostKey, paramiko.SSHException, UnknownKeyType, ValueError):
            entry = HostKeyEntry.from_line(line.strip())
            for name in entry.hostnames if entry is not None and entry.key is not None else ():
                assert entry is not None
                client.get_host_keys().add(name, entry.key.get_name(), entry.key)


def _login_error(entry: HostAddress, error: Exception, seconds: float, limits: Limits) -> HostError:
    where = f"{entry.address}:{entry.port}"
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, HostError):
        return error
    if isinstance(error, paramiko.BadHostKeyException):
        return HostKeyMismatch(
            entry.name,
            f"{where} shows another host key than the known one ({fingerprint(error.key)} instead of "
            f"{fingerprint(error.expected_key)}); do not go on before somebody knows why",
            detail=text,
        )
    if isinstance(error, paramiko.AuthenticationException) and "timeout" not in str(error).lower():
        if "EOF" in str(error) or "shut down" in str(error):
            return HostUnreachable(entry.name, f"{where} hung up during the login", detail=text)
        return HostAuthFailed(entry.name, f"{where} refuses the key of account {entry.user}", detail=text)
    if isinstance(error, paramiko.SSHException) and "No authentication methods" in str(error):
        return HostAuthFailed(entry.name, f"there is no key to log in to {where} with", detail=text)
    if seconds >= min(limits.connect, limits.banner, limits.auth) or isinstance(error, TimeoutError):
        return HostTimeout(entry.name, f"{where} accepts connections but does not answer", detail=text)
    return HostUnreachable(entry.name, f"{where} broke off before the login", detail=text)


class _Reject(paramiko.RejectPolicy):
    def __init__(self, host: str) -> None:
        self._host = host

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> NoReturn:
        message = f"the key of {hostname} ({key.get_name()} {fingerprint(key)}) is not in known_hosts"
        raise HostKeyMismatch(self._host, message)


def fingerprint(key: paramiko.PKey) -> str:
    """The key's fingerprint as `ssh-keygen -l` shows it: `SHA256:…`."""
    digest = hashlib.sha256(key.asbytes()).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

"""Bytes to and from a host over SFTP. An upload appears under its name complete, or not at all."""

from __future__ import annotations

import contextlib
import errno
import io
import posixpath
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import paramiko

from orchestrator.hosts.errors import HostDenied, HostError, HostFileMissing, HostTimeout, HostUnreachable
from orchestrator.hosts.links import Links


class TransferRefused(Exception):
    """The host said no without saying why (SFTP has no words for a full disk): ask it before telling a person."""


def put(host: str, links: Links, source: bytes | Path, remote: str, *, mode: int, timeout: float) -> None:
    """Upload to `<remote>.<random>.part` and rename over `remote` in one step (a plain rename would refuse)."""
    part = f"{absolute(remote)}.{secrets.token_hex(4)}.part"
    with contextlib.ExitStack() as stack:
        stream: BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else stack.enter_context(source.open("rb"))
        sftp = stack.enter_context(_sftp(host, links, remote, timeout))
        try:
            sftp.putfo(stream, part, confirm=True)
            sftp.chmod(part, mode)
            sftp.posix_rename(part, remote)
        except BaseException:
            with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                sftp.remove(part)
            raise


def get(host: str, links: Links, remote: str, *, limit: int, timeout: float) -> bytes:
    """The file's bytes; HostError where it is larger than `limit` bytes."""
    with (
        _sftp(host, links, absolute(remote), timeout) as sftp,
        sftp.open(remote, "rb") as file,
    ):
        size = file.stat().st_size or 0
        if size <= limit:
            if size:
                file.prefetch(size)
            data = file.read(limit + 1)
            if len(data) <= limit:
                return data
    raise HostError(host, f"{remote} is larger than the {limit} bytes allowed")


def absolute(remote: str) -> str:
    """`remote`, if it is an absolute path that a host can hold; else ValueError."""
    if not posixpath.isabs(remote) or "\0" in remote:
        raise ValueError(f"not an absolute path: {remote!r}")
    return remote


@contextlib.contextmanager
def _sftp(host: str, links: Links, remote: str, timeout: float) -> Iterator[paramiko.SFTPClient]:
    with links.session(timeout) as session:
        try:
            session.channel.settimeout(timeout)
            session.channel.invoke_subsystem("sftp")
            yield paramiko.SFTPClient(session.channel)
        except (paramiko.SSHException, OSError, EOFError) as error:
            if session.guard.expired or isinstance(error, TimeoutError):
                links.retire(session.link)
                message = f"the transfer of {remote} did not end within {timeout:g} s"
                raise HostTimeout(host, message, detail=str(error)) from error
            if isinstance(error, paramiko.SSHException | EOFError) or session.channel.closed:
                links.retire(session.link)
                message = f"the connection broke during the transfer of {remote}"
                raise HostUnreachable(host, message, detail=str(error)) from error
            if error.errno == errno.ENOENT:
                raise HostFileMissing(host, f"{remote} or its folder does not exist", detail=str(error)) from error
            if error.errno == errno.EACCES:
                raise HostDenied(host, f"the account may not touch {remote}", detail=str(error)) from error
            raise TransferRefused(str(error)) from error

"""Run one command on one channel, with a limit on time and on what is kept of its output."""

from __future__ import annotations

import select
import time
from dataclasses import dataclass

import paramiko

from orchestrator.hosts.errors import HostTimeout, HostUnreachable
from orchestrator.hosts.links import Links

_CHUNK = 65536
_TICK = 0.5
# A process that the command left in the background may hold its output open for ever.
_LINGER = 1.0
# What the watchdog grants on top of a command's own time-out, so that it acts only on what ignores that.
_GRACE = 1.0


@dataclass(frozen=True)
class RawCompleted:
    """A finished command's bytes. `exit_code` None: the host never told (connection lost, killed by a signal)."""

    exit_code: int | None
    stdout: bytes
    stderr: bytes
    truncated: bool
    seconds: float


@dataclass(frozen=True)
class Completed:
    """A finished command. `exit_code` None means *unknown*: the connection broke, or a signal ended the command.

    `truncated` tells that more was written than the caller's limit; what is kept is the beginning.
    """

    exit_code: int | None
    stdout: str
    stderr: str
    truncated: bool
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the command is known to have succeeded."""
        return self.exit_code == 0


class _Kept:
    def __init__(self, limit: int) -> None:
        self.data = bytearray()
        self.limit = limit
        self.truncated = False

    def add(self, chunk: bytes) -> None:
        room = self.limit - len(self.data)
        self.data += chunk[:room]
        self.truncated = self.truncated or len(chunk) > room


def execute(
    host: str,
    links: Links,
    command: str,
    *,
    stdin: bytes = b"",
    timeout: float,
    limit: int,
) -> RawCompleted:
    """Run `command` and wait for its end; at most `limit` bytes of each stream are kept.

    HostTimeout after `timeout` seconds (the command may still be running there, and the connection is not used
    again), HostUnreachable where it could not even be started for sure.
    """
    with links.session(timeout + _GRACE) as session:
        began = time.monotonic()
        try:
            _send(session.channel, command, stdin, timeout)
            code, out, err = _collect(session.channel, began + timeout, limit)
        except (paramiko.SSHException, OSError, EOFError) as error:
            links.retire(session.link)
            if session.guard.expired or isinstance(error, TimeoutError):
                message = f"no end of a command within {timeout:g} s"
                raise HostTimeout(host, message, detail=str(error)) from error
            message = "the connection broke while a command was being sent"
            raise HostUnreachable(host, message, detail=str(error)) from error
    truncated = out.truncated or err.truncated
    return RawCompleted(code, bytes(out.data), bytes(err.data), truncated, time.monotonic() - began)


def _send(channel: paramiko.Channel, command: str, stdin: bytes, timeout: float) -> None:
    channel.settimeout(timeout)
    channel.exec_command(command)
    try:
        if stdin:
            channel.sendall(stdin)
        channel.shutdown_write()
    except TimeoutError:
        raise
    except OSError:
        # The command ended without reading everything: its exit status tells the rest.
        return


def _collect(channel: paramiko.Channel, deadline: float, limit: int) -> tuple[int | None, _Kept, _Kept]:
    out, err = _Kept(limit), _Kept(limit)
    poller = select.poll()
    poller.register(channel.fileno(), select.POLLIN)
    quiet_since: float | None = None
    while True:
        # Asked before the buffers are emptied: nothing can come after the end.
        ended = (channel.closed or channel.eof_received) and channel.exit_status_ready()
        got = _drain(channel, out, err)
        if ended:
            return _exit_code(channel), out, err
        now = time.monotonic()
        if now >= deadline:
            raise TimeoutError
        wait = min(_TICK, deadline - now)
        if got:
            quiet_since = None
        elif channel.exit_status_ready():
            quiet_since = quiet_since or now
            if now - quiet_since >= _LINGER:
                return _exit_code(channel), out, err
            poller.poll(min(wait, _LINGER) * 1000)
        elif channel.eof_received:
            # The output is over, the exit status isn't there yet: the poller would wake at once, the event waits.
            channel.status_event.wait(wait)
        else:
            poller.poll(wait * 1000)


def _drain(channel: paramiko.Channel, out: _Kept, err: _Kept) -> bool:
    got = False
    while channel.recv_ready():
        out.add(channel.recv(_CHUNK))
        got = True
    while channel.recv_stderr_ready():
        err.add(channel.recv_stderr(_CHUNK))
        got = True
    return got


def _exit_code(channel: paramiko.Channel) -> int | None:
    status = channel.recv_exit_status()
    return None if status < 0 else status

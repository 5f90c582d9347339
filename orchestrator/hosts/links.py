"""The open connections to one host, shared by any number of threads.

A session is asked for with `session()`: it comes from the least loaded connection, a new connection is opened
when all are full, and one that timed out or turned out dead is never handed out again. A session that can't be
opened on a connection that was used before is tried once more on a fresh one: nothing has run yet, so that is safe.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import paramiko

from orchestrator.hosts.address import HostAddress
from orchestrator.hosts.errors import HostDenied, HostTimeout, HostUnreachable
from orchestrator.hosts.link import Limits, Link, open_link
from orchestrator.hosts.watchdog import Guard, Watchdog

MAX_LINKS = 4
# On one connection: OpenSSH allows ten, and one that is closing still counts for a moment.
MAX_SESSIONS = 8
# A host may refuse a session that is the only one for a moment, while the one before it is still closing.
_LONELY_ATTEMPTS = 4


@dataclass(frozen=True)
class Session:
    """One channel on one connection, for one command or one file transfer."""

    link: Link
    channel: paramiko.Channel
    guard: Guard


class Links:
    """Connections to `entry`; thread-safe."""

    def __init__(self, entry: HostAddress, known_hosts: tuple[Path, ...], limits: Limits, watchdog: Watchdog) -> None:
        self._entry = entry
        self._known_hosts = known_hosts
        self._limits = limits
        self._watchdog = watchdog
        self._changed = threading.Condition()
        self._links: list[Link] = []
        self._opening: Future[None] | None = None
        self._capacity = MAX_SESSIONS
        self._closed = False

    @contextlib.contextmanager
    def session(self, seconds: float, *, patience: float = 60.0) -> Iterator[Session]:
        """A fresh channel for at most `seconds`; then the connection is closed under whoever still waits on it.

        Waits up to `patience` seconds where all sessions the host allows are in use.
        """
        link, channel = self._open_session(time.monotonic() + patience)
        try:
            with self._watchdog.guard(seconds, link.close) as guard:
                yield Session(link, channel, guard)
        finally:
            self._end(link, channel)

    def retire(self, link: Link) -> None:
        """Hand `link` out no more; it closes when its last session ends."""
        with self._changed:
            link.retired = True

    def _retire_all(self) -> None:
        with self._changed:
            for link in self._links:
                link.retired = True

    def close(self) -> None:
        """Close all connections, for good."""
        with self._changed:
            self._closed = True
            links, self._links = self._links, []
            self._changed.notify_all()
        for link in links:
            link.close()

    def drop(self) -> None:
        """Close all connections; the next request opens new ones."""
        with self._changed:
            links, self._links = self._links, []
            self._changed.notify_all()
        for link in links:
            link.close()

    def _end(self, link: Link, channel: paramiko.Channel) -> None:
        if link.alive and not link.retired:
            with (
                self._watchdog.guard(self._limits.channel, link.close),
                contextlib.suppress(OSError, EOFError, paramiko.SSHException),
            ):
                channel.close()
        else:
            # The connection may be stalled, where saying goodbye would wait for ever: the channel goes with it.
            self.retire(link)
            link.abandoned.append(channel)
        self._release(link)

    def _open_session(self, deadline: float) -> tuple[Link, paramiko.Channel]:
        lonely = 0
        while True:
            link = self._acquire(deadline)
            fresh, link.used = not link.used, True
            try:
                with self._watchdog.guard(self._limits.channel + 1, link.close):
                    return link, link.transport.open_session(timeout=self._limits.channel)
            except paramiko.ChannelException as error:
                # The host allows fewer sessions than we thought, or one of ours is still closing there.
                with self._changed:
                    lonely += link.sessions == 1
                    self._capacity = max(1, min(self._capacity, link.sessions - 1))
                self._release(link)
                if lonely == _LONELY_ATTEMPTS:
                    message = "the host refuses to open a session"
                    raise HostDenied(self._entry.name, message, detail=error.text) from error
                time.sleep(0.05 * 2**lonely)
            except (paramiko.SSHException, EOFError, OSError) as error:
                timed_out = isinstance(error, TimeoutError) or "Timeout" in str(error)
                self._retire_all()  # what happened to one has most likely happened to all of them
                self._release(link)
                if fresh and timed_out:
                    raise HostTimeout(self._entry.name, "connected, but opens no session", detail=str(error)) from error
                if fresh:
                    raise HostUnreachable(self._entry.name, "the connection broke", detail=str(error)) from error

    def _acquire(self, deadline: float) -> Link:
        while True:
            with self._changed:
                if self._closed:
                    raise RuntimeError("the pool of hosts is closed")
                self._prune()
                free = [link for link in self._links if link.sessions < self._capacity]
                if free:
                    link = min(free, key=lambda link: link.sessions)
                    link.sessions += 1
                    return link
                opening, mine = self._opening, False
                if opening is None and len(self._links) < MAX_LINKS:
                    opening, mine = Future(), True
                    self._opening = opening
                if opening is None:
                    if not self._changed.wait(deadline - time.monotonic()):
                        raise HostTimeout(self._entry.name, "all sessions to the host stay in use")
                    continue
            if mine:
                return self._open(opening)
            # Somebody else is connecting: share the connection, or the reason why there is none.
            opening.result()

    def _prune(self) -> None:
        kept = []
        for link in self._links:
            if link.alive and not link.retired:
                kept.append(link)
                continue
            link.retired = True
            if link.sessions == 0:
                link.close()
        self._links = kept

    def _open(self, opening: Future[None]) -> Link:
        try:
            link = open_link(self._entry, self._known_hosts, self._limits)
        except BaseException as error:
            with self._changed:
                self._opening = None
                self._changed.notify_all()
            opening.set_exception(error)
            raise
        with self._changed:
            self._opening = None
            link.sessions = 1
            link.retired = self._closed  # then nobody else gets it, and it closes with this session
            self._links.append(link)
            self._changed.notify_all()
        opening.set_result(None)
        return link

    def _release(self, link: Link) -> None:
        with self._changed:
            link.sessions -= 1
            over = link.sessions == 0 and (link.retired or self._closed)
            self._changed.notify()
        if over:
            link.close()

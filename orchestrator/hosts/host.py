"""One host of the inventory: commands, files, facts, the lock and the jobs, over shared connections."""

from __future__ import annotations

import posixpath
import time
from pathlib import Path

from orchestrator.hosts import files
from orchestrator.hosts.address import HostAddress
from orchestrator.hosts.command import Completed, RawCompleted, execute
from orchestrator.hosts.errors import HostBusy, HostDenied, HostDiskFull, HostError, HostTimeout, HostUnreachable
from orchestrator.hosts.facts import HostFacts, facts_program, parse_df, parse_facts
from orchestrator.hosts.jobs import Jobs
from orchestrator.hosts.links import Links
from orchestrator.hosts.lock import (
    Lease,
    LockHolder,
    break_program,
    holder_program,
    lock_program,
    parse_holder,
    unlock_program,
)
from orchestrator.hosts.ports import PortHolder, parse_port_holder, port_program
from orchestrator.hosts.shell import BASE, STDIN_SHELL, program, quote, shell_command

OUTPUT_LIMIT = 1024 * 1024
_DENIED = ("permission denied", "read-only file system", "operation not permitted")
_FULL = ("no space left", "disk quota exceeded")
# Less than this is a full disk: a file needs a block, a folder another.
_ROOM = 64 * 1024


class Host:
    """Work on one host; get it from a `HostPool`. Thread-safe. Errors: `orchestrator.hosts.errors`."""

    def __init__(self, entry: HostAddress, links: Links) -> None:
        self.entry = entry
        self.name = entry.name
        self.jobs = Jobs(self)
        self._links = links

    def run(self, command: str, *, timeout: float = 60.0, stdin: bytes = b"", limit: int = OUTPUT_LIMIT) -> Completed:
        """Run `command` under `/bin/sh` and wait; a non-zero exit code is an answer, not an error.

        At most `limit` bytes of each output are kept. HostTimeout after `timeout` seconds: the command may then
        still be running on the host. For what takes longer than a minute, or must not be lost, use `jobs`. The
        command shows in the host's process list: secrets go through `stdin` or a job's environment.
        """
        done = self._execute(shell_command(command), stdin, timeout, limit)
        out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        return Completed(done.exit_code, out, err, done.truncated, done.seconds)

    def program(
        self, body: str, *, timeout: float = 60.0, limit: int = OUTPUT_LIMIT, repeatable: bool = False
    ) -> bytes:
        """Run one of our own shell programs (see `shell.py`) and return what it printed.

        Unlike `run`, anything but success is an error, told as the HostError that fits. A `repeatable` program is
        sent once more where the connection broke under it.
        """
        try:
            done = self._finish(body, timeout, limit)
        except HostUnreachable:
            if not repeatable:
                raise
            done = self._finish(body, timeout, limit)
        if done.exit_code != 0:
            raise self._failure(done)
        return done.stdout

    def put(self, source: bytes | Path, remote: str, *, mode: int = 0o644, timeout: float = 600.0) -> None:
        """Upload bytes or a local file to the absolute path `remote`, replacing it in one step."""
        try:
            files.put(self.name, self._links, source, remote, mode=mode, timeout=timeout)
        except files.TransferRefused as error:
            size = len(source) if isinstance(source, bytes) else source.stat().st_size
            raise self._refusal(posixpath.dirname(remote), remote, str(error), size) from error

    def get(self, remote: str, *, limit: int = 64 * 1024 * 1024, timeout: float = 600.0) -> bytes:
        """The bytes of the file at the absolute path `remote`; HostError where it is larger than `limit`."""
        try:
            return files.get(self.name, self._links, remote, limit=limit, timeout=timeout)
        except files.TransferRefused as error:
            raise HostError(self.name, f"{remote} can't be read", detail=str(error)) from error

    def tail(self, remote: str, *, limit: int = OUTPUT_LIMIT) -> bytes:
        """The last `limit` bytes at most of the plain file `remote` (an absolute path), such as a log's end."""
        path = quote(files.absolute(remote))
        body = f"[ -f {path} ] || {{ echo 'not a file' >&2; exit 4; }}\ntail -c {int(limit)} -- {path}"
        return self.program(body, limit=limit, repeatable=True)

    def facts(self) -> HostFacts:
        """What the host is like now, in one round trip."""
        asked = time.time()
        text = self.program(facts_program(self.entry.root, self.entry.python), repeatable=True)
        try:
            return parse_facts(text.decode("utf-8", "replace"), asked_at=asked, answered_at=time.time())
        except ValueError as error:
            raise HostError(self.name, "the host's facts can't be read", detail=str(error)) from error

    def port_holder(self, port: int) -> PortHolder | None:
        """Who listens on the TCP port; None where it is free."""
        text = self.program(port_program(port), repeatable=True)
        return parse_port_holder(text.decode("utf-8", "replace"), port)

    def lock(self, holder: str, run_id: str) -> Lease:
        """Take the host for `run_id`; HostBusy where another run has it.

        The same run may ask again, also after a restart, and gets the same lease. `holder` is told to those who
        find the host busy. The lease can be used with `with`; else end it with `unlock`.
        """
        answer = self._ask(lock_program(holder, run_id))
        if answer.startswith("busy "):
            found = parse_holder(answer)
            raise HostBusy(self.name, holder=found.holder, run_id=found.run_id, since=found.since)
        word, _, number = answer.partition(" ")
        if word != "held" or not number.isdigit():
            raise HostError(self.name, "the answer about the lock can't be read", detail=answer)
        return Lease(self.name, run_id, holder, int(number), release=self.unlock)

    def unlock(self, lease: Lease) -> bool:
        """Give the host back; False where this run no longer held it."""
        return self._ask(unlock_program(lease.run_id)) == "released"

    def lock_holder(self) -> LockHolder | None:
        """Who has the host now; None where it is free."""
        answer = self._ask(holder_program())
        return parse_holder(answer) if answer.startswith("busy ") else None

    def break_lock(self, run_id: str) -> bool:
        """Take the host from the run `run_id`, for a person who knows that it is dead. False: it has it no more.

        From then on that run's lease is stale. Its jobs may still be running: `evict` ends them too.
        """
        return self._ask(break_program(run_id)) == "released"

    def evict(self, run_id: str) -> tuple[str, ...] | None:
        """End what the run `run_id` left running and take the host from it; its lease is stale from then on.

        Returns the ids of the jobs that were ended, None where it has the host no more. Jobs are known by their ids,
        which begin with the run's.
        """
        ended = self._end_jobs(run_id)
        if not self.break_lock(run_id):
            return None
        # One may have begun in between, under the lease that was still good then.
        return ended + self._end_jobs(run_id)

    def _end_jobs(self, run_id: str) -> tuple[str, ...]:
        theirs = [job for job in self.jobs.running() if job.startswith(f"{run_id}-")]
        return tuple(job for job in theirs if self.jobs.cancel(job))

    def _ask(self, body: str) -> str:
        return self.program(body, repeatable=True).decode("utf-8", "replace").strip()

    def _execute(self, command: str, stdin: bytes, timeout: float, limit: int) -> RawCompleted:
        return execute(self.name, self._links, command, stdin=stdin, timeout=timeout, limit=limit)

    def _finish(self, body: str, timeout: float, limit: int) -> RawCompleted:
        done = self._execute(STDIN_SHELL, program(body), timeout, limit)
        if done.exit_code is None:
            raise HostUnreachable(self.name, "the connection broke before the answer was there")
        return done

    def _failure(self, done: RawCompleted) -> HostError:
        words = done.stderr[:2000].decode("utf-8", "replace").strip()
        lower = words.lower()
        if any(text in lower for text in _FULL):
            return HostDiskFull(self.name, "there is no space left on the disk", detail=words)
        if any(text in lower for text in _DENIED):
            return HostDenied(self.name, "the account has no right to do this", detail=words)
        return self._refusal(None, "~/.zentao-deploy", words, 0)

    def _refusal(self, folder: str | None, what: str, words: str, size: int) -> HostError:
        """Find out why something could not be written in `folder` (None: our own)."""
        try:
            told = self._execute(STDIN_SHELL, program(_room_program(folder)), 30.0, OUTPUT_LIMIT)
        except (HostUnreachable, HostTimeout):
            return HostError(self.name, f"the host refused to work on {what}", detail=words)
        writable, blocks, inodes = [*told.stdout.decode("utf-8", "replace").split("\n"), "", "", ""][:3]
        room, files_room = parse_df(blocks), parse_df(inodes)
        full = room is not None and room[1] * 1024 < max(size, _ROOM)
        # A file system that counts no inodes says that it has none at all.
        if full or (files_room is not None and files_room[0] > 0 and files_room[1] == 0):
            return HostDiskFull(self.name, f"there is no space left for {what}", detail=words)
        if writable == "no":
            return HostDenied(self.name, f"the account may not write {what}", detail=words)
        return HostError(self.name, f"the host refused to work on {what}", detail=words)


def _room_program(folder: str | None) -> str:
    """Print whether a folder is writable (`yes`, `no`), then its line of `df` in KiB, and in inodes."""
    return f"""
folder={BASE if folder is None else quote(folder)}
[ -e "$folder" ] || folder=$HOME
writable=no; [ -w "$folder" ] && writable=yes
echo $writable
df -Pk -- "$folder" | tail -n 1
df -Pi -- "$folder" 2>/dev/null | tail -n 1
"""

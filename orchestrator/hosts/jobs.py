"""Detached jobs: scripts that go on when the connection, or this daemon, is gone.

Every call can be repeated: starting a job that was started attaches to it, cancelling twice is cancelling once.
How a job lies on the host is told in `job_programs.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from orchestrator.hosts.errors import HostError, HostTimeout, HostUnreachable, StaleGeneration
from orchestrator.hosts.job_output import MAX_OUTPUT_BYTES, decode_chunk, parse_outputs
from orchestrator.hosts.job_programs import (
    cancel_program,
    older_program,
    outputs_program,
    poll_program,
    remove_program,
    running_program,
    start_program,
)

State = Literal["running", "exited", "killed", "missing"]
Ending = Literal["exited", "killed", "missing", "timed_out", "cancelled"]

CHUNK = 256 * 1024
LOG_TAIL = 16 * 1024
FAR_BEHIND = 64 * 1024 * 1024
CATCH_UP = 4 * 1024 * 1024
"""A log that grows faster than it can be read is read on from near its end once we are that far behind."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
_LONGEST_BACKOFF = 10.0
_T = TypeVar("_T")


@dataclass(frozen=True)
class Job:
    """A job on its host. `reattached`: it had been started before, this call did not start it again."""

    job_id: str
    generation: int
    reattached: bool


@dataclass(frozen=True)
class JobState:
    """A job at one moment, and the part of its log from the asked offset on.

    `state`: `running`; `exited` with `exit_code`; `killed` (it was started, is gone, and left no exit code: killed,
    cancelled or lost in a reboot); `missing` (never started on this host). `offset` is where to read on, in bytes,
    `log_size` how long the log was; `seconds` is how long the job has run, or did.
    """

    state: State
    exit_code: int | None
    log_chunk: str
    offset: int
    log_size: int
    seconds: float


@dataclass(frozen=True)
class JobResult:
    """How a job ended. `state` `timed_out` and `cancelled` mean that we ended it; `exit_code` only when it exited.

    `outputs` are read where it succeeded, else empty; `log_tail` is the end of what was followed.
    """

    state: Ending
    exit_code: int | None
    outputs: dict[str, str]
    log_tail: str
    seconds: float
    offset: int

    @property
    def ok(self) -> bool:
        """Whether it ran to its end and reported success."""
        return self.exit_code == 0


class RunsPrograms(Protocol):
    """The part of a host that jobs need: run a shell program, get its standard output."""

    name: str

    def program(self, body: str, *, timeout: float = ..., limit: int = ..., repeatable: bool = ...) -> bytes: ...


def _never() -> bool:
    return False


class Jobs:
    """The detached jobs of one host and account."""

    def __init__(self, host: RunsPrograms) -> None:
        self._host = host

    def start(self, job_id: str, script: str, *, env: Mapping[str, str], generation: int) -> Job:
        """Run `script` under `/bin/sh` in a session of its own, with `env` set and `$HOME` as folder.

        The same id is never started twice, whatever happened to the first start's answer. StaleGeneration where
        the host was leased to another run since; ValueError for an id, a name or a value that no shell can hold.
        """
        answer = self._ask(start_program(job_id, script, env, generation))
        word, _, rest = answer.partition(" ")
        if word == "stale":
            raise StaleGeneration(self._host.name, ours=generation, current=int(rest))
        if word not in {"started", "again"}:
            raise HostError(self._host.name, f"job {job_id} could not be started", detail=answer)
        return Job(job_id, generation, reattached=word == "again")

    def poll(self, job_id: str, offset: int = 0, *, limit: int = CHUNK) -> JobState:
        """The job's state, and at most `limit` bytes of its log from byte `offset` on (whole characters).

        Where the host dropped the middle of a log that grew too long, the text says so and goes on behind it.
        """
        data = self._host.program(poll_program(job_id, offset, limit), limit=limit + 200, repeatable=True)
        head, _, chunk = data.partition(b"\n")
        words = head.decode("ascii", "replace").split()
        try:
            state, code, begun, until, size, at = words
            exit_code = None if code == "-" else int(code)
            begin = int(at)
            seconds, log_size = max(0.0, float(until) - float(begun)), int(size)
        except ValueError as error:
            raise HostError(self._host.name, f"the state of job {job_id} can't be read", detail=repr(head)) from error
        if state not in {"running", "exited", "killed", "missing"}:
            raise HostError(self._host.name, f"the state of job {job_id} can't be read", detail=repr(head))
        text, used = decode_chunk(chunk, final=state != "running" and begin + len(chunk) >= log_size)
        if begin > offset:
            text = f"\n[... {begin - offset} bytes left out ...]\n{text}"
        return JobState(state, exit_code, text, begin + used, log_size, round(seconds, 2))  # type: ignore[arg-type]

    def outputs(self, job_id: str) -> dict[str, str]:
        """The `name=value` lines the job wrote to `$ZD_OUTPUT`; HostError where they aren't such lines."""
        limit = MAX_OUTPUT_BYTES + 1
        data = self._host.program(outputs_program(job_id, limit), limit=limit, repeatable=True)
        try:
            return parse_outputs(data)
        except ValueError as error:
            raise HostError(self._host.name, f"job {job_id} wrote unusable outputs: {error}") from error

    def cancel(self, job_id: str, *, grace: float = 5.0) -> bool:
        """End the job's processes (TERM, after `grace` seconds KILL); one that hasn't begun never will.

        True where something had to be ended. Processes that the job put into a session of their own live on.
        """
        answer = self._ask(cancel_program(job_id, grace), timeout=2 * grace + 30)
        if answer == "stuck":
            raise HostError(self._host.name, f"the processes of job {job_id} survive being killed", detail=answer)
        return answer == "ended"

    def is_older(self, path: str, job_id: str) -> bool:
        """Whether the file `path` on the host was last changed before this job was started (by the host's clock)."""
        return self._ask(older_program(job_id, path)) == "older"

    def running(self) -> tuple[str, ...]:
        """The ids of all jobs that run now, whoever started them: to be ended after a lock was broken."""
        return tuple(sorted(self._ask(running_program()).split()))

    def remove(self, run_id: str) -> bool:
        """Remove the folders of a run's jobs, known by their ids, which begin with the run's.

        False where the run still holds the host (nothing is removed) or one of its jobs runs (that one stays).
        """
        return self._ask(remove_program(run_id)) == ""

    def wait(
        self,
        job_id: str,
        timeout: float,
        on_log: Callable[[str], None] = lambda text: None,
        *,
        offset: int = 0,
        cancelled: Callable[[], bool] = _never,
        patience: float = 300.0,
    ) -> JobResult:
        """Follow a started job to its end; its log goes to `on_log` in order, from byte `offset` on.

        Of a log that outruns us by `FAR_BEHIND` bytes a part is left out, and said to be.

        `timeout` counts the seconds since the job began, so it holds over restarts of ours; a job that passes it,
        or one for which `cancelled()` turns true, is ended. A host that can't be reached is tried again with
        growing pauses; after `patience` seconds without a word from it, its HostUnreachable or HostTimeout is
        raised and the job goes on alone.
        """
        follow = _Follower(self, job_id, on_log, offset)
        pause = _FIRST_PAUSE
        while True:
            state = _patiently(follow.poll, patience, cancelled)
            if state is not None and state.state != "running":
                return follow.to_the_end(state.state, patience)
            if cancelled():
                _patiently(lambda: self.cancel(job_id), patience, _never)
                return follow.to_the_end("cancelled", patience)
            if state is not None and state.seconds >= timeout:
                _patiently(lambda: self.cancel(job_id), patience, _never)
                return follow.to_the_end("timed_out", patience)
            if state is not None and state.log_chunk:
                pause = _FIRST_PAUSE
                if state.offset < state.log_size:
                    continue
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _ask(self, body: str, *, timeout: float = 60.0) -> str:
        return self._host.program(body, timeout=timeout, repeatable=True).decode("utf-8", "replace").strip()


class _Follower:
    """Reads one job's log, each byte once, and remembers its end."""

    def __init__(self, jobs: Jobs, job_id: str, on_log: Callable[[str], None], offset: int) -> None:
        self._jobs = jobs
        self._job_id = job_id
        self._on_log = on_log
        self._offset = offset
        self._tail = ""

    def poll(self) -> JobState:
        state = self._jobs.poll(self._job_id, self._offset)
        self._offset = state.offset
        if state.log_chunk:
            self._take(state.log_chunk)
        behind = state.log_size - state.offset
        if behind > FAR_BEHIND:
            self._offset = state.log_size - CATCH_UP
            self._take(f"\n[... {behind - CATCH_UP} bytes left out ...]\n")
        return state

    def _take(self, text: str) -> None:
        self._tail = (self._tail + text)[-LOG_TAIL:]
        self._on_log(text)

    def to_the_end(self, ending: Ending, patience: float) -> JobResult:
        state = _insist(self.poll, patience)
        # What the job left running may go on writing to the log: its end is where it was when the job ended.
        end = state.log_size
        while state.offset < end and state.log_chunk:
            state = _insist(self.poll, patience)
        if state.state == "exited":
            ending = "exited"
        outputs = _insist(lambda: self._jobs.outputs(self._job_id), patience) if state.exit_code == 0 else {}
        return JobResult(ending, state.exit_code, outputs, self._tail, state.seconds, state.offset)


def _insist(ask: Callable[[], _T], patience: float) -> _T:
    answer = _patiently(ask, patience, _never)
    assert answer is not None
    return answer


def _patiently(ask: Callable[[], _T], patience: float, give_up: Callable[[], bool]) -> _T | None:
    """Ask until the host answers; raises its last error after `patience` seconds, None once `give_up()` is true."""
    deadline = time.monotonic() + patience
    pause = 0.1
    while True:
        try:
            return ask()
        except (HostUnreachable, HostTimeout):
            if time.monotonic() + pause > deadline:
                raise
        if give_up():
            return None
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_BACKOFF)

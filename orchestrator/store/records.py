"""What we remember, as frozen values: one class a table, times timezone-aware UTC.

ZenTao holds what people read; these records hold what a restarted daemon must know to neither repeat nor lose anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


def utc_now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


class EventState(StrEnum):
    """What became of a transition that was seen in a task's history."""

    NEW = "new"  # seen, nothing started yet
    STARTED = "started"  # a run was created for it
    SUPERSEDED = "superseded"  # a newer one of the same task deploys instead
    WITHDRAWN = "withdrawn"  # the task moved on before anything started
    OWN = "own"  # we made it ourselves
    REFUSED = "refused"  # answered with a reason instead of a deployment


class RunState(StrEnum):
    """Where a deployment stands; everything but the first two is final."""

    WAITING = "waiting"  # accepted, its host is busy or not begun
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUSED = "refused"  # the ticket could not be carried out as it stands; nothing was touched
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen in this run."""
        return self not in (RunState.WAITING, RunState.RUNNING)


@dataclass(frozen=True, slots=True)
class Event:
    """One transition of one task: who moved it from where to where, and what the ticket said then.

    `key` is `server|task|action id|action date`: action ids alone repeat after a database restore. `title` and
    `description` are frozen here, so that an edit during a deployment can't change what is deployed.
    """

    key: str
    server: str
    task_id: int
    action_id: int
    action_date: str
    actor: str | None
    old: str | None
    new: str
    title: str
    description: str
    execution: int
    project: int
    source: str = "poll"
    state: EventState = EventState.NEW
    run_id: str | None = None
    note: str = ""
    seen_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class Run:
    """One deployment.

    `detail` holds what the answer needs and no query asks for (speech figures, previous commit, …).
    """

    run_id: str
    event_key: str
    task_id: int
    title: str
    actor: str | None
    state: RunState = RunState.WAITING
    host: str | None = None
    playbook: str | None = None
    ref: str | None = None
    commit: str | None = None
    service_url: str | None = None
    bug_id: int | None = None
    failed_step: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime = field(default_factory=utc_now)
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of a run as it ended: `outcome` is ok, failed, skipped or reused; `seconds` is wall time."""

    run_id: str
    position: int
    name: str
    title: str
    outcome: str
    seconds: float
    detail: str = ""
    finished_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class Intent:
    """A transition that we are about to make: stored before the request, so that its echo never starts a deployment.

    `marker` stands in the transition's comment; `action_id` is filled in once the action was seen in the history, and
    from then on no other action with the same text counts as ours.
    """

    marker: str
    run_id: str
    task_id: int
    verb: str
    target: str
    action_id: int | None = None
    created_at: datetime = field(default_factory=utc_now)


class AnswerState(StrEnum):
    """How sure we are that a comment, bug or file stands in ZenTao."""

    PENDING = "pending"  # about to be sent
    UNKNOWN = "unknown"  # sent, the answer was lost, not seen yet
    CONFIRMED = "confirmed"  # read back: final, also when people edit it later


@dataclass(frozen=True, slots=True)
class Answer:
    """One comment (or bug) of ours, by its marker. `object_type` and `object_id` say where it stands."""

    marker: str
    run_id: str
    object_type: str
    object_id: int
    state: AnswerState = AnswerState.PENDING
    result_id: int | None = None
    sent_at: datetime | None = None
    confirmed_at: datetime | None = None

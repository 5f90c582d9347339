"""What each answer in a ticket is made of: plain frozen data, filled by whoever knows it.

Strings may come from anywhere; the templates escape them. The two fields called ``*_html`` hold what our own ZenTao
client returned for an uploaded picture, and are checked to be nothing but an ``<img>``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from orchestrator.diagnosis import Finding
from orchestrator.tickets.spec import TicketProblem

StepOutcome = Literal["ok", "failed", "skipped", "reused"]
Rollback = Literal["restored", "failed", "nothing_to_restore", "untouched"]
"""``restored``: the old version serves again · ``failed``: it does not · ``nothing_to_restore``: there was none ·
``untouched``: it never stopped serving."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Which deployment an answer is about; built once, shared by all its answers."""

    task_id: int
    run_id: str
    service: str
    host: str
    port: int | None = None
    ref: str | None = None
    commit: str | None = None
    previous_commit: str | None = None
    requested_by: str = ""
    """Who moved the task: a name that readers recognise."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table of steps."""

    name: str
    title: str
    seconds: float | None
    outcome: StepOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What the service said when it was asked to speak. ``rms`` and ``peak`` from 0 to 1, ``rtf`` compute per sound."""

    text: str
    seconds: float
    rms: float
    rtf: float
    peak: float | None = None
    sample_rate: int | None = None


@dataclass(frozen=True, slots=True)
class Bug:
    """A bug in ZenTao, to be linked."""

    id: int
    url: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The ticket was understood and the deployment begins."""

    outcome: ClassVar[str] = "accepted"
    deployment: Deployment
    plan: tuple[str, ...]
    """The titles of the steps, in order."""
    estimate_minutes: tuple[int, int] | None = None
    stop_command: str = ""
    """What to type to stop it; empty when there is no such command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """The service runs and spoke."""

    outcome: ClassVar[str] = "succeeded"
    deployment: Deployment
    service_url: str
    steps: tuple[Step, ...]
    started_at: datetime
    finished_at: datetime
    speech: Speech | None = None
    audio_file: str = ""
    """Name of the attached sound."""
    screenshot_html: str = ""
    files: tuple[str, ...] = ()
    """Names of all files attached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The words that go with the move to 已完成, after :class:`Succeeded` has said everything: effort and files."""

    outcome: ClassVar[str] = "finished"
    deployment: Deployment
    hours: float
    """Measured effort, from the transition to now."""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A step failed; the task is paused."""

    outcome: ClassVar[str] = "failed"
    deployment: Deployment
    step: str
    """The failed step's title."""
    finding: Finding
    rollback: Rollback
    steps: tuple[Step, ...]
    started_at: datetime
    finished_at: datetime
    log: str = ""
    log_file: str = ""
    service_url: str = ""
    """Where the old version serves again, if it does."""
    bug: Bug | None = None
    returned_to: str = ""
    screenshot_html: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The ticket can't be carried out as it is written; nothing was done."""

    outcome: ClassVar[str] = "refused"
    task_id: int
    problems: tuple[TicketProblem, ...]
    example: tuple[str, ...] = ()
    """A correct description, line by line."""
    returned_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAllowed:
    """The account that moved the task may not deploy to this host; nothing was done."""

    outcome: ClassVar[str] = "not_allowed"
    task_id: int
    host: str
    account: str
    allowed_hosts: tuple[str, ...] = ()
    """Where this account may deploy."""
    returned_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostProblem:
    """The host can't be used: unreachable, wrong key, no rights, disk full, busy."""

    outcome: ClassVar[str] = "host_problem"
    deployment: Deployment
    finding: Finding
    error: str
    """The technical words, for operations."""
    rollback: Rollback = "untouched"
    log: str = ""
    log_file: str = ""
    bug: Bug | None = None
    returned_to: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """Somebody stopped the deployment."""

    outcome: ClassVar[str] = "cancelled"
    deployment: Deployment
    rollback: Rollback
    steps: tuple[Step, ...] = ()
    cancelled_by: str = ""
    step: str = ""
    """The step that was stopped; empty before the first."""
    service_url: str = ""
    log_file: str = ""
    returned_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """The program was upgraded in the middle of the deployment, and the new version can't go on with it."""

    outcome: ClassVar[str] = "interrupted"
    deployment: Deployment
    at_risk: bool
    """Whether the service that was there may have been stopped or replaced."""
    steps: tuple[Step, ...] = ()
    returned_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BugTitle:
    """A bug's title: one line of plain text, with task and host.

    ZenTao hands back *another* bug when one of the same title and product is younger than 30 s.
    """

    outcome: ClassVar[str] = "bug_title"
    deployment: Deployment
    finding: Finding
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BugSteps:
    """A bug's 重现步骤: what was done, what came out, cause, remedy, environment, log."""

    outcome: ClassVar[str] = "bug_steps"
    deployment: Deployment
    finding: Finding
    step: str
    task_url: str
    rollback: Rollback
    happened_at: datetime
    steps: tuple[Step, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    """Name and value: GPU, driver, Python, free disk, …"""
    log: str = ""
    log_file: str = ""
    screenshot_html: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BugAgain:
    """A comment on a bug that is known already: the same failure happened again."""

    outcome: ClassVar[str] = "bug_again"
    deployment: Deployment
    finding: Finding
    step: str
    task_url: str
    happened_at: datetime
    log: str = ""
    log_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One row of the description's table."""

    field: str
    """Name of the field; the template explains each."""
    label: str
    value: str = ""
    choices: tuple[str, ...] = ()
    """The values that exist here, where they can be listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDescription:
    """A new task's description: the table to fill in and the standard instructions for a newcomer."""

    outcome: ClassVar[str] = "task_description"
    settings: tuple[Setting, ...]
    bot: str = ""
    """The bot's display name, for "assign it to …"."""


Context = (
    Accepted
    | Succeeded
    | Finished
    | Failed
    | Refused
    | NotAllowed
    | HostProblem
    | Cancelled
    | Interrupted
    | BugTitle
    | BugSteps
    | BugAgain
    | TaskDescription
)

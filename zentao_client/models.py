"""The values that the client returns: frozen, the same on every ZenTao version.

Times are timezone-aware. Hours are floats. Users are accounts (login names), never display names, unless a
field says so. HTML fields are as ZenTao stores them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Generic, Literal, TypeVar

Dialect = Literal["v18", "v22"]
ObjectKind = Literal["task", "bug"]
FileKind = Literal["task", "bug", "comment"]

TASK_STATUSES = ("wait", "doing", "done", "pause", "cancel", "closed")
BUG_STATUSES = ("active", "resolved", "closed")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What the probe found before any login.

    `dialect` "v18" means the API v1 and the legacy pages, "v22" means the API v2. `clock_skew` is the
    server's clock minus ours. `max_upload` is ZenTao's own text, such as "128M".
    """

    url: str
    version: str
    dialect: Dialect
    request_type: Literal["GET", "PATH_INFO"]
    timezone: tzinfo
    clock_skew: timedelta
    max_upload: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A ZenTao 应用: the admin's static credential that signs calls of the unversioned API (18.x)."""

    code: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StatusChange:
    """An object went from one status to another; both are codes such as "wait" and "doing" on every server."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file on a task, bug or comment. `id` serves `files.download`. `size` is in bytes."""

    id: int
    name: str
    extension: str
    size: int
    added_by: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One history entry of a task or bug.

    `name` is ZenTao's code ("opened", "started", "commented", …). `actor` is an account, or None where this
    server shows only display names to us; `actor_name` is then what it shows. `status_change` is None if the
    action changed no status. `replaced` holds texts of a task that this action replaced, as they were before:
    pairs of "name" or "description" and the old value. `changes_complete` is False while a transition's history
    rows are still missing: read again in a moment.
    """

    id: int
    date: datetime
    name: str
    actor: str | None
    actor_name: str
    comment: str = ""
    status_change: StatusChange | None = None
    replaced: tuple[tuple[str, str], ...] = ()
    changes_complete: bool = True
    files: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """A ZenTao task (任务). From a search, `files` and `actions` are empty: `tasks.get` fills them.

    `already` is True if a transition found the task in its target status and sent nothing, its comment
    included. `remainder` is what a write cut off the text it was given, since ZenTao keeps 65,535 bytes, if
    this server took no file with it ("" otherwise).
    """

    id: int
    name: str
    status: str
    execution: int
    project: int
    type: str
    pri: int
    description: str
    assigned_to: str | None
    opened_by: str | None
    consumed: float
    left: float
    estimate: float
    real_started: datetime | None = None
    last_edited: datetime | None = None
    est_started: date | None = None
    deadline: date | None = None
    deleted: bool = False
    files: tuple[Attachment, ...] = ()
    actions: tuple[Action, ...] = ()
    already: bool = False
    remainder: str = ""


@dataclass(frozen=True, slots=True)
class Bug:
    """A ZenTao bug (缺陷). `keywords` is ZenTao's one text field; `task` is the linked task's id, 0 if none.

    From a search, `files` and `actions` are empty: `bugs.get` fills them. `already` is True if a transition
    found the bug in its target status and sent nothing. `remainder` as for a task.
    """

    id: int
    title: str
    status: str
    product: int
    project: int
    execution: int
    task: int
    keywords: str
    severity: int
    pri: int
    type: str
    steps: str
    assigned_to: str | None
    opened_by: str | None
    opened: datetime | None = None
    last_edited: datetime | None = None
    activated_count: int = 0
    deleted: bool = False
    files: tuple[Attachment, ...] = ()
    actions: tuple[Action, ...] = ()
    already: bool = False
    remainder: str = ""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as it was read back. `id` is the history action's id.

    `created` is False if the marker was already there and nothing was posted. `remainder` is the part of the
    HTML that did not fit into ZenTao's 65,535 bytes ("" if all did): attach it as a file.
    """

    id: int
    kind: ObjectKind
    object_id: int
    html: str
    date: datetime
    actor: str | None
    created: bool = True
    remainder: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send: `name` as people will see it, `data` the bytes or the path to read them from."""

    name: str
    data: bytes | Path = field(repr=False)

    def read(self) -> bytes:
        """The bytes; a path is read now."""
        return self.data if isinstance(self.data, bytes) else self.data.read_bytes()


@dataclass(frozen=True, slots=True)
class ImageRef:
    """An uploaded image. Put `html` into a comment; `id` serves `files.download`."""

    id: int
    html: str


@dataclass(frozen=True, slots=True)
class User:
    """A ZenTao user. `realname` is the display name (姓名)."""

    id: int
    account: str
    realname: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a search. `total` counts all matches: stop by it, since ZenTao repeats its last page for
    ever.
    """

    items: tuple[T, ...]
    total: int
    page: int
    limit: int

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def is_last(self) -> bool:
        """True if no later page holds anything new."""
        return self.page * self.limit >= self.total

"""From ZenTao's JSON to our values: both kinds of numbers, all kinds of users, empty dates and times.

The same field is a number on one PHP and a string on another, a user is an object, an account or nothing, and
a time is UTC with a Z in the API v1 and the server's wall clock everywhere else.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from zentao_client.errors import BadReply
from zentao_client.models import Action, Attachment, Bug, Task, User

Raw = Mapping[str, Any]
_TIME_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")


@dataclass(frozen=True, slots=True)
class Parser:
    """Reads one server's objects. `zone` is its time zone."""

    zone: tzinfo

    def task(self, raw: Raw, actions: tuple[Action, ...] = ()) -> Task:
        """A task from any dialect. Raises `BadReply` if it is none."""
        _need(raw, "id", "name", "status")
        return Task(
            id=integer(raw["id"]),
            name=title(raw["name"]),
            status=str(raw["status"]),
            execution=integer(raw.get("execution")),
            project=integer(raw.get("project")),
            type=str(raw.get("type") or ""),
            pri=integer(raw.get("pri")),
            description=str(raw.get("desc") or ""),
            assigned_to=account(raw.get("assignedTo")),
            opened_by=account(raw.get("openedBy")),
            consumed=number(raw.get("consumed")),
            left=number(raw.get("left")),
            estimate=number(raw.get("estimate")),
            real_started=self.time(raw.get("realStarted")),
            last_edited=self.time(raw.get("lastEditedDate")),
            est_started=day(raw.get("estStarted")),
            deadline=day(raw.get("deadline")),
            deleted=flag(raw.get("deleted")),
            files=attachments(raw.get("files")),
            actions=actions,
        )

    def bug(self, raw: Raw, actions: tuple[Action, ...] = ()) -> Bug:
        """A bug from any dialect. Raises `BadReply` if it is none."""
        _need(raw, "id", "title", "status")
        return Bug(
            id=integer(raw["id"]),
            title=title(raw["title"]),
            status=str(raw["status"]),
            product=integer(raw.get("product")),
            project=integer(raw.get("project")),
            execution=integer(raw.get("execution")),
            task=integer(raw.get("task")),
            keywords=str(raw.get("keywords") or ""),
            severity=integer(raw.get("severity")),
            pri=integer(raw.get("pri")),
            type=str(raw.get("type") or ""),
            steps=str(raw.get("steps") or ""),
            assigned_to=account(raw.get("assignedTo")),
            opened_by=account(raw.get("openedBy")),
            opened=self.time(raw.get("openedDate")),
            last_edited=self.time(raw.get("lastEditedDate")),
            activated_count=integer(raw.get("activatedCount")),
            deleted=flag(raw.get("deleted")),
            files=attachments(raw.get("files")),
            actions=actions,
        )

    def time(self, value: Any) -> datetime | None:
        """A time with its zone; None for ZenTao's ways to write "never"."""
        text = str(value or "").strip()
        if not text or text.startswith(("0000-00-00", "1970-01-01", "-")):
            return None
        if text.endswith("Z"):
            try:
                return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)
            except ValueError:
                return None
        for form in _TIME_FORMATS:
            try:
                return datetime.strptime(text, form).replace(tzinfo=self.zone)
            except ValueError:
                continue
        return None

    def wall_clock(self, moment: datetime) -> str:
        """A time as ZenTao takes it: the server's wall clock. Raises ValueError for a time without a zone."""
        if moment.tzinfo is None:
            raise ValueError("a time needs its zone")
        return moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")


def user(raw: Raw) -> User:
    """A user. Raises `BadReply` if it is none."""
    _need(raw, "account")
    role = raw.get("role")
    return User(
        id=integer(raw.get("id")),
        account=str(raw["account"]),
        realname=html.unescape(str(raw.get("realname") or "")),
        role=str(role.get("code") or "") if isinstance(role, Mapping) else str(role or ""),
    )


def attachments(value: Any) -> tuple[Attachment, ...]:
    """Files: a list, or an object keyed by id, or nothing."""
    return tuple(
        Attachment(
            id=integer(raw.get("id")),
            name=title(raw.get("title") or raw.get("name") or ""),
            extension=str(raw.get("extension") or ""),
            size=integer(raw.get("size")),
            added_by=account(raw.get("addedBy")),
        )
        for raw in rows(value)
        if not flag(raw.get("deleted"))
    )


def rows(value: Any) -> list[Raw]:
    """PHP's arrays: a list, an object whose keys are ids, or null, as a list of objects."""
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, Mapping)]


def integer(value: Any) -> int:
    """A whole number from either PHP; 0 for nothing."""
    return int(number(value))


def number(value: Any) -> float:
    """A number from either PHP; 0 for nothing."""
    try:
        return float(value or 0)
    except (TypeError, ValueError):
        return 0.0


def flag(value: Any) -> bool:
    """True for true, 1 and "1"."""
    return value is True or str(value) == "1"


def account(value: Any) -> str | None:
    """The account of a user field, None for nobody. The pseudo account of closed objects is nobody."""
    name = value.get("account") if isinstance(value, Mapping) else value
    return None if name in {None, "", "closed"} else str(name)


def title(value: Any) -> str:
    """A title as people typed it: 18.x stores titles escaped."""
    return html.unescape(str(value))


def day(value: Any) -> date | None:
    """A date; None for ZenTao's ways to write "none"."""
    try:
        return date.fromisoformat(str(value or "")[:10])
    except ValueError:
        return None


def _need(raw: Raw, *keys: str) -> None:
    missing = [key for key in keys if key not in raw]
    if missing:
        raise BadReply(f"an object without {', '.join(missing)}", str(dict(raw))[:200].encode())

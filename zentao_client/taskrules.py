"""What ZenTao's tasks allow, as values and checks without any request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from zentao_client.models import Task
from zentao_client.parse import number
from zentao_client.text import Fitted, fit_html, plain, readable, safe_html
from zentao_client.ways.moving import Verb

# From which statuses a transition makes sense. ZenTao's APIs accept more, and do harm then: a start on a finished task
# of 22.x reopens it without an assignee, a second finish adds the hours again.
SOURCES: Mapping[Verb, tuple[str, ...]] = {
    "start": ("wait",),
    "pause": ("doing",),
    "restart": ("pause",),
    "finish": ("wait", "doing", "pause"),
    "close": ("wait", "doing", "pause", "done", "cancel"),
    "activate": ("done", "cancel", "closed"),
    "cancel": ("wait", "doing", "pause"),
}
ACTIONS: Mapping[Verb, str] = {
    "start": "started",
    "pause": "paused",
    "restart": "restarted",
    "finish": "finished",
    "close": "closed",
    "activate": "activated",
    "cancel": "canceled",
    "assign": "assigned",
}
EDITABLE: Mapping[str, str] = {
    "name": "name",
    "description": "desc",
    "type": "type",
    "pri": "pri",
    "estimate": "estimate",
    "left": "left",
    "est_started": "estStarted",
    "deadline": "deadline",
}
ORDERS = ("id", "lastEditedDate", "pri", "status", "name", "openedDate", "deadline", "assignedTo")


def fitting(comment: str) -> Fitted:
    """An HTML text as ZenTao can keep it."""
    return fit_html(safe_html(comment))


def check_left(left: float) -> None:
    """Raise ValueError unless there are hours left."""
    if left <= 0:
        raise ValueError("left must be more than 0 hours: ZenTao finishes a task that has none left")


def check_order(order: str) -> None:
    """Raise ValueError for an order that no task list has."""
    field, _, direction = order.rpartition("_")
    # An unknown field makes ZenTao answer with an empty 200.
    if field not in ORDERS or direction not in {"asc", "desc"}:
        raise ValueError(f"unknown order {order!r}")


def editable(key: str, value: Any) -> Any:
    """A field's value as ZenTao takes it."""
    if key == "name":
        return readable(str(value))
    if key == "description":
        return fitting(str(value)).html
    return value.isoformat() if isinstance(value, date) else value


def if_edited(after: Task, fields: Mapping[str, Any], before: Task) -> Task | None:
    """The task if every field is as it was wanted, else None."""
    for key, value in fields.items():
        now = getattr(after, key)
        wanted = editable(key, value)
        if key == "name":
            same = now == wanted
        elif key == "description":
            # The sanitiser rewrites HTML: the words have to be there, or it has changed at least.
            same = plain(now) == plain(wanted) or now != before.description
        elif key in {"estimate", "left", "pri"}:
            same = number(now) == number(wanted)
        else:
            same = now == value or str(now) == str(wanted)
        if not same:
            return None
    return after

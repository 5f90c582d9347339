"""An object's history, the same on every server.

18.x gives statuses as codes; 22.x gives the words of the server's language, which an admin may have changed.
Words that we don't know are told from the action's name and from what the status was before.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from zentao_client.models import BUG_STATUSES, TASK_STATUSES, Action, ObjectKind, StatusChange
from zentao_client.parse import Parser, Raw, attachments, integer, rows

# An action that changes the status, and what it changes it to.
TARGETS: Mapping[ObjectKind, Mapping[str, str]] = {
    "task": {
        "started": "doing",
        "paused": "pause",
        "restarted": "doing",
        "finished": "done",
        "closed": "closed",
        "canceled": "cancel",
        "activated": "doing",
    },
    "bug": {"resolved": "resolved", "closed": "closed", "activated": "active"},
}
_FIRST: Mapping[ObjectKind, str] = {"task": "wait", "bug": "active"}
_CODES: Mapping[ObjectKind, tuple[str, ...]] = {"task": TASK_STATUSES, "bug": BUG_STATUSES}
_WORDS: Mapping[ObjectKind, Mapping[str, str]] = {
    "task": {
        **dict.fromkeys(("未开始", "未開始", "waiting"), "wait"),
        **dict.fromkeys(("进行中", "進行中"), "doing"),
        **dict.fromkeys(("已完成",), "done"),
        **dict.fromkeys(("已暂停", "已暫停", "paused"), "pause"),
        **dict.fromkeys(("已取消", "cancelled", "canceled"), "cancel"),
        **dict.fromkeys(("已关闭", "已關閉"), "closed"),
    },
    "bug": {
        **dict.fromkeys(("激活", "activated"), "active"),
        **dict.fromkeys(("已解决", "已解決"), "resolved"),
        **dict.fromkeys(("已关闭", "已關閉"), "closed"),
    },
}
_TEXTS = {"name": "name", "desc": "description"}
# History rows are written after the action, and after a synchronous webhook, which may take 30 s.
_ROWS_MAY_BE_MISSING = timedelta(seconds=120)


def read_history(
    kind: ObjectKind,
    value: Any,
    parser: Parser,
    *,
    now: datetime,
    names: Mapping[str, Any] | None,
    current: str,
) -> tuple[Action, ...]:
    """The actions of one object, oldest first.

    `names` maps accounts to display names if this dialect's actors are accounts; None means that it shows
    display names only. `now` is the server's time, `current` the status that the object has now.
    """
    status = _FIRST[kind]
    actions: list[Action] = []
    for raw in sorted(rows(value), key=lambda row: integer(row.get("id"))):
        date = parser.time(raw.get("date"))
        if date is None:
            continue
        name = str(raw.get("action") or "").lower()
        row = next((row for row in rows(raw.get("history")) if row.get("field") == "status"), None)
        change = None if row is None else _status_change(kind, name, row, status)
        if change is not None:
            status = change.new
        shown = html.unescape(str(raw.get("actor") or ""))
        actions.append(
            Action(
                id=integer(raw.get("id")),
                date=date,
                name=name,
                actor=(shown or None) if names is not None else None,
                actor_name=_display_name(shown, names),
                comment=str(raw.get("comment") or ""),
                status_change=change,
                replaced=_replaced(raw),
                changes_complete=row is not None or name not in TARGETS[kind] or now - date > _ROWS_MAY_BE_MISSING,
                files=attachments(raw.get("files")),
            )
        )
    return _last_change_named(actions, current, _CODES[kind])


def _replaced(raw: Raw) -> tuple[tuple[str, str], ...]:
    changed = ((_TEXTS.get(str(row.get("field"))), row.get("old")) for row in rows(raw.get("history")))
    return tuple((name, str(old or "")) for name, old in changed if name is not None)


def _status_change(kind: ObjectKind, name: str, row: Raw, before: str) -> StatusChange | None:
    old = _code(kind, row.get("old")) or before
    new = _code(kind, row.get("new")) or TARGETS[kind].get(name) or str(row.get("new") or "")
    return StatusChange(old, new) if old != new else None


def _last_change_named(actions: list[Action], current: str, codes: tuple[str, ...]) -> tuple[Action, ...]:
    """The history with the last change's words, if we don't know them, replaced by the status it led to."""
    for index in range(len(actions) - 1, -1, -1):
        change = actions[index].status_change
        if change is None:
            continue
        if change.new not in codes and current in codes:
            told = StatusChange(change.old, current) if change.old != current else None
            actions[index] = replace(actions[index], status_change=told)
        break
    return tuple(actions)


def _code(kind: ObjectKind, value: Any) -> str | None:
    text = str(value or "").strip()
    if text.lower() in _CODES[kind]:
        return text.lower()
    return _WORDS[kind].get(text.lower())


def _display_name(shown: str, names: Mapping[str, Any] | None) -> str:
    known = (names or {}).get(shown)
    return html.unescape(known) if isinstance(known, str) and known else shown

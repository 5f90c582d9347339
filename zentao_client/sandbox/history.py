"""The record of an object: actions, the fields they changed, comments, and the event feed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import ndiff
from typing import Any

from . import richtext, wording
from .accounts import Accounts
from .clock import Clock
from .database import Database, Row
from .dialect import Dialect
from .faults import Faults
from .places import Places
from .webhooks import Webhooks

_LONG_TEXT = frozenset({"desc", "steps", "resolution"})
_PEOPLE = frozenset({"assignedTo", "finishedBy", "canceledBy", "closedBy", "resolvedBy"})


@dataclass(frozen=True)
class Change:
    """One field that an action changed, with the raw stored values."""

    field: str
    old: str
    new: str
    diff: str = ""


class History:
    """Writes actions in ZenTao's order: the entry, then its webhooks, and only then the changed fields."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        dialect: Dialect,
        accounts: Accounts,
        places: Places,
        webhooks: Webhooks,
        faults: Faults,
    ) -> None:
        self._db = database
        self._clock = clock
        self._dialect = dialect
        self._accounts = accounts
        self._places = places
        self._webhooks = webhooks
        self._faults = faults

    def record(
        self,
        actor: str,
        object_type: str,
        target: Mapping[str, Any],
        action: str,
        *,
        comment: str = "",
        extra: str = "",
        changes: list[Change] | None = None,
        link_host: str = "",
    ) -> int:
        """Store one entry and send its webhooks; returns the action's id.

        Must be called outside of a transaction: a synchronous webhook's receiver may read back while it is sent.
        """
        if object_type == "task":
            products = self._places.products_of(int(target["execution"]))
        else:
            products = [int(target.get("product") or 0)]
        action_id = self._db.insert(
            "action",
            objectType=object_type,
            objectID=target["id"],
            product="," + ",".join(str(one) for one in products) + ",",
            project=target.get("project") or 0,
            execution=target.get("execution") or 0,
            actor=actor,
            action=action,
            date=self._clock.local(),
            comment=self.stored_comment(comment),
            extra=extra,
        )
        entry = self._db.get("action", action_id)
        assert entry is not None
        title = str(target.get("name") or target.get("title") or "")
        self._webhooks.notify(entry, title, self._accounts.realname(actor), link_host)
        delay = self._faults.history_delay
        if delay > 0 and changes:
            time.sleep(delay)
        for change in changes or []:
            self._db.insert(
                "history", action=action_id, field=change.field, old=change.old, new=change.new, diff=change.diff
            )
        return action_id

    def login(self, account: str) -> None:
        """A login leaves an entry in the feed, without a webhook."""
        user = self._accounts.find(account)
        if user:
            self._db.insert(
                "action",
                objectType="user",
                objectID=user["id"],
                product="0",
                actor=account,
                action="login",
                date=self._clock.local(),
            )

    def stored_comment(self, text: str) -> str:
        if not self._dialect.four_byte_text:
            text = richtext.without_four_byte(text)
        return richtext.cut_comment(text)

    def edit_comment(self, action_id: int, text: str) -> bool:
        if not self._db.get("action", action_id):
            return False
        self._db.update("action", action_id, comment=self.stored_comment(text))
        return True

    def of(self, object_type: str, object_id: int) -> list[Row]:
        """The entries of one object, oldest first, each with its ``changes``."""
        actions = self._db.rows(
            "SELECT * FROM action WHERE objectType = ? AND objectID = ? ORDER BY id", object_type, object_id
        )
        changed: dict[int, list[Row]] = {}
        for row in self._db.rows(
            "SELECT h.* FROM history h JOIN action a ON a.id = h.action "
            "WHERE a.objectType = ? AND a.objectID = ? ORDER BY h.id",
            object_type,
            object_id,
        ):
            changed.setdefault(int(row["action"]), []).append(row)
        for action in actions:
            action["changes"] = [self.shown(object_type, row) for row in changed.get(int(action["id"]), [])]
        return actions

    def shown(self, object_type: str, row: Row) -> dict[str, Any]:
        """One changed field as this version prints it: codes on 18.8, display text on 22.4."""
        base: dict[str, Any] = {"id": row["id"], "action": row["action"], "field": row["field"]}
        if not self._dialect.history_is_display_text:
            return {
                **base,
                "old": row["old"],
                "new": row["new"],
                "diff": row["diff"],
                "fieldName": wording.field_text(object_type, row["field"]),
            }
        old, old_known = self._display(object_type, row["field"], row["old"])
        new, new_known = self._display(object_type, row["field"], row["new"])
        return {
            **base,
            "old": old,
            "oldValue": old if old_known else "",
            "new": new,
            "newValue": new if new_known else "",
            "diff": row["diff"],
            "fieldName": wording.field_text(object_type, row["field"]),
        }

    def _display(self, object_type: str, field: str, value: str) -> tuple[str, bool]:
        if field == "status":
            text = wording.status_text(object_type, value)
            return text, text != value
        if field == "confirmed":
            return wording.CONFIRMED.get(value, value), True
        if field in _PEOPLE:
            return self._accounts.realname(value) or value, bool(value)
        return value, False

    def feed(self, *, account: str, execution: int = 0, day: str = "", limit: int = 0) -> list[Row]:
        """Events newest first, of one execution or of everything that ``account`` may see."""
        where, values = ["1 = 1"], []
        if execution:
            where.append("execution = ?")
            values.append(execution)
        if day:
            where.append("date LIKE ?")
            values.append(day + "%")  # type: ignore[arg-type]
        hidden = self._places.hidden_from(account)
        if hidden:
            where.append(f"execution NOT IN ({','.join(str(int(one)) for one in hidden)})")
        sql = f"SELECT * FROM action WHERE {' AND '.join(where)} ORDER BY date DESC, id DESC"  # noqa: S608 - constants and ints
        return self._db.rows(sql + (f" LIMIT {int(limit)}" if limit else ""), *values)

    def title_of(self, object_type: str, object_id: int) -> str:
        table, column = {"task": ("task", "name"), "bug": ("bug", "title"), "user": ("user", "realname")}.get(
            object_type, ("task", "name")
        )
        found = self._db.get(table, object_id)
        return str(found[column]) if found else ""


def changes_between(old: Mapping[str, Any], new: Mapping[str, Any], fields: tuple[str, ...]) -> list[Change]:
    """The fields that differ, as texts; long texts carry a line diff."""
    found = []
    for field in fields:
        before, after = _text(old.get(field)), _text(new.get(field))
        if before != after:
            found.append(Change(field, before, after, _line_diff(before, after) if field in _LONG_TEXT else ""))
    return found


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def _line_diff(old: str, new: str) -> str:
    lines = []
    number = 0
    for line in ndiff(old.splitlines() or [""], new.splitlines() or [""]):
        if line.startswith("- "):
            lines.append(f"{number + 1:03d}- <del>{line[2:]}</del>")
        elif line.startswith("+ "):
            number += 1
            lines.append(f"{number:03d}+ <ins>{line[2:]}</ins>")
        elif line.startswith("  "):
            number += 1
    return "\n".join(lines)

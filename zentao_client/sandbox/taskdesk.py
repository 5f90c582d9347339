"""What all deeds on a task share: reading, texts, saving, and telling the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from . import richtext
from .accounts import Accounts
from .clock import Clock
from .database import Database, Row
from .dialect import Dialect
from .errors import Missing
from .files import Files
from .history import Change, History, changes_between
from .places import Places

Api = Literal["v1", "v2", "page"]

SHOWN = (
    "name",
    "type",
    "pri",
    "estimate",
    "left",
    "consumed",
    "realStarted",
    "finishedDate",
    "assignedTo",
    "status",
    "finishedBy",
    "canceledBy",
    "canceledDate",
    "closedBy",
    "closedDate",
    "closedReason",
    "activatedDate",
    "estStarted",
    "deadline",
    "desc",
    "mailto",
    "keywords",
)
# Dates that a transition's history leaves out.
_UNTOLD = ("canceledDate", "closedDate", "activatedDate")


@dataclass(frozen=True)
class Caller:
    """Who acts, through which API, and where the request came to (``http://host``)."""

    account: str
    api: Api
    host: str = ""
    session: str = ""


class TaskDesk:
    """The base of :class:`~zentao_client.sandbox.tasks.Tasks`."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        dialect: Dialect,
        accounts: Accounts,
        places: Places,
        history: History,
        files: Files,
    ) -> None:
        self._db = database
        self._clock = clock
        self._dialect = dialect
        self._accounts = accounts
        self._places = places
        self._history = history
        self._files = files

    def get(self, task_id: int) -> Row:
        """The task, deleted or not; ``Missing`` where there is none."""
        found = self._db.get("task", task_id)
        if found is None:
            raise Missing
        return found

    def stored_title(self, name: str) -> str:
        if self._dialect.four_byte_text:
            return name
        return richtext.escaped_title(richtext.without_four_byte(name))

    def comment_text(self, caller: Caller, text: str, task_id: int) -> str:
        """A comment as it will be stored, before the length limit."""
        return self._rich(caller, text, task_id)

    def _rich(self, caller: Caller, text: str, task_id: int, *, field: bool = False) -> str:
        return self._files.stored_text(
            text, by=caller.account, host=caller.host, object_type="task", object_id=task_id, field=field
        )

    def _swallows(self, caller: Caller, values: Mapping[str, Any]) -> bool:
        """v1 takes an empty body for a form that was never sent."""
        return caller.api == "v1" and not values

    def _hand_over(self, old: Row, new: Row, values: Mapping[str, Any], *, keep: bool) -> None:
        assigned = str(values.get("assignedTo") or "")
        if not assigned and keep:
            return
        if assigned != old["assignedTo"]:
            new |= {"assignedTo": assigned, "assignedDate": self._clock.local()}

    def _transition(
        self,
        caller: Caller,
        old: Row,
        new: Row,
        action: str,
        values: Mapping[str, Any],
        *,
        extra: str = "",
        lead: str = "",
    ) -> Row:
        new |= {"lastEditedBy": caller.account, "lastEditedDate": self._clock.local()}
        self._save(old, new)
        comment = lead + self._rich(caller, str(values.get("comment") or ""), int(old["id"]))
        self._record(caller, new, action, comment, self._told(old, new), extra=extra)
        return self.get(int(old["id"]))

    def _told(self, old: Row, new: Row) -> list[Change]:
        untold = (*_UNTOLD, "finishedDate") if self._dialect.has_v2 else _UNTOLD
        return changes_between(old, new, tuple(name for name in SHOWN if name not in untold))

    def _save(self, old: Row, new: Row) -> None:
        changed = {key: value for key, value in new.items() if value != old.get(key)}
        self._db.update("task", int(old["id"]), **changed)

    def _record(
        self, caller: Caller, task: Row, action: str, comment: str, changes: list[Change], *, extra: str = ""
    ) -> None:
        self._history.record(
            caller.account,
            "task",
            task,
            action,
            comment=comment,
            extra=extra,
            changes=changes,
            link_host=self._link(caller),
        )

    def _link(self, caller: Caller) -> str:
        """18.8 puts the address of an API call's own host into the event; everything else the webhook's domain."""
        return caller.host if caller.api == "v1" and not self._dialect.has_v2 else ""

    def _add_effort(self, caller: Caller, task: Row, consumed: float, left: float, *, work: str, day: str = "") -> None:
        if consumed > 0:
            self._db.insert(
                "effort",
                task=task["id"],
                account=caller.account,
                work=richtext.sanitise(work),
                date=day or self._clock.today(),
                consumed=consumed,
                left=left,
            )

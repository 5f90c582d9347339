"""Bugs and their life cycle, with what each API swallows or blanks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import richtext, wording
from .clock import Clock, stored
from .database import Database, Row
from .dialect import Dialect
from .errors import Missing, Nothing, Refused
from .files import Files, Upload
from .history import Change, History, changes_between
from .taskdesk import Caller
from .values import joined, number

_SHOWN = [
    "title",
    "keywords",
    "severity",
    "pri",
    "type",
    "steps",
    "status",
    "confirmed",
    "assignedTo",
    "mailto",
    "openedBuild",
    "resolution",
    "resolvedBuild",
    "resolvedBy",
    "resolvedDate",
    "closedBy",
    "closedDate",
    "activatedCount",
    "deadline",
    "task",
]
_EDITABLE = frozenset(
    [
        "title",
        "keywords",
        "severity",
        "pri",
        "type",
        "steps",
        "assignedTo",
        "mailto",
        "openedBuild",
        "project",
        "execution",
        "task",
        "module",
        "story",
        "deadline",
        "status",
        "product",
    ]
)
_REQUIRED = (
    ("title", "Bug标题"),
    ("severity", "严重程度"),
    ("pri", "优先级"),
    ("type", "Bug类型"),
    ("openedBuild", "影响版本"),
)
_EMPTY_STEPS = "<p>[步骤]</p><p></p><p>[结果]</p><p></p><p>[期望]</p><p></p>"


class Bugs:
    """The bug part of ZenTao's model."""

    def __init__(self, database: Database, clock: Clock, dialect: Dialect, history: History, files: Files) -> None:
        self._db = database
        self._clock = clock
        self._dialect = dialect
        self._history = history
        self._files = files

    def get(self, bug_id: int) -> Row:
        found = self._db.get("bug", bug_id)
        if found is None:
            raise Missing
        return found

    def create(
        self,
        caller: Caller,
        product: int,
        values: Mapping[str, Any],
        *,
        uploads: list[Upload] | None = None,
        labels: list[str] | None = None,
    ) -> Row:
        """A new bug, or on 18.8 the one of the same title and product that is younger than 30 seconds."""
        self._demand(caller, values)
        title = self._title(str(values["title"]))
        if self._dialect.refuses_twin_titles:
            twin = self._twin(product, title)
            if twin is not None:
                return twin
        now = self._clock.local()
        assigned = str(values.get("assignedTo") or "")
        bug_id = self._db.insert(
            "bug",
            product=product,
            project=number(values.get("project")),
            execution=number(values.get("execution")),
            module=number(values.get("module")),
            story=number(values.get("story")),
            task=number(values.get("task")),
            title=title,
            keywords=str(values.get("keywords") or ""),
            severity=number(values.get("severity"), 3),
            pri=number(values.get("pri"), 3),
            type=str(values.get("type") or ("codeerror" if caller.api == "v2" else "")),
            mailto=joined(values.get("mailto")),
            openedBuild=joined(values.get("openedBuild")),
            openedBy=caller.account,
            openedDate=now,
            assignedTo=assigned,
            assignedDate=now if assigned else None,
            deadline=str(values.get("deadline") or "")[:10] or None,
        )
        default = _EMPTY_STEPS if self._dialect.has_v2 else ""
        steps = self._rich(caller, str(values.get("steps") or default), bug_id, field=True)
        self._db.update("bug", bug_id, steps=steps)
        self._files.claim(str(values.get("uid") or ""), caller.session, steps, "bug", bug_id)
        self._files.add_form(uploads or [], labels or [], by=caller.account, object_type="bug", object_id=bug_id)
        bug = self.get(bug_id)
        self._history.record(caller.account, "bug", bug, "opened")
        if assigned and self._dialect.has_v2:
            self._history.record(caller.account, "bug", bug, "assigned", extra=assigned)
        if not self._dialect.has_v2 and not self._db.value("SELECT 1 FROM product WHERE id = ?", product):
            raise Nothing  # the row stays, the answer is an empty 201
        return self.get(bug_id)

    def _demand(self, caller: Caller, values: Mapping[str, Any]) -> None:
        missing = [(key, label) for key, label in _REQUIRED if values.get(key) in (None, "", [])]
        if caller.api == "v2":
            problems = {
                f"{key}[]" if key == "openedBuild" else key: [wording.required(label)]
                for key, label in missing
                if key in ("title", "openedBuild")
            }
            if problems:
                raise Refused(problems)
        elif missing:
            raise Refused(wording.required(missing[0][1]))

    def _twin(self, product: int, title: str) -> Row | None:
        found = self._db.row(
            "SELECT * FROM bug WHERE product = ? AND title = ? AND deleted = 0 ORDER BY id DESC LIMIT 1", product, title
        )
        return found if found and self._clock.seconds_since(found["openedDate"]) < 30 else None

    def edit(
        self,
        caller: Caller,
        bug_id: int,
        values: Mapping[str, Any],
        *,
        uploads: list[Upload] | None = None,
        labels: list[str] | None = None,
    ) -> Row:
        old = self.get(bug_id)
        new = dict(old)
        sent = {key: value for key, value in values.items() if key in _EDITABLE}
        if caller.api == "v2":
            for key in ("title", "steps"):
                if key not in sent:
                    new[key] = richtext.damaged_bug_text(old[key])
        for key, value in sent.items():
            if key == "title":
                new[key] = self._title(str(value or "")) or old["title"]
            elif key == "steps":
                new[key] = self._rich(caller, str(value or ""), bug_id, field=True)
            elif key in ("mailto", "openedBuild"):
                new[key] = joined(value)
            elif key in ("severity", "pri", "project", "execution", "task", "module", "story", "product"):
                new[key] = number(value)
            elif key == "deadline":
                new[key] = str(value or "")[:10] or None
            else:
                new[key] = str(value or "")
        titles = self._files.add_form(
            uploads or [], labels or [], by=caller.account, object_type="bug", object_id=bug_id
        )
        self._files.claim(str(values.get("uid") or ""), caller.session, str(new["steps"]), "bug", bug_id)
        extra = [Change("files", "", ",".join(titles))] if titles else []
        comment = "" if caller.api == "v1" else str(values.get("comment") or "")
        return self._save(caller, old, new, "edited", comment, always=bool(extra or comment), more=extra)

    def confirm(self, caller: Caller, bug_id: int, values: Mapping[str, Any]) -> Row:
        old = self.get(bug_id)
        new = {**old, "confirmed": 1}
        if caller.api == "v2":
            # The page's form is taken whole: what is left out is blanked, the status included.
            new |= {"status": str(values.get("status") or ""), "pri": number(values.get("pri"), 3)}
            new |= {"type": str(values.get("type") or ""), "deadline": None, "mailto": joined(values.get("mailto"))}
            new["assignedTo"] = str(values.get("assignedTo") or "")
        else:
            new["mailto"] = joined(values.get("mailto"))
            for key in ("type", "assignedTo"):
                if values.get(key):
                    new[key] = str(values[key])
            if values.get("pri"):
                new["pri"] = number(values["pri"])
        return self._save(caller, old, new, "bugconfirmed", str(values.get("comment") or ""))

    def assign(self, caller: Caller, bug_id: int, values: Mapping[str, Any]) -> Row:
        old = self.get(bug_id)
        assigned = str(values.get("assignedTo") or "")
        new = {**old, "assignedTo": assigned}
        if "mailto" in values:
            new["mailto"] = joined(values["mailto"])
        return self._save(caller, old, new, "assigned", str(values.get("comment") or ""), extra=assigned)

    def resolve(self, caller: Caller, bug_id: int, values: Mapping[str, Any]) -> Row:
        old = self.get(bug_id)
        resolution = str(values.get("resolution") or "")
        if not resolution:
            if caller.api == "v1":
                return old
            raise Refused({"resolution": [wording.required("解决方案")]})
        new = {
            **old,
            "status": "resolved",
            "resolution": resolution,
            "resolvedBuild": str(values.get("resolvedBuild") or ""),
            "resolvedBy": caller.account,
            "resolvedDate": stored(str(values.get("resolvedDate") or "")) or self._clock.local(),
            "assignedTo": str(values.get("assignedTo") or old["openedBy"]),
            "duplicateBug": number(values.get("duplicateBug")),
            "confirmed": 1,
        }
        return self._save(caller, old, new, "resolved", str(values.get("comment") or ""), extra=resolution)

    def close(self, caller: Caller, bug_id: int, values: Mapping[str, Any]) -> Row:
        old = self.get(bug_id)
        if caller.api == "v1" and not values:
            return old
        now = self._clock.local()
        new = {**old, "status": "closed", "closedBy": caller.account, "closedDate": now, "assignedTo": "closed"}
        return self._save(caller, old, new, "closed", str(values.get("comment") or ""))

    def activate(self, caller: Caller, bug_id: int, values: Mapping[str, Any]) -> Row:
        old = self.get(bug_id)
        if caller.api == "v1" and not values:
            return old
        now = self._clock.local()
        new = {
            **old,
            "status": "active",
            "activatedCount": int(old["activatedCount"]) + 1,
            "activatedDate": now,
            "assignedTo": str(values.get("assignedTo") or ""),
            "openedBuild": joined(values.get("openedBuild")) or old["openedBuild"],
            "resolvedBy": "",
            "resolution": "",
            "resolvedBuild": "",
            "resolvedDate": None,
            "closedBy": "",
            "closedDate": None,
        }
        return self._save(caller, old, new, "activated", str(values.get("comment") or ""))

    def _save(
        self,
        caller: Caller,
        old: Row,
        new: Row,
        action: str,
        comment: str,
        *,
        extra: str = "",
        always: bool = True,
        more: list[Change] | None = None,
    ) -> Row:
        now = self._clock.local()
        changes = [*changes_between(old, new, tuple(_SHOWN)), *(more or [])]
        if new["assignedTo"] != old["assignedTo"]:
            new["assignedDate"] = now
        new |= {"lastEditedBy": caller.account, "lastEditedDate": now}
        changed = {key: value for key, value in new.items() if value != old[key]}
        self._db.update("bug", int(old["id"]), **changed)
        if changes or always:
            text = self._rich(caller, comment, int(old["id"]))
            self._history.record(caller.account, "bug", new, action, comment=text, extra=extra, changes=changes)
        return self.get(int(old["id"]))

    def comment_text(self, caller: Caller, text: str, bug_id: int) -> str:
        return self._rich(caller, text, bug_id)

    def _rich(self, caller: Caller, text: str, bug_id: int, *, field: bool = False) -> str:
        return self._files.stored_text(
            text, by=caller.account, host=caller.host, object_type="bug", object_id=bug_id, field=field
        )

    def _title(self, text: str) -> str:
        if self._dialect.four_byte_text:
            return text
        return richtext.escaped_title(richtext.without_four_byte(text))

"""Tasks: creation, edits, hours, and (by inheritance) every transition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import richtext, wording
from .clock import EMPTY_TIME, stored
from .database import Row
from .errors import Refused
from .files import Upload
from .history import Change, changes_between
from .taskdesk import SHOWN, Caller
from .transitions import Transitions
from .values import day, hours, joined, number

_EDITABLE = frozenset(
    [
        "name",
        "type",
        "desc",
        "assignedTo",
        "pri",
        "estimate",
        "left",
        "consumed",
        "story",
        "parent",
        "module",
        "closedReason",
        "status",
        "estStarted",
        "deadline",
        "mailto",
        "keywords",
    ]
)
NAME_LENGTH = 255


class Tasks(Transitions):
    """The task part of ZenTao's model. Values come as a caller sent them; results are database rows."""

    def create(self, caller: Caller, execution_id: int, values: Mapping[str, Any]) -> Row:
        name = str(values.get("name") or "")
        if not name:
            raise Refused(
                {"name": [wording.required("任务名称")]} if caller.api == "v2" else wording.required("任务名称")
            )
        if len(name) > NAME_LENGTH:
            raise Refused({"name": ["『任务名称』长度应当不超过『255』，且大于『0』。"]})
        execution = self._places.execution(execution_id)
        if execution is None:
            raise Refused({"project": ["『所属项目』应当是数字。"]})
        start, deadline = day(values.get("estStarted")), day(values.get("deadline"))
        if start and deadline and deadline < start:
            message = f"『截止日期』应当不小于『{start}』。"
            raise Refused({"deadline": [message] if caller.api == "v2" else message})
        title = self.stored_title(name)
        if self._dialect.refuses_twin_titles and " " not in name and self._twin(execution_id, title):
            raise Refused(wording.TWIN_TASK)
        now = self._clock.local()
        assigned = str(values.get("assignedTo") or "")
        default_pri = 3 if self._dialect.has_v2 else 0
        task_id = self._db.insert(
            "task",
            project=execution["project"],
            execution=execution_id,
            module=number(values.get("module")),
            story=number(values.get("story")),
            name=title,
            type=str(values.get("type") or ""),
            pri=number(values.get("pri"), default_pri),
            estimate=hours(values.get("estimate")),
            left=hours(values.get("estimate")),
            estStarted=start or None,
            deadline=deadline or None,
            mailto=joined(values.get("mailto")),
            keywords=str(values.get("keywords") or ""),
            openedBy=caller.account,
            openedDate=now,
            assignedTo=assigned,
            assignedDate=now if assigned else None,
        )
        text = self._rich(caller, str(values.get("desc") or ""), task_id, field=True)
        self._db.update("task", task_id, desc=text)
        self._files.claim(str(values.get("uid") or ""), caller.session, text, "task", task_id)
        task = self.get(task_id)
        self._history.record(caller.account, "task", task, "opened", link_host=self._link(caller))
        if assigned and self._dialect.has_v2:
            self._history.record(caller.account, "task", task, "assigned", extra=assigned, link_host=self._link(caller))
        return self.get(task_id)

    def _twin(self, execution_id: int, title: str) -> bool:
        latest = self._db.value(
            "SELECT MAX(openedDate) FROM task WHERE execution = ? AND name = ? AND deleted = 0", execution_id, title
        )
        return bool(latest) and self._clock.seconds_since(latest) < 30

    # edit

    def edit(
        self,
        caller: Caller,
        task_id: int,
        values: Mapping[str, Any],
        *,
        uploads: list[Upload] | None = None,
        labels: list[str] | None = None,
    ) -> Row:
        """Change fields. Raises ``Refused`` where the version reports it; 18.8's v1 silently leaves the task alone."""
        old = self.get(task_id)
        new = dict(old)
        sent = {key: value for key, value in values.items() if key in _EDITABLE}
        if caller.api == "v2":
            _refuse_inconsistent(old, sent)
            if "name" not in sent:
                new["name"] = richtext.damaged_task_text(old["name"])
            if "desc" not in sent:
                new["desc"] = richtext.damaged_task_text(old["desc"])
        if "name" in sent and not str(sent["name"] or ""):
            if caller.api == "v1":
                return old
            raise Refused({"name": [wording.required("任务名称")]})
        status = str(sent.get("status", old["status"]))
        if not self._dialect.has_v2 and status not in wording.TASK_STATUS:
            return old
        if "consumed" in sent and hours(sent["consumed"]) < float(old["consumed"]):
            if caller.api == "v1":
                return old
            raise Refused({"consumed": [wording.LESS_CONSUMED]})
        for key, value in sent.items():
            new[key] = self._edited_value(caller, task_id, key, value)
        self._follow_status(caller, old, new, status)
        if not self._dialect.has_v2:
            new["realStarted"] = EMPTY_TIME  # any edit of 18.8 through v1 or the page's form loses the start
        if caller.api == "page" and values.get("realStarted"):
            new["realStarted"] = stored(str(values["realStarted"]))
        if (new["name"], new["desc"]) != (old["name"], old["desc"]):
            new["version"] = int(old["version"]) + 1
        changes = changes_between(old, new, SHOWN)
        new |= {"lastEditedBy": caller.account, "lastEditedDate": self._clock.local()}
        self._save(old, new)
        self._files.claim(str(values.get("uid") or ""), caller.session, str(new["desc"]), "task", task_id)
        comment = "" if caller.api == "v1" else self._rich(caller, str(values.get("comment") or ""), task_id)
        titles = self._files.add_form(
            uploads or [], labels or [], by=caller.account, object_type="task", object_id=task_id
        )
        if titles:
            changes.append(Change("files", "", ",".join(titles)))
        if changes or comment:
            self._record(caller, new, "edited", comment, changes)
        return self.get(task_id)

    def _edited_value(self, caller: Caller, task_id: int, key: str, value: Any) -> Any:
        if key == "name":
            return self.stored_title(str(value or ""))
        if key == "desc":
            return self._rich(caller, str(value or ""), task_id, field=True)
        if key in ("estimate", "consumed", "left"):
            return hours(value)
        if key in ("pri", "module", "story", "parent"):
            return number(value)
        if key in ("estStarted", "deadline"):
            return day(value) or None
        if key == "mailto":
            return joined(value)
        return str(value or "")

    def _follow_status(self, caller: Caller, old: Row, new: Row, status: str) -> None:
        if status == old["status"]:
            return
        now = self._clock.local()
        if status == "done":
            new |= {"finishedBy": caller.account, "finishedDate": now}
        elif status == "cancel":
            new |= {
                "canceledBy": caller.account,
                "canceledDate": now,
                "assignedTo": old["openedBy"],
                "assignedDate": now,
            }
            if self._dialect.has_v2:
                new["realStarted"] = None
        elif status == "closed":
            new |= {"closedBy": caller.account, "closedDate": now}
        if new["assignedTo"] != old["assignedTo"]:
            new["assignedDate"] = now

    def delete(self, caller: Caller, task_id: int) -> None:
        """Mark as deleted; an unknown id is no error in v1."""
        found = self._db.get("task", task_id)
        if found:
            self._db.update("task", task_id, deleted=1)
            self._history.record(caller.account, "task", found, "deleted")

    def log_effort(self, caller: Caller, task_id: int, rows: list[Mapping[str, Any]]) -> Row:
        """Book hours: ``rows`` have ``date, consumed, left, work``; ``left`` 0 or missing finishes the task."""
        for row in rows:
            task = self.get(task_id)
            consumed, left = hours(row.get("consumed")), hours(row.get("left"))
            day = str(row.get("date") or "")
            if not consumed or day > self._clock.today():
                continue
            self._add_effort(caller, task, consumed, left, work=str(row.get("work") or ""), day=day)
            new = dict(task)
            action = "recordworkhour" if self._dialect.has_v2 else "recordestimate"
            now = self._clock.local()
            if not left:
                action = "finished"
                new |= {"status": "done", "finishedBy": caller.account, "finishedDate": now, "left": 0.0}
                new |= {
                    "consumed": float(task["consumed"]) + consumed,
                    "assignedTo": task["openedBy"],
                    "assignedDate": now,
                }
                new["realStarted"] = task["realStarted"] or now
            else:
                if task["status"] == "wait":
                    action = "started"
                    new |= {"status": "doing", "realStarted": now}
                elif task["status"] in ("done", "closed"):
                    action = "activated"
                    new |= {"status": "doing", "finishedBy": "", "finishedDate": None}
                if self._dialect.has_v2:  # on PHP 8.1+ 18.8 keeps the row and forgets the totals
                    new |= {"consumed": float(task["consumed"]) + consumed, "left": left}
            new |= {"lastEditedBy": caller.account, "lastEditedDate": now}
            self._save(task, new)
            changes = self._told(task, new)
            self._history.record(
                caller.account,
                "task",
                new,
                action,
                comment=richtext.sanitise(str(row.get("work") or "")),
                extra=f"{consumed:g}",
                changes=changes,
            )
        return self.get(task_id)

    def effort(self, task_id: int) -> list[Row]:
        return self._db.rows("SELECT * FROM effort WHERE task = ? ORDER BY id DESC", task_id)


def _refuse_inconsistent(old: Row, sent: Mapping[str, Any]) -> None:
    status = str(sent.get("status", old["status"]))
    if status in ("wait", "doing", "pause") and old["finishedBy"]:
        raise Refused({"finishedBy": ["『由谁完成』必须为空。"], "finishedDate": ["『实际完成』必须为空。"]})

"""Tasks: creation, edits and every transition with the traps of both versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from . import richtext, wording
from .accounts import Accounts
from .clock import EMPTY_TIME, Clock, stored
from .database import Database, Row
from .dialect import Dialect
from .errors import Missing, Refused
from .files import Files, Upload
from .history import Change, History, changes_between
from .places import Places

Api = Literal["v1", "v2", "page"]

_SHOWN = (
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
_UNTOLD = ("canceledDate", "closedDate", "activatedDate")  # dates that a transition's history leaves out
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


@dataclass(frozen=True)
class Caller:
    """Who acts, through which API, and where the request came to (``http://host``)."""

    account: str
    api: Api
    host: str = ""
    session: str = ""


class Tasks:
    """The task part of ZenTao's model. Values come as a caller sent them; results are database rows."""

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

    # create

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
        start, deadline = _day(values.get("estStarted")), _day(values.get("deadline"))
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
            module=_number(values.get("module")),
            story=_number(values.get("story")),
            name=title,
            type=str(values.get("type") or ""),
            pri=_number(values.get("pri"), default_pri),
            estimate=_hours(values.get("estimate")),
            left=_hours(values.get("estimate")),
            estStarted=start or None,
            deadline=deadline or None,
            mailto=_people(values.get("mailto")),
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
        if "consumed" in sent and _hours(sent["consumed"]) < float(old["consumed"]):
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
        changes = changes_between(old, new, _SHOWN)
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
            return _hours(value)
        if key in ("pri", "module", "story", "parent"):
            return _number(value)
        if key in ("estStarted", "deadline"):
            return _day(value) or None
        if key == "mailto":
            return _people(value)
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

    # transitions

    def start(self, caller: Caller, task_id: int, values: Mapping[str, Any]) -> Row:
        old = self.get(task_id)
        if old["status"] == "doing":
            raise Refused([wording.ALREADY_STARTED])
        consumed, left = _hours(values.get("consumed")), _hours(values.get("left"))
        if self._dialect.start_needs_hours and not consumed and not left:
            raise Refused({"message": wording.ZERO_HOURS})
        if consumed < float(old["consumed"]):
            raise Refused({"consumed": wording.LESS_CONSUMED})
        now = self._clock.local()
        started = stored(str(values.get("realStarted") or ""))
        if started is None and caller.api != "v2":
            started = now
        new = {**old, "status": "doing", "consumed": consumed, "realStarted": started}
        if "left" in values:
            new["left"] = left
        self._hand_over(old, new, values, keep=self._dialect.start_keeps_assignee)
        action = "started"
        if not left:  # nothing left to do: ZenTao takes the task for finished
            action = "finished"
            new |= {"status": "done", "finishedBy": caller.account, "finishedDate": now}
            new |= {"assignedTo": old["openedBy"], "assignedDate": now}
        self._add_effort(caller, old, consumed - float(old["consumed"]), left, work=str(values.get("comment") or ""))
        self._places.begin_work(int(old["execution"]))
        return self._transition(caller, old, new, action, values)

    def pause(self, caller: Caller, task_id: int, values: Mapping[str, Any]) -> Row:
        old = self.get(task_id)
        if self._swallows(caller, values):
            return old
        return self._transition(caller, old, {**old, "status": "pause"}, "paused", values)

    def restart(self, caller: Caller, task_id: int, values: Mapping[str, Any]) -> Row:
        old = self.get(task_id)
        if caller.api == "v1":
            for key, label in (("consumed", "总计消耗"), ("left", "预计剩余")):
                if values.get(key) in (None, ""):
                    raise Refused(wording.required(label))
        consumed, left = _hours(values.get("consumed")), _hours(values.get("left"))
        if not consumed and not left:
            raise Refused({"message": wording.ZERO_HOURS})
        if consumed < float(old["consumed"]):
            raise Refused({"consumed": wording.LESS_CONSUMED})
        new = {**old, "status": "doing", "consumed": consumed, "left": left}
        self._hand_over(old, new, values, keep=caller.api != "v2")
        if not left:
            new |= {"status": "done", "finishedBy": caller.account, "finishedDate": self._clock.local()}
        self._add_effort(caller, old, consumed - float(old["consumed"]), left, work=str(values.get("comment") or ""))
        return self._transition(caller, old, new, "restarted", values)

    def finish(
        self,
        caller: Caller,
        task_id: int,
        values: Mapping[str, Any],
        *,
        uploads: list[Upload] | None = None,
        labels: list[str] | None = None,
    ) -> Row:
        old = self.get(task_id)
        current = _hours(values.get("currentConsumed"))
        started = stored(str(values.get("realStarted") or ""))
        finished = stored(str(values.get("finishedDate") or ""))
        known_start = None if str(old["realStarted"] or "").startswith("0000") else old["realStarted"]
        total = float(old["consumed"]) + current
        if caller.api == "v2":
            problems: dict[str, list[str]] = {}
            if not started:
                problems["realStarted"] = [wording.required("实际开始")]
            if not total:
                problems["currentConsumed"] = [wording.ZERO_TOTAL]
            if not finished:
                problems["finishedDate"] = [wording.required("实际完成")]
            if problems:
                raise Refused(problems)
        elif not finished:
            raise Refused(wording.required("实际完成"))
        if not total:
            raise Refused([wording.ZERO_TOTAL])
        begun = started or known_start
        if not begun:
            raise Refused([wording.START_EMPTY])
        assert finished is not None
        if finished < begun:
            raise Refused([wording.END_BEFORE_START])
        new = {
            **old,
            "status": "done",
            "consumed": total,
            "left": 0.0,
            "realStarted": begun,
            "finishedBy": caller.account,
            "finishedDate": finished,
        }
        self._hand_over(old, new, values, keep=True)
        if caller.api == "v2" and not values.get("assignedTo"):
            new |= {"assignedTo": old["openedBy"], "assignedDate": self._clock.local()}
        self._add_effort(caller, old, current, 0, work=str(values.get("comment") or ""))
        titles = self._files.add_form(
            uploads or [], labels or [], by=caller.account, object_type="task", object_id=task_id
        )
        lead = f"上传了附件 {','.join(titles)}\n" if titles else ""
        return self._transition(caller, old, new, "finished", values, lead=lead)

    def close(self, caller: Caller, task_id: int, values: Mapping[str, Any]) -> Row:
        old = self.get(task_id)
        if self._swallows(caller, values):
            return old
        now = self._clock.local()
        reason = old["status"] if old["status"] in ("done", "cancel") else old["closedReason"]
        closed = {"status": "closed", "closedBy": caller.account, "closedDate": now, "closedReason": reason}
        new = {**old, **closed, "assignedTo": "closed", "assignedDate": now}
        return self._transition(caller, old, new, "closed", values)

    def activate(self, caller: Caller, task_id: int, values: Mapping[str, Any]) -> Row:
        old = self.get(task_id)
        left = _hours(values.get("left"))
        if not left:
            if caller.api == "v1":
                return old
            raise Refused({"left": [wording.required("预计剩余")]})
        now = self._clock.local()
        cleared = {"finishedBy": "", "finishedDate": None, "canceledBy": "", "canceledDate": None}
        new = {
            **old,
            **cleared,
            "closedBy": "",
            "closedDate": None,
            "closedReason": "",
            "status": "doing",
            "left": left,
        }
        new |= {"activatedDate": now, "assignedTo": str(values.get("assignedTo") or ""), "assignedDate": now}
        return self._transition(caller, old, new, "activated", values)

    def cancel(self, caller: Caller, task_id: int, values: Mapping[str, Any]) -> Row:
        old = self.get(task_id)
        now = self._clock.local()
        new = {**old, "status": "cancel", "canceledBy": caller.account, "canceledDate": now}
        new |= {"assignedTo": old["openedBy"], "assignedDate": now, "finishedBy": "", "finishedDate": None}
        return self._transition(caller, old, new, "canceled", values)

    def assign(self, caller: Caller, task_id: int, values: Mapping[str, Any]) -> Row:
        if caller.api == "v1" and not values.get("assignedTo"):
            raise Refused(wording.required("指派给"))
        old = self.get(task_id)
        assigned = str(values.get("assignedTo") or "")
        new = {**old, "assignedTo": assigned, "assignedDate": self._clock.local()}
        if "left" in values:
            new["left"] = _hours(values["left"])
        return self._transition(caller, old, new, "assigned", values, extra=assigned)

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
            consumed, left = _hours(row.get("consumed")), _hours(row.get("left"))
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

    # shared

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
        return changes_between(old, new, tuple(name for name in _SHOWN if name not in untold))

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


def _refuse_inconsistent(old: Row, sent: Mapping[str, Any]) -> None:
    status = str(sent.get("status", old["status"]))
    if status in ("wait", "doing", "pause") and old["finishedBy"]:
        raise Refused({"finishedBy": ["『由谁完成』必须为空。"], "finishedDate": ["『实际完成』必须为空。"]})


def _number(value: object, default: int = 0) -> int:
    try:
        return int(str(value)) if value not in (None, "") else default
    except ValueError:
        return default


def _hours(value: object) -> float:
    try:
        return float(str(value)) if value not in (None, "") else 0.0
    except ValueError:
        return 0.0


def _day(value: object) -> str:
    return str(value or "").strip()[:10]


def _people(value: object) -> str:
    if isinstance(value, list):
        return ",".join(str(one) for one in value if one)
    return str(value or "")

"""The transitions of a task, with the traps of both versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import wording
from .clock import stored
from .database import Row
from .errors import Refused
from .files import Upload
from .taskdesk import Caller, TaskDesk
from .values import hours


class Transitions(TaskDesk):
    """Start, pause, restart, finish, close, activate, cancel, assign."""

    def start(self, caller: Caller, task_id: int, values: Mapping[str, Any]) -> Row:
        old = self.get(task_id)
        if old["status"] == "doing":
            raise Refused([wording.ALREADY_STARTED])
        consumed, left = hours(values.get("consumed")), hours(values.get("left"))
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
        consumed, left = hours(values.get("consumed")), hours(values.get("left"))
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
        current = hours(values.get("currentConsumed"))
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
        left = hours(values.get("left"))
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
            new["left"] = hours(values["left"])
        return self._transition(caller, old, new, "assigned", values, extra=assigned)

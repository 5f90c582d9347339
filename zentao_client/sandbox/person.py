"""Acting as a human at ZenTao's own pages, without HTTP: what a colleague does while the robot works."""

from __future__ import annotations

from typing import Any

from .database import Row
from .legacy_tasks import comment
from .site import Site
from .taskdesk import Caller


class Person:
    """One account at work. Every deed has its real effects: history, webhooks, times.

    Hours are numbers, texts are HTML, ids are task ids. Refusals raise :class:`zentao_client.sandbox.errors.Refused`.
    """

    def __init__(self, site: Site, account: str, host: str) -> None:
        self._site = site
        self.account = account
        self._caller = Caller(account, "page", host)

    def create_task(
        self, execution: int, name: str, *, description: str = "", assigned_to: str = "", **more: Any
    ) -> int:
        values = {
            "name": name,
            "type": "devel",
            "pri": 3,
            "estimate": 1,
            "desc": description,
            "assignedTo": assigned_to,
        }
        return int(self._site.tasks.create(self._caller, execution, values | more)["id"])

    def edit_task(self, task: int, **fields: Any) -> Row:
        old = self._site.tasks.get(task)
        return self._site.tasks.edit(self._caller, task, {"realStarted": old["realStarted"] or "", **fields})

    def start_task(self, task: int, *, left: float = 1, consumed: float | None = None, comment: str = "") -> Row:
        old = self._site.tasks.get(task)
        hours = float(old["consumed"]) if consumed is None else consumed
        values = {"left": left, "consumed": hours, "assignedTo": old["assignedTo"], "comment": comment}
        return self._site.tasks.start(self._caller, task, values)

    def pause_task(self, task: int, *, comment: str = "") -> Row:
        return self._site.tasks.pause(self._caller, task, {"comment": comment})

    def restart_task(self, task: int, *, left: float = 1, comment: str = "") -> Row:
        old = self._site.tasks.get(task)
        values = {"left": left, "consumed": old["consumed"], "assignedTo": old["assignedTo"], "comment": comment}
        return self._site.tasks.restart(self._caller, task, values)

    def finish_task(self, task: int, *, consumed: float = 1, comment: str = "") -> Row:
        old = self._site.tasks.get(task)
        now = self._site.clock.local()
        values = {"currentConsumed": consumed, "finishedDate": now, "comment": comment}
        values["realStarted"] = old["realStarted"] if not str(old["realStarted"] or "0").startswith("0") else now
        return self._site.tasks.finish(self._caller, task, values)

    def close_task(self, task: int, *, comment: str = "") -> Row:
        return self._site.tasks.close(self._caller, task, {"comment": comment})

    def cancel_task(self, task: int, *, comment: str = "") -> Row:
        return self._site.tasks.cancel(self._caller, task, {"comment": comment})

    def activate_task(self, task: int, *, left: float = 1, assigned_to: str = "", comment: str = "") -> Row:
        values = {"left": left, "assignedTo": assigned_to, "comment": comment}
        return self._site.tasks.activate(self._caller, task, values)

    def assign_task(self, task: int, account: str, *, comment: str = "") -> Row:
        return self._site.tasks.assign(self._caller, task, {"assignedTo": account, "comment": comment})

    def delete_task(self, task: int) -> None:
        self._site.tasks.delete(self._caller, task)

    def comment(self, object_type: str, object_id: int, html: str) -> int | None:
        return comment(self._site, self._caller, object_type, object_id, html)

    def create_bug(self, product: int, title: str, **fields: Any) -> int:
        values = {"title": title, "severity": 3, "pri": 3, "type": "codeerror", "openedBuild": ["trunk"], **fields}
        return int(self._site.bugs.create(self._caller, product, values)["id"])

    def resolve_bug(self, bug: int, *, resolution: str = "fixed", comment: str = "") -> Row:
        values = {"resolution": resolution, "resolvedBuild": "trunk", "comment": comment}
        return self._site.bugs.resolve(self._caller, bug, values)

    def close_bug(self, bug: int, *, comment: str = "") -> Row:
        return self._site.bugs.close(self._caller, bug, {"comment": comment})

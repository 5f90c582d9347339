"""Tasks (任务): find, read, create, edit, and every transition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from zentao_client.confirm import confirmed
from zentao_client.core import Core
from zentao_client.errors import Forbidden, NotFound, Rejected, Unsupported
from zentao_client.files import Files
from zentao_client.history import TARGETS
from zentao_client.models import Page, Task, Upload
from zentao_client.remainder import attach_rest, continuation, still_missing
from zentao_client.taskrules import ACTIONS, EDITABLE, SOURCES, check_left, check_order, editable, fitting, if_edited
from zentao_client.text import readable
from zentao_client.ways import first
from zentao_client.ways.moving import Body, Verb, hours_left
from zentao_client.ways.searching import TaskQuery


class Tasks:
    """`zentao.tasks`.

    A transition reads the task first. If the task is in the target status already, nothing is sent and the
    result has `already` set. Otherwise the result is the task as it was read back, with the new entry in its
    `actions`. Transitions raise `Rejected` for a status that they don't start from, and for what ZenTao
    refuses.

    A comment or description beyond ZenTao's limit goes on in a file of the task where the server takes one
    (22.x always, 18.x when finishing); elsewhere the rest comes back as `remainder`.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._files = Files(core)

    def search(
        self,
        *,
        assigned_to: str | None = None,
        status: Sequence[str] = (),
        name: str | None = None,
        ids: Sequence[int] = (),
        order: str = "lastEditedDate_desc",
        limit: int = 50,
        page: int = 1,
    ) -> Page[Task]:
        """One page of the tasks that the account sees, over all executions; filters are joined with "and".

        `name` is a part of the name. `order` is a field and `_asc` or `_desc`; by `lastEditedDate`, tasks
        that were never edited come last. Comments don't change that date. One request.
        """
        check_order(order)
        if (page - 1) * limit < 0 or limit < 1:
            raise ValueError(f"no such page: {page} of {limit}")
        query = TaskQuery(assigned_to, status, name, ids, order, limit, page)
        raws, total = first(self._core.ways.searches, lambda way: way.search(query))
        # Past its end ZenTao gives the last page once more.
        beyond = page > 1 and (page - 1) * limit >= total
        found = () if beyond else tuple(self._core.parser.task(raw) for raw in raws)
        return Page(found, total, page, limit)

    def get(self, task_id: int) -> Task:
        """The task with its files and history. A deleted one comes with `deleted` set, where the server shows
        it.
        """
        return self._core.reader.task(task_id)

    def create(
        self,
        execution: int,
        name: str,
        *,
        type: str = "devel",
        description: str = "",
        assigned_to: str | None = None,
        pri: int = 3,
        estimate: float = 0,
        est_started: date | None = None,
        deadline: date | None = None,
    ) -> Task:
        """Create a task. `description` is HTML. There is no duplicate check worth the name: look before."""
        fitted = fitting(description)
        today = self._core.reader.now().astimezone(self._core.info.timezone).date()
        begin = est_started or today
        fields: dict[str, Any] = {
            "name": readable(name),
            "type": type,
            "desc": fitted.html,
            "assignedTo": assigned_to or "",
            "pri": pri,
            "estimate": estimate,
            "estStarted": begin.isoformat(),
            "deadline": (deadline or max(begin, today)).isoformat(),
        }
        newest = self._newest_named(execution, fields["name"])
        made: list[int] = []

        def look() -> Task | None:
            found = made[0] if made else self._newest_named(execution, fields["name"])
            return self.get(found) if found > newest else None

        task = confirmed(
            f"creating task {name!r}",
            lambda: made.append(first(self._core.ways.makes, lambda way: way.make(execution, fields))),
            look,
        )
        return self._continued(task, continuation("description", fitted))

    def edit(self, task_id: int, **fields: Any) -> Task:
        """Change single fields: name, description, type, pri, estimate, left, est_started, deadline."""
        unknown = set(fields) - set(EDITABLE)
        if unknown:
            raise ValueError(f"tasks.edit does not change {', '.join(sorted(unknown))}")
        before = self.get(task_id)
        self._must_exist(before)
        body = {EDITABLE[key]: editable(key, value) for key, value in fields.items()}
        after = confirmed(
            f"editing task {task_id}",
            lambda: first(self._core.ways.edits, lambda way: way.edit(task_id, body)),
            lambda: if_edited(self.get(task_id), fields, before),
        )
        return self._continued(after, continuation("description", fitting(str(fields.get("description", "")))))

    def assign(self, task_id: int, account: str, *, comment: str = "") -> Task:
        """Assign the task; `already` is set if it is assigned so. Raises `Rejected` for an unknown account."""
        before = self.get(task_id)
        self._must_exist(before)
        if before.assigned_to == account:
            return replace(before, already=True)
        self._check_account(account)
        body: Body = {"assignedTo": account, **hours_left(before.left)}
        return self._send(before, "assign", body, comment, lambda after: after.assigned_to == account)

    def start(self, task_id: int, *, left: float, consumed: float = 0, comment: str = "") -> Task:
        """未开始 → 进行中. `left` are the hours still to go: more than 0, or ZenTao would finish the task."""
        check_left(left)
        return self._move(
            task_id,
            "start",
            lambda task: {
                "left": left,
                "consumed": consumed,
                "realStarted": self._now(),
                "assignedTo": task.assigned_to or "",
            },
            comment,
        )

    def pause(self, task_id: int, *, comment: str = "") -> Task:
        """进行中 → 已暂停."""
        return self._move(task_id, "pause", lambda _: {}, comment)

    def restart(self, task_id: int, *, left: float, consumed: float | None = None, comment: str = "") -> Task:
        """已暂停 → 进行中. `consumed` is the total so far; None keeps it."""
        check_left(left)
        return self._move(
            task_id,
            "restart",
            lambda task: {
                "left": left,
                "consumed": task.consumed if consumed is None else consumed,
                "assignedTo": task.assigned_to or "",
            },
            comment,
        )

    def finish(
        self,
        task_id: int,
        *,
        consumed: float,
        started: datetime | None = None,
        finished: datetime | None = None,
        assigned_to: str | None = None,
        comment: str = "",
        files: Sequence[Upload] = (),
    ) -> Task:
        """未开始, 进行中 or 已暂停 → 已完成.

        `consumed` are the hours of this time alone, added to the total, which must not stay 0. Without
        `assigned_to` the assignee stays. The files come with it, so name them uniquely: on 22.x one that lies
        there already under the same name with the same size is not sent again.
        """
        end = finished or self._core.reader.now()

        def body(task: Task) -> Body:
            begin = started or task.real_started or end - timedelta(hours=consumed)
            return {
                "currentConsumed": consumed,
                "consumed": task.consumed + consumed,
                "realStarted": self._core.parser.wall_clock(min(begin, end)),
                "finishedDate": self._core.parser.wall_clock(end),
                "assignedTo": assigned_to or task.assigned_to or task.opened_by or "",
            }

        return self._move(task_id, "finish", body, comment, files)

    def close(self, task_id: int, *, comment: str = "") -> Task:
        """Any open or finished status → 已关闭."""
        return self._move(task_id, "close", lambda _: {}, comment)

    def activate(self, task_id: int, *, left: float, assigned_to: str | None = None, comment: str = "") -> Task:
        """已完成, 已取消 or 已关闭 → 进行中. Without `assigned_to` the assignee stays, if there is one."""
        check_left(left)
        return self._move(
            task_id,
            "activate",
            lambda task: {"left": left, "assignedTo": assigned_to or task.assigned_to or ""},
            comment,
        )

    def cancel(self, task_id: int, *, comment: str = "") -> Task:
        """未开始, 进行中 or 已暂停 → 已取消."""
        return self._move(task_id, "cancel", lambda _: {}, comment)

    def _move(
        self, task_id: int, verb: Verb, body: Callable[[Task], Body], comment: str, files: Sequence[Upload] = ()
    ) -> Task:
        before = self.get(task_id)
        self._must_exist(before)
        target = TARGETS["task"][ACTIONS[verb]]
        if before.status == target:
            return replace(before, already=True)
        if before.status not in SOURCES[verb]:
            raise Rejected([f"task {task_id} is {before.status!r}; {verb} starts from {', '.join(SOURCES[verb])}"])
        return self._send(before, verb, body(before), comment, lambda _: True, files)

    def _send(
        self,
        before: Task,
        verb: Verb,
        body: Body,
        comment: str,
        holds: Callable[[Task], bool],
        files: Sequence[Upload] = (),
    ) -> Task:
        newest = max((action.id for action in before.actions), default=0)
        names = {ACTIONS[verb], *(["edited"] if verb == "assign" else [])}
        fitted = fitting(comment)
        rest = continuation("comment", fitted)
        full = {**body, "comment": fitted.html}

        def send() -> None:
            try:
                first(self._core.ways.moves, lambda way: way.move(before, verb, full, (*files, *rest)))
            except Unsupported:
                if not rest:
                    raise
                # No way takes a file: the comment's rest is handed back.
                first(self._core.ways.moves, lambda way: way.move(before, verb, full, files))

        def look() -> Task | None:
            after = self.get(before.id)
            ours = any(
                action.id > newest and action.name in names and self._core.is_me(action.actor)
                for action in after.actions
            )
            return after if ours and holds(after) else None

        moved = confirmed(f"{verb} of task {before.id}", send, look)
        return replace(moved, remainder=still_missing(rest, moved.files))

    def _continued(self, task: Task, rest: tuple[Upload, ...]) -> Task:
        """The task with a description's rest attached, or handed back where the server takes no file."""
        if still_missing(rest, task.files):
            more = attach_rest(self._files, "task", task.id, rest)
            task = replace(task, files=(*task.files, *more))
        return replace(task, remainder=still_missing(rest, task.files))

    def _newest_named(self, execution: int, name: str) -> int:
        found = self.search(name=name, order="id_desc", limit=20)
        return max((task.id for task in found if task.name == name and task.execution == execution), default=0)

    def _check_account(self, account: str) -> None:
        # The API v1 assigns to anybody, also to nobody. Who may not look users up has to trust the name.
        try:
            self._core.session.v1("GET", f"/users/{quote(account, safe='')}")
        except NotFound:
            raise Rejected([f"there is no user {account!r}"]) from None
        except (Rejected, Forbidden):
            return

    @staticmethod
    def _must_exist(task: Task) -> None:
        if task.deleted:
            raise NotFound(f"task {task.id} was deleted")

    def _now(self) -> str:
        return self._core.parser.wall_clock(self._core.reader.now())

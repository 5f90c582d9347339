"""A ZenTao in memory for tests of pure order: what is edited when, and what a search shows of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from zentao_client import Action, NotFound, Page, StatusChange, Task

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TITLE = "【IndexTTS2-V23部署】"


def action(
    number: int,
    at: datetime,
    change: tuple[str, str] | None = None,
    *,
    actor: str | None = "pm",
    comment: str = "",
    complete: bool = True,
) -> Action:
    return Action(
        id=number,
        date=at,
        name="edited" if change is None else "started",
        actor=actor,
        actor_name=actor or "产品经理",
        comment=comment,
        status_change=None if change is None else StatusChange(*change),
        changes_complete=complete,
    )


def task(number: int = 8, actions: Sequence[Action] = (), **fields: object) -> Task:
    values: dict[str, object] = {
        "id": number,
        "name": TITLE,
        "status": "doing",
        "execution": 3,
        "project": 2,
        "type": "devel",
        "pri": 3,
        "description": "<p>主机: gpu-01</p>",
        "assigned_to": None,
        "opened_by": "pm",
        "consumed": 0.0,
        "left": 1.0,
        "estimate": 1.0,
        "last_edited": max((each.date for each in actions), default=None),
        "actions": tuple(actions),
    }
    return Task(**{**values, **fields})  # type: ignore[arg-type]


class FakeServer:
    def __init__(self) -> None:
        self.clock_skew = timedelta()


class FakeTasks:
    """Searches as ZenTao does: newest edit first, never edited last, the last page again past the end."""

    def __init__(self) -> None:
        self.all: dict[int, Task] = {}
        self.searches = 0
        self.reads: list[int] = []
        self.before_get: Callable[[int], None] = lambda _: None
        self.before_search: Callable[[], None] = lambda: None

    def put(self, *tasks: Task) -> None:
        self.all.update({each.id: each for each in tasks})

    def search(self, *, ids: Iterable[int] = (), order: str = "", limit: int = 50, page: int = 1) -> Page[Task]:
        self.searches += 1
        self.before_search()
        wanted = set(ids) or set(self.all)
        assert order in ("", "lastEditedDate_desc")
        none = datetime.min.replace(tzinfo=UTC)
        found = sorted(
            (replace(self.all[each], actions=()) for each in wanted & set(self.all)),
            key=lambda each: (each.last_edited or none, each.id),
            reverse=True,
        )
        last = max(1, -(-len(found) // limit))
        begin = (min(page, last) - 1) * limit
        return Page(items=tuple(found[begin : begin + limit]), total=len(found), page=page, limit=limit)

    def get(self, task_id: int) -> Task:
        self.reads.append(task_id)
        self.before_get(task_id)
        if task_id not in self.all:
            raise NotFound(f"task {task_id}")
        return self.all[task_id]


class FakeZentao:
    def __init__(self) -> None:
        self.server = FakeServer()
        self.tasks = FakeTasks()

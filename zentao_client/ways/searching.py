"""Ways to search tasks over all executions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from zentao_client.errors import BadReply
from zentao_client.parse import Raw, integer, rows
from zentao_client.session import Session


@dataclass(frozen=True, slots=True)
class TaskQuery:
    """What to look for; filters are joined with "and". `order` is a field and `_asc` or `_desc`."""

    assigned_to: str | None
    status: Sequence[str]
    name: str | None
    ids: Sequence[int]
    order: str
    limit: int
    page: int


class TaskSearchWay(Protocol):
    """Finds one page of tasks."""

    @property
    def name(self) -> str:
        """How this way is called in reports."""

    def search(self, query: TaskQuery) -> tuple[list[Raw], int]:
        """The page's tasks, and how many match in all. Past the end, ZenTao gives its last page once more."""


class V1TaskSearch:
    """GET /tasks?search=1 of the API v1, on every version: one request, and the account's own view."""

    name = "v1 search=1"

    def __init__(self, session: Session) -> None:
        self._session = session

    def search(self, query: TaskQuery) -> tuple[list[Raw], int]:
        """Ask with the filters that are set."""
        params = [("search", "1"), ("order", query.order), ("limit", str(query.limit)), ("page", str(query.page))]
        if query.assigned_to is not None:
            params.append(("assignedTo", query.assigned_to))
        if query.status:
            params.append(("status", ",".join(query.status)))
        if query.name is not None:
            params.append(("name", query.name))
        if query.ids:
            params.append(("id", ",".join(str(one) for one in query.ids)))
        content = self._session.v1("GET", "/tasks", params=params)
        if not isinstance(content, dict) or "tasks" not in content or "total" not in content:
            raise BadReply("a search without its envelope", str(content).encode())
        return rows(content["tasks"]), integer(content["total"])

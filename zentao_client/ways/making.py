"""Ways to create a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from zentao_client.errors import BadReply
from zentao_client.parse import integer
from zentao_client.session import Session


class MakeWay(Protocol):
    """Creates a task. Success still has to be read back."""

    @property
    def name(self) -> str:
        """How this way is called in reports."""

    def make(self, execution: int, fields: Mapping[str, Any]) -> int:
        """The new task's id."""


class V1Makes:
    """POST /executions/:id/tasks of the API v1."""

    name = "v1"

    def __init__(self, session: Session) -> None:
        self._session = session

    def make(self, execution: int, fields: Mapping[str, Any]) -> int:
        """Send the fields; an empty assignee is left out, since 18.x then creates nothing and says 201."""
        body = {key: value for key, value in fields.items() if key != "assignedTo" or value}
        content = self._session.v1("POST", f"/executions/{execution}/tasks", json=body)
        return _new_id(content)


class V2Makes:
    """POST /tasks of the API v2."""

    name = "v2"

    def __init__(self, session: Session) -> None:
        self._session = session

    def make(self, execution: int, fields: Mapping[str, Any]) -> int:
        """Send the fields with the execution, without which the task would land in the one used last."""
        body = {"execution": execution, **fields}
        return _new_id(self._session.v2("POST", "/tasks", json=body, expect="id"))


def _new_id(content: Any) -> int:
    new_id = integer(content.get("id")) if isinstance(content, dict) else 0
    if not new_id:
        raise BadReply("a new task without its id", str(content).encode())
    return new_id

"""Ways to change single fields of a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from zentao_client.session import Session


class EditWay(Protocol):
    """Changes fields. Success still has to be read back."""

    @property
    def name(self) -> str:
        """How this way is called in reports."""

    def edit(self, task_id: int, fields: Mapping[str, Any]) -> None:
        """Change these fields, named as ZenTao names them, and no other."""


class V1Edits:
    """PUT /tasks/:id of the API v1, on every version: the API v2 rewrites fields that were not sent, and damages
    them.
    """

    name = "v1"

    def __init__(self, session: Session) -> None:
        self._session = session

    def edit(self, task_id: int, fields: Mapping[str, Any]) -> None:
        """Send just these fields."""
        self._session.v1("PUT", f"/tasks/{task_id}", json=dict(fields))

"""Ways to read one task or bug with its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from zentao_client.errors import (
    BadReply,
    Forbidden,
    NotFound,
    Rejected,
    Unsupported,
)
from zentao_client.history import read_history
from zentao_client.models import Action, Bug, ObjectKind, Task
from zentao_client.parse import Parser, Raw
from zentao_client.session import Session

# What says something about one way only. A server that can't be reached can't be reached by the next either.
_TRY_NEXT = (Forbidden, NotFound, Rejected, Unsupported, BadReply)


@dataclass(frozen=True, slots=True)
class Found:
    """One object as a dialect shows it. `names` as in `read_history`."""

    raw: Raw
    actions: Any
    names: Mapping[str, Any] | None


class ReadWay(Protocol):
    """Reads the raw object."""

    @property
    def name(self) -> str:
        """How this way is called in reports."""

    @property
    def shows_accounts(self) -> bool:
        """True if it tells who acted by account, not by display name."""

    def read(self, kind: ObjectKind, object_id: int) -> Found:
        """The object. Raises what the server says."""


class PageReads:
    """The legacy view page of 18.x: accounts, and the privilege task-view or bug-view."""

    name = "legacy view page"
    shows_accounts = True

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, kind: ObjectKind, object_id: int) -> Found:
        """The object out of the page's data."""
        return _from_page(kind, self._session.page(kind, "view", [(f"{kind}ID", str(object_id))]))


class SignedReads:
    """The same page through the 应用's signature; each call leaves a login in the account's activity."""

    name = "signed view page"
    shows_accounts = True

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, kind: ObjectKind, object_id: int) -> Found:
        """The object out of the page's data."""
        data = self._session.signed(kind, "view", [(f"{kind}ID", str(object_id))])
        if not isinstance(data, dict):
            raise BadReply("a signed page without data")
        return _from_page(kind, data)


class V1Reads:
    """GET of the API v1 on any version: display names only, but the plainest errors."""

    name = "v1"
    shows_accounts = False

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, kind: ObjectKind, object_id: int) -> Found:
        """The object; a deleted one too."""
        raw = self._session.v1("GET", f"/{kind}s/{object_id}")
        if not isinstance(raw, dict):
            raise BadReply(f"no {kind} in the answer")
        return Found(raw, raw.get("actions"), None)


class V2Reads:
    """GET of the API v2."""

    name = "v2"
    shows_accounts = True

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, kind: ObjectKind, object_id: int) -> Found:
        """The object and its actions."""
        content = self._session.v2("GET", f"/{kind}s/{object_id}", expect=kind)
        raw = content[kind]
        if not isinstance(raw, dict):
            raise BadReply(f"no {kind} in the answer")
        return Found(raw, content.get("actions"), {})


class Reader:
    """Reads by the first way that answers. The last one's verdict counts if none does."""

    def __init__(self, ways: Sequence[ReadWay], parser: Parser, clock_skew: timedelta) -> None:
        self.ways = tuple(ways)
        self._parser = parser
        self._skew = clock_skew

    def now(self) -> datetime:
        """The server's time."""
        return datetime.now(UTC) + self._skew

    def raw(self, kind: ObjectKind, object_id: int) -> Found:
        """The object as the server shows it."""
        for way in self.ways[:-1]:
            try:
                return way.read(kind, object_id)
            except _TRY_NEXT:
                continue
        try:
            return self.ways[-1].read(kind, object_id)
        except Rejected as error:
            # 18.x says just "error" for what the account may not see.
            if error.messages == ("error",):
                # A missing task is a 404 there, a missing bug is not.
                if kind == "bug":
                    raise NotFound(f"bug {object_id} does not exist, or is not visible to this account") from error
                raise Forbidden(f"{kind} {object_id} is not visible to this account") from error
            raise

    def task(self, task_id: int) -> Task:
        """The task with its files and history."""
        found = self.raw("task", task_id)
        return self._parser.task(found.raw, self._actions("task", found))

    def bug(self, bug_id: int) -> Bug:
        """The bug with its files and history."""
        found = self.raw("bug", bug_id)
        return self._parser.bug(found.raw, self._actions("bug", found))

    def actions(self, kind: ObjectKind, object_id: int) -> tuple[Action, ...]:
        """The history of a task or bug."""
        return self._actions(kind, self.raw(kind, object_id))

    def _actions(self, kind: ObjectKind, found: Found) -> tuple[Action, ...]:
        current = str(found.raw.get("status") or "")
        return read_history(kind, found.actions, self._parser, now=self.now(), names=found.names, current=current)


def _from_page(kind: ObjectKind, data: Mapping[str, Any]) -> Found:
    raw = data.get(kind)
    if not isinstance(raw, dict):
        raise BadReply(f"a page without its {kind}")
    names = data.get("users")
    return Found(raw, data.get("actions"), names if isinstance(names, dict) else {})

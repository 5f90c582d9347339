"""Users (用户)."""

from __future__ import annotations

from urllib.parse import quote

from zentao_client.core import Core
from zentao_client.errors import BadReply, NotFound
from zentao_client.models import User
from zentao_client.parse import user


class Users:
    """`zentao.users`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def get(self, account: str) -> User:
        """The user with this account. Raises `NotFound` also for a number, which ZenTao would take for an id."""
        raw = self._core.session.v1("GET", f"/users/{quote(account, safe='')}")
        if not isinstance(raw, dict):
            raise BadReply("a user without its fields", str(raw).encode())
        found = user(raw)
        if found.account.casefold() != account.casefold():
            raise NotFound(f"there is no user {account!r}")
        return found

    def me(self) -> User:
        """The user that this client is logged in as."""
        raw = self._core.session.v1("GET", "/user")
        if not isinstance(raw, dict) or not isinstance(raw.get("profile"), dict):
            raise BadReply("a profile without its envelope", str(raw).encode())
        return user(raw["profile"])

"""Ways to get a token."""

from __future__ import annotations

from typing import Protocol

from zentao_client import protocol
from zentao_client.errors import (
    BadReply,
    Forbidden,
    LoginRefused,
    NotFound,
    Rejected,
    Unavailable,
    Unsupported,
    WriteUnknown,
)
from zentao_client.transport import Call, Transport


class LoginWay(Protocol):
    """Trades account and password for a token."""

    @property
    def name(self) -> str:
        """How this way is called in reports."""

    def log_in(self, transport: Transport, account: str, password: str) -> str:
        """The token. Raises `LoginRefused`, `Unavailable`, or `Unsupported` if this way does not exist here."""


class V2Login:
    """POST /users/login of the API v2, whose failures never lock an account."""

    name = "v2 users/login"

    def log_in(self, transport: Transport, account: str, password: str) -> str:
        """The token; it serves the API v1 as well."""
        body = {"account": account, "password": password}
        reply = _send(transport, "/api.php/v2/users/login", body)
        if reply.status == 404 or (reply.status < 500 and not reply.body.strip()):
            raise Unsupported("no login in the API v2")
        try:
            content = protocol.read_v2(reply, "token")
        except (Rejected, Forbidden, NotFound) as error:
            raise LoginRefused(str(error)) from error
        except protocol.NotLoggedIn as error:
            raise Unsupported("no login in the API v2") from error
        return str(content["token"])


class V1Login:
    """POST /tokens of the API v1. Its sixth failure in a row locks the account for ten minutes."""

    name = "v1 tokens"

    def log_in(self, transport: Transport, account: str, password: str) -> str:
        """The token; on 18.x it serves the legacy pages as well."""
        body = {"account": account, "password": password}
        reply = _send(transport, "/api.php/v1/tokens", body)
        try:
            content = protocol.read_v1(reply)
        except (Rejected, Forbidden, protocol.NotLoggedIn) as error:
            raise LoginRefused(str(error)) from error
        except NotFound as error:
            raise Unavailable(f"no login at {transport.url}: {error}") from error
        if not isinstance(content, dict) or not content.get("token"):
            raise BadReply("a login without a token")
        return str(content["token"])


def _send(transport: Transport, path: str, body: object) -> protocol.Reply:
    """Exactly once: a login that was sent twice could be two failures."""
    try:
        return transport.send(Call("POST", path, json=body, writes=True))
    except WriteUnknown as error:
        raise Unavailable(str(error)) from error

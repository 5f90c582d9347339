"""The v1 routing table and who is calling."""

from __future__ import annotations

from typing import Any

from . import wording
from .call import Call, Routes, as_int
from .errors import Refused
from .site import Site
from .taskdesk import Caller

ROUTES = Routes()


def api_caller(site: Site, call: Call) -> Caller | None:
    """The login behind a v1 call.

    18.8 takes the token as header, query or cookie. 22.4 takes API tokens in the header and web sessions in the
    query only.
    """
    if not site.dialect.has_v2:
        session = site.accounts.session(call.any_token)
        return Caller(session.account, "v1", call.host, session.token) if session else None
    session = site.accounts.session(call.header_token)
    if session and session.kind == "api":
        return Caller(session.account, "v1", call.host, session.token)
    session = site.accounts.session(call.query_token)
    if session and session.kind == "web":
        return Caller(session.account, "v1", call.host, session.token)
    return None


def check(site: Site, session: Caller, module: str, method: str) -> None:
    """Demand a privilege where v1 of this version does."""
    if site.dialect.v1_checks_privileges:
        site.accounts.demand(session.account, module, method)


def named(call: Call, label: str) -> dict[str, Any]:
    """The body, which must have a name."""
    if not call.body.get("name"):
        raise Refused(wording.required(label))
    return call.body


def ints(value: object) -> list[int]:
    """One id or a list of them."""
    values = value if isinstance(value, list) else [value]
    return [number for number in (as_int(one) for one in values) if number]


def paged(name: str, items: list[dict[str, Any]], page: int, limit: int) -> dict[str, Any]:
    """One page of a list; a page past the end is the last one."""
    last = max(1, -(-len(items) // limit))
    page = min(max(page, 1), last)
    return {"page": page, "total": len(items), "limit": limit, name: items[(page - 1) * limit : page * limit]}

"""The v1 routing table and who is calling."""

from __future__ import annotations

from .call import Call, Routes
from .site import Site
from .tasks import Caller

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

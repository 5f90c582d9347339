"""The v2 routing table and who is calling."""

from __future__ import annotations

from .call import Call, Routes
from .site import Site
from .taskdesk import Caller

ROUTES = Routes()


def api_caller(site: Site, call: Call) -> Caller | None:
    """The login behind a v2 call: an API token in the header, or a web session in the query."""
    session = site.accounts.session(call.header_token)
    if session and session.kind == "api":
        return Caller(session.account, "v2", call.host, session.token)
    session = site.accounts.session(call.query_token)
    if session and session.kind == "web":
        return Caller(session.account, "v2", call.host, session.token)
    return None

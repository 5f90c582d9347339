"""`/api.php/v1`: entry point, login, people and places. Tasks and bugs are in their own files."""

from __future__ import annotations

from .accounts import SESSION_SECONDS
from .call import HTML, Call, Reply, crash_reply, empty_reply, html_reply, json_reply
from .errors import Crash, Denied, Invisible, Missing, Nothing, Refused
from .site import Site
from .taskdesk import Caller
from .v1_routes import ROUTES, api_caller

_OPEN = frozenset({"/tokens", "/configurations"})


def answer(site: Site, call: Call, path: str) -> Reply:
    """Answer one v1 call, in the words and status codes of the version."""
    if call.method == "OPTIONS":
        return empty_reply(204)
    session = api_caller(site, call)
    if path not in _OPEN and session is None:
        return json_reply({"error": "Unauthorized"}, 401)
    handler, values, known = ROUTES.find(call.method, path)
    if handler is None:
        if known or path == "/comments":
            return _crash(site, "call_user_func_array(): Argument #1 ($callback) must be a valid callback")
        return json_reply({"error": "not found"}, 404)
    try:
        return handler(site, call, session, **values)
    except Refused as refused:
        return json_reply({"error": refused.message}, 400)
    except Missing:
        return json_reply({"error": "404 Not found"}, 404)
    except Invisible:
        return json_reply({"error": "error"}, 400)
    except Denied:
        return json_reply({"error": "Access not allowed"}, 403)
    except Crash as crash:
        return _crash(site, str(crash))
    except Nothing:
        return empty_reply(201 if call.method == "POST" else 200, HTML if call.method == "GET" else "application/json")


def _crash(site: Site, what: str) -> Reply:
    """18.8 shows the trace, 22.4 keeps it to itself."""
    return html_reply("", 500) if site.dialect.has_v2 else crash_reply(what)


@ROUTES.on("POST", "/tokens")
def tokens(site: Site, call: Call, session: Caller | None) -> Reply:
    account, password = str(call.body.get("account") or ""), str(call.body.get("password") or "")
    site.accounts.check_password(account, password, counts=True)
    if session is not None and session.account == account:
        return json_reply({"token": session.session}, 201)
    token = site.accounts.open_session(account, "api")
    site.history.login(account)
    return json_reply({"token": token}, 201)


@ROUTES.on("GET", "/configurations")
def configurations(site: Site, call: Call, session: Caller | None) -> Reply:
    known = {
        "language": "zh-cn",
        "version": site.dialect.version,
        "charset": "UTF-8",
        "timezone": site.clock.zone_name,
        "systemMode": "ALM",
        "sprintConcept": "0",
        "URAndSR": "1",
        "maxUploadSize": "128M",
    }
    return json_reply([{"key": key, "value": value} for key, value in known.items()])


@ROUTES.on("GET", "/ping")
def ping(site: Site, call: Call, session: Caller) -> Reply:
    return json_reply({"token": session.session, "tokenLife": str(SESSION_SECONDS)})

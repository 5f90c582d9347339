"""`/api.php/v2` of 22.4: entry point, login, places, search form, activity feed, webhooks."""

from __future__ import annotations

from .call import HTML, Call, Reply, empty_reply, html_reply, json_reply, redirect
from .errors import Crash, Denied, Invisible, Missing, Nothing, Refused
from .legacy_site import login_user
from .site import Site
from .taskdesk import Caller
from .v2_replies import fail
from .v2_routes import ROUTES, api_caller

_OPEN = frozenset({"/users/login"})
_VERBS = ("GET", "POST", "PUT", "DELETE")


def answer(site: Site, call: Call, path: str) -> Reply:
    """Answer one v2 call: nearly always HTTP 200, the outcome stands in the body."""
    if call.method not in _VERBS:
        return empty_reply(content_type=HTML)
    caller = api_caller(site, call)
    if path not in _OPEN and caller is None:
        if call.method == "DELETE":
            return redirect("/index.php?m=user&f=login&t=json&referer=")
        return json_reply({"status": "fail", "message": "Not allowed"}, 401)
    filtered = any(name.startswith("filters[") for name in call.query)
    if filtered:
        if path.startswith("/executions/"):
            return fail("Filters are not supported for this route.")
        return html_reply("", 500)
    method = "PUT" if call.method == "POST" and path.count("/") >= 3 else call.method
    handler, values, _ = ROUTES.find(method, path)
    if handler is None:
        handler, values, _ = ROUTES.find(call.method, path)
    if handler is None:
        return empty_reply(content_type=HTML)
    try:
        return handler(site, call, caller, **values)
    except Refused as refused:
        return json_reply({"message": refused.message, "status": "fail"})
    except Missing:
        return fail(f"{_kind(path)} does not exist.")
    except Invisible:
        return fail(f"{_kind(path)} is not allowed.")
    except Denied:
        return json_reply({"status": "error", "message": "Not allowed"}, 403)
    except Nothing:
        return empty_reply(content_type=HTML)
    except Crash:
        return html_reply("", 500)


def _kind(path: str) -> str:
    first = path.strip("/").split("/")[0]
    return {"bugs": "Bug", "executions": "Execution", "users": "User", "products": "Product"}.get(first, "Task")


@ROUTES.on("POST", "/users/login")
def login(site: Site, call: Call, caller: Caller | None) -> Reply:
    account = str(call.body.get("account") or "")
    try:
        site.accounts.check_password(account, str(call.body.get("password") or ""), counts=False)
    except Refused as refused:
        return json_reply({"status": "failed", "reason": refused.message})
    same = caller is not None and caller.account == account
    token = caller.session if same and caller else site.accounts.open_session(account, "api")
    site.history.login(account)
    return json_reply({"status": "success", "token": token, "user": login_user(site, account, token)})

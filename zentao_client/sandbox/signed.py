"""`/api.php?m=…&f=…&code=…&token=…`: pages opened with an 应用's signature."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from .call import HTML, Call, Reply, json_reply
from .errors import Missing, Refused
from .legacy_routes import PageCall
from .legacy_tasks import comment, view_data
from .site import Site
from .taskdesk import Caller


def answer(site: Site, call: Call) -> Reply:
    """One signed call; its data comes decoded."""
    code, token = call.query.get("code", ""), call.query.get("token", "")
    if not code:
        return json_reply({"error": "PARAM_CODE_MISSING"}, content_type=HTML)
    unsigned = re.sub(r"&?token=[^&]*", "", call.query_string)
    try:
        account = site.accounts.signed_account(code, token, call.query.get("time", ""), unsigned)
    except Refused as refused:
        return json_reply(refused.message, content_type=HTML)
    site.history.login(account)
    caller = Caller(account, "page", call.host)
    page = f"{call.query.get('m', '')}-{call.query.get('f', '')}"
    if page == "action-comment":
        return _comment(site, call, caller)
    if page == "task-view":
        try:
            data = view_data(site, PageCall(call, caller, dict(call.query), "json"))
        except Missing:
            return _fail()
        kind = "application/json" if site.dialect.has_v2 else HTML
        return json_reply({"status": "success", "data": data}, content_type=kind)
    return json_reply({"errcode": 405, "errmsg": "not found"}, content_type=HTML)


def _comment(site: Site, call: Call, caller: Caller) -> Reply:
    fields = call.body or call.fields() or dict(parse_qsl(call.raw.decode(errors="replace")))
    object_type = call.query.get("objectType", "task")
    try:
        number = int(call.query.get("objectID", "0"))
        action = comment(site, caller, object_type, number, str(fields.get("comment") or ""))
    except (Refused, ValueError):
        return _fail()
    if site.dialect.has_v2:
        return json_reply({"status": None}, content_type=HTML)
    return json_reply({"status": "success", "data": action}, content_type=HTML)


def _fail() -> Reply:
    failed = {"result": "fail", "message": "您没有访问权限"}
    return json_reply({"status": "success", "data": failed}, content_type=HTML)

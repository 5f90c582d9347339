"""Pages of logins, the activity feed, and the administration that has no API: webhooks, 应用, teams, groups."""

from __future__ import annotations

import json
import secrets
from typing import Any

from . import shapes, shapes_history, shapes_places, wording
from .accounts import new_token
from .call import HTML, Reply, html_reply, json_reply, page_data
from .errors import Denied, Refused
from .legacy_routes import PageCall, page
from .site import Site


@page("api", "getSessionID", open_to_all=True)
def session_id(site: Site, call: PageCall) -> Reply:
    data = {"title": "", "sessionName": "zentaosid", "sessionID": new_token(), "rand": secrets.randbelow(9000) + 1000}
    return page_data(data | {"pager": None})


@page("user", "login", open_to_all=True)
def login(site: Site, call: PageCall) -> Reply:
    """A web login. Form and password in clear over ``zentaosid=<session id>``; it needs no Referer."""
    fields = call.call.fields()
    if not fields:
        return page_data({"title": "用户登录", "pager": None})
    account = str(fields.get("account") or "")
    try:
        site.accounts.check_password(account, str(fields.get("password") or ""), counts=True)
    except Refused as refused:
        return json_reply({"status": "failed", "reason": refused.message}, content_type=HTML)
    token = site.accounts.open_session(account, "web", call.call.query_token)
    site.history.login(account)
    return json_reply(
        {"status": "success", "token": token, "user": login_user(site, account, token)}, content_type=HTML
    )


def login_user(site: Site, account: str, token: str) -> dict[str, Any]:
    """The user object in the answer to a login."""
    row = site.accounts.find(account)
    assert row is not None
    shaped = shapes_places.user(site, row)
    shaped.pop("deleted", None)
    groups = {str(one): one for one in json.loads(row["groups"])}
    return shaped | {
        "company": "演示公司",
        "modifyPassword": False,
        "admin": bool(row["admin"]),
        "rights": {
            "rights": {"index": {"index": 1}, "my": {"index": 1}},
            "acls": dict.fromkeys(("programs", "projects", "products", "sprints", "views", "actions"), ()),
            **dict.fromkeys(("projects", "programs", "products", "executions"), ""),
        },
        "groups": groups or [],
        "view": shapes_places.user_view(site, account),
        "token": token,
    }


@page("user", "logout", open_to_all=True)
def logout(site: Site, call: PageCall) -> Reply:
    site.accounts.close_session(call.call.any_token)
    return json_reply({"status": "success"}, content_type=HTML)


# the activity feed


def _day(site: Site, kind: str) -> str:
    return site.clock.today() if kind == "today" else ""


def _groups(site: Site, call: PageCall, *, execution: int, day: str) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in site.history.feed(account=call.caller.account, execution=execution, day=day):
        date = str(row["date"])
        label = f"{int(date[5:7])}月{int(date[8:10])}日"
        label = label if day else f"{date[:4]}年{label}"
        groups.setdefault(label, []).append(shapes_history.feed_entry(site, row, "page"))
    return groups


def people(site: Site) -> dict[str, str]:
    return {user["account"]: str(user["realname"]) for user in site.accounts.all()}


@page("execution", "dynamic", privilege=False)
def execution_dynamic(site: Site, call: PageCall) -> Reply:
    return page_data(execution_feed(site, call))


def execution_feed(site: Site, call: PageCall) -> dict[str, Any]:
    """The activity page of one execution."""
    number = call.number("executionID")
    kind = call.values.get("type", "today")
    execution = site.places.get(number)
    return {
        "title": f"{execution['name'] if execution else ''}-动态",
        "userIdPairs": {"": "", "1": "A:admin"},
        "accountPairs": {"": "", **people(site), "closed": "Closed"},
        "executionID": str(number),
        "type": kind,
        "orderBy": "date_desc",
        "account": "all",
        "param": "",
        "dateGroups": _groups(site, call, execution=number, day=_day(site, kind)),
        "direction": "next",
        "pager": None,
    }


@page("company", "dynamic")
def company_dynamic(site: Site, call: PageCall) -> Reply:
    kind = call.values.get("browseType", "today")
    groups = _groups(site, call, execution=0, day=_day(site, kind))
    return page_data(
        {
            "title": "组织视图-组织动态",
            "products": ["产品", *[row["name"] for row in site.places.products()]],
            "projects": {"0": "项目", **{str(row["id"]): row["name"] for row in site.places.listed("project")}},
            "executions": {"0": "执行", **{str(row["id"]): row["name"] for row in site.places.listed("sprint")}},
            "userIdPairs": {"": "用户", **{str(row["id"]): row["realname"] for row in site.accounts.all()}},
            "recTotal": sum(len(group) for group in groups.values()),
            "browseType": kind,
            "account": "all",
            "accountPairs": {"": "", **people(site), "closed": "Closed"},
            "productID": "all",
            "projectID": "all",
            "executionID": "all",
            "queryID": 0,
            "orderBy": "date_desc",
            "userID": "",
            "param": "",
            "dateGroups": groups,
            "direction": "next",
            "pager": None,
        }
    )


@page("my", "dynamic", privilege=False)
def my_dynamic(site: Site, call: PageCall) -> Reply:
    kind = call.values.get("type", "today")
    rows = site.history.feed(account=call.caller.account, day=_day(site, kind))
    label = f"{int(site.clock.today()[5:7])}月{int(site.clock.today()[8:10])}日"
    mine = [shapes_history.feed_entry(site, row, "page") for row in rows if row["actor"] == call.caller.account]
    data: dict[str, Any] = {"title": "地盘-我的动态", "type": kind, "orderBy": "date_desc", "dateGroups": {label: mine}}
    return page_data(data | {"direction": "next", "pager": None})


@page("my", "work", privilege=False)
def my_work(site: Site, call: PageCall) -> Reply:
    listed = site.queries.my_tasks(call.caller.account, "assignedTo", 1, 100)
    tasks = [shapes.task_base(site, row) for row in listed.rows]
    return page_data({"title": "地盘-我的任务", "tabID": "task", "tasks": tasks, "pager": None})


@page("my", "profile", privilege=False)
def my_profile(site: Site, call: PageCall) -> Reply:
    row = site.accounts.find(call.caller.account)
    assert row is not None
    data: dict[str, Any] = {
        "title": "地盘-我的档案",
        "user": shapes_places.user(site, row),
        "groups": [],
        "deptPath": [],
        "pager": None,
    }
    return page_data(data)


# administration


@page("webhook", "create")
def create_webhook(site: Site, call: PageCall) -> Reply:
    fields = call.call.fields()
    content_type = str(fields.get("contentType") or "application/json")
    if len(content_type) > 30:
        raise Refused({"contentType": ["『内容类型』长度应当不超过『30』，且大于『0』。"]})
    hook = site.webhooks.create(
        str(fields.get("name") or ""),
        str(fields.get("url") or ""),
        domain=str(fields.get("domain") or ""),
        send_type=str(fields.get("sendType") or "sync"),
        kind=str(fields.get("type") or "default"),
        params=tuple(str(one) for one in fields.get("params") or ()),
        products=",".join(str(one) for one in fields.get("products") or ()),
        executions=",".join(str(one) for one in fields.get("executions") or ()),
        secret=str(fields.get("secret") or ""),
        content_type=content_type,
        by=call.caller.account,
    )
    return json_reply(
        {"result": "success", "message": wording.SAVED, "id": hook if site.dialect.has_v2 else str(hook)},
        content_type=HTML,
    )


def webhook_row(row: dict[str, Any], *, modern: bool = False) -> dict[str, Any]:
    """A webhook as lists show it."""
    params = f"{row['params']},text" if row["params"] else "text"
    shaped = {key: row[key] for key in ("id", "type", "name", "url", "domain", "secret", "contentType", "sendType")}
    shaped |= {"products": row["products"], "executions": row["executions"], "params": params, "actions": ""}
    shaped |= {"desc": "", "createdBy": row["createdBy"], "createdDate": row["createdDate"]}
    return shaped | {"editedBy": "", "editedDate": "", "deleted": 0 if modern else "0"}


@page("webhook", "browse")
def webhooks(site: Site, call: PageCall) -> Reply:
    rows = {str(row["id"]): webhook_row(row) for row in site.webhooks.all()}
    info = page_info(len(rows), "Webhook", "browse")
    return page_data({"title": "接口-Webhook列表", "webhooks": rows, "orderBy": "id_desc", "pager": info})


@page("webhook", "delete")
def delete_webhook(site: Site, call: PageCall) -> Reply:
    if call.values.get("confirm") == "yes":
        site.webhooks.delete(call.number("id"))
    return json_reply({"result": "success"}, content_type=HTML)


@page("webhook", "log")
def webhook_log(site: Site, call: PageCall) -> Reply:
    return page_data(webhook_log_data(site, call.number("id")))


def webhook_log_data(site: Site, hook_id: int) -> dict[str, Any]:
    """What was sent for a webhook and what came back, newest first."""
    hook = site.db.get("webhook", hook_id)
    logs = {}
    for row in reversed(site.webhooks.log(hook_id)):
        body = json.loads(row["data"])
        kind, number = str(body.get("objectType", "")), body.get("objectID", 0)
        logs[str(row["id"])] = {
            "id": row["id"],
            "objectType": "webhook",
            "objectID": row["webhook"],
            "action": str(row["action"]).partition("](")[0] + "]",
            "date": row["date"],
            "url": row["url"],
            "contentType": "application/json",
            "data": row["data"],
            "result": row["result"],
            "actionURL": f"/index.php?m={kind}&f=view&id={number}",
            "module": kind,
            "moduleID": number,
            "dialog": 0,
        }
    return {
        "title": f"日志-{hook['name'] if hook else ''}",
        "logs": logs,
        "webhook": webhook_row(hook, modern=site.dialect.has_v2) if hook else False,
        "orderBy": "id_desc",
        "pager": page_info(len(logs), "Webhook", "log", modern=site.dialect.has_v2),
    }


def page_info(total: int, module: str, method: str, *, per_page: int = 20, modern: bool = False) -> dict[str, Any]:
    """The pager of an administration page."""
    return {
        "recTotal": total,
        "recPerPage": per_page,
        "pageCookie": None if modern else f"pager{module}{method.capitalize()}",
        "pageTotal": 1,
        "pageID": 1,
        "moduleName": module.lower(),
        "methodName": method,
        "params": None,
        "offset": 0,
    }


@page("webhook", "asyncSend", privilege=False)
def send_webhooks(site: Site, call: PageCall) -> Reply:
    if not site.accounts.may(call.caller.account, "webhook", "asyncSend"):
        raise Denied("webhook", "asyncSend")
    site.webhooks.send_queued()
    return html_reply("OK\n")


@page("entry", "browse")
def entries(site: Site, call: PageCall) -> Reply:
    rows = {
        str(row["id"]): {
            **{key: row[key] for key in ("id", "name", "account", "code", "key")},
            "freePasswd": "0",
            "ip": "*",
            "desc": "",
            "createdBy": "admin",
            "createdDate": "",
            "calledTime": row["calledTime"],
            "editedBy": "",
            "editedDate": "",
            "deleted": "0",
        }
        for row in site.db.rows("SELECT * FROM entry ORDER BY id DESC")
    }
    info = page_info(len(rows), "Entry", "browse", per_page=10)
    return page_data({"title": "应用-应用列表", "entries": rows, "orderBy": "id_desc", "pager": info})


@page("entry", "create")
def create_entry(site: Site, call: PageCall) -> Reply:
    fields = call.call.fields()
    names = ("name", "code", "key", "account")
    number = site.accounts.create_entry(*(str(fields.get(name) or "") for name in names))
    shown = number if site.dialect.has_v2 else str(number)
    return json_reply({"result": "success", "message": wording.SAVED, "id": shown}, content_type=HTML)


@page("execution", "manageMembers")
def manage_members(site: Site, call: PageCall) -> Reply:
    number = call.number("executionID")
    for account in call.call.fields().get("accounts") or []:
        if account:
            site.places.add_member(number, str(account))
    place = f"/index.php?m=execution&f=team&t=json&executionID={number}"
    return json_reply({"message": wording.SAVED, "result": "success", "locate": place}, content_type=HTML)


@page("group", "create")
def create_group(site: Site, call: PageCall) -> Reply:
    number = site.accounts.create_group(str(call.call.fields().get("name") or ""), [])
    return json_reply({"result": "success", "message": wording.SAVED, "id": number}, content_type=HTML)

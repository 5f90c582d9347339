"""`/api.php/v2` of 22.4: entry point, login, places, search form, activity feed, webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from . import shapes, wording
from .call import HTML, RELOAD, Call, Reply, as_int, empty_reply, html_reply, json_reply, redirect
from .errors import Crash, Denied, Invisible, Missing, Nothing, Refused
from .legacy_bugs import store_query
from .legacy_routes import PageCall
from .legacy_site import execution_feed, login_user, people, webhook_log_data, webhook_row
from .legacy_tasks import comment
from .site import Site
from .tasks import Caller
from .v2_routes import ROUTES, api_caller
from .webhooks import DEFAULT_PARAMS

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


def fail(message: str) -> Reply:
    return json_reply({"status": "fail", "message": message})


def form_fail(message: Mapping[str, Any]) -> Reply:
    """The refusal of a create form."""
    return json_reply({"result": "fail", "message": message}, content_type=HTML)


def created(number: int) -> Reply:
    return json_reply({"message": wording.SAVED, "id": number, "status": "success"})


def pager(total: int, per_page: int, page: int, module: str, method: str) -> dict[str, Any]:
    return {
        "recTotal": total,
        "recPerPage": per_page,
        "pageCookie": None,
        "pageTotal": max(1, -(-total // per_page)),
        "pageID": page,
        "moduleName": module,
        "methodName": method,
        "params": None,
        "offset": 0,
    }


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


# people and places


@ROUTES.on("GET", "/users")
def users(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "company", "browse")
    per_page, page = as_int(call.query.get("recPerPage"), 20), as_int(call.query.get("pageID"), 1)
    rows = site.accounts.all()
    last = max(1, -(-len(rows) // per_page))
    page = min(max(page, 1), last)
    items = [shapes.user(site, row) for row in rows[(page - 1) * per_page : page * per_page]]
    info = pager(len(rows), per_page, page, "company", "browse")
    return json_reply({"status": "success", "users": items, "pager": info})


@ROUTES.on("POST", "/users")
def create_user(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "user", "create")
    body = call.body
    missing = {
        key: [wording.required(label)]
        for key, label in (("account", "用户名"), ("realname", "姓名"))
        if not body.get(key)
    }
    if missing:
        return form_fail(missing)
    number = site.accounts.create(
        str(body["account"]),
        str(body.get("password") or ""),
        str(body["realname"]),
        role=str(body.get("role") or ""),
        gender=str(body.get("gender") or "m"),
        groups=[as_int(one) for one in body.get("group") or []],
    )
    return created(number)


@ROUTES.on("PUT", "/users/:number")
def edit_user(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "user", "edit")
    if site.accounts.by_id(as_int(number)) is None:
        raise Missing
    if "group" in call.body:
        site.accounts.set_groups(as_int(number), [as_int(one) for one in call.body["group"] or []])
    done = {"message": wording.SAVED, "load": "/index.php?m=company&f=browse&t=json", "status": "success"}
    return json_reply(done)


@ROUTES.on("GET", "/users/:number")
def user(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "user", "view")
    row = site.accounts.by_id(as_int(number)) if number.isdigit() else site.accounts.find(number)
    if row is None:
        raise Missing
    return json_reply({"status": "success", "user": shapes.user(site, row)})


def _named(call: Call, label: str) -> str | None:
    return str(call.body["name"]) if call.body.get("name") else None


@ROUTES.on("GET", "/programs")
def programs(site: Site, call: Call, caller: Caller) -> Reply:
    rows = [shapes.place(site, row) for row in reversed(site.places.listed("program"))]
    info = pager(len(rows), 100, 1, "program", "browse")
    return json_reply({"status": "success", "programs": rows, "pager": info})


@ROUTES.on("GET", "/products")
def products(site: Site, call: Call, caller: Caller) -> Reply:
    rows = [shapes.product(site, row) for row in site.places.products()]
    return json_reply({"status": "success", "products": rows, "pager": pager(len(rows), 100, 1, "product", "all")})


@ROUTES.on("GET", "/projects")
def projects(site: Site, call: Call, caller: Caller) -> Reply:
    rows = [shapes.place(site, row) for row in site.places.listed("project")]
    info = pager(len(rows), 100, 1, "project", "browse")
    return json_reply({"status": "success", "projects": rows, "pager": info})


@ROUTES.on("GET", "/executions")
def executions(site: Site, call: Call, caller: Caller) -> Reply:
    rows = [row for row in site.places.listed("sprint") if site.places.visible(caller.account, int(row["id"]))]
    info = pager(len(rows), 100, 1, "execution", "all")
    return json_reply({"status": "success", "executions": [shapes.place(site, row) for row in rows], "pager": info})


@ROUTES.on("GET", "/executions/:number")
def execution(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "execution", "view")
    row = site.places.execution(as_int(number))
    if row is None:
        raise Missing
    if not site.places.visible(caller.account, int(row["id"])):
        raise Invisible
    shaped = shapes.place(site, row)
    names = {str(one): site.places.product(one) for one in site.places.products_of(int(row["id"]))}
    shaped["products"] = {key: {"id": int(key), "name": found["name"]} for key, found in names.items() if found}
    return json_reply({"status": "success", "execution": shaped})


@ROUTES.on("POST", "/programs")
def create_program(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "program", "create")
    name = _named(call, "项目集名称")
    if name is None:
        return form_fail({"name": [wording.required("项目集名称")]})
    body = call.body
    begin, end = str(body.get("begin") or ""), str(body.get("end") or "")
    return created(site.places.create_program(name, by=caller.account, begin=begin, end=end))


@ROUTES.on("POST", "/products")
def create_product(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "product", "create")
    name = _named(call, "产品名称")
    if name is None:
        return form_fail({"name": [wording.required("产品名称")]})
    body = call.body
    number = site.places.create_product(
        name, by=caller.account, program=as_int(body.get("program")), acl=str(body.get("acl") or "open")
    )
    return created(number)


@ROUTES.on("POST", "/projects")
def create_project(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "project", "create")
    name = _named(call, "项目名称")
    if name is None:
        return form_fail({"name": [wording.required("项目名称")]})
    body = call.body
    number = site.places.create_project(
        name,
        by=caller.account,
        parent=as_int(body.get("parent")),
        begin=str(body.get("begin") or ""),
        end=str(body.get("end") or ""),
        products=[as_int(one) for one in body.get("products") or []],
        acl=str(body.get("acl") or "open"),
        pm=str(body.get("PM") or ""),
    )
    return created(number)


@ROUTES.on("POST", "/executions")
def create_execution(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "execution", "create")
    name = _named(call, "迭代名称")
    if name is None:
        return form_fail({"name": [wording.required("迭代名称")]})
    body = call.body
    number = site.places.create_execution(
        name,
        by=caller.account,
        project=as_int(body.get("project")),
        begin=str(body.get("begin") or ""),
        end=str(body.get("end") or ""),
        days=as_int(body.get("days")),
        products=[as_int(one) for one in body.get("products") or []],
        acl=str(body.get("acl") or "open"),
        pm=str(body.get("PM") or ""),
        team=[str(one) for one in body.get("teamMembers") or []],
    )
    return created(number)


# comments and the search form


@ROUTES.on("POST", "/actions/comment")
@ROUTES.on("PUT", "/actions/comment")
def add_comment(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "action", "comment")
    for name in ("objectType", "objectID"):
        if not call.query.get(name):
            return fail(f"Missing required parameter: {name}.")
    kind, number = call.query["objectType"], as_int(call.query["objectID"])
    text = str(call.body.get("comment") or call.body.get("actioncomment") or "")
    if call.uploads:  # the text of a multipart comment is lost, the file names take its place
        text = ",".join(upload.name for upload in call.uploads)
    action = comment(site, caller, kind, number, text)
    if action is None:
        return html_reply(RELOAD)
    if call.uploads:
        site.files.add_form(list(call.uploads), [], by=caller.account, object_type="comment", object_id=action)
    return json_reply({"status": "success", "data": action})


@ROUTES.on("PUT", "/actions/editComment")
@ROUTES.on("POST", "/actions/editComment")
def edit_comment(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "action", "editComment")
    number = as_int(call.query.get("actionID"))
    text = site.tasks.comment_text(caller, str(call.body.get("lastComment") or ""), 0)
    if not text or not site.history.edit_comment(number, text):
        return fail(wording.required("备注"))
    return json_reply({"locate": "reload", "status": "success"})


@ROUTES.on("POST", "/search/buildQuery")
def build_query(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "search", "buildQuery")
    if not store_query(site, caller.session, call.body):
        raise Nothing
    return json_reply({"result": "success", "load": str(call.body.get("actionURL") or "/")}, content_type=HTML)


# the activity feed


@ROUTES.on("GET", "/companies/dynamic")
def company_dynamic(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "company", "dynamic")
    execution_id = as_int(call.query.get("executionID"))
    limit = as_int(call.query.get("limit"), 50)
    day = site.clock.today() if call.query.get("browseType") == "today" else ""
    rows = site.history.feed(account=caller.account, execution=execution_id, day=day)
    return json_reply(
        {
            "title": "组织视图-组织动态",
            "products": ["产品", *[row["name"] for row in site.places.products()]],
            "projects": {"0": "项目", **{str(row["id"]): row["name"] for row in site.places.listed("project")}},
            "executions": {"0": "执行", **{str(row["id"]): f"/{row['name']}" for row in site.places.listed("sprint")}},
            "userIdPairs": {**{str(row["id"]): row["realname"] for row in site.accounts.all()}, "": "用户"},
            "accountPairs": {**people(site), "closed": "Closed", "": ""},
            "recTotal": len(rows),
            "browseType": call.query.get("browseType", "all"),
            "account": "all",
            "productID": 0,
            "projectID": 0,
            "executionID": call.query.get("executionID", 0),
            "queryID": 0,
            "orderBy": "date_desc",
            "userID": 0,
            "param": "",
            "dateGroups": [shapes.feed_entry(site, row, "v2") for row in rows[:limit]],
            "direction": "next",
            "status": "success",
            "pager": None,
        }
    )


@ROUTES.on("GET", "/executions/:number/dynamic")
def execution_dynamic(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "execution", "dynamic")
    feed = execution_feed(site, PageCall(call, caller, {"executionID": number, **call.query}, "json"))
    names = {str(row["id"]): f"{row['account'][0].upper()}:{row['realname']}" for row in site.accounts.all()}
    groups = {
        label if "年" in label else f"{site.clock.today()[:4]}年{label}": entries
        for label, entries in feed["dateGroups"].items()
    }
    feed |= {"executionID": as_int(number), "status": "success", "userIdPairs": names, "dateGroups": groups}
    feed |= {"accountPairs": {**people(site), "closed": "Closed"}, "recTotal": sum(map(len, groups.values()))}
    return json_reply(feed)


@ROUTES.on("GET", "/dynamics/:scope/:number")
def dynamics(site: Site, call: Call, caller: Caller, scope: str, number: str) -> Reply:
    site.accounts.demand(caller.account, "company", "dynamic")
    if scope == "date":
        before = datetime.fromtimestamp(as_int(number), tz=site.clock.zone)
        first = before.strftime("%Y-%m-%d")
        rows = [row for row in site.history.feed(account=caller.account) if str(row["date"]) < first]
        entries = {str(index): shapes.feed_entry(site, row, "v2") for index, row in enumerate(rows)}
        return json_reply({"status": "success", "actions": entries or None})
    column = {"execution": "execution", "project": "project"}.get(scope)
    rows = site.history.feed(account=caller.account)
    if column:
        rows = [row for row in rows if row[column] == as_int(number)]
    elif scope == "product":
        rows = [row for row in rows if number in str(row["product"]).split(",")]
    return json_reply({"status": "success", "actions": [shapes.feed_entry(site, row, "v2") for row in rows]})


# webhooks


@ROUTES.on("POST", "/webhooks")
def create_webhook(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "webhook", "create")
    body = call.body
    number = site.webhooks.create(
        str(body.get("name") or ""),
        str(body.get("url") or ""),
        domain=str(body.get("domain") or ""),
        send_type=str(body.get("sendType") or "sync"),
        kind=str(body.get("type") or "default"),
        params=tuple(str(one) for one in body.get("params") or DEFAULT_PARAMS),
        products=",".join(str(one) for one in body.get("products") or ()),
        executions=",".join(str(one) for one in body.get("executions") or ()),
        secret=str(body.get("secret") or ""),
        by=caller.account,
    )
    return created(number)


@ROUTES.on("GET", "/webhooks")
def webhooks(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "webhook", "browse")
    rows = [webhook_row(row) for row in site.webhooks.all()]
    info = pager(len(rows), 20, 1, "webhook", "browse")
    return json_reply({"status": "success", "webhooks": rows, "pager": info})


@ROUTES.on("GET", "/webhooks/asyncSend")
def send_webhooks(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "webhook", "asyncSend")
    site.webhooks.send_queued()
    return html_reply("OK\n")


@ROUTES.on("PUT", "/webhooks/:number")
def edit_webhook(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "webhook", "edit")
    names = ("name", "url", "domain", "sendType")
    site.webhooks.change(as_int(number), **{name: str(call.body[name]) for name in names if name in call.body})
    load = "/index.php?m=webhook&f=browse&t=json"
    return json_reply({"message": wording.SAVED, "load": load, "status": "success"})


@ROUTES.on("DELETE", "/webhooks/:number")
def delete_webhook(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "webhook", "delete")
    site.webhooks.delete(as_int(number))
    return json_reply({"load": True, "status": "success", "message": wording.SAVED})


@ROUTES.on("GET", "/webhooks/:number/log")
def webhook_log(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "webhook", "log")
    return json_reply(webhook_log_data(site, as_int(number)) | {"status": "success"})

"""`/api.php/v1`: entry point, login, people and places. Tasks and bugs are in their own files."""

from __future__ import annotations

import json
from typing import Any

from . import shapes, wording
from .accounts import SESSION_SECONDS
from .call import HTML, Call, Reply, as_int, crash_reply, empty_reply, html_reply, json_reply
from .errors import Crash, Denied, Invisible, Missing, Nothing, Refused
from .site import Site
from .tasks import Caller
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


# people


@ROUTES.on("GET", "/user")
def me(site: Site, call: Call, session: Caller) -> Reply:
    row = site.accounts.find(session.account)
    assert row is not None
    profile = shapes.user(site, row)
    names = {"others": "其他", "dev": "研发", "qa": "测试", "": ""}
    profile |= {"role": {"code": row["role"], "name": names.get(row["role"], row["role"])}}
    profile |= {"birthday": None, "join": None, "locked": site.clock.utc(row["locked"])}
    profile["last"] = site.clock.utc(row["last"]) or "1970-01-01T00:00:00Z"
    profile |= {"admin": bool(row["admin"]), "superReviewer": False, "view": shapes.user_view(site, session.account)}
    return json_reply({"profile": profile})


@ROUTES.on("GET", "/users")
def users(site: Site, call: Call, session: Caller) -> Reply:
    if not site.accounts.may(session.account, "company", "browse"):
        if site.dialect.v1_checks_privileges:
            raise Denied("company", "browse")
        raise Refused("error: no company-browse priv.")
    page, limit = call.page()
    rows = list(reversed(site.accounts.all()))
    keys = ("id", "account", "realname", "role")
    items = [{**{key: row[key] for key in keys}, "dept": 0, "pinyin": "", "email": ""} for row in rows]
    return json_reply(_paged("users", items, page, limit or 20))


@ROUTES.on("GET", "/users/:who")
def user(site: Site, call: Call, session: Caller, who: str) -> Reply:
    row = site.accounts.by_id(int(who)) if who.isdigit() else site.accounts.find(who)
    if row is None:
        raise Missing
    return json_reply(shapes.user(site, row))


@ROUTES.on("POST", "/users")
def create_user(site: Site, call: Call, session: Caller) -> Reply:
    body = call.body
    for key, label in (("account", "用户名"), ("realname", "姓名"), ("password", "密码"), ("gender", "性别")):
        if not body.get(key):
            raise Refused(wording.required(label))
    _check(site, session, "user", "create")
    user_id = site.accounts.create(
        str(body["account"]),
        str(body["password"]),
        str(body["realname"]),
        role=str(body.get("role") or ""),
        gender=str(body["gender"]),
        groups=_ints(body.get("group")),
    )
    return json_reply(_saved_user(site, user_id), 201)


@ROUTES.on("PUT", "/users/:who")
def edit_user(site: Site, call: Call, session: Caller, who: str) -> Reply:
    row = site.accounts.by_id(as_int(who))
    if row is None:
        raise Missing
    _check(site, session, "user", "edit")
    if "groups" in call.body and not site.dialect.has_v2:  # 22.4 answers 200 and ignores it
        site.accounts.set_groups(int(row["id"]), _ints(call.body["groups"]))
    return json_reply(_saved_user(site, int(row["id"])))


def _saved_user(site: Site, user_id: int) -> dict[str, Any]:
    row = site.accounts.by_id(user_id)
    assert row is not None
    shaped = shapes.user(site, row)
    shaped |= {"locked": site.clock.utc(row["locked"])}
    if not site.dialect.has_v2:
        shaped["last"] = site.clock.utc(row["last"]) or "1970-01-01T00:00:00Z"
    else:
        shaped["last"] = site.clock.utc(row["last"])
    return shaped


# places


@ROUTES.on("GET", "/programs")
def programs(site: Site, call: Call, session: Caller) -> Reply:
    return json_reply({"programs": [_place(site, row) for row in reversed(site.places.listed("program"))]})


@ROUTES.on("POST", "/programs")
def create_program(site: Site, call: Call, session: Caller) -> Reply:
    body = _named(call, "项目集名称")
    _check(site, session, "program", "create")
    place_id = site.places.create_program(
        str(body["name"]),
        by=session.account,
        begin=str(body.get("begin") or ""),
        end=str(body.get("end") or ""),
        acl=str(body.get("acl") or "open"),
        pm=str(body.get("PM") or ""),
    )
    return json_reply(_place(site, site.places.get(place_id)), 201)


@ROUTES.on("GET", "/products")
def products(site: Site, call: Call, session: Caller) -> Reply:
    page, limit = call.page()
    items = []
    for row in site.places.products():
        shaped = _product(site, row)
        program = site.places.get(int(row["program"] or 0))
        shaped |= {"lineName": "", "programName": program["name"] if program else ""}
        shaped |= {"programPM": program["PM"] if program else "", "finishClosedStories": 0}
        items.append(shaped | {"launchedStories": 0, "developingStories": 0})
    return json_reply(_paged("products", items, page, limit or 100))


@ROUTES.on("POST", "/products")
def create_product(site: Site, call: Call, session: Caller) -> Reply:
    body = _named(call, "产品名称")
    _check(site, session, "product", "create")
    product_id = site.places.create_product(
        str(body["name"]),
        by=session.account,
        program=as_int(body.get("program")),
        acl=str(body.get("acl") or "open"),
        **{key: str(body.get(key) or "") for key in ("PO", "QD", "RD")},
    )
    return json_reply(_product(site, site.places.product(product_id)), 201)


@ROUTES.on("GET", "/products/:number")
def product(site: Site, call: Call, session: Caller, number: str) -> Reply:
    row = site.places.product(as_int(number))
    if row is None:
        raise Missing
    shaped = _product(site, row)
    stories = ("", "draft", "reviewing", "active", "closed", "changing")
    shaped |= {"feedback": None, "stories": dict.fromkeys(stories, 0)}
    counters = dict.fromkeys(("builds", "cases", "projects", "executions", "bugs", "docs", "progress"), 0)
    return json_reply(shaped | counters | {"caseReview": False})


@ROUTES.on("GET", "/projects")
def projects(site: Site, call: Call, session: Caller) -> Reply:
    page, limit = call.page()
    more = {"teamMembers": ["admin"], "leftTasks": "—"}
    items = [_place(site, row) | more for row in site.places.listed("project")]
    return json_reply(_paged("projects", items, page, limit or 20))


@ROUTES.on("POST", "/projects")
def create_project(site: Site, call: Call, session: Caller) -> Reply:
    body = _named(call, "项目名称")
    _check(site, session, "project", "create")
    place_id = site.places.create_project(
        str(body["name"]),
        by=session.account,
        parent=as_int(body.get("parent")),
        begin=str(body.get("begin") or ""),
        end=str(body.get("end") or ""),
        products=_ints(body.get("products")),
        acl=str(body.get("acl") or "open"),
        pm=str(body.get("PM") or ""),
    )
    return json_reply(_place(site, site.places.get(place_id)), 201)


@ROUTES.on("GET", "/projects/:number")
def project(site: Site, call: Call, session: Caller, number: str) -> Reply:
    row = site.places.get(as_int(number))
    if row is None or row["type"] != "project":
        raise Missing
    return json_reply(_place(site, row) | {"caseReview": False})


@ROUTES.on("GET", "/projects/:number/executions")
def project_executions(site: Site, call: Call, session: Caller, number: str) -> Reply:
    return _executions(site, call, session, as_int(number))


@ROUTES.on("GET", "/executions")
def executions(site: Site, call: Call, session: Caller) -> Reply:
    return _executions(site, call, session, 0)


def _executions(site: Site, call: Call, session: Caller, project_id: int) -> Reply:
    page, limit = call.page()
    items = []
    for row in site.places.listed("sprint", project_id):
        if site.places.visible(session.account, int(row["id"])):
            shaped = _place(site, row)
            keys = [
                "id",
                "name",
                "project",
                "code",
                "type",
                "parent",
                "begin",
                "end",
                "status",
                "openedBy",
                "openedDate",
                "progress",
            ]
            items.append({key: shaped[key] for key in keys})
    return json_reply(_paged("executions", items, page, limit or 20))


@ROUTES.on("POST", "/projects/:number/executions")
def create_execution(site: Site, call: Call, session: Caller, number: str) -> Reply:
    body = _named(call, "迭代名称")
    _check(site, session, "execution", "create")
    place_id = site.places.create_execution(
        str(body["name"]),
        by=session.account,
        project=as_int(number),
        begin=str(body.get("begin") or ""),
        end=str(body.get("end") or ""),
        days=as_int(body.get("days")),
        products=_ints(body.get("products")),
        acl=str(body.get("acl") or "open"),
        pm=str(body.get("PM") or ""),
        team=[str(one) for one in body.get("teamMembers") or []] if site.dialect.has_v2 else [],
    )
    return json_reply(_place(site, site.places.get(place_id)), 201)


@ROUTES.on("GET", "/executions/:number")
def execution(site: Site, call: Call, session: Caller, number: str) -> Reply:
    row = site.places.execution(as_int(number))
    if row is None:
        raise Missing
    if not site.places.visible(session.account, int(row["id"])):
        raise Invisible
    project_row = site.places.get(int(row["project"]))
    named = [(one, site.places.product(one)) for one in site.places.products_of(int(row["id"]))]
    return json_reply(
        _place(site, row)
        | {
            "progress": 0,
            "projectInfo": shapes.place(site, project_row) if project_row else {},
            "teamMembers": [_member(site, row, account) for account in ["admin", *json.loads(row["team"])]],
            "products": [{"id": one, "name": found["name"], "plans": []} for one, found in named if found],
            "caseReview": False,
        }
    )


def _member(site: Site, execution_row: Any, account: str) -> dict[str, Any]:
    found = site.accounts.find(account)
    return {
        "id": found["id"] if found else 0,
        "root": execution_row["id"],
        "type": "execution",
        "account": account,
        "role": "",
        "position": "",
        "limited": "no",
        "join": str(execution_row["openedDate"])[:10],
        "days": execution_row["days"],
        "hours": 7,
        "estimate": "0.00",
        "consumed": "0.00",
        "left": "0.00",
        "order": 0,
        "totalHours": int(execution_row["days"]) * 7,
        "userID": found["id"] if found else 0,
        "realname": site.accounts.realname(account),
    }


@ROUTES.on("GET", "/executions/:number/members")
def execution_members(site: Site, call: Call, session: Caller, number: str) -> Reply:
    raise Crash('Class "executionMembersEntry" not found')


def _place(site: Site, row: Any) -> dict[str, Any]:
    shaped = shapes.place(site, row)
    people = ["openedBy", "PM", "closedBy", "canceledBy"]
    if shaped["type"] == "project":
        people.append("lastEditedBy")
    else:
        people += ["PO", "QD", "RD"] if shaped["type"] == "program" else ["PO", "QD", "RD", "lastEditedBy"]
    for name in people:
        shaped[name] = site.accounts.short(shaped[name])
    if shaped["type"] == "program":
        shaped["lastEditedBy"] = ""
    for name in ("openedDate", "lastEditedDate", "closedDate", "canceledDate"):
        shaped[name] = site.clock.utc(shaped[name])
    return shaped | {"realBegan": shaped["realBegan"] or None, "realEnd": None, "whitelist": [], "deleted": False}


def _product(site: Site, row: Any) -> dict[str, Any]:
    shaped = shapes.product(site, row)
    for name in ("PO", "QD", "RD", "createdBy"):
        shaped[name] = site.accounts.short(shaped[name])
    return shaped | {"createdDate": site.clock.utc(shaped["createdDate"]), "whitelist": []}


def _check(site: Site, session: Caller, module: str, method: str) -> None:
    if site.dialect.v1_checks_privileges:
        site.accounts.demand(session.account, module, method)


def _named(call: Call, label: str) -> dict[str, Any]:
    if not call.body.get("name"):
        raise Refused(wording.required(label))
    return call.body


def _ints(value: object) -> list[int]:
    values = value if isinstance(value, list) else [value]
    return [number for number in (as_int(one) for one in values) if number]


def _paged(name: str, items: list[dict[str, Any]], page: int, limit: int) -> dict[str, Any]:
    last = max(1, -(-len(items) // limit))
    page = min(max(page, 1), last)
    return {"page": page, "total": len(items), "limit": limit, name: items[(page - 1) * limit : page * limit]}

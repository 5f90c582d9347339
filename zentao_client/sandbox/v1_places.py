"""`/api.php/v1`: programs, products, projects and executions."""

from __future__ import annotations

import json
from typing import Any

from . import shapes_places
from .call import Call, Reply, as_int, json_reply
from .errors import Crash, Invisible, Missing
from .site import Site
from .taskdesk import Caller
from .v1_routes import ROUTES, check, ints, named, paged


@ROUTES.on("GET", "/programs")
def programs(site: Site, call: Call, session: Caller) -> Reply:
    return json_reply({"programs": [_place(site, row) for row in reversed(site.places.listed("program"))]})


@ROUTES.on("POST", "/programs")
def create_program(site: Site, call: Call, session: Caller) -> Reply:
    body = named(call, "项目集名称")
    check(site, session, "program", "create")
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
    return json_reply(paged("products", items, page, limit or 100))


@ROUTES.on("POST", "/products")
def create_product(site: Site, call: Call, session: Caller) -> Reply:
    body = named(call, "产品名称")
    check(site, session, "product", "create")
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
    return json_reply(paged("projects", items, page, limit or 20))


@ROUTES.on("POST", "/projects")
def create_project(site: Site, call: Call, session: Caller) -> Reply:
    body = named(call, "项目名称")
    check(site, session, "project", "create")
    place_id = site.places.create_project(
        str(body["name"]),
        by=session.account,
        parent=as_int(body.get("parent")),
        begin=str(body.get("begin") or ""),
        end=str(body.get("end") or ""),
        products=ints(body.get("products")),
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
    return json_reply(paged("executions", items, page, limit or 20))


@ROUTES.on("POST", "/projects/:number/executions")
def create_execution(site: Site, call: Call, session: Caller, number: str) -> Reply:
    body = named(call, "迭代名称")
    check(site, session, "execution", "create")
    place_id = site.places.create_execution(
        str(body["name"]),
        by=session.account,
        project=as_int(number),
        begin=str(body.get("begin") or ""),
        end=str(body.get("end") or ""),
        days=as_int(body.get("days")),
        products=ints(body.get("products")),
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
            "projectInfo": shapes_places.place(site, project_row) if project_row else {},
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
    shaped = shapes_places.place(site, row)
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
    shaped = shapes_places.product(site, row)
    for name in ("PO", "QD", "RD", "createdBy"):
        shaped[name] = site.accounts.short(shaped[name])
    return shaped | {"createdDate": site.clock.utc(shaped["createdDate"]), "whitelist": []}

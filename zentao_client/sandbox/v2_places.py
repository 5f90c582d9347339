"""`/api.php/v2` of 22.4: programs, products, projects and executions."""

from __future__ import annotations

from . import shapes_places, wording
from .call import Call, Reply, as_int, json_reply
from .errors import Invisible, Missing
from .site import Site
from .taskdesk import Caller
from .v2_replies import created, form_fail, pager
from .v2_routes import ROUTES


def _named(call: Call, label: str) -> str | None:
    return str(call.body["name"]) if call.body.get("name") else None


@ROUTES.on("GET", "/programs")
def programs(site: Site, call: Call, caller: Caller) -> Reply:
    rows = [shapes_places.place(site, row) for row in reversed(site.places.listed("program"))]
    info = pager(len(rows), 100, 1, "program", "browse")
    return json_reply({"status": "success", "programs": rows, "pager": info})


@ROUTES.on("GET", "/products")
def products(site: Site, call: Call, caller: Caller) -> Reply:
    rows = [shapes_places.product(site, row) for row in site.places.products()]
    return json_reply({"status": "success", "products": rows, "pager": pager(len(rows), 100, 1, "product", "all")})


@ROUTES.on("GET", "/projects")
def projects(site: Site, call: Call, caller: Caller) -> Reply:
    rows = [shapes_places.place(site, row) for row in site.places.listed("project")]
    info = pager(len(rows), 100, 1, "project", "browse")
    return json_reply({"status": "success", "projects": rows, "pager": info})


@ROUTES.on("GET", "/executions")
def executions(site: Site, call: Call, caller: Caller) -> Reply:
    rows = [row for row in site.places.listed("sprint") if site.places.visible(caller.account, int(row["id"]))]
    info = pager(len(rows), 100, 1, "execution", "all")
    return json_reply(
        {"status": "success", "executions": [shapes_places.place(site, row) for row in rows], "pager": info}
    )


@ROUTES.on("GET", "/executions/:number")
def execution(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "execution", "view")
    row = site.places.execution(as_int(number))
    if row is None:
        raise Missing
    if not site.places.visible(caller.account, int(row["id"])):
        raise Invisible
    shaped = shapes_places.place(site, row)
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

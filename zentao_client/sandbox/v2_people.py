"""`/api.php/v2` of 22.4: people."""

from __future__ import annotations

from . import shapes_places, wording
from .call import Call, Reply, as_int, json_reply
from .errors import Missing
from .site import Site
from .taskdesk import Caller
from .v2_replies import created, form_fail, pager
from .v2_routes import ROUTES


@ROUTES.on("GET", "/users")
def users(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "company", "browse")
    per_page, page = as_int(call.query.get("recPerPage"), 20), as_int(call.query.get("pageID"), 1)
    rows = site.accounts.all()
    last = max(1, -(-len(rows) // per_page))
    page = min(max(page, 1), last)
    items = [shapes_places.user(site, row) for row in rows[(page - 1) * per_page : page * per_page]]
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
    return json_reply({"status": "success", "user": shapes_places.user(site, row)})

"""`/api.php/v1`: people."""

from __future__ import annotations

from typing import Any

from . import shapes_places, wording
from .call import Call, Reply, as_int, json_reply
from .errors import Denied, Missing, Refused
from .site import Site
from .taskdesk import Caller
from .v1_routes import ROUTES, check, ints, paged


@ROUTES.on("GET", "/user")
def me(site: Site, call: Call, session: Caller) -> Reply:
    row = site.accounts.find(session.account)
    assert row is not None
    profile = shapes_places.user(site, row)
    names = {"others": "其他", "dev": "研发", "qa": "测试", "": ""}
    profile |= {"role": {"code": row["role"], "name": names.get(row["role"], row["role"])}}
    profile |= {"birthday": None, "join": None, "locked": site.clock.utc(row["locked"])}
    profile["last"] = site.clock.utc(row["last"]) or "1970-01-01T00:00:00Z"
    profile |= {
        "admin": bool(row["admin"]),
        "superReviewer": False,
        "view": shapes_places.user_view(site, session.account),
    }
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
    return json_reply(paged("users", items, page, limit or 20))


@ROUTES.on("GET", "/users/:who")
def user(site: Site, call: Call, session: Caller, who: str) -> Reply:
    row = site.accounts.by_id(int(who)) if who.isdigit() else site.accounts.find(who)
    if row is None:
        raise Missing
    return json_reply(shapes_places.user(site, row))


@ROUTES.on("POST", "/users")
def create_user(site: Site, call: Call, session: Caller) -> Reply:
    body = call.body
    for key, label in (("account", "用户名"), ("realname", "姓名"), ("password", "密码"), ("gender", "性别")):
        if not body.get(key):
            raise Refused(wording.required(label))
    check(site, session, "user", "create")
    user_id = site.accounts.create(
        str(body["account"]),
        str(body["password"]),
        str(body["realname"]),
        role=str(body.get("role") or ""),
        gender=str(body["gender"]),
        groups=ints(body.get("group")),
    )
    return json_reply(_saved_user(site, user_id), 201)


@ROUTES.on("PUT", "/users/:who")
def edit_user(site: Site, call: Call, session: Caller, who: str) -> Reply:
    row = site.accounts.by_id(as_int(who))
    if row is None:
        raise Missing
    check(site, session, "user", "edit")
    if "groups" in call.body and not site.dialect.has_v2:  # 22.4 answers 200 and ignores it
        site.accounts.set_groups(int(row["id"]), ints(call.body["groups"]))
    return json_reply(_saved_user(site, int(row["id"])))


def _saved_user(site: Site, user_id: int) -> dict[str, Any]:
    row = site.accounts.by_id(user_id)
    assert row is not None
    shaped = shapes_places.user(site, row)
    shaped |= {"locked": site.clock.utc(row["locked"])}
    if not site.dialect.has_v2:
        shaped["last"] = site.clock.utc(row["last"]) or "1970-01-01T00:00:00Z"
    else:
        shaped["last"] = site.clock.utc(row["last"])
    return shaped

"""`/api.php/v2` of 22.4: bugs and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import shapes_bugs, shapes_history
from .call import Call, Reply, as_int, json_reply
from .database import Row
from .errors import Missing, Refused
from .site import Site
from .taskdesk import Caller
from .v1_bugs import download_reply
from .v2_replies import created, fail, form_fail, pager
from .v2_routes import ROUTES


def _bug(site: Site, number: str) -> Row:
    row = site.bugs.get(as_int(number))
    if row["deleted"]:
        raise Missing
    return row


@ROUTES.on("POST", "/bugs")
def create(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "bug", "create")
    if not call.query.get("productID"):
        return fail("Missing required parameter: productID.")
    product = as_int(call.query["productID"])
    if site.places.product(product) is None:
        return fail("Product does not exist.")
    assigned = str(call.body.get("assignedTo") or "")
    if assigned and site.accounts.find(assigned) is None:
        return fail("User does not exist.")
    try:
        row = site.bugs.create(caller, product, call.body)
    except Refused as refused:
        return form_fail(refused.message)
    return created(int(row["id"]))


@ROUTES.on("GET", "/bugs/:number")
def get(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "bug", "view")
    row = _bug(site, number)
    actions = shapes_history.actions(site, "bug", int(row["id"]), "", "v2")
    return json_reply({"status": "success", "bug": shapes_bugs.bug_detail(site, row, ""), "actions": actions})


@ROUTES.on("PUT", "/bugs/:number")
def edit(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "bug", "edit")
    row = _bug(site, number)
    site.bugs.edit(caller, int(row["id"]), call.body)
    return json_reply({"status": "success", "message": "保存成功", "data": number})


@ROUTES.on("DELETE", "/bugs/:number")
def delete(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "bug", "delete")
    row = _bug(site, number)
    site.db.update("bug", int(row["id"]), deleted=1)
    return json_reply({"message": "保存成功", "load": True, "status": "success"})


def _deed(name: str, deed: Callable[[Site], Callable[[Caller, int, Mapping[str, Any]], Row]]) -> None:
    @ROUTES.on("PUT", f"/bugs/:number/{name}")
    def handle(site: Site, call: Call, caller: Caller, number: str) -> Reply:
        site.accounts.demand(caller.account, "bug", name)
        row = _bug(site, number)
        deed(site)(caller, int(row["id"]), call.body)
        return json_reply({"status": "success", "message": "保存成功", "data": number})


_deed("confirm", lambda site: site.bugs.confirm)
_deed("assignTo", lambda site: site.bugs.assign)
_deed("resolve", lambda site: site.bugs.resolve)
_deed("close", lambda site: site.bugs.close)
_deed("activate", lambda site: site.bugs.activate)


def _list(place: str) -> Callable[..., Reply]:
    def handle(site: Site, call: Call, caller: Caller, number: str) -> Reply:
        site.accounts.demand(caller.account, "bug", "browse")
        per_page, page = as_int(call.query.get("recPerPage"), 20), as_int(call.query.get("pageID"), 1)
        browse, order = call.query.get("browseType", "unclosed"), call.query.get("orderBy", "")
        found = site.queries.bugs(
            caller.account, caller.session, (place, as_int(number)), browse, order=order, page=page, limit=per_page
        )
        items = []
        for row in found.rows:
            shaped = shapes_bugs.bug_base(site, row)
            builds = str(row["openedBuild"]).split(",")
            shaped["openedBuild"] = ",".join(shapes_bugs.build_title(site, one) for one in builds if one)
            shaped |= {"priOrder": str(row["pri"]), "severityOrder": str(row["severity"]), "statusOrder": 1}
            items.append(shaped | {"needconfirm": False})
        info = pager(found.total, found.limit, found.page, "bug", "browse")
        return json_reply({"status": "success", "bugs": items, "pager": info})

    return handle


for _place in ("product", "project", "execution"):
    ROUTES.on("GET", f"/{_place}s/:number/bugs")(_list(_place))


# files


@ROUTES.on("POST", "/files")
def upload(site: Site, call: Call, caller: Caller) -> Reply:
    """Attach one file; any login may attach anything to anything, the object is not looked at."""
    found = next((one for one in call.uploads if one.field == "file"), None)
    if found is None:
        return json_reply({"message": " 文件上传失败，文件格式不在规定范围内", "status": "fail"})
    if not found.content:
        return json_reply({"status": "error", "message": " 文件上传失败，文件大小不能为0"})
    fields = call.fields()
    number = site.files.add(
        found.name,
        found.content,
        by=caller.account,
        object_type=str(fields.get("objectType") or ""),
        object_id=as_int(fields.get("objectID")),
    )
    row = site.files.get(number)
    assert row is not None
    url = site.files.read_url(number, str(row["extension"]))
    return json_reply({"status": "success", "id": number, "url": url, "data": {"id": number, "url": url}})


@ROUTES.on("GET", "/files/:number/download")
def download(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "file", "download")
    row = site.files.get(as_int(number))
    if row is None:
        return json_reply({"status": "fail", "code": 404})
    return download_reply(str(row["title"]), bytes(row["content"]))


@ROUTES.on("GET", "/files/:number")
def metadata(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    row = site.files.get(as_int(number))
    if row is None:
        return json_reply({"status": "fail", "code": 404})
    shaped = site.files.shape(row)
    keys = ("id", "title", "extension", "gid", "addedBy", "addedDate", "objectType", "objectID")
    file = {key: shaped[key] for key in keys} | {"size": shaped["realPath"]}
    return json_reply({"file": file, "status": "success"})


@ROUTES.on("DELETE", "/files/:number")
def delete_file(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "file", "delete")
    site.files.delete(as_int(number))
    return json_reply({"load": True, "status": "success"})

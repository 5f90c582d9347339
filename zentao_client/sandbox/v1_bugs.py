"""`/api.php/v1`: bugs and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import shapes_bugs, shapes_history, wording
from .call import Call, Reply, as_int, crash_reply, json_reply
from .database import Row
from .errors import Crash, Missing
from .files import IMAGES, extension_of
from .site import Site
from .taskdesk import Caller
from .v1_routes import ROUTES


def _demand(site: Site, caller: Caller, method: str, module: str = "bug") -> None:
    if site.dialect.v1_checks_privileges:
        site.accounts.demand(caller.account, module, method)


@ROUTES.on("POST", "/products/:number/bugs")
def create(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    return _create(site, call, caller, as_int(number))


@ROUTES.on("POST", "/bugs")
def create_at_root(site: Site, call: Call, caller: Caller) -> Reply:
    return _create(site, call, caller, as_int(call.body.get("product")))


def _create(site: Site, call: Call, caller: Caller, product: int) -> Reply:
    _demand(site, caller, "create")
    row = site.bugs.create(caller, product, call.body)
    return json_reply(shapes_bugs.v1_bug(site, shapes_bugs.bug_detail(site, row, call.host)), 201)


@ROUTES.on("GET", "/bugs/:number")
def get(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    _demand(site, caller, "view")
    row = site.bugs.get(as_int(number))
    shaped = shapes_bugs.v1_bug(site, shapes_bugs.bug_detail(site, row, call.host))
    shaped["openedBuild"] = [
        {"id": one, "title": shapes_bugs.build_title(site, one)} for one in str(row["openedBuild"]).split(",") if one
    ]
    if row["resolvedBuild"]:
        shaped["resolvedBuild"] = {
            "id": row["resolvedBuild"],
            "title": shapes_bugs.build_title(site, row["resolvedBuild"]),
        }
    product = site.places.product(int(row["product"]))
    shaped |= {"productName": product["name"] if product else "", "productStatus": "normal", "moduleTitle": "/"}
    shaped["actions"] = shapes_history.actions(site, "bug", int(row["id"]), call.host, "v1")
    return json_reply(shaped | {"preAndNext": {"pre": "", "next": ""}})


@ROUTES.on("PUT", "/bugs/:number")
def edit(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    _demand(site, caller, "edit")
    try:
        row = site.bugs.edit(caller, as_int(number), call.body)
    except Missing:
        raise Crash("array_keys(): Argument #1 ($array) must be of type array, null given") from None
    return json_reply(shapes_bugs.v1_bug(site, shapes_bugs.bug_detail(site, row, call.host)))


@ROUTES.on("DELETE", "/bugs/:number")
def delete(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    _demand(site, caller, "delete")
    site.db.update("bug", as_int(number), deleted=1)
    return json_reply({"message": "success"})


def _deed(name: str, method: str, deed: Callable[[Site], Callable[[Caller, int, Mapping[str, Any]], Row]]) -> None:
    @ROUTES.on("POST", f"/bugs/:number/{name}")
    def handle(site: Site, call: Call, caller: Caller, number: str) -> Reply:
        _demand(site, caller, method)
        row = deed(site)(caller, as_int(number), call.body)
        return json_reply(shapes_bugs.v1_bug(site, shapes_bugs.bug_detail(site, row, call.host), deed=name))


_deed("confirm", "confirm", lambda site: site.bugs.confirm)
_deed("assign", "assignTo", lambda site: site.bugs.assign)
_deed("resolve", "resolve", lambda site: site.bugs.resolve)
_deed("close", "close", lambda site: site.bugs.close)
_deed("active", "activate", lambda site: site.bugs.activate)


def _list(place: str, default_limit: int, plain: bool) -> Callable[..., Reply]:
    def handle(site: Site, call: Call, caller: Caller, number: str) -> Reply:
        page, limit = call.page()
        browse, order = call.query.get("status", ""), call.query.get("order", "")
        found = site.queries.bugs(
            caller.account,
            caller.session,
            (place, as_int(number)),
            browse,
            order=order,
            page=page,
            limit=limit or default_limit,
        )
        items = [_item(site, row, plain=plain) for row in found.rows]
        if browse == "all":
            items = [{**item, "planTitle": ""} for item in items]
        return json_reply({"page": found.page, "total": found.total, "limit": found.limit, "bugs": items})

    return handle


def _item(site: Site, row: Row, *, plain: bool) -> dict[str, Any]:
    shaped = shapes_bugs.bug_base(site, row)
    shaped["openedBuild"] = ",".join(
        shapes_bugs.build_title(site, one) for one in str(row["openedBuild"]).split(",") if one
    )
    if plain:  # execution and project lists keep accounts as they are
        for name in ("openedDate", "assignedDate", "activatedDate", "resolvedDate", "closedDate", "lastEditedDate"):
            shaped[name] = site.clock.utc(shaped[name])
        shaped |= {"deadline": shaped["deadline"] or None, "deleted": False}
    else:
        shaped = shapes_bugs.v1_bug(site, shaped)
    shaped |= {"priOrder": str(row["pri"]), "severityOrder": row["severity"]}
    if not plain:
        shaped["needconfirm"] = False
    return shaped | {"statusName": wording.status_text("bug", row["status"]), "productStatus": "normal"}


ROUTES.on("GET", "/products/:number/bugs")(_list("product", 20, plain=False))
ROUTES.on("GET", "/projects/:number/bugs")(_list("project", 20, plain=True))
ROUTES.on("GET", "/executions/:number/bugs")(_list("execution", 20, plain=True))


# files


@ROUTES.on("POST", "/files")
def upload(site: Site, call: Call, caller: Caller) -> Reply:
    found = next((one for one in call.uploads if one.field == "imgFile"), None)
    if found is None or not found.content:
        return json_reply({"error": "error"}, 400)
    if not site.dialect.v1_takes_any_file and extension_of(found.name) not in IMAGES:
        return json_reply({"error": "error"}, 400)
    file_id = site.files.add(
        found.name, found.content, by=caller.account, uid=call.query.get("uid", ""), session=caller.session
    )
    row = site.files.get(file_id)
    assert row is not None
    url = site.files.read_url(file_id, str(row["extension"]))
    if site.dialect.has_v2:
        return json_reply({"id": file_id, "url": url})
    return json_reply({"id": str(file_id), "url": call.host + url})


@ROUTES.on("GET", "/files/:number")
def download(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    row = site.files.get(as_int(number))
    if row is None:
        return json_reply({"error": wording.FILE_GONE}, 404)
    content = bytes(row["content"])
    if not site.dialect.has_v2:  # the bytes, and then the trace of the error that follows
        content += crash_reply("Cannot modify header information").content
    return download_reply(str(row["title"]), content)


def download_reply(title: str, content: bytes) -> Reply:
    """Bytes to save, the name as raw UTF-8 as ZenTao sends it."""
    safe = title.replace('"', "").replace("\r", "").replace("\n", "")
    name = safe.encode().decode("latin-1")
    return Reply(200, content, "application/octet-stream", {"Content-Disposition": f'attachment; filename="{name}"'})

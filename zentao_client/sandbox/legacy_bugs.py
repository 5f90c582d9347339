"""Pages of bugs, and the search form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import shapes_bugs, shapes_history, wording
from .call import HTML, Reply, empty_reply, json_reply, page_data
from .legacy_routes import PageCall, page
from .site import Site

SLOTS = 6


@page("bug", "create")
def create(site: Site, call: PageCall) -> Reply:
    fields = call.call.fields()
    labels = [str(label) for label in fields.pop("labels", [])]
    product = int(fields.get("product") or call.number("productID") or 0)
    row = site.bugs.create(call.caller, product, fields, uploads=list(call.call.uploads), labels=labels)
    return json_reply({"result": "success", "message": wording.SAVED, "id": str(row["id"])}, content_type=HTML)


@page("bug", "edit")
def edit(site: Site, call: PageCall) -> Reply:
    row = site.bugs.get(call.number("bugID"))
    if not call.posted:
        return page_data({"title": "编辑Bug", "bug": shapes_bugs.bug_detail(site, row, call.call.host), "pager": None})
    fields = call.call.fields()
    labels = [str(label) for label in fields.pop("labels", [])]
    site.bugs.edit(call.caller, int(row["id"]), fields, uploads=list(call.call.uploads), labels=labels)
    return page_data({"locate": call.locate(site, "bug", "view", "bugID", int(row["id"]))})


@page("bug", "view")
def view(site: Site, call: PageCall) -> Reply:
    row = site.bugs.get(call.number("bugID"))
    actions = shapes_history.actions(site, "bug", int(row["id"]), call.call.host, "page")
    return page_data(
        {
            "title": f"BUG #{row['id']} {row['title']}",
            "bug": shapes_bugs.bug_detail(site, row, call.call.host),
            "actions": {str(action["id"]): action for action in actions},
            "users": {user["account"]: user["realname"] for user in site.accounts.all()},
            "pager": None,
        }
    )


def store_query(site: Site, session: str, fields: Mapping[str, Any]) -> bool:
    """Keep a search form in the session; a form without all six slots is not taken."""
    if any(f"field{slot}" not in fields or f"value{slot}" not in fields for slot in range(1, SLOTS + 1)):
        return False
    conditions = [
        [str(fields.get(f"{name}{slot}") or "") for name in ("field", "operator", "value")]
        for slot in range(1, SLOTS + 1)
    ]
    conditions = [one for one in conditions if one[2]]
    site.accounts.remember_query(
        session, str(fields.get("module") or ""), conditions, str(fields.get("groupAndOr") or "and")
    )
    return True


@page("search", "buildQuery")
def build_query(site: Site, call: PageCall) -> Reply:
    fields = call.call.fields()
    if not store_query(site, call.caller.session, fields):
        return empty_reply(content_type=HTML)
    target = str(fields.get("actionURL") or "/")
    if site.dialect.has_v2:
        return json_reply({"result": "success", "load": target}, content_type=HTML)
    return page_data({"locate": call.call.host + target})

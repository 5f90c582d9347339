"""`/api.php/v2` of 22.4: comments and the search form."""

from __future__ import annotations

from . import wording
from .call import HTML, RELOAD, Call, Reply, as_int, html_reply, json_reply
from .errors import Nothing
from .legacy_bugs import store_query
from .legacy_tasks import comment
from .site import Site
from .taskdesk import Caller
from .v2_replies import fail
from .v2_routes import ROUTES


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

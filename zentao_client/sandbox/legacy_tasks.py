"""Pages of tasks, comments and files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from . import shapes, shapes_history, shapes_places, wording
from .call import HTML, RELOAD, Reply, html_reply, json_reply, page_data
from .database import Row
from .errors import Missing, Refused
from .files import IMAGES
from .legacy_routes import PageCall, page
from .site import Site
from .taskdesk import Caller
from .v1_bugs import download_reply


def comment(site: Site, caller: Caller, object_type: str, object_id: int, text: str) -> int | None:
    """Store a comment; ``None`` where nothing was stored. A task must exist and be visible, a bug need not."""
    target: Mapping[str, Any]
    if object_type == "task":
        found = site.db.get("task", object_id)
        if found is None or found["deleted"] or not site.places.visible(caller.account, int(found["execution"])):
            raise Refused(wording.NO_ACCESS)
        target = found
        stored = site.tasks.comment_text(caller, text, object_id)
    else:
        target = site.db.get("bug", object_id) or {"id": object_id}
        stored = site.bugs.comment_text(caller, text, object_id)
    if not stored.strip():
        return None
    return site.history.record(caller.account, object_type, target, "commented", comment=stored)


@page("action", "comment")
def comment_page(site: Site, call: PageCall) -> Reply:
    object_type, object_id = str(call.values.get("objectType") or "task"), call.number("objectID")
    if not call.posted and site.dialect.has_v2:
        form = {"title": "添加备注", "objectType": object_type, "objectID": str(object_id), "pager": None}
        return page_data(form)
    fields = call.call.fields()
    text = str(fields.get("comment") or "")
    if site.dialect.has_v2:
        text = str(fields.get("actioncomment") or text)
    try:
        action = comment(site, call.caller, object_type, object_id, text)
    except Refused as refused:
        return page_data({"result": "fail", "message": refused.message})
    if action is not None and site.dialect.has_v2 and call.call.uploads:
        site.files.add_form(
            list(call.call.uploads), [], by=call.caller.account, object_type="comment", object_id=action
        )
    return html_reply(RELOAD)


@page("action", "editComment")
def edit_comment(site: Site, call: PageCall) -> Reply:
    text = str(call.call.fields().get("lastComment") or "")
    clean = site.tasks.comment_text(call.caller, text, 0)
    if not clean or not site.history.edit_comment(call.number("actionID"), clean):
        return json_reply({"result": "fail", "message": wording.required("备注")}, content_type=HTML)
    done = {"result": "success", "locate": "reload", "load": True, "closeModal": True}
    return json_reply(done, content_type=HTML)


def task_data(site: Site, call: PageCall, row: Row, title: str) -> dict[str, Any]:
    """What the task page carries: the plain task, its execution, its history with accounts."""
    task = shapes.task_detail(site, row, call.call.host)
    execution = site.places.get(int(row["execution"]))
    actions = shapes_history.actions(site, "task", int(row["id"]), call.call.host, "page")
    people = {user["account"]: str(user["realname"]) for user in site.accounts.all()}
    if site.dialect.has_v2:
        team = {"admin", *(json.loads(execution["team"]) if execution else ())}
        members = {account: name for account, name in people.items() if account in team}
        users = {**people, "closed": "Closed"}
    else:
        members, users = {"": "", "admin": "A:admin"}, {"": "", **people, "closed": "Closed"}
    return {
        "title": title,
        "task": task,
        "execution": shapes_places.place(site, execution) if execution else False,
        "members": members,
        "actions": {str(action["id"]): action for action in actions},
        "users": users,
    }


def visible_task(site: Site, call: PageCall) -> Row:
    row = site.tasks.get(call.number("taskID"))
    if not site.places.visible(call.caller.account, int(row["execution"])):
        raise Missing
    return row


@page("task", "view")
def view(site: Site, call: PageCall) -> Reply:
    return page_data(view_data(site, call))


def view_data(site: Site, call: PageCall) -> dict[str, Any]:
    row = visible_task(site, call)
    execution = site.places.get(int(row["execution"]))
    name = execution["name"] if execution else ""
    data = task_data(site, call, row, f"TASK#{row['id']} {row['name']} / {name}")
    data["task"] |= {"storySpec": "", "storyVerify": "", "storyFiles": False}
    rest: dict[str, Any] = {"preAndNext": {"pre": "", "next": ""}, "product": "", "modulePath": [], "linkMRTitles": []}
    if site.dialect.has_v2:
        rest |= {"linkedBugs": [], "hasGitRepo": False, "status": "success", "product": False}
    return data | rest | {"linkCommits": [], "pager": None}


@page("task", "create")
def create(site: Site, call: PageCall) -> Reply:
    fields = call.call.fields()
    assigned = fields.get("assignedTo")
    if isinstance(assigned, list):
        fields["assignedTo"] = assigned[0] if assigned else ""
    execution = int(call.number("executionID") or fields.get("execution") or 0)
    row = site.tasks.create(call.caller, execution, fields)
    return json_reply({"result": "success", "message": wording.SAVED, "id": str(row["id"])}, content_type=HTML)


def _form_page(method: str, verb: str, deed: Callable[[Site, PageCall, Row], Row], *, bare: bool = False) -> None:
    """A page with a form: without one it answers with itself, else with the task's address."""

    @page("task", method)
    def handle(site: Site, call: PageCall) -> Reply:
        row = visible_task(site, call)
        if not call.posted:
            execution = site.places.get(int(row["execution"]))
            name = execution["name"] if execution else ""
            return page_data(task_data(site, call, row, f"{name}-{verb}") | {"pager": None})
        deed(site, call, row)
        if bare or (site.dialect.has_v2 and method == "finish"):
            return json_reply({"result": "success"}, content_type=HTML)
        return page_data({"locate": call.locate(site, "task", "view", "taskID", int(row["id"]))})


def _edit(site: Site, call: PageCall, row: Row) -> Row:
    fields = call.call.fields()
    if not fields.get("realStarted"):
        fields.pop("realStarted", None)
    labels = [str(label) for label in fields.pop("labels", [])]
    return site.tasks.edit(call.caller, row["id"], fields, uploads=list(call.call.uploads), labels=labels)


def _finish(site: Site, call: PageCall, row: Row) -> Row:
    fields = call.call.fields()
    labels = [str(label) for label in fields.pop("labels", [])]
    return site.tasks.finish(call.caller, row["id"], fields, uploads=list(call.call.uploads), labels=labels)


_form_page("edit", "编辑", _edit)
_form_page("finish", "完成", _finish)
_form_page("cancel", "取消", lambda site, call, row: site.tasks.cancel(call.caller, row["id"], call.call.fields()))
_form_page(
    "start", "开始", lambda site, call, row: site.tasks.start(call.caller, row["id"], call.call.fields()), bare=True
)
_form_page("pause", "暂停", lambda site, call, row: site.tasks.pause(call.caller, row["id"], call.call.fields()))
_form_page("restart", "继续", lambda site, call, row: site.tasks.restart(call.caller, row["id"], call.call.fields()))
_form_page("close", "关闭", lambda site, call, row: site.tasks.close(call.caller, row["id"], call.call.fields()))
_form_page("activate", "激活", lambda site, call, row: site.tasks.activate(call.caller, row["id"], call.call.fields()))
_form_page("assignTo", "指派", lambda site, call, row: site.tasks.assign(call.caller, row["id"], call.call.fields()))


# files


@page("file", "download")
def download(site: Site, call: PageCall) -> Reply:
    row = site.files.get(call.number("fileID"))
    if row is None:
        return html_reply(f"<html><script>alert('{wording.FILE_GONE}')</script></html>")
    return download_reply(str(row["title"]), bytes(row["content"]))


@page("file", "read", privilege=False)
def read(site: Site, call: PageCall) -> Reply:
    row = site.files.get(call.number("fileID"))
    if row is None or row["extension"] not in IMAGES:
        return html_reply("")
    kind = {"jpg": "jpeg"}.get(str(row["extension"]), str(row["extension"]))
    return Reply(200, bytes(row["content"]), f"image/{kind}")


@page("file", "delete", privilege=False)
def delete(site: Site, call: PageCall) -> Reply:
    row = site.files.get(call.number("fileID"))
    if row is not None and call.values.get("confirm") == "yes":
        site.files.delete(int(row["id"]))
        if row["objectType"] in ("task", "bug"):
            target = site.db.get(str(row["objectType"]), int(row["objectID"]))
            if target is not None:
                kind = str(row["objectType"])
                site.history.record(call.caller.account, kind, target, "deletedfile", extra=str(row["title"]))
    return html_reply(RELOAD)

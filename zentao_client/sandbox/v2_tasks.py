"""`/api.php/v2` of 22.4: tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import shapes, shapes_history
from .call import Call, Reply, as_int, json_reply
from .database import Row
from .errors import Denied, Invisible, Missing, Refused
from .queries import Listed
from .site import Site
from .taskdesk import Caller
from .v1_tasks import effort_rows
from .v2_replies import created, fail, form_fail, pager
from .v2_routes import ROUTES


def _task(site: Site, caller: Caller, number: str) -> Row:
    """The task, checked as every v2 call does: numeric id, there, not deleted, visible."""
    if not number.isdigit():
        raise Denied("task", "view")
    row = site.tasks.get(int(number))
    if row["deleted"]:
        raise Missing
    if not site.places.visible(caller.account, int(row["execution"])):
        raise Invisible
    return row


@ROUTES.on("GET", "/tasks/:number")
def get(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "task", "view")
    row = _task(site, caller, number)
    shaped = shapes.task_detail(site, row, "")
    shaped |= {"storySpec": "", "storyVerify": "", "storyFiles": False}
    actions = shapes_history.actions(site, "task", int(row["id"]), "", "v2")
    return json_reply({"status": "success", "task": shaped, "actions": actions})


@ROUTES.on("POST", "/tasks")
def create(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "task", "create")
    body = call.body
    execution = as_int(body.get("execution") or body.get("executionID"))
    if execution:
        if site.places.execution(execution) is None:
            return fail("Execution does not exist.")
        if not site.places.visible(caller.account, execution):
            return fail("Execution is not allowed.")
    else:
        execution = _last_execution(site, caller)  # reported as a success
    assigned = str(body.get("assignedTo") or "")
    if assigned and site.accounts.find(assigned) is None:
        return fail("User does not exist.")
    try:
        row = site.tasks.create(caller, execution, body)
    except Refused as refused:
        return form_fail(refused.message)
    site.db.run("UPDATE session SET lastExecution = ? WHERE token = ?", execution, caller.session)
    return created(int(row["id"]))


def _last_execution(site: Site, caller: Caller) -> int:
    last = site.db.value("SELECT lastExecution FROM session WHERE token = ?", caller.session)
    visible = [row for row in site.places.listed("sprint") if site.places.visible(caller.account, int(row["id"]))]
    return int(last or (visible[0]["id"] if visible else 0))


@ROUTES.on("PUT", "/tasks/:number")
def edit(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "task", "edit")
    row = _task(site, caller, number)
    site.tasks.edit(caller, int(row["id"]), call.body)
    return json_reply({"status": "success", "data": number})


@ROUTES.on("DELETE", "/tasks/:number")
def delete(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "task", "delete")
    row = _task(site, caller, number)
    site.tasks.delete(caller, int(row["id"]))
    load = f"/index.php?m=execution&f=task&t=json&executionID={row['execution']}"
    return json_reply({"message": "保存成功", "load": load, "closeModal": True, "status": "success"})


@ROUTES.on("PUT", "/tasks/:number/assignTo")
def assign(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "task", "assignTo")
    row = _task(site, caller, number)
    if not call.query.get("executionID"):
        return fail("Missing required parameter: executionID.")
    _known_assignee(site, call)
    site.tasks.assign(caller, int(row["id"]), call.body)
    return json_reply({"status": "success"})


def _known_assignee(site: Site, call: Call) -> None:
    assigned = str(call.body.get("assignedTo") or "")
    if assigned and site.accounts.find(assigned) is None:
        raise Refused("User does not exist.")


@ROUTES.on("PUT", "/tasks/:number/recordWorkhour")
def log_effort(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "task", "recordWorkhour")
    row = _task(site, caller, number)
    days = call.body.get("date")
    if not isinstance(days, list):
        raise Refused({"date[0]": 'ID #0 "日期"不能为空'})
    site.tasks.log_effort(caller, int(row["id"]), effort_rows(call.body, days))
    load = f"/index.php?m=execution&f=browse&t=json&executionID={row['execution']}&tab=task"
    return json_reply({"message": "保存成功", "load": load, "status": "success"})


def _transition(
    name: str, deed: Callable[[Site], Callable[[Caller, int, Mapping[str, Any]], Row]], *, loads: bool = False
) -> None:
    @ROUTES.on("PUT", f"/tasks/:number/{name}")
    def handle(site: Site, call: Call, caller: Caller, number: str) -> Reply:
        site.accounts.demand(caller.account, "task", name)
        row = _task(site, caller, number)
        _known_assignee(site, call)
        deed(site)(caller, int(row["id"]), call.body)
        if not loads:
            return json_reply({"status": "success"})
        load = f"/index.php?m=task&f=view&t=json&taskID={row['id']}"
        return json_reply({"message": "保存成功", "closeModal": True, "load": load, "status": "success"})


_transition("start", lambda site: site.tasks.start)
_transition("pause", lambda site: site.tasks.pause)
_transition("restart", lambda site: site.tasks.restart)
_transition("finish", lambda site: site.tasks.finish)
_transition("close", lambda site: site.tasks.close)
_transition("activate", lambda site: site.tasks.activate)
_transition("cancel", lambda site: site.tasks.cancel, loads=True)


# lists


@ROUTES.on("GET", "/executions/:number/tasks")
def execution_tasks(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "execution", "task")
    execution = as_int(number)
    if site.places.execution(execution) is None:
        return fail("Execution does not exist.")
    if not site.places.visible(caller.account, execution):
        return fail("Execution is not allowed.")
    per_page, page = as_int(call.query.get("recPerPage"), 100), as_int(call.query.get("pageID"), 1)
    browse, order = call.query.get("browseType", "unclosed"), call.query.get("orderBy", "")
    found = site.queries.execution_tasks(
        caller.account, caller.session, execution, browse, order=order, page=page, limit=per_page
    )
    return _list_reply(site, found, "execution", "task")


@ROUTES.on("GET", "/my/tasks")
def my_tasks(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "my", "task")
    per_page, page = as_int(call.query.get("recPerPage"), 20), as_int(call.query.get("pageID"), 1)
    found = site.queries.my_tasks(caller.account, "assignedTo", page, per_page)
    return _list_reply(site, found, "my", "task")


def _list_reply(site: Site, found: Listed, module: str, method: str) -> Reply:
    items = [shapes.task_item(site, row) for row in found.rows]
    info = pager(found.total, found.limit, found.page, module, method)
    return json_reply({"status": "success", "tasks": items, "pager": info})

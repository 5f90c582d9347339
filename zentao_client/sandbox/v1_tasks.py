"""`/api.php/v1`: tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import shapes, shapes_history, wording
from .call import HTML, Call, Reply, as_int, dumped, empty_reply, json_reply
from .database import Row
from .errors import Crash, Invisible, Missing, Nothing, Refused
from .queries import Listed
from .site import Site
from .taskdesk import Caller
from .v1_routes import ROUTES

_FILTERS = ("assignedTo", "status", "pri", "id", "name")
_REQUIRED = (("name", "任务名称"), ("type", "任务类型"), ("estStarted", "预计开始"), ("deadline", "截止日期"))
_MENU = {
    "wait": ["batchCreate", "assignTo", "start", "finish", "cancel"],
    "doing": ["assignTo", "pause", "finish", "recordWorkhour", "cancel"],
    "pause": ["assignTo", "restart", "finish", "cancel"],
    "done": ["assignTo", "activate", "close"],
    "cancel": ["activate", "close"],
    "closed": ["activate"],
}


def _demand(site: Site, caller: Caller, method: str, module: str = "task") -> None:
    if site.dialect.v1_checks_privileges:
        site.accounts.demand(caller.account, module, method)


@ROUTES.on("GET", "/tasks")
def search(site: Site, call: Call, caller: Caller) -> Reply:
    page, limit = call.page()
    if call.query.get("search") != "1":
        return _my_tasks(site, call, caller)
    filters = {name: call.query[name] for name in _FILTERS if call.query.get(name)}
    listed = site.queries.search_tasks(caller.account, filters, call.query.get("order", ""), page, limit)
    items = []
    for row in listed.rows:
        shaped = shapes.v1_face(site, shapes.task_base(site, row), "full")
        shaped |= {name: shaped[name] or "" for name in ("estStarted", "activatedDate")}
        items.append(shaped)
    return _list_reply(listed, items)


def _my_tasks(site: Site, call: Call, caller: Caller) -> Reply:
    """The list whose paging arguments are shifted: one item, whatever was asked for."""
    listed = site.queries.my_tasks(caller.account, call.query.get("type", "assignedTo"), 1, 1000)
    items = []
    for row in listed.rows[-1:]:
        shaped = shapes.v1_face(site, shapes.task_base(site, row), "full")
        execution, project = site.places.get(row["execution"]), site.places.get(row["project"])
        shaped |= {"executionID": row["execution"], "executionName": execution["name"] if execution else ""}
        shaped |= {"projectName": project["name"] if project else ""}
        shaped |= {"executionMultiple": 1 if site.dialect.has_v2 else "1", "executionType": "sprint"}
        shaped |= {"storyID": "", "storyTitle": "", "storyStatus": "", "latestStoryVersion": ""}
        shaped |= {"priOrder": str(row["pri"]), "needConfirm": False, "progress": shapes.progress(row)}
        if site.dialect.has_v2:
            shaped |= {name: f"{shaped[name]}h" for name in ("estimate", "consumed", "left")}
            shaped |= {"assignedToRealName": site.accounts.realname(row["assignedTo"]), "rawParent": 0}
            shaped |= {"canBeChanged": True, "isChild": False, "parentName": ""}
        items.append(shaped)
    return json_reply({"page": 1, "total": listed.total, "limit": 1, "tasks": items})


@ROUTES.on("GET", "/executions/:number/tasks")
def execution_tasks(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    _demand(site, caller, "task", "execution")
    execution = as_int(number)
    page, limit = call.page()
    limit = limit or (20 if call.query.get("limit") else 100)
    if site.places.execution(execution) is None:
        nothing = {"page": 1, "total": 0, "limit": limit, "tasks": []}
        if site.dialect.has_v2:
            return _glued(_not_there(), nothing)
        return json_reply(nothing)
    if not site.places.visible(caller.account, execution):
        raise Invisible
    browse, order = call.query.get("status", ""), call.query.get("order", "")
    listed = site.queries.execution_tasks(
        caller.account, caller.session, execution, browse, order=order, page=page, limit=limit
    )
    items = [shapes.v1_face(site, shapes.task_item(site, row), "full") for row in listed.rows]
    return _list_reply(listed, items)


def _list_reply(listed: Listed, items: list[dict[str, Any]]) -> Reply:
    return json_reply({"page": listed.page, "total": listed.total, "limit": listed.limit, "tasks": items})


def _not_there() -> list[dict[str, str]]:
    return [
        {"status": "fail", "message": wording.NO_SUCH_OBJECT},
        {"status": "fail", "message": wording.NO_SUCH_EXECUTION},
    ]


def _glued(documents: list[dict[str, str]], last: Mapping[str, Any] | None = None) -> Reply:
    """Several JSON documents in one body, as 22.4's v1 gives for an unknown execution."""
    text = "".join(dumped(one) for one in [*documents, *([last] if last else [])])
    return Reply(200, text.encode())


@ROUTES.on("POST", "/executions/:number/tasks")
def create(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    _demand(site, caller, "create")
    body = call.body
    for key, label in _REQUIRED:
        if key not in body:
            raise Refused(wording.required(label))
    execution = as_int(number)
    if site.places.execution(execution) is None and site.dialect.has_v2:
        reply = _glued(_not_there())
        return Reply(302, reply.content, headers={"Location": "/index.php?m=execution&f=create&t=json"})
    if body.get("assignedTo") == "" and "assignedTo" in body and not site.dialect.has_v2:
        raise Nothing
    row = site.tasks.create(caller, execution, body)
    return json_reply(_detail(site, call, row), 201)


@ROUTES.on("POST", "/executions/:number/tasks/batchCreate")
def create_many(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    _demand(site, caller, "batchCreate")
    made = {}
    for values in call.body.get("tasks") or []:
        if isinstance(values, dict):
            row = site.tasks.create(caller, as_int(number), values)
            made[str(row["id"])] = shapes.task_base(site, row)
    return json_reply({"task": made})


@ROUTES.on("POST", "/tasks")
def create_nowhere(site: Site, call: Call, caller: Caller) -> Reply:
    raise Crash("helper::import(): Argument #1 ($file) must be of type string, null given")


@ROUTES.on("GET", "/tasks/:number")
def get(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    _demand(site, caller, "view")
    row = site.tasks.get(as_int(number))
    if not site.places.visible(caller.account, int(row["execution"])):
        raise Invisible
    shaped = shapes.task_detail(site, row, call.host)
    face = shapes.v1_face(site, shaped, "full", local_times=call.query.get("timeFormat") == "local")
    execution = site.places.get(int(row["execution"]))
    face |= {"storySpec": "", "storyVerify": "", "storyFiles": False}
    face["executionName"] = execution["name"] if execution else ""
    status = execution["status"] if execution else ""
    if site.dialect.has_v2:
        face["executionStatus"] = status
    face |= {"moduleTitle": "/", "actions": shapes_history.actions(site, "task", int(row["id"]), call.host, "v1")}
    face["preAndNext"] = {"pre": "", "next": ""}
    if site.dialect.has_v2:
        face["operateMenu"] = _MENU.get(row["status"], [])
    else:
        face["executionStatus"] = status
    return json_reply(face)


@ROUTES.on("PUT", "/tasks/:number")
def edit(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    _demand(site, caller, "edit")
    try:
        row = site.tasks.edit(caller, as_int(number), call.body)
    except Missing:
        raise Crash("array_keys(): Argument #1 ($array) must be of type array, null given") from None
    _refuse_after_the_deed(site, caller, row)
    return json_reply(_detail(site, call, row))


@ROUTES.on("DELETE", "/tasks/:number")
def delete(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    _demand(site, caller, "delete")
    site.tasks.delete(caller, as_int(number))
    return json_reply({"message": "success"})


@ROUTES.on("GET", "/tasks/:number/estimate")
def effort(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    task = site.tasks.get(as_int(number))
    products = ",".join(str(one) for one in site.places.products_of(int(task["execution"])))
    shaped = [
        {
            "id": row["id"],
            "objectType": "task",
            "objectID": row["task"],
            "product": f",{products},",
            "project": task["project"],
            "execution": task["execution"],
            "account": row["account"],
            "work": row["work"],
            "vision": "rnd",
            "date": row["date"],
            "left": shapes.hours(site, row["left"]),
            "consumed": shapes.hours(site, row["consumed"]),
            "begin": "0000",
            "end": "0000",
            "extra": "",
            "order": 0,
            "deleted": "0",
        }
        for row in site.tasks.effort(task["id"])
    ]
    return json_reply({"effort": shaped})


@ROUTES.on("POST", "/tasks/:number/estimate")
def log_effort(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    _demand(site, caller, "recordWorkhour")
    body = call.body
    days = body.get("date") if site.dialect.has_v2 else body.get("dates")
    if site.dialect.has_v2:
        if days is None:
            fail = {"result": "fail", "message": {"1": {"left": ["Field 'left' not empty"]}}}
            return json_reply(fail, content_type=HTML)
        if not isinstance(days, list):
            return json_reply(_detail(site, call, site.tasks.get(as_int(number))))
        if "left" not in body:
            raise Refused({"left[0]": 'ID #0 "剩余"必须为数字'})
    elif not isinstance(days, list):
        raise Crash("array_keys(): Argument #1 ($array) must be of type array, string given")
    row = site.tasks.log_effort(caller, as_int(number), effort_rows(body, days))
    return json_reply(_detail(site, call, row))


def effort_rows(body: Mapping[str, Any], days: list[Any]) -> list[Mapping[str, Any]]:
    """The parallel arrays of an effort form as one row each."""

    def column(name: str) -> list[Any]:
        value = body.get(name)
        return value if isinstance(value, list) else []

    columns = {name: column(name) for name in ("consumed", "left", "work")}
    return [
        {"date": day, **{name: values[index] for name, values in columns.items() if index < len(values)}}
        for index, day in enumerate(days)
    ]


def _transition(
    name: str, face: shapes.Face, method: str, deed: Callable[[Site], Callable[[Caller, int, Mapping[str, Any]], Row]]
) -> None:
    @ROUTES.on("POST", f"/tasks/:number/{name}")
    def handle(site: Site, call: Call, caller: Caller, number: str) -> Reply:
        _demand(site, caller, method)
        try:
            row = deed(site)(caller, as_int(number), call.body)
        except Missing:
            return empty_reply(200)
        _refuse_after_the_deed(site, caller, row)
        shaped = shapes.task_detail(site, row, call.host)
        return json_reply(shapes.v1_face(site, shaped, face))


_transition("start", "plain", "start", lambda site: site.tasks.start)
_transition("pause", "plain", "pause", lambda site: site.tasks.pause)
_transition("restart", "plain", "restart", lambda site: site.tasks.restart)
_transition("close", "plain", "close", lambda site: site.tasks.close)
_transition("finish", "half", "finish", lambda site: site.tasks.finish)
_transition("assignto", "half", "assignTo", lambda site: site.tasks.assign)
_transition("active", "active", "activate", lambda site: site.tasks.activate)


def _refuse_after_the_deed(site: Site, caller: Caller, row: Row) -> None:
    """On a private execution v1 says 400, and the change was made all the same."""
    if not site.places.visible(caller.account, int(row["execution"])):
        raise Invisible


def _detail(site: Site, call: Call, row: Row) -> dict[str, Any]:
    return shapes.v1_face(site, shapes.task_detail(site, row, call.host), "full")

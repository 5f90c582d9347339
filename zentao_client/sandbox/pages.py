"""Small Chinese pages: the tasks of an execution, a task and a bug as a person reads them."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import escape

from . import pageviews, shapes_bugs, wording
from .call import Call, Reply, as_int
from .control import Desk
from .database import Row
from .errors import Missing, Refused
from .files import IMAGES
from .legacy import page_name
from .person import Person
from .site import Site

_TYPE = "text/html; charset=utf-8"
_BUTTONS = {
    "wait": (("start", "开始"), ("finish", "完成"), ("cancel", "取消")),
    "doing": (("pause", "暂停"), ("finish", "完成"), ("cancel", "取消")),
    "pause": (("restart", "继续"), ("finish", "完成"), ("cancel", "取消")),
    "done": (("activate", "激活"), ("close", "关闭")),
    "cancel": (("activate", "激活"), ("close", "关闭")),
    "closed": (("activate", "激活"),),
}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    folder = Path(__file__).parent / "templates"
    return Environment(loader=FileSystemLoader(folder), autoescape=select_autoescape(), trim_blocks=True)


def answer(site: Site, desk: Desk, call: Call) -> Reply | None:
    """The page at this address, or ``None`` where it belongs to somebody else."""
    if call.path == "/" and "m" not in call.query and "mode" not in call.query:
        return home(site, desk, as_int(call.query.get("execution")))
    found = re.fullmatch(r"/(task|bug)/(\d+)(/act)?", call.path)
    if found:
        kind, number = found[1], int(found[2])
        if found[3] and call.method == "POST" and kind == "task":
            return _act(site, desk, call, number)
        return _shown(site, desk, kind, number) if call.method == "GET" else None
    download = re.fullmatch(r"/file/(\d+)", call.path)
    if download and call.method == "GET":
        return _file(site, int(download[1]))
    named = page_name(site, call)
    if named and call.method == "GET" and named[0] in ("task-view", "bug-view") and named[2] == "html":
        kind = named[0].partition("-")[0]
        return _shown(site, desk, kind, as_int(named[1].get(f"{kind}ID") or named[1].get("id")))
    return None


def home(site: Site, desk: Desk, execution: int = 0) -> Reply:
    """The list of tasks; also what a page address in the wrong form leads to."""
    executions = site.places.listed("sprint")
    chosen = next((row for row in executions if row["id"] == execution), executions[-1] if executions else None)
    tasks: list[Row] = []
    total = 0
    if chosen:
        listed = site.queries.execution_tasks("admin", "", int(chosen["id"]), "all", order="id_desc", page=1, limit=200)
        tasks, total = [pageviews.task_view(site, row) for row in listed.rows], listed.total
    counts = {
        row["status"]: row["number"]
        for row in site.db.rows(
            "SELECT status, COUNT(*) AS number FROM task WHERE execution = ? AND deleted = 0 GROUP BY status",
            chosen["id"] if chosen else 0,
        )
    }
    return _page(
        "tasks.html",
        site,
        desk,
        executions=list(reversed(executions)),
        chosen=chosen,
        tasks=tasks,
        total=total,
        counts=[(code, text, counts[code]) for code, text in wording.TASK_STATUS.items() if counts.get(code)],
    )


def _shown(site: Site, desk: Desk, kind: str, number: int, problem: str = "") -> Reply:
    try:
        if kind == "task":
            return _task_page(site, desk, site.tasks.get(number), problem)
        return _bug_page(site, desk, site.bugs.get(number))
    except Missing:
        label = wording.OBJECT.get(kind, kind)
        return _page("missing.html", site, desk, status=404, what=f"{label} #{number}")


def _task_page(site: Site, desk: Desk, row: Row, problem: str) -> Reply:
    execution = site.places.get(int(row["execution"]))
    bugs = site.db.rows("SELECT * FROM bug WHERE task = ? AND deleted = 0 ORDER BY id", row["id"])
    for bug in bugs:
        bug["status_text"] = wording.status_text("bug", bug["status"])
        bug["plain_title"] = pageviews.plain(bug["title"])
    return _page(
        "task.html",
        site,
        desk,
        task=pageviews.task_view(site, row),
        execution=execution,
        text=pageviews.text(site, row["desc"]),
        history=pageviews.history(site, "task", int(row["id"])),
        files=pageviews.files(site, "task", int(row["id"])),
        bugs=bugs,
        buttons=_BUTTONS.get(row["status"], ()) if desk.acting_as else (),
        problem=problem,
    )


def _bug_page(site: Site, desk: Desk, row: Row) -> Reply:
    task = site.db.get("task", int(row["task"])) if row["task"] else None
    bug = dict(row) | {
        "plain_title": pageviews.plain(row["title"]),
        "status_text": wording.status_text("bug", row["status"]),
        "assigned_name": pageviews.name(site, row["assignedTo"]),
        "opened_name": pageviews.name(site, row["openedBy"]),
        "resolved_name": pageviews.name(site, row["resolvedBy"]),
        "build": "、".join(shapes_bugs.build_title(site, one) for one in str(row["openedBuild"]).split(",") if one),
    }
    return _page(
        "bug.html",
        site,
        desk,
        bug=bug,
        task=pageviews.task_view(site, task) if task else None,
        text=pageviews.text(site, row["steps"]),
        history=pageviews.history(site, "bug", int(row["id"])),
        files=pageviews.files(site, "bug", int(row["id"])),
    )


def _act(site: Site, desk: Desk, call: Call, number: int) -> Reply:
    """A button was pressed: only from our own page, only while somebody is acted for."""
    origin = call.headers.get("origin") or call.headers.get("referer", "")
    if not desk.acting_as or (origin != call.host and not origin.startswith(call.host + "/")):
        return Reply(403, "不允许".encode(), _TYPE)
    person = Person(site, desk.acting_as, call.host)
    fields = call.fields()
    comment = str(escape(str(fields.get("comment") or "").strip()))
    try:
        _press(site, person, number, str(fields.get("deed") or ""), comment)
    except (Refused, Missing) as refused:
        return _shown(site, desk, "task", number, str(refused))
    return Reply(303, b"", _TYPE, {"Location": f"/task/{number}"})


def _press(site: Site, person: Person, number: int, deed: str, comment: str) -> None:
    assigned = str(site.tasks.get(number)["assignedTo"])
    if deed == "start":
        person.start_task(number, comment=comment)
    elif deed == "pause":
        person.pause_task(number, comment=comment)
    elif deed == "restart":
        person.restart_task(number, comment=comment)
    elif deed == "finish":
        person.finish_task(number, comment=comment)
    elif deed == "close":
        person.close_task(number, comment=comment)
    elif deed == "cancel":
        person.cancel_task(number, comment=comment)
    elif deed == "activate":
        person.activate_task(number, assigned_to="" if assigned == "closed" else assigned, comment=comment)
    elif deed == "comment" and comment:
        person.comment("task", number, f"<p>{comment}</p>")


def _file(site: Site, number: int) -> Reply:
    """A file for our own pages: pictures and sounds as what they are, everything else to save."""
    row = site.files.get(number)
    if row is None:
        return Reply(404, b"", _TYPE)
    suffix = str(row["title"]).rpartition(".")[2].lower()
    content = bytes(row["content"])
    safe = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}
    if suffix in pageviews.SOUNDS:
        return Reply(200, content, pageviews.SOUNDS[suffix], safe)
    if row["extension"] in IMAGES:
        return Reply(200, content, f"image/{'jpeg' if row['extension'] == 'jpg' else row['extension']}", safe)
    if suffix in ("log", "txt", "json", "yaml"):
        return Reply(200, content, "text/plain; charset=utf-8", safe)
    return Reply(200, content, "application/octet-stream", safe | {"Content-Disposition": "attachment"})


def _page(template: str, site: Site, desk: Desk, status: int = 200, **values: Any) -> Reply:
    text = (
        _environment()
        .get_template(template)
        .render(
            version=site.dialect.version,
            me=pageviews.name(site, desk.acting_as),
            **values,
        )
    )
    policy = "default-src 'self'; img-src 'self' http: https:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
    return Reply(status, text.encode(), _TYPE, {"Content-Security-Policy": policy, "Cache-Control": "no-store"})

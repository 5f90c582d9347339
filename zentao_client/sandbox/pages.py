"""Small Chinese pages: the tasks of an execution, a task and a bug as a person reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup, escape

from . import richtext, shapes, wording
from .call import Call, Reply, as_int
from .control import Desk
from .database import Row
from .errors import Missing, Refused
from .files import IMAGES
from .legacy import page_name
from .person import Person
from .site import Site

_TYPE = "text/html; charset=utf-8"
_SOUNDS = {"wav": "audio/wav", "mp3": "audio/mpeg", "ogg": "audio/ogg", "flac": "audio/flac"}
_PRIORITY = {1: "最高", 2: "较高", 3: "一般", 4: "较低"}
_BUTTONS = {
    "wait": (("start", "开始"), ("finish", "完成"), ("cancel", "取消")),
    "doing": (("pause", "暂停"), ("finish", "完成"), ("cancel", "取消")),
    "pause": (("restart", "继续"), ("finish", "完成"), ("cancel", "取消")),
    "done": (("activate", "激活"), ("close", "关闭")),
    "cancel": (("activate", "激活"), ("close", "关闭")),
    "closed": (("activate", "激活"),),
}


@dataclass(frozen=True)
class Line:
    """One entry of the history on a page."""

    date: str
    name: str
    verb: str
    tone: str
    robot: bool
    moved: Markup | None  # 未开始 → 进行中
    changes: tuple[Markup, ...]  # the other fields
    comment: Markup
    files: tuple[dict[str, Any], ...]


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
        tasks, total = [_task_view(site, row) for row in listed.rows], listed.total
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
        bug["plain_title"] = _plain(bug["title"])
    return _page(
        "task.html",
        site,
        desk,
        task=_task_view(site, row),
        execution=execution,
        text=_text(site, row["desc"]),
        history=_history(site, "task", int(row["id"])),
        files=_files(site, "task", int(row["id"])),
        bugs=bugs,
        buttons=_BUTTONS.get(row["status"], ()) if desk.acting_as else (),
        problem=problem,
    )


def _bug_page(site: Site, desk: Desk, row: Row) -> Reply:
    task = site.db.get("task", int(row["task"])) if row["task"] else None
    bug = dict(row) | {
        "plain_title": _plain(row["title"]),
        "status_text": wording.status_text("bug", row["status"]),
        "assigned_name": _name(site, row["assignedTo"]),
        "opened_name": _name(site, row["openedBy"]),
        "resolved_name": _name(site, row["resolvedBy"]),
        "build": "、".join(shapes.build_title(site, one) for one in str(row["openedBuild"]).split(",") if one),
    }
    return _page(
        "bug.html",
        site,
        desk,
        bug=bug,
        task=_task_view(site, task) if task else None,
        text=_text(site, row["steps"]),
        history=_history(site, "bug", int(row["id"])),
        files=_files(site, "bug", int(row["id"])),
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
    if suffix in _SOUNDS:
        return Reply(200, content, _SOUNDS[suffix], safe)
    if row["extension"] in IMAGES:
        return Reply(200, content, f"image/{'jpeg' if row['extension'] == 'jpg' else row['extension']}", safe)
    if suffix in ("log", "txt", "json", "yaml"):
        return Reply(200, content, "text/plain; charset=utf-8", safe)
    return Reply(200, content, "application/octet-stream", safe | {"Content-Disposition": "attachment"})


# views


def _task_view(site: Site, row: Row) -> dict[str, Any]:
    return dict(row) | {
        "plain_name": _plain(row["name"]),
        "status_text": wording.status_text("task", row["status"]),
        "type_text": wording.TASK_TYPE.get(row["type"], row["type"]),
        "priority": _PRIORITY.get(int(row["pri"]), "未设"),
        "assigned_name": _name(site, row["assignedTo"]),
        "opened_name": _name(site, row["openedBy"]),
        "finished_name": _name(site, row["finishedBy"]),
        "progress": shapes.progress(row),
        "started": "" if str(row["realStarted"] or "").startswith("0000") else (row["realStarted"] or ""),
        "changed": row["lastEditedDate"] or row["openedDate"],
    }


def _history(site: Site, kind: str, number: int) -> list[Line]:
    lines = []
    for row in reversed(site.history.of(kind, number)):
        verb = wording.ACTION_SENTENCE.get(row["action"], str(row["action"]))
        if row["action"] == "assigned":
            verb = f"指派给 {_name(site, row['extra']) or '无人'}"
        elif row["action"] == "resolved":
            verb = f"解决，方案为 {row['extra']}"
        lines.append(
            Line(
                date=str(row["date"])[:16],
                name=_name(site, row["actor"]),
                verb=verb,
                tone=_TONES.get(row["action"], "plain"),
                robot=_is_robot(site, row["actor"]),
                moved=next((_moved(site, kind, one) for one in row["changes"] if one["field"] == "status"), None),
                changes=tuple(_change(site, kind, one) for one in row["changes"] if one["field"] != "status"),
                comment=_text(site, row["comment"]),
                files=tuple(_files(site, "comment", int(row["id"]))),
            )
        )
    return lines


_TONES = {
    "started": "go",
    "restarted": "go",
    "activated": "go",
    "finished": "good",
    "resolved": "good",
    "paused": "stop",
    "canceled": "stop",
    "closed": "stop",
    "commented": "say",
}


def _moved(site: Site, kind: str, change: Mapping[str, Any]) -> Markup:
    """“未开始 → 进行中”, each in its colour."""
    old, new = str(change["old"]), str(change["new"])
    return Markup('<span class="pill {}">{}</span> → <span class="pill {}">{}</span>').format(
        _code(kind, old), _value(site, kind, "status", old), _code(kind, new), _value(site, kind, "status", new)
    )


def _change(site: Site, kind: str, change: Mapping[str, Any]) -> Markup:
    """“预计剩余：4 → 0”."""
    field = str(change["field"])
    if field in ("files", "addDiff"):
        return Markup("添加附件 <b>{}</b>").format(change["new"] or change["diff"])
    if field in ("desc", "steps"):
        return Markup("修改了{}").format(wording.field_text(kind, field))
    old, new = (_value(site, kind, field, str(change[side])) for side in ("old", "new"))
    if field in ("name", "title"):
        old, new = _plain(old), _plain(new)
    return Markup("{}：{} → {}").format(wording.field_text(kind, field), old or "空", new or "空")


def _code(kind: str, status: str) -> str:
    names = wording.BUG_STATUS if kind == "bug" else wording.TASK_STATUS
    code = status if status in names else next((code for code, text in names.items() if text == status), "")
    return f"b-{code}" if kind == "bug" else code


def _value(site: Site, kind: str, field: str, value: str) -> str:
    if field == "status":
        return wording.status_text(kind, value)
    if field == "confirmed":
        return wording.CONFIRMED.get(value, value)
    if field in ("assignedTo", "finishedBy", "canceledBy", "closedBy", "resolvedBy"):
        return _name(site, value)
    if value.startswith("0000-00-00"):
        return ""
    return value[:16] if re.match(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", value) else value


def _text(site: Site, stored: str) -> Markup:
    """Stored rich text for a page: filtered once more, own pictures from our own address."""

    def picture(source: str) -> str | None:
        own = re.match(r"^\{(\d+)\.\w+\}$", source) or re.search(r"(?:fileID=|/file-read-)(\d+)", source)
        if own:
            return f"/file/{own[1]}"
        return source if re.match(r"^https?://", source) else None

    clean = richtext.sanitise(stored, picture)
    return Markup(clean)  # noqa: S704 - rebuilt from allowed tags and quoted attributes only


def _files(site: Site, kind: str, number: int) -> list[dict[str, Any]]:
    found = []
    for row in site.files.of(kind, number):
        suffix = str(row["title"]).rpartition(".")[2].lower()
        found.append(
            {
                "id": row["id"],
                "title": row["title"],
                "size": _size(int(row["size"])),
                "by": _name(site, row["addedBy"]),
                "date": str(row["addedDate"])[:10],
                "sound": suffix in _SOUNDS,
                "picture": row["extension"] in IMAGES,
                "suffix": suffix[:4].upper() or "FILE",
            }
        )
    return found


def _size(size: int) -> str:
    if size < 1024:
        return f"{size} B"
    if size < 1024 * 1024:
        return f"{size / 1024:.1f} KB"
    return f"{size / 1024 / 1024:.1f} MB"


def _name(site: Site, account: object) -> str:
    text = str(account or "")
    if text == "closed":
        return ""
    return site.accounts.realname(text) or text


def _is_robot(site: Site, account: str) -> bool:
    return "bot" in account or "机器人" in site.accounts.realname(account)


def _plain(title: str) -> Markup:
    """A stored title for a page: 18.8 keeps it escaped already, 22.4 does not."""
    return Markup(escape(Markup(title).unescape()))  # noqa: S704 - unescaped once, escaped again


def _page(template: str, site: Site, desk: Desk, status: int = 200, **values: Any) -> Reply:
    text = (
        _environment()
        .get_template(template)
        .render(
            version=site.dialect.version,
            me=_name(site, desk.acting_as),
            **values,
        )
    )
    policy = "default-src 'self'; img-src 'self' http: https:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
    return Reply(status, text.encode(), _TYPE, {"Content-Security-Policy": policy, "Cache-Control": "no-store"})

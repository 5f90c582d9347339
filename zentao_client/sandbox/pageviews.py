"""What the pages show of a row: names, words, sentences of the history, safe texts, files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from . import richtext, shapes, wording
from .database import Row
from .files import IMAGES
from .site import Site

SOUNDS = {"wav": "audio/wav", "mp3": "audio/mpeg", "ogg": "audio/ogg", "flac": "audio/flac"}
_PRIORITY = {1: "最高", 2: "较高", 3: "一般", 4: "较低"}


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


def task_view(site: Site, row: Row) -> dict[str, Any]:
    """A task with everything in words."""
    return dict(row) | {
        "plain_name": plain(row["name"]),
        "status_text": wording.status_text("task", row["status"]),
        "type_text": wording.TASK_TYPE.get(row["type"], row["type"]),
        "priority": _PRIORITY.get(int(row["pri"]), "未设"),
        "assigned_name": name(site, row["assignedTo"]),
        "opened_name": name(site, row["openedBy"]),
        "finished_name": name(site, row["finishedBy"]),
        "progress": shapes.progress(row),
        "started": "" if str(row["realStarted"] or "").startswith("0000") else (row["realStarted"] or ""),
        "changed": row["lastEditedDate"] or row["openedDate"],
    }


def history(site: Site, kind: str, number: int) -> list[Line]:
    """The history, newest first."""
    lines = []
    for row in reversed(site.history.of(kind, number)):
        verb = wording.ACTION_SENTENCE.get(row["action"], str(row["action"]))
        if row["action"] == "assigned":
            verb = f"指派给 {name(site, row['extra']) or '无人'}"
        elif row["action"] == "resolved":
            verb = f"解决，方案为 {row['extra']}"
        lines.append(
            Line(
                date=str(row["date"])[:16],
                name=name(site, row["actor"]),
                verb=verb,
                tone=_TONES.get(row["action"], "plain"),
                robot=_is_robot(site, row["actor"]),
                moved=next((_moved(site, kind, one) for one in row["changes"] if one["field"] == "status"), None),
                changes=tuple(_change(site, kind, one) for one in row["changes"] if one["field"] != "status"),
                comment=text(site, row["comment"]),
                files=tuple(files(site, "comment", int(row["id"]))),
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
        old, new = plain(old), plain(new)
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
        return name(site, value)
    if value.startswith("0000-00-00"):
        return ""
    return value[:16] if re.match(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", value) else value


def text(site: Site, stored: str) -> Markup:
    """Stored rich text for a page: filtered once more, own pictures from our own address."""

    def picture(source: str) -> str | None:
        own = re.match(r"^\{(\d+)\.\w+\}$", source) or re.search(r"(?:fileID=|/file-read-)(\d+)", source)
        if own:
            return f"/file/{own[1]}"
        return source if re.match(r"^https?://", source) else None

    clean = richtext.sanitise(stored, picture)
    return Markup(clean)  # noqa: S704 - rebuilt from allowed tags and quoted attributes only


def files(site: Site, kind: str, number: int) -> list[dict[str, Any]]:
    """Files with size, kind and sender."""
    found = []
    for row in site.files.of(kind, number):
        suffix = str(row["title"]).rpartition(".")[2].lower()
        found.append(
            {
                "id": row["id"],
                "title": row["title"],
                "size": _size(int(row["size"])),
                "by": name(site, row["addedBy"]),
                "date": str(row["addedDate"])[:10],
                "sound": suffix in SOUNDS,
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


def name(site: Site, account: object) -> str:
    """The display name of an account."""
    text = str(account or "")
    if text == "closed":
        return ""
    return site.accounts.realname(text) or text


def _is_robot(site: Site, account: str) -> bool:
    return "bot" in account or "机器人" in site.accounts.realname(account)


def plain(title: str) -> Markup:
    """A stored title for a page: 18.8 keeps it escaped already, 22.4 does not."""
    return Markup(escape(Markup(title).unescape()))  # noqa: S704 - unescaped once, escaped again

"""Attaching files to a bug of 18.x: only its edit form takes them, and that form holds all of the bug.

The form is sent with the values read just before. What somebody changed in between is overwritten by it;
ZenTao then writes that down in the history of this very edit, from where it is put back at once and reported.
"""

from __future__ import annotations

import html
import logging
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from zentao_client.errors import Rejected, Unsupported, ZentaoError
from zentao_client.models import FileKind, Upload
from zentao_client.parse import Raw, integer, rows
from zentao_client.session import Session
from zentao_client.text import file_name
from zentao_client.ways.filing import form_files
from zentao_client.ways.reading import Found, Reader
from zentao_client.ways.reporting import builds, form_fields

log = logging.getLogger(__name__)

# What the edit form holds, apart from the affected builds and the people to mail.
FORM = [
    "title",
    "product",
    "branch",
    "module",
    "project",
    "execution",
    "plan",
    "story",
    "task",
    "case",
    "testtask",
    "severity",
    "pri",
    "type",
    "os",
    "browser",
    "steps",
    "status",
    "assignedTo",
    "deadline",
    "keywords",
    "color",
    "feedbackBy",
    "notifyEmail",
    "resolvedBy",
    "resolvedDate",
    "resolution",
    "resolvedBuild",
    "duplicateBug",
    "closedBy",
    "closedDate",
    "linkBug",
]
ESCAPED = ("title", "keywords")
_SHOWN_IMAGE = re.compile(r' onload="setImageSize\([^"]*\)"')
_SHOWN_ADDRESS = re.compile(r"[^\"']*(?:file-read-|fileID=)(\d+)[^\"']*")
_STORED_IMAGE = re.compile(r"\{(\d+)\.\w+\}")


class PageBugFiles:
    """The edit form of a bug, with every field as it is now."""

    name = "bug edit form, compared and restored"
    at_once = True

    def __init__(self, session: Session, reader: Reader) -> None:
        self._session = session
        self._reader = reader

    def stored_name(self, name: str) -> str:
        """ZenTao's form of the name."""
        return file_name(name)

    def send(self, kind: FileKind, object_id: int, *uploads: Upload) -> int:
        """Attach them to a bug with one edit. What the form overwrote is restored and logged as a warning."""
        if kind != "bug":
            raise Unsupported(
                f"this server has no safe way to attach a file to {kind} {object_id}: "
                "give it with finishing the task, or attach it to a bug"
            )
        before = self._reader.raw("bug", object_id)
        if before.names is None:
            raise Unsupported(f"bug {object_id} can't be read with accounts, so its form can't be filled in")
        self._post(object_id, before.raw, uploads)
        self._restore(object_id, before)
        return 0

    def _post(self, bug_id: int, raw: Raw, files: Sequence[Upload]) -> None:
        parts, labels = form_files(files)
        # Without an upload id the form would freeze the addresses of images as they are shown now.
        form = [*form_fields(bug_form(raw)), ("uid", secrets.token_hex(8)), *labels]
        outcome = self._session.post_page("bug", "edit", [("bugID", str(bug_id))], form, files=parts)
        if outcome.alert:
            raise Rejected([outcome.alert])

    def _restore(self, bug_id: int, before: Found) -> None:
        after = self._reader.raw("bug", bug_id)
        lost = overwritten(before, after)
        if not lost:
            return
        try:
            self._post(bug_id, {**after.raw, **lost}, ())
        except ZentaoError as error:
            log.error("bug %s: attaching a file overwrote %s, not restored: %s", bug_id, dict(lost), error)
        else:
            log.warning("bug %s: attaching a file overwrote and restored %s", bug_id, sorted(lost))


def bug_form(raw: Raw) -> dict[str, Any]:
    """The edit form's values out of the bug as it was read."""
    values: dict[str, Any] = {name: "" if raw.get(name) is None else raw[name] for name in FORM}
    for name in ESCAPED:
        # The server escapes them again.
        values[name] = html.unescape(str(values[name]))
    values["steps"] = _SHOWN_IMAGE.sub("", str(values["steps"]))
    values["openedBuild"] = builds(raw)
    mailto = raw.get("mailto")
    if mailto:
        values["mailto"] = [name for name in str(mailto).split(",") if name]
    return values


def overwritten(before: Found, after: Found) -> Mapping[str, Any]:
    """The fields that our edit changed, with the values that stood there before it."""
    known = {integer(action.get("id")) for action in rows(before.actions)}
    lost: dict[str, Any] = {}
    for action in rows(after.actions):
        if integer(action.get("id")) in known or action.get("action") != "edited":
            continue
        changed = rows(action.get("history"))
        if not any(row.get("field") == "files" for row in changed):
            continue
        for row in changed:
            field = str(row.get("field"))
            if field != "files" and _comparable(row.get("old")) != _comparable(row.get("new")):
                lost.setdefault(field, row.get("old"))
    return lost


def _comparable(value: Any) -> str:
    """A history value without the differences that the form itself makes: how images are written, what is empty."""
    text = html.unescape(str(value or ""))
    text = _STORED_IMAGE.sub(r"<image \1>", _SHOWN_ADDRESS.sub(r"<image \1>", _SHOWN_IMAGE.sub("", text)))
    return "" if text == "0" or text.startswith("0000-00-00") else " ".join(text.split())

"""Bugs as they look from outside, by version, API and call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .shapes import people_list

if TYPE_CHECKING:
    from .site import Site


def bug_base(site: Site, row: Mapping[str, Any]) -> dict[str, Any]:
    """The stored fields of a bug, users as accounts, times server-local."""
    modern = site.dialect.has_v2
    base: dict[str, Any] = {"id": row["id"], "project": row["project"], "product": row["product"]}
    base |= {"injection": "", "identify": ""} if modern else {"injection": 0, "identify": 0}
    base |= {"branch": 0, "module": row["module"], "execution": row["execution"], "plan": 0, "story": row["story"]}
    base |= {"storyVersion": 0 if modern else 1, "task": row["task"], "toTask": 0, "toStory": 0, "title": row["title"]}
    base |= {"keywords": row["keywords"], "severity": row["severity"], "pri": row["pri"], "type": row["type"]}
    base |= {"os": "", "browser": "", "hardware": "", "found": "", "steps": row["steps"], "status": row["status"]}
    base |= {"subStatus": "", "color": "", "confirmed": row["confirmed"], "activatedCount": row["activatedCount"]}
    base |= {"activatedDate": row["activatedDate"] or "", "feedbackBy": "", "notifyEmail": "", "mailto": row["mailto"]}
    base |= {"openedBy": row["openedBy"], "openedDate": row["openedDate"], "openedBuild": row["openedBuild"]}
    base |= {
        "assignedTo": row["assignedTo"],
        "assignedDate": row["assignedDate"] or "",
        "deadline": row["deadline"] or "",
    }
    base |= {"resolvedBy": row["resolvedBy"], "resolution": row["resolution"], "resolvedBuild": row["resolvedBuild"]}
    base |= {
        "resolvedDate": row["resolvedDate"] or "",
        "closedBy": row["closedBy"],
        "closedDate": row["closedDate"] or "",
    }
    base["duplicateBug"] = row["duplicateBug"]
    base |= {"relatedBug": ""} if modern else {"linkBug": "0"}
    base |= {"case": 0, "caseVersion": 0 if modern else 1, "feedback": 0, "result": 0, "repo": 0, "mr": 0, "entry": ""}
    base |= {"lines": "", "v1": "", "v2": "", "repoType": "", "issueKey": "", "testtask": 0}
    base |= {"lastEditedBy": row["lastEditedBy"], "lastEditedDate": row["lastEditedDate"] or ""}
    base["deleted"] = row["deleted"] if modern else str(row["deleted"])
    return base


def bug_detail(site: Site, row: Mapping[str, Any], host: str) -> dict[str, Any]:
    base = bug_base(site, row)
    base["steps"] = site.files.shown_text(base["steps"], host, 0)
    execution = site.places.get(int(row["execution"] or 0))
    project = site.places.get(int(row["project"] or 0))
    base |= {
        "executionName": execution["name"] if execution else "",
        "storyTitle": "",
        "storyStatus": "",
        "latestStoryVersion": "",
        "taskName": site.history.title_of("task", int(row["task"])) if row["task"] else "",
        "planName": "",
    }
    if project:
        base["projectName"] = project["name"]
    base |= {
        "linkMRTitles": [],
        "toCases": [],
        "files": site.files.listed("bug", int(row["id"])),
    }
    return base


def build_title(site: Site, build: str) -> str:
    """The name of a build id, `主干` for trunk."""
    if build == "trunk":
        return "主干"
    found = site.db.row("SELECT name FROM build WHERE id = ?", int(build)) if build.isdigit() else None
    return str(found["name"]) if found else build


_BUG_TIMES = ("openedDate", "assignedDate", "activatedDate", "resolvedDate", "closedDate", "lastEditedDate")
_BUG_PEOPLE = ("openedBy", "assignedTo", "resolvedBy", "closedBy", "lastEditedBy")


def v1_bug(site: Site, shaped: dict[str, Any], *, deed: str = "") -> dict[str, Any]:
    """A bug as v1 gives it. After a deed the resolver and some times stay raw, an oddity of those calls."""
    raw = {"activatedDate"} if deed == "resolve" else {"activatedDate", "resolvedDate"} if deed else set()
    times = [name for name in _BUG_TIMES if name not in raw]
    people = [name for name in _BUG_PEOPLE if not (deed and name == "resolvedBy")]
    shaped |= {name: site.clock.utc(shaped[name]) for name in times}
    shaped |= {name: site.accounts.short(shaped[name]) for name in people}
    shaped |= {"mailto": people_list(site, shaped["mailto"]), "deleted": str(shaped["deleted"]) == "1"}
    if not deed:
        shaped["deadline"] = shaped["deadline"] or None
    return shaped

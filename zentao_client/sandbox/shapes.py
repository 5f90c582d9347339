"""How a task looks from outside: it has five faces, depending on version, API and call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from .site import Site

# full: v1 GET, create, PUT, estimate, lists · half: v1 finish, assignto · plain: v1 start, pause, restart, close and
# pages · active: v1 active
Face = Literal["full", "half", "plain", "active"]

_TIMES = ("openedDate", "assignedDate", "realStarted", "finishedDate", "canceledDate", "closedDate", "lastEditedDate")
_PEOPLE = ("openedBy", "assignedTo", "finishedBy", "canceledBy", "closedBy", "lastEditedBy")
_ACTIVE_TIMES = ("openedDate", "assignedDate", "closedDate", "lastEditedDate")
_ACTIVE_PEOPLE = ("openedBy", "assignedTo", "closedBy", "lastEditedBy")


def hours(site: Site, value: object) -> object:
    """18.8 gives numbers, 22.4 texts with two decimals."""
    amount = float(str(value or 0))
    if site.dialect.hours_are_text:
        return f"{amount:.2f}"
    return int(amount) if amount == int(amount) else round(amount, 2)


def task_base(site: Site, row: Mapping[str, Any]) -> dict[str, Any]:
    """The stored fields of a task, users as accounts, times server-local."""
    modern = site.dialect.has_v2
    none = None if modern else ""

    def date(name: str) -> Any:
        return row[name] or none

    base: dict[str, Any] = {"id": row["id"], "project": row["project"], "parent": row["parent"]}
    if modern:
        base |= {"isParent": 0, "isTpl": 0, "path": f",{row['id']},"}
    base |= {"execution": row["execution"], "module": row["module"], "design": 0, "story": row["story"]}
    base |= {"storyVersion": 1, "designVersion": 1, "fromBug": 0, "feedback": 0, "fromIssue": 0}
    if modern:
        base |= {"docs": "", "docVersions": ""}
    base |= {"name": row["name"], "type": row["type"], "mode": "", "pri": row["pri"]}
    base |= {name: hours(site, row[name]) for name in ("estimate", "consumed", "left")}
    base |= {"deadline": date("deadline"), "status": row["status"], "subStatus": "", "color": ""}
    base["mailto"] = row["mailto"]
    if modern:
        base["keywords"] = row["keywords"]
    base |= {"desc": row["desc"], "version": row["version"]}
    base |= {"openedBy": row["openedBy"], "openedDate": date("openedDate")}
    base |= {"assignedTo": row["assignedTo"], "assignedDate": date("assignedDate")}
    base |= {"estStarted": date("estStarted"), "realStarted": date("realStarted")}
    base |= {"finishedBy": row["finishedBy"], "finishedDate": date("finishedDate"), "finishedList": ""}
    base |= {"canceledBy": row["canceledBy"], "canceledDate": date("canceledDate")}
    base |= {"closedBy": row["closedBy"], "closedDate": date("closedDate"), "planDuration": 0, "realDuration": 0}
    base |= {"closedReason": row["closedReason"], "lastEditedBy": row["lastEditedBy"]}
    base |= {"lastEditedDate": date("lastEditedDate"), "activatedDate": date("activatedDate"), "order": 0, "repo": 0}
    base |= {"mr": 0, "entry": "", "lines": "", "v1": "", "v2": ""}
    if modern:
        base |= {"vision": "rnd", "deleted": row["deleted"]}
    else:
        base |= {"deleted": str(row["deleted"]), "vision": "rnd"}
    return base


def task_detail(site: Site, row: Mapping[str, Any], host: str) -> dict[str, Any]:
    """A task as its own calls give it, in the plain face."""
    modern = site.dialect.has_v2
    base = task_base(site, row)
    base["desc"] = site.files.shown_text(base["desc"], host, 0)
    base |= {"storyID": "", "storyTitle": "", "latestStoryVersion": "", "storyStatus": ""}
    name = site.accounts.realname(row["assignedTo"])
    if modern:
        base["storyDeleted"] = ""
    else:
        base["assignedToRealName"] = name
    base |= {"children": [], "members": [], "team": False if modern else []}
    base |= {"files": site.files.listed("task", int(row["id"])), "needConfirm": False}
    if modern:
        base["assignedToRealName"] = name
    base["progress"] = progress(row)
    if modern:
        base["rawParent"] = row["parent"]
    return base


def task_item(site: Site, row: Mapping[str, Any]) -> dict[str, Any]:
    """A task inside an execution's list, in the plain face."""
    modern = site.dialect.has_v2
    base = task_base(site, row)
    base |= {"storyID": "", "storyTitle": "", "product": "", "branch": "", "latestStoryVersion": "", "storyStatus": ""}
    base["priOrder"] = str(row["pri"])
    if modern:
        base["statusOrder"] = 1
    base |= {"assignedToRealName": site.accounts.realname(row["assignedTo"]), "needConfirm": False}
    base["progress"] = progress(row)
    if modern:
        base["rawParent"] = row["parent"]
    return base


def progress(row: Mapping[str, Any]) -> int:
    total = float(row["consumed"]) + float(row["left"])
    return round(float(row["consumed"]) / total * 100) if total else 0


def v1_face(site: Site, shaped: dict[str, Any], face: Face, *, local_times: bool = False) -> dict[str, Any]:
    """Turn the plain face of a task into the one a v1 call gives."""
    if face == "plain":
        return shaped
    times = _ACTIVE_TIMES if face == "active" else _TIMES
    if not local_times:
        shaped |= {name: site.clock.utc(shaped[name]) for name in times if name in shaped}
    if face == "half":
        return shaped
    people = _ACTIVE_PEOPLE if face == "active" else _PEOPLE
    shaped |= {name: site.accounts.short(shaped[name]) for name in people if name in shaped}
    shaped["mailto"] = people_list(site, shaped["mailto"])
    shaped["deleted"] = str(shaped["deleted"]) == "1"
    if face == "full" and not shaped["deadline"]:
        shaped["deadline"] = None
    return shaped


def people_list(site: Site, accounts: str) -> list[dict[str, Any]]:
    found = (site.accounts.short(one) for one in str(accounts).split(",") if one)
    return [one for one in found if one]

"""How rows look from outside: the same task has five faces, depending on version, API and call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from . import wording
from .database import Row

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


# actions


def actions(site: Site, object_type: str, object_id: int, host: str, api: Literal["v1", "v2", "page"]) -> list[Row]:
    """The history of an object: display names in v1, accounts in v2 and on pages."""
    modern = site.dialect.has_v2
    shaped = []
    for row in site.history.of(object_type, object_id):
        name = site.accounts.realname(row["actor"]) or row["actor"]
        extra = row["extra"]
        if api == "v1" and row["action"] == "assigned":
            extra = site.accounts.realname(extra) or extra
        entry: dict[str, Any] = {
            "id": row["id"],
            "objectType": object_type,
            "objectID": object_id,
            "product": row["product"],
            "project": row["project"],
            "execution": row["execution"],
            "actor": name if api == "v1" else row["actor"],
            "action": row["action"],
            "date": row["date"],
            "comment": site.files.shown_text(row["comment"], host),
        }
        if modern:
            entry["files"] = site.files.listed("comment", int(row["id"]))
        entry |= {"extra": extra, "read": 0 if modern else "0", "vision": "rnd", "efforted": 0}
        drop = {"fieldName"} if api != "v1" else set()
        entry["history"] = [{key: one[key] for key in one if key not in drop} for one in row["changes"]]
        if api == "v1":
            entry["desc"] = sentence(row["date"], name, row["action"], str(extra))
        shaped.append(entry)
    return shaped


def sentence(date: str, name: str, action: str, extra: str) -> str:
    """ZenTao's line over a history entry, as HTML."""
    verb = wording.ACTION_SENTENCE.get(action, action)
    if action == "assigned":
        verb = f"指派给 <strong>{extra}</strong>"
    if action == "resolved":
        return f"{date}, 由 <strong>{name}</strong> 解决，方案为 <strong>{extra}</strong> 。"
    return f"{date}, 由 <strong>{name}</strong> {verb}。\n"


def feed_entry(site: Site, row: Mapping[str, Any], api: Literal["v2", "page"]) -> dict[str, Any]:
    """One event of the activity feed; ``actor`` is an account everywhere."""
    modern = site.dialect.has_v2
    object_type = str(row["objectType"])
    date = str(row["date"])
    entry: dict[str, Any] = {
        "id": row["id"],
        "objectType": object_type,
        "objectID": row["objectID"],
        "product": str(row["product"]).strip(",") or "0",
        "project": row["project"],
        "execution": row["execution"],
        "actor": row["actor"],
        "action": row["action"],
        "date": f"{int(date[5:7])}月{int(date[8:10])}日 {date[11:16]}",
        "comment": row["comment"],
    }
    if modern:
        entry["files"] = ""
    entry |= {"extra": row["extra"], "read": 0 if modern else "0", "vision": "rnd", "efforted": 0}
    key = {"user": "account"}.get(object_type, f"{object_type}ID")
    entry |= {
        "objectName": site.history.title_of(object_type, int(row["objectID"])),
        "originalDate": date,
        "actionLabel": wording.ACTION_VERB.get(row["action"], row["action"]),
        "objectLabel": wording.OBJECT.get(object_type, object_type),
        "objectLink": f"/index.php?m={object_type}&f=view&t=json&{key}={row['objectID']}",
        "major": 0,
    }
    if api == "page":
        entry["time"] = date[11:16]
    return entry


# bugs


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


# people and places

_USER_BLANKS = (
    "nickname commiter avatar",
    "email skype qq mobile phone weixin dingding slack whatsapp address zipcode nature analysis strategy",
)


def user(site: Site, row: Mapping[str, Any]) -> dict[str, Any]:
    """All profile fields of a user, times server-local."""
    modern = site.dialect.has_v2
    base: dict[str, Any] = {"id": row["id"], "company": 0, "type": "inside", "dept": 0, "account": row["account"]}
    base |= {"role": row["role"], "realname": row["realname"]}
    if modern:
        base["superior"] = ""
    base["pinyin"] = ""
    base |= dict.fromkeys(_USER_BLANKS[0].split(), "")
    base |= {"birthday": "" if modern else "0000-00-00", "gender": row["gender"]}
    base |= dict.fromkeys(_USER_BLANKS[1].split(), "")
    base |= {"join": "" if modern else "0000-00-00", "visits": row["visits"]}
    base |= {"visions": "rnd,lite" if row["admin"] else "rnd", "ip": ""}
    base |= {"last": row["last"] or ("" if modern else "1970-01-01 08:00:00"), "fails": row["fails"]}
    base |= {"locked": row["locked"] or "", "feedback": 0 if modern else "0", "ranzhi": "", "ldap": "", "score": 0}
    base |= {"scoreLevel": 0, "resetToken": ""}
    if modern:
        base |= {
            "resetExpired": 0,
            "clientStatus": "offline",
            "clientLang": "zh-cn",
            "jira": 0,
            "deleted": row["deleted"],
        }
    else:
        base |= {"deleted": str(row["deleted"]), "clientStatus": "offline", "clientLang": "zh-cn"}
    return base


def user_view(site: Site, account: str) -> dict[str, Any]:
    """What a user may see, as comma lists of ids; empty for admins, who see all."""
    found = site.accounts.find(account)
    number: dict[str, Any] = {"id": found["id"]} if found and site.dialect.has_v2 else {}
    if found and found["admin"]:
        return number | {"account": account, "programs": "", "products": "", "projects": "", "sprints": ""}
    hidden = set(site.places.hidden_from(account))

    def ids(kind: str) -> str:
        return ",".join(str(row["id"]) for row in reversed(site.places.listed(kind)) if row["id"] not in hidden)

    products = ",".join(str(row["id"]) for row in site.places.products())
    return number | {
        "account": account,
        "programs": ids("program"),
        "products": products,
        "projects": ids("project"),
        "sprints": ids("sprint"),
    }


def place(site: Site, row: Mapping[str, Any]) -> dict[str, Any]:
    """A program, project or execution, users as accounts, times server-local."""
    kind = str(row["type"])
    path = f",{row['parent']},{row['id']}," if row["parent"] else f",{row['id']},"
    shaped: dict[str, Any] = {
        "id": row["id"],
        "project": row["project"],
        "charter": 0,
        "model": "scrum" if kind == "project" else "",
        "type": kind,
        "category": "",
        "lifetime": "short" if kind == "sprint" else "",
        "budget": "0",
        "budgetUnit": "CNY",
        "attribute": "",
        "percent": 0,
        "milestone": "0",
        "output": "",
        "auth": "",
        "parent": row["parent"],
        "path": path,
        "grade": 2 if kind == "project" and row["parent"] else 1,
        "name": row["name"],
        "code": "",
        "hasProduct": 1,
        "begin": row["begin"],
        "end": row["end"],
        "firstEnd": "",
        "realBegan": row["realBegan"] or "",
        "realEnd": "",
        "days": row["days"],
        "status": row["status"],
        "subStatus": "",
        "pri": "1",
        "desc": row["desc"],
        "version": 0,
        "parentVersion": 0,
        "planDuration": 0,
        "realDuration": 0,
        "progress": "0.00",
        "estimate": 0,
        "left": 0,
        "consumed": 0,
        "teamCount": 0,
        "market": 0,
        "openedBy": row["openedBy"],
        "openedDate": row["openedDate"],
        "openedVersion": site.dialect.version if kind == "sprint" else "",
        "lastEditedBy": "" if kind == "program" else row["openedBy"],
        "lastEditedDate": "" if kind == "program" else row["openedDate"],
        "closedBy": "",
        "closedDate": "",
        "closedReason": "",
        "canceledBy": "",
        "canceledDate": "",
        "suspendedDate": "",
        "PO": "",
        "PM": row["PM"],
        "QD": "",
        "RD": "",
        "team": "" if kind == "program" else row["name"],
        "acl": row["acl"],
        "whitelist": "",
        "order": int(row["id"]) * 5,
        "vision": "rnd",
        "division": "1",
        "displayCards": 0,
        "fluidBoard": "0",
        "multiple": "1",
        "colWidth": 264,
        "minColWidth": 200,
        "maxColWidth": 384,
        "deleted": "0",
    }
    if kind == "sprint":
        total = int(row["days"]) * 7
        shaped |= {"totalHours": f"{total:.1f}" if site.dialect.has_v2 else total}
        shaped |= {"totalEstimate": 0, "totalConsumed": 0, "totalLeft": 0}
    if not site.dialect.has_v2:
        return shaped
    shaped.pop("division")
    return shaped | _MODERN_PLACE


# Fields that executions and projects of 22.4 have besides, or with another type.
_MODERN_PLACE: dict[str, Any] = {
    "budget": "0.00",
    "percent": "0.00",
    "milestone": 0,
    "pri": 1,
    "estimate": "0.00",
    "left": "0.00",
    "consumed": "0.00",
    "fluidBoard": 0,
    "multiple": 1,
    "deleted": 0,
    "isTpl": 0,
    "storyType": "story",
    "workflowGroup": 0,
    "schedule": "",
    "tplAcl": "open",
    "tplWhiteList": "",
    "stageBy": "product",
    "parallel": 0,
    "enabled": "on",
    "linkType": "plan",
    "taskDateLimit": "auto",
    "coverExecutionPriv": 1,
    "frozen": "",
    "isParent": 0,
}


def product(site: Site, row: Mapping[str, Any]) -> dict[str, Any]:
    """A product, users as accounts."""
    counters = (
        "draftStories activeStories changingStories reviewingStories finishedStories closedStories totalStories "
        "unresolvedBugs closedBugs fixedBugs totalBugs plans releases"
    )
    return {
        "id": row["id"],
        "program": row["program"],
        "name": row["name"],
        "code": "",
        "shadow": 0,
        "bind": "0",
        "line": 0,
        "type": "normal",
        "status": "normal",
        "subStatus": "",
        "desc": "",
        "PO": row["PO"],
        "QD": row["QD"],
        "RD": row["RD"],
        "feedback": "",
        "ticket": "",
        "acl": row["acl"],
        "whitelist": "",
        "reviewer": "",
        "PMT": "",
        **dict.fromkeys(counters.split(), 0),
        "createdBy": row["createdBy"],
        "createdDate": row["createdDate"],
        "createdVersion": site.dialect.version,
        "closedDate": "",
        "order": int(row["id"]) * 5,
        "vision": "rnd",
        "deleted": "0",
    }

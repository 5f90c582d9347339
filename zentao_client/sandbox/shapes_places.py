"""People, programs, products, projects and executions as they look from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .site import Site


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

"""History entries and feed events as they look from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from . import wording
from .database import Row

if TYPE_CHECKING:
    from .site import Site


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

"""The answers of v2, good and bad."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import wording
from .call import HTML, Reply, json_reply


def fail(message: str) -> Reply:
    return json_reply({"status": "fail", "message": message})


def form_fail(message: Mapping[str, Any]) -> Reply:
    """The refusal of a create form."""
    return json_reply({"result": "fail", "message": message}, content_type=HTML)


def created(number: int) -> Reply:
    return json_reply({"message": wording.SAVED, "id": number, "status": "success"})


def pager(total: int, per_page: int, page: int, module: str, method: str) -> dict[str, Any]:
    return {
        "recTotal": total,
        "recPerPage": per_page,
        "pageCookie": None,
        "pageTotal": max(1, -(-total // per_page)),
        "pageID": page,
        "moduleName": module,
        "methodName": method,
        "params": None,
        "offset": 0,
    }

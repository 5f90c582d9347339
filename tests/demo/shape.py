"""The shape of `summary.json`, as the README promises it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

KEYS = {
    "ticket",
    "final_status",
    "comments",
    "attachments",
    "commit",
    "service_url",
    "speech",
    "steps",
    "events",
}
STATUSES = {"wait", "doing", "done", "pause", "cancel", "closed"}
OUTCOMES = {"ok", "failed", "skipped", "reused"}


def check_shape(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as a program reads them from the file, once every key and type was found right."""
    read: dict[str, Any] = json.loads(json.dumps(values))
    assert set(read) - {"bug"} == KEYS
    assert type(read["ticket"]) is type(read["comments"]) is int
    assert read["final_status"] in STATUSES
    assert all(type(name) is str for name in read["attachments"])
    assert re.fullmatch("[0-9a-f]{40}", read["commit"])
    assert read["service_url"] is None or re.fullmatch(r"http://[^/]+:\d+", read["service_url"])
    if read["speech"] is not None:
        assert {name: type(value) for name, value in read["speech"].items()} == {
            "text": str,
            "seconds": float,
            "rms": float,
            "rtf": float,
        }
        assert 0 <= read["speech"]["rms"] <= 1
    for step in read["steps"]:
        assert {name: type(value) for name, value in step.items()} == {"name": str, "seconds": float, "outcome": str}
        assert step["outcome"] in OUTCOMES
    assert set(read["events"]) == {"status_changed_at", "first_comment_at", "finished_at"}
    for moment in read["events"].values():
        assert datetime.fromisoformat(moment).utcoffset() is not None
    return read

"""Cases in JSON: a few requests in a row, each with what its answer must hold.

In an expected body ``"@number"``, ``"@text"``, ``"@list"``, ``"@object"``, ``"@boolean"`` and ``"@time"`` stand for any
such value, ``"@keep:name"`` keeps the value for later requests as ``{name}``, everything else must be equal. Objects
may hold more than is expected; lists are compared item by item, a last ``"@more"`` allows further ones.
"""

from __future__ import annotations

import json
import re
from typing import Any

import httpx

from zentao_client.sandbox import Sandbox

_KINDS: dict[str, type | tuple[type, ...]] = {
    "@number": (int, float),
    "@text": str,
    "@list": list,
    "@object": dict,
    "@boolean": bool,
}


def play(sandbox: Sandbox, client: httpx.Client, case: dict[str, Any]) -> None:
    """Plant the company, make the case's task, and go through its steps."""
    seed = sandbox.seed()
    known: dict[str, Any] = {**seed.as_mapping(), "url": sandbox.url}
    task = case.get("task")
    if task is not None:
        person = sandbox.as_user("wangchanpin")
        place = seed.private_execution if task.get("private") else seed.execution
        known["task"] = person.create_task(place, task.get("name", "【IndexTTS2-V23部署】"), assigned_to="deploybot")
        if task.get("status") == "doing":
            person.start_task(known["task"])
    for account in case.get("tokens", ["deploybot"]):
        known[f"token_{account}"] = sandbox.site.accounts.open_session(account, "api")
        known[f"web_{account}"] = sandbox.site.accounts.open_session(account, "web")
    for number, step in enumerate(case["steps"]):
        where = f"step {number} ({step['do']})"
        reply = _send(client, step, known)
        expected = step["expect"]
        assert reply.status_code == expected.get("status", 200), f"{where}: {reply.text[:300]}"
        if "contains" in expected:
            assert expected["contains"] in reply.text, f"{where}: {reply.text[:300]}"
        if "body" in expected:
            body = reply.json()
            if expected.get("page"):
                body = json.loads(body["data"])
            _match(_filled(expected["body"], known), body, where, known)


def _send(client: httpx.Client, step: dict[str, Any], known: dict[str, Any]) -> httpx.Response:
    method, _, path = str(_filled(step["do"], known)).partition(" ")
    headers = {name: str(_filled(value, known)) for name, value in step.get("headers", {}).items()}
    token = step.get("as", "deploybot")
    if token:
        headers.setdefault("Token", str(known[f"token_{token}"]))
    if "json" in step:
        return client.request(method, path, headers=headers, json=_filled(step["json"], known))
    if "form" in step:
        return client.request(method, path, headers=headers, data=_filled(step["form"], known))
    if "files" in step:
        files = [(field, (name, text.encode())) for field, name, text in step["files"]]
        return client.request(method, path, headers=headers, data=_filled(step.get("fields", {}), known), files=files)
    return client.request(method, path, headers=headers, content=step.get("raw"))


def _filled(value: Any, known: dict[str, Any]) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda found: str(known[found[1]]) if found[1] in known else found[0], value)
    if isinstance(value, dict):
        return {key: _filled(one, known) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, known) for one in value]
    return value


def _match(expected: Any, got: Any, where: str, known: dict[str, Any]) -> None:
    if isinstance(expected, str) and expected.startswith("@keep:"):
        known[expected.removeprefix("@keep:")] = got
    elif expected == "@time":
        assert re.match(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?$", str(got)), f"{where}: {got!r} is no time"
    elif isinstance(expected, str) and expected in _KINDS:
        assert isinstance(got, _KINDS[expected]), f"{where}: {got!r} is no {expected}"
    elif isinstance(expected, dict):
        assert isinstance(got, dict), f"{where}: {got!r} is no object"
        for key, value in expected.items():
            assert key in got, f"{where}.{key} is missing in {sorted(got)}"
            _match(value, got[key], f"{where}.{key}", known)
    elif isinstance(expected, list):
        assert isinstance(got, list), f"{where}: {got!r} is no list"
        wanted = [one for one in expected if one != "@more"]
        assert len(got) == len(wanted) or (len(got) > len(wanted) and expected[-1:] == ["@more"]), f"{where}: {got!r}"
        for index, value in enumerate(wanted):
            _match(value, got[index], f"{where}[{index}]", known)
    else:
        assert got == expected, f"{where}: {got!r}, expected {expected!r}"

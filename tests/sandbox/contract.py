"""Replaying one recorded interaction against the sandbox: the world it needs, the request, the comparison."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from zentao_client.sandbox import Sandbox
from zentao_client.sandbox.errors import Refused
from zentao_client.sandbox.seeding import BOT_PRIVILEGES

PASSWORD = "Demo@2026!x"
ENTRY_KEY = "0123456789abcdef0123456789abcdef"
PEOPLE = (
    ("qa1", "测试员一"),
    ("dev1", "开发员一"),
    ("ops1", "运维员一"),
    ("deploybot", "部署机器人"),
    ("nopriv", "无权限用户"),
)
# Values that carry the outcome: these must be equal, not only of the same kind.
_OUTCOMES = frozenset({"error", "reason", "errcode", "errmsg", "result", "total", "limit", "page"})


@dataclass(frozen=True)
class Given:
    """The state a recording presupposes. Ids are those of the recording."""

    by: str = "deploybot"
    tasks: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    bugs: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    comments: tuple[tuple[str, int], ...] = ()
    files: tuple[tuple[int, str, str, int], ...] = ()  # id, name, object type, object id
    uid: str = ""  # what the files were uploaded with
    wrong_logins: int = 0  # of ops1
    hooks: tuple[int, ...] = ()
    private: bool = False  # the tasks lie in the private execution
    joined: bool = False  # the bot is in the private execution's team
    query: tuple[str, str, str] | None = None  # module, field, value of the search form
    efforts: int = 0
    action: int = 0  # id of a comment
    bare: bool = False  # nothing but the admin
    no_entry: bool = False
    sent_before: bool = False  # the same request was sent a moment ago
    token: str = ""  # "expired", "web" or "entry" in the place of an API token
    session: str = ""  # "api" in the place of a web session
    ignore: frozenset[str] = frozenset()


def build_world(sandbox: Sandbox, given: Given) -> None:
    """Put the company of the recordings and the presupposed objects into an empty sandbox."""
    site = sandbox.site
    if given.bare:
        return
    group = site.accounts.create_group("bot", [*BOT_PRIVILEGES, "execution-manageMembers"])
    for account, name in PEOPLE:
        site.accounts.create(account, PASSWORD, name, groups=[] if account == "nopriv" else [group])
    modern = sandbox.version == "22.4"
    project, execution = (9, 10) if modern else (2, 3)
    places = {
        1: ("program", "演示项目集", 0, 0, "open"),
        project: ("project", "部署流水线项目", 1, 0, "open"),
        execution: ("sprint", "迭代一", project, project, "open"),
    }
    if given.private:
        places[5] = ("sprint", "私有迭代", project, project, "private")
    for number, (kind, name, parent, owner, acl) in places.items():
        site.db.insert(
            "project", id=number, type=kind, name=name, parent=parent, project=owner, acl=acl, begin="2026-01-01",
            end="2027-12-31", days=60, openedBy="admin", openedDate="2026-11-22 13:35:41", products="[1]", PM="admin",
        )  # fmt: skip
    site.places.create_product("语音合成服务", by="admin", program=1, PO="admin", QD="qa1", RD="dev1")
    site.db.insert("build", id=1, name="tts-v1.2.3", project=project, execution=execution)
    if modern:  # 18.8 takes teamMembers without storing them
        for account, _ in PEOPLE[:4]:
            site.places.add_member(execution, account)
    if given.joined:
        site.places.add_member(5, "deploybot")
    if not given.no_entry:
        site.accounts.create_entry("部署编排", "deployer", ENTRY_KEY, "deploybot")
    for number, more in given.tasks.items():
        values: dict[str, Any] = {
            "id": number, "project": project, "execution": 5 if given.private else execution, "name": f"任务{number}",
            "type": "ops", "pri": 2, "estimate": 4, "left": 4, "deadline": "2026-11-30", "estStarted": "2026-11-22",
            "openedBy": "admin", "openedDate": "2026-11-22 13:36:17", "assignedTo": "deploybot",
            "assignedDate": "2026-11-22 13:36:17",
        }  # fmt: skip
        values |= more
        site.db.insert("task", **values)
        site.db.insert(
            "action", objectType="task", objectID=number, product=",1,", project=project, execution=execution,
            actor="admin", action="opened", date="2026-11-22 13:36:17",
        )  # fmt: skip
    for number, more in given.bugs.items():
        values = {
            "id": number, "project": project, "product": 1, "execution": execution, "task": 2, "title": f"缺陷{number}",
            "keywords": "auto-abc123", "severity": 2, "pri": 1, "type": "codeerror", "steps": "<p>s</p>",
            "openedBy": "deploybot", "openedDate": "2026-11-22 13:44:30", "openedBuild": "1", "assignedTo": "dev1",
            "assignedDate": "2026-11-22 13:44:30", "deadline": "2026-12-01", "mailto": "qa1",
        }  # fmt: skip
        site.db.insert("bug", **(values | dict(more)))
        site.db.insert(
            "action", objectType="bug", objectID=number, product=",1,", project=project, execution=execution,
            actor="deploybot", action="opened", date="2026-11-22 13:44:30",
        )  # fmt: skip
    for kind, number in given.comments:
        sandbox.as_user("deploybot").comment(kind, number, "<p>备注</p>")
    for number, name, kind, owner in given.files:
        content = b"\x89PNG\r\n" if name.endswith("png") else b"bytes"
        made = site.files.add(name, content, by="deploybot", object_type=kind, object_id=owner, uid=given.uid)
        site.db.run("UPDATE file SET id = ? WHERE id = ?", number, made)
    for index in range(given.efforts):
        site.db.insert("effort", task=7, account="deploybot", date="2026-11-22", consumed=1, left=index)
    if given.action:
        site.db.insert(
            "action", id=given.action, objectType="task", objectID=next(iter(given.tasks), 2), actor="deploybot",
            action="commented", date="2026-11-22 13:40:00", comment="<p>x</p>", execution=execution,
        )  # fmt: skip
    for hook in given.hooks:
        made = sandbox.add_webhook("http://127.0.0.1:9/none")
        site.db.run("UPDATE webhook SET id = ? WHERE id = ?", hook, made)
        site.db.insert(
            "hooklog", webhook=hook, action="text", date="2026-11-22 13:43:21", url="u", data="{}", result="r"
        )
    for _ in range(given.wrong_logins):
        with contextlib.suppress(Refused):
            site.accounts.check_password("ops1", "wrong", counts=True)


@dataclass
class Replayer:
    """One sandbox with a client that fills in tokens, hosts and signatures."""

    sandbox: Sandbox
    client: httpx.Client
    given: Given

    def send(self, recorded: Mapping[str, Any]) -> httpx.Response:
        """The recorded request, with this world's token, host and signature."""
        site = self.sandbox.site
        api = site.accounts.open_session(self.given.by, "api")
        web = site.accounts.open_session(self.given.by, "web") if self.sandbox.version == "22.4" else api
        token = {"expired": "x" * 26, "web": web, "entry": ENTRY_KEY}.get(self.given.token, api)
        session = api if self.given.session == "api" else web
        if self.given.uid:
            site.db.run("UPDATE file SET session = ? WHERE uid = ?", token, self.given.uid)
        if self.given.query:
            module, name, value = self.given.query
            site.accounts.remember_query(token, module, [[name, "=", value]], "and")

        def filled(text: str) -> str:
            text = text.replace("<token>", token).replace("<session>", session).replace("<entry-key>", ENTRY_KEY)
            return text.replace("http://zentao.example", self.sandbox.url)

        path = self._signed(filled(str(recorded["path"])))
        dropped = {"host", "content-length", "accept", "accept-encoding", "user-agent", "connection"}
        headers = {k: filled(str(v)) for k, v in dict(recorded["headers"]).items() if k.lower() not in dropped}
        kind, content = _body(recorded.get("body"), filled)
        if kind.startswith("multipart"):
            headers = {k: v for k, v in headers.items() if k.lower() != "content-type"}
        if kind:
            headers.setdefault("Content-Type", kind)
        if self.given.sent_before:
            self.client.request(str(recorded["method"]), path, headers=headers, content=content)
        return self.client.request(str(recorded["method"]), path, headers=headers, content=content)

    def _signed(self, path: str) -> str:
        found = re.search(r"^/api\.php\?(.*code=deployer.*)$", path)
        if not found or "token=bad" in path or "code=nosuch" in path:
            return path
        unsigned = re.sub(r"&?token=[^&]*", "", found[1])
        time = re.search(r"time=(\d+)", unsigned)

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        token = md5("deployer" + ENTRY_KEY + time[1]) if time else md5(md5(unsigned) + ENTRY_KEY)
        return f"/api.php?{unsigned}&token={token}"


def _body(body: Any, filled: Any) -> tuple[str, bytes | None]:
    if body is None:
        return "", None
    if isinstance(body, str):
        return "", filled(body).encode()
    if isinstance(body, dict) and set(body) == {"form"}:
        return "application/x-www-form-urlencoded", urlencode(_pairs(body["form"], filled)).encode()
    if isinstance(body, dict) and set(body) == {"multipart"}:
        part = body["multipart"]
        files = [
            (one["field"], (one["filename"], b"x" * min(int(one["bytes"]), 100_000), one["content_type"]))
            for one in part.get("files", [])
            if isinstance(one, dict)
        ]
        data: dict[str, Any] = {}
        for name, value in _pairs(part.get("form", {}), filled):
            data.setdefault(name, []).append(value)
        request = httpx.Request("POST", "http://unused", data=data, files=files)
        return request.headers["content-type"], request.read()
    return "application/json", filled(json.dumps(body, ensure_ascii=False)).encode()


def _pairs(form: Any, filled: Any) -> list[tuple[str, str]]:
    items = form.items() if isinstance(form, dict) else form
    return [
        (name, filled(str(one)))
        for name, value in (item for item in items if not isinstance(item, str))
        for one in (value if isinstance(value, list) else [value])
        if not str(one).startswith("<trimmed")
    ]


# comparison


def differences(recorded: Mapping[str, Any], reply: httpx.Response, ignore: frozenset[str]) -> list[str]:
    """What differs in status, envelope and fields; empty when the sandbox honours the recording."""
    found: list[str] = []
    if reply.status_code != recorded["status"]:
        return [f"status {reply.status_code}, recorded {recorded['status']}: {reply.text[:120]}"]
    headers = {key.lower(): str(value) for key, value in dict(recorded["headers"]).items()}
    kind, wanted = (text.partition(";")[0] for text in (reply.headers.get("content-type", ""), headers["content-type"]))
    if kind != wanted:
        found.append(f"content type {kind}, recorded {wanted}")
    body = recorded.get("body")
    if isinstance(body, str):
        return found + _text_differences(body, reply)
    try:
        ours = reply.json()
    except ValueError:
        return [*found, f"no JSON: {reply.text[:120]!r}"]
    if isinstance(body, dict) and isinstance(body.get("data"), str) and "md5" in body:
        return found + _page_differences(body["data"], ours)
    return found + compare(body, ours, "", ignore)


def _page_differences(data: str, ours: Any) -> list[str]:
    if not isinstance(ours, dict) or set(ours) != {"status", "data", "md5"}:
        return [f"page envelope {ours!r}"[:200]]
    if "<trimmed" in data:  # the recording was cut: its first keys must be ours too
        first = re.findall(r'[{,]"([a-zA-Z]+)":', data[:400])[:4]
        missing = [key for key in first if f'"{key}"' not in ours["data"]]
        return [f"page data lacks {missing}"] if missing else []
    wanted, got = json.loads(data), json.loads(ours["data"])
    if set(wanted) == {"locate"} and set(got) == {"locate"}:
        tidy = [re.sub(r"^https?://[^/]+|referer=.*$", "", one["locate"]) for one in (wanted, got)]
        return [] if tidy[0] == tidy[1] else [f"locate {tidy[1]}, recorded {tidy[0]}"]
    return compare(wanted, got, "data", frozenset())


def _text_differences(text: str, reply: httpx.Response) -> list[str]:
    if text.startswith("<binary"):
        return [] if reply.content else ["no bytes"]
    kinds = [_text_kind(one) for one in (text, reply.text)]
    return [] if kinds[0] == kinds[1] else [f"body is {kinds[1]}, recorded {kinds[0]}"]


def _text_kind(text: str) -> str:
    if not text.strip():
        return "empty"
    if text.startswith("{"):
        return f"{len(re.findall(r'}{', text)) + 1} JSON documents"
    if "parent.location.reload" in text:
        return "reload snippet"
    if "self.location=" in text:
        return "redirect snippet"
    if "Uncaught" in text:
        return "PHP trace"
    return "HTML page" if "<!DOCTYPE" in text or "<html" in text else "text"


def compare(wanted: Any, got: Any, where: str, ignore: frozenset[str]) -> list[str]:
    """Differences in kinds and keys, and in the values that carry an outcome."""
    name = where.rsplit(".", 1)[-1]
    if name in ignore or (isinstance(wanted, str) and wanted.startswith(("<trimmed", "<client-ip", "<token"))):
        return []
    if _kind(wanted) != _kind(got):
        return [
            f"{where or 'body'} is {_kind(got)} ({str(got)[:40]!r}), recorded {_kind(wanted)} ({str(wanted)[:40]!r})"
        ]
    if isinstance(wanted, dict):
        return _compare_objects(wanted, got, where, ignore)
    if isinstance(wanted, list):
        wanted = [one for one in wanted if not (isinstance(one, str) and one.startswith("<trimmed"))]
        if bool(wanted) != bool(got):
            return [f"{where} has {len(got)} items, recorded {len(wanted)}"]
        return compare(wanted[0], got[0], f"{where}.0", ignore) if wanted else []
    top = "." not in where.removeprefix("data.")
    if top and (name in _OUTCOMES or name in ("status", "message")) and isinstance(wanted, str | int) and wanted != got:
        return [f"{where} is {got!r}, recorded {wanted!r}"]
    return []


def _compare_objects(wanted: dict[str, Any], got: dict[str, Any], where: str, ignore: frozenset[str]) -> list[str]:
    wanted = {key: value for key, value in wanted.items() if not key.startswith("<trimmed")}
    if wanted and got and all(key.isdigit() for key in (*wanted, *got)):
        first = next(iter(wanted.values())), next(iter(got.values()))
        return compare(*first, f"{where}.id", ignore)
    found = []
    missing, extra = set(wanted) - set(got) - ignore, set(got) - set(wanted) - ignore
    if missing:
        found.append(f"{where or 'body'} lacks {sorted(missing)}")
    if extra:
        found.append(f"{where or 'body'} has {sorted(extra)} more")
    for key in wanted:
        if key in got:
            found += compare(wanted[key], got[key], f"{where}.{key}" if where else key, ignore)
    return found


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else "list" if isinstance(value, list) else "object"


def load(folder: Path) -> dict[str, dict[str, Any]]:
    """All recordings of a folder by file name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}

"""Outbound webhooks of type `default`, really sent over HTTP: no signature, no id, no retry."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from . import wording
from .clock import Clock
from .database import Database, Row

DEFAULT_PARAMS = ("objectType", "objectID", "product", "execution", "action", "actor", "date", "comment")
SECONDS = 30
_SENT = frozenset(
    [
        "opened",
        "assigned",
        "started",
        "paused",
        "restarted",
        "edited",
        "commented",
        "finished",
        "closed",
        "activated",
        "canceled",
        "resolved",
        "bugconfirmed",
    ]
)


class Webhooks:
    """``sync`` hooks are sent inside the request that caused them; ``async`` ones wait for :meth:`send_queued`."""

    def __init__(self, database: Database, clock: Clock, request_type: str) -> None:
        self._db = database
        self._clock = clock
        self._request_type = request_type

    def create(
        self,
        name: str,
        url: str,
        *,
        domain: str = "",
        send_type: str = "sync",
        kind: str = "default",
        params: tuple[str, ...] = DEFAULT_PARAMS,
        products: str = "",
        executions: str = "",
        secret: str = "",
        content_type: str = "application/json",
        by: str = "admin",
    ) -> int:
        return self._db.insert(
            "webhook",
            type=kind,
            name=name,
            url=url,
            domain=domain,
            secret=secret,
            contentType=content_type,
            sendType=send_type,
            params=",".join(params),
            products=products,
            executions=executions,
            createdBy=by,
            createdDate=self._clock.local(),
        )

    def all(self) -> list[Row]:
        return self._db.rows("SELECT * FROM webhook WHERE deleted = 0 ORDER BY id DESC")

    def delete(self, hook_id: int) -> None:
        self._db.update("webhook", hook_id, deleted=1)

    def change(self, hook_id: int, **values: object) -> None:
        self._db.update("webhook", hook_id, **values)

    def log(self, hook_id: int) -> list[Row]:
        return self._db.rows("SELECT * FROM hooklog WHERE webhook = ? ORDER BY id", hook_id)

    def notify(self, entry: Row, title: str, actor_name: str, link_host: str) -> None:
        if entry["action"] not in _SENT:
            return
        for hook in reversed(self.all()):
            if not _matches(hook, entry):
                continue
            body = self._body(hook, entry, title, actor_name, link_host)
            if hook["sendType"] == "async":
                self._db.insert("hookqueue", webhook=hook["id"], body=body)
            else:
                self._send(hook, body)

    def send_queued(self) -> int:
        """Deliver what async hooks hold back, in order; returns how many were sent."""
        queued = self._db.rows("SELECT * FROM hookqueue ORDER BY id")
        for item in queued:
            self._db.run("DELETE FROM hookqueue WHERE id = ?", item["id"])
            hook = self._db.get("webhook", item["webhook"])
            if hook and not hook["deleted"]:
                self._send(hook, item["body"])
        return len(queued)

    def _body(self, hook: Row, entry: Row, title: str, actor_name: str, link_host: str) -> str:
        domain = str(link_host or hook["domain"]).rstrip("/")
        object_type = str(entry["objectType"])
        link = f"{domain}/index.php?m={object_type}&f=view&id={entry['objectID']}"
        if self._request_type == "PATH_INFO":
            link = f"{domain}/{object_type}-view-{entry['objectID']}.html"
        verb = wording.ACTION_VERB.get(entry["action"], entry["action"])
        label = wording.OBJECT.get(object_type, object_type)
        text = f"{actor_name}{verb}{label} [#{entry['objectID']}::{title}]({link})"
        if hook["type"] == "wechatgroup":
            return _json({"msgtype": "markdown", "markdown": {"content": text}})
        wanted = [name for name in str(hook["params"]).split(",") if name]
        body: dict[str, Any] = {name: entry[name] for name in wanted if name in entry}
        return _json({**body, "text": text})

    def _send(self, hook: Row, body: str) -> None:
        result = _post(str(hook["url"]), body.encode(), "application/json;charset=utf-8")
        self._db.insert(
            "hooklog",
            webhook=hook["id"],
            action=json.loads(body).get("text", ""),
            date=self._clock.local(),
            url=hook["url"],
            data=body,
            result=result,
        )


def _matches(hook: Row, entry: Row) -> bool:
    executions = [one for one in str(hook["executions"]).split(",") if one]
    if executions and str(entry["execution"]) not in executions:
        return False
    products = {one for one in str(hook["products"]).split(",") if one}
    return not products or bool(products & {one for one in str(entry["product"]).split(",") if one})


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/")


def _post(url: str, body: bytes, content_type: str) -> str:
    """Send and give back what ZenTao's log would hold: the reply's body, or the transport error. Never raises."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "no url"
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=SECONDS)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.putrequest("POST", target, skip_accept_encoding=True)
        connection.putheader("Accept", "*/*")
        connection.putheader("Content-Type", content_type)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        return connection.getresponse().read(4096).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        connection.close()

"""What stands before the application: the request log, 18.8's session lock, and the faults."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from .faults import Fault, Faults
from .requestlog import RequestLog

Message = dict[str, Any]
CONTROL = "/__sandbox__"
GIVE_UP_SECONDS = 600

_LOGIN_PAGE = (
    "<!DOCTYPE html>\n<html lang='zh-cn'><head><meta charset='utf-8'><title>用户登录 - 禅道</title></head>"
    "<body><form method='post' action='/index.php?m=user&f=login'><input name='account'>"
    "<input name='password' type='password'><button>登录</button></form></body></html>\n"
).encode()
_TRACE = (
    b"<html><head><meta http-equiv='Content-Type' content='text/html; charset=utf-8' /></head><body><br />\n"
    b"Uncaught PDOException: SQLSTATE[HY000] [2002] Connection refused in /opt/zentao/lib/dao.class.php:1024<br />\n"
    b"</body></html>\n"
)


class Gate:
    """An ASGI application around another one. ``cut`` ends a client's connection without an answer."""

    def __init__(
        self,
        app: Callable[..., Any],
        faults: Faults,
        log: RequestLog,
        *,
        serialise: bool,
        cut: Callable[[tuple[str, int] | None], None],
    ) -> None:
        self._app = app
        self._faults = faults
        self._log = log
        self._serialise = serialise
        self._cut = cut
        self._locks: dict[str, asyncio.Lock] = {}

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, query = scope["path"], scope["query_string"].decode("latin-1")
        if path.startswith(CONTROL):
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        token = _token(scope, query)
        number = self._log.begin(method, path, query, token, time.monotonic())

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._log.finish(number, message["status"])
            await send(message)

        fault = self._faults.take(method, f"{path}?{query}" if query else path)
        lock = self._lock(token) if self._serialise and token else contextlib.nullcontext()
        async with lock:
            if fault is None:
                await self._app(scope, receive, noted)
                return
            hold = await self._suffer(fault, scope, receive, noted)
        if hold:
            await _gone(receive, GIVE_UP_SECONDS)

    def _lock(self, token: str) -> asyncio.Lock:
        return self._locks.setdefault(token, asyncio.Lock())

    async def _suffer(self, fault: Fault, scope: Mapping[str, Any], receive: Any, send: Any) -> bool:
        """Play one fault; true means that the client is to be left without an answer."""
        kind = fault.kind
        if kind == "reset":
            self._cut(scope.get("client"))
            return False
        if kind == "login-page":
            await _drain(receive)
            await _answer(send, 200, "text/html; Language=UTF-8;charset=UTF-8", _LOGIN_PAGE)
            return False
        if kind == "error-500":
            await _drain(receive)
            await _answer(send, 500, "text/html; Language=UTF-8;charset=UTF-8", _TRACE)
            return False
        if kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self._app(scope, receive, send)
            return False
        body = await _drain(receive)
        if kind == "late-commit":
            await _gone(receive, GIVE_UP_SECONDS)
            await asyncio.sleep(fault.seconds)
        status, headers, content = await self._carry_out(scope, body)
        if kind == "empty":
            await _answer(send, 200, "application/json", b"")
        elif kind == "two-documents":
            await _send(send, status, headers, content + b'{"status":"success","message":"OK"}')
        elif kind == "reset-after-commit":
            self._cut(scope.get("client"))
        return kind == "timeout-after-commit"

    async def _carry_out(self, scope: Mapping[str, Any], body: bytes) -> tuple[int, list[Any], bytes]:
        given = False
        status, headers, chunks = 500, list[Any](), list[bytes]()

        async def replay() -> Message:
            nonlocal given
            if given:
                return {"type": "http.disconnect"}
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def collect(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message.get("headers", []))
            elif message["type"] == "http.response.body":
                chunks.append(message.get("body", b""))

        await self._app(scope, replay, collect)
        return status, headers, b"".join(chunks)


def _token(scope: Mapping[str, Any], query: str) -> str:
    cookie = ""
    for name, value in scope["headers"]:
        if name == b"token":
            return str(value.decode("latin-1"))
        if name == b"cookie":
            for part in value.decode("latin-1").split(";"):
                key, _, text = part.strip().partition("=")
                if key == "zentaosid":
                    cookie = text
    return parse_qs(query).get("zentaosid", [cookie])[0]


async def _drain(receive: Any) -> bytes:
    chunks = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return b"".join(chunks)


async def _gone(receive: Any, seconds: float) -> None:
    """Wait until the client has given up."""

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(watch(), seconds)


async def _answer(send: Any, status: int, content_type: str, content: bytes) -> None:
    await _send(send, status, [(b"content-type", content_type.encode())], content)


async def _send(send: Any, status: int, headers: list[Any], content: bytes) -> None:
    kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    kept.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": kept})
    await send({"type": "http.response.body", "body": content})

"""Asks an ASGI app in this process, without a socket; the client may go at any time."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

App = Callable[..., Awaitable[None]]


@dataclass
class Answer:
    """What came back; `pieces` as they were sent; `ended` once the server said that this was all."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    ended: bool = False

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """OpenAI's error object."""
        told: dict[str, Any] = self.json["error"]
        assert set(told) == {"message", "type", "param", "code"}
        return told


async def ask(
    app: App,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    answer: Answer | None = None,
    leave: asyncio.Event | None = None,
    send: Callable[[dict[str, Any]], Awaitable[None]] | None = None,
) -> Answer:
    """One request; `answer` fills while it goes on; the client leaves when `leave` is set (else at the end). `send`
    takes the server's messages in the answer's place.
    """
    answer = Answer() if answer is None else answer
    leave = asyncio.Event() if leave is None else leave
    given = {"host": "test", "content-length": str(len(body)), **(headers or {})}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in given.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        await leave.wait()
        return {"type": "http.disconnect"}

    async def take(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
        elif message["type"] == "http.response.body":
            if message.get("body"):
                answer.pieces.append(message["body"])
            answer.ended = not message.get("more_body", False)

    await app(scope, receive, send or take)
    return answer


async def post(app: App, fields: Mapping[str, Any], **how: Any) -> Answer:
    """``POST /v1/audio/speech`` with JSON."""
    body = json.dumps(fields).encode()
    return await ask(app, "POST", "/v1/audio/speech", body, {"content-type": "application/json"}, **how)


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what is about to happen; ten seconds at most."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.002)

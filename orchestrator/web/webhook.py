"""ZenTao's webhook: a hint that a task has changed, nothing more.

ZenTao (type 其他, `default`) posts a JSON object without signature, id or retry, and in the usual mode waits for our
answer inside the user's own request. So: check the secret in the address, take the task's number out of the body,
answer, and read the truth from ZenTao afterwards, in another thread. Nothing else in the body is believed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hmac import compare_digest
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BODY = 512 * 1024
"""ZenTao's comments have at most 65,535 bytes; as JSON escapes they can be six times that."""

_HIGHEST_ID = 2**31


class BadHint(ValueError):
    """The body isn't one of ZenTao's; the text goes back and into ZenTao's webhook log."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What a body may tell us. `task_id` None: it is about something that can't concern us."""

    task_id: int | None


def parse_hint(body: bytes) -> Hint:
    """Read a webhook's body. Raises BadHint."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadHint("the body is not JSON") from error
    if not isinstance(data, dict):
        raise BadHint("the body is not a JSON object")
    kind, number = data.get("objectType"), data.get("objectID")
    if not isinstance(kind, str) or number is None:
        raise BadHint("objectType and objectID are missing: tick them among the webhook's parameters in ZenTao")
    # A comment alone changes no status, and our own comments come back to us this way.
    if kind != "task" or data.get("action") == "commented":
        return Hint(None)
    text = str(number) if isinstance(number, str | int) and not isinstance(number, bool) else ""
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and 0 < int(text) < _HIGHEST_ID):
        raise BadHint("objectID is not a task's number")
    return Hint(int(text))


def webhook_routes(secret: str | None, wake: Callable[[int], None]) -> APIRouter:
    """The route, which answers 202 at once; a wrong secret (or none configured) is 404, so nothing can be probed."""
    router = APIRouter()

    @router.post("/webhooks/zentao/{given:path}")
    async def receive(given: str, request: Request) -> Response:
        if secret is None or not compare_digest(given.encode(), secret.encode()):
            return Response("not found\n", 404, media_type="text/plain")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                return Response("too large\n", 413, media_type="text/plain")
        try:
            hint = parse_hint(bytes(body))
        except BadHint as error:
            return Response(f"{error}\n", 400, media_type="text/plain")
        if hint.task_id is not None:
            wake(hint.task_id)
        return Response("accepted\n", 202, media_type="text/plain")

    return router

"""Reads a request's body: bounded in size, time and number, then as JSON or as a form."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request

from tts_service.app.admission import Busy
from tts_service.app.errors import ApiError
from tts_service.app.form import FormProblem, parsed

_SMALL: Final = 64 * 1024
"""Bytes of a body that any number of clients may send at once."""


@dataclass(frozen=True)
class Limits:
    """What one request may cost. `body`: bytes (a reference recording of 20 MB as base64 fits); `upload`: seconds until
    the body must be there; `large`: how many bodies above 64 KiB may be read at once; `speaking`: seconds that one
    request may compute; `stalled`: seconds that a client may leave a stream unread.
    """

    body: int = 28 * 1024 * 1024
    upload: float = 60.0
    large: int = 4
    speaking: float = 300.0
    stalled: float = 60.0


class Bodies:
    """Reads bodies within limits; one for a service, it counts the large ones."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._large = 0

    @asynccontextmanager
    async def fields(self, request: Request) -> AsyncIterator[dict[str, Any]]:
        """Gives the fields of a JSON object or of a multipart form (a file as its bytes, the rest as text).

        A large body keeps its place inside the block. Raises ApiError (400, 408, 413, 415) and Busy.
        """
        kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if kind not in ("application/json", "multipart/form-data"):
            zh, en = "请求体须为 JSON 或 multipart 表单。", "Send application/json or multipart/form-data."
            raise ApiError(415, "unsupported_media_type", zh, en)
        length = request.headers.get("content-length", "unknown")
        announced = int(length) if length.isdecimal() and len(length) < 16 else self._limits.body
        with self._place(announced):
            try:
                async with asyncio.timeout(self._limits.upload):
                    data = await self._read(request)
            except TimeoutError:
                zh, en = "请求体传得太慢。", f"The body took longer than {self._limits.upload:g} seconds."
                raise ApiError(408, "upload_timeout", zh, en) from None
            yield _json(data) if kind == "application/json" else _form(request.headers["content-type"], data)

    @contextmanager
    def _place(self, announced: int) -> Iterator[None]:
        if announced <= _SMALL:
            yield
            return
        if self._large >= self._limits.large:
            raise Busy(5)
        self._large += 1
        try:
            yield
        finally:
            self._large -= 1

    async def _read(self, request: Request) -> bytes:
        """The body, of which no more is kept than may be: a length that was announced isn't believed."""
        announced = request.headers.get("content-length")
        most = self._limits.body
        if announced is not None and announced.isdecimal() and (len(announced) > 15 or int(announced) > most):
            raise _too_large(most)
        data = bytearray()
        async for piece in request.stream():
            data += piece
            if len(data) > most:
                raise _too_large(most)
        return bytes(data)


def _too_large(most: int) -> ApiError:
    size = f"{most / 2**20:.0f} MB"
    return ApiError(413, "body_too_large", f"请求体太大，最多 {size}。", f"The body may have {size} at most.")


def _json(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        zh = '请求体须为 JSON 对象，例如 {"input": "你好"}。'
        raise ApiError(400, "invalid_json", zh, 'The body must be a JSON object such as {"input": "你好"}.')
    return value


def _form(content_type: str, data: bytes) -> dict[str, Any]:
    try:
        return dict(parsed(content_type, data))
    except FormProblem as error:
        zh, en = "表单无法解析。", "The form can't be read."
        raise ApiError(400, "invalid_form", zh, en) from error

"""Errors of the HTTP API in the shape that OpenAI's clients read, their text in Chinese and English."""

import errno
import json
import logging
import re
import secrets
from dataclasses import dataclass
from typing import Any, Final

from fastapi.responses import Response

from tts_service.app.admission import Busy, Draining
from tts_service.audit import AuditError
from tts_service.engines.base import EngineFailed, RequestRefused

_LOG: Final = logging.getLogger(__name__)
_PARAMS: Final = {"text": "input", "vector": "emotion_vector", "reference": "reference_audio"}
"""Fields of a SynthesisRequest whose name in the API is another."""


@dataclass(eq=False)
class ApiError(Exception):
    """What a client is told: HTTP status, `code` and `param` for programs, the sentence for people.

    `retry_after` is in seconds. `kind` is OpenAI's ``type``. `number` is the request's in the service's log, where the
    log says more.
    """

    status: int
    code: str
    zh: str
    en: str
    param: str | None = None
    kind: str = "invalid_request_error"
    retry_after: int | None = None
    number: str = ""

    @property
    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        message = f"{self.zh} {self.en}".strip()
        return {"error": {"message": message, "type": self.kind, "param": self.param, "code": self.code}}


AUDIT_FAILED: Final = (
    "审计记录写不进去，使用参考音频的请求因此不执行；原因见服务日志。",
    "The audit file takes no record, so nothing was done; the service's log says why.",
)
"""What a client is told of an AuditError, whose own words name places on the server."""


_FULL: Final = (
    "服务器的磁盘已满，请联系管理员清理后再试。",
    "The server's disk is full: try again when its operator has made room.",
)
_PATH: Final = re.compile(r"(?:(?<![\w:/.])|(?<=\w:)(?!//))/(?=[^\s/])|\bfile:/|\b[A-Za-z]:\\")
_DANGLING: Final = re.compile(r"[\s\"'(;:,=]+$|[;,(]?\s*\b(?:see|in|at|log|from)\s*$", re.IGNORECASE)


def public(text: str) -> str:
    """What of an engine's own words may leave the host: the first line, up to where it names a place on the disk."""
    line = next(iter(text.strip().splitlines()), "")
    found = _PATH.search(line)
    if found is None:
        return line
    kept, before = line[: found.start()], ""
    while kept != before:
        kept, before = _DANGLING.sub("", kept), kept
    return f"{kept} …" if kept else "…"


class TimeIsUp(RuntimeError):
    """A request took longer than one may take."""


def told(error: Exception) -> ApiError:
    """Finds what a client is told of an error; one that nobody foresaw goes into the log."""
    match error:
        case ApiError():
            return error
        case RequestRefused():
            param = _PARAMS.get(error.param or "", error.param)
            return ApiError(400, "invalid_value", error.zh, error.en, param)
        case Draining():
            return ApiError(503, "draining", error.zh, error.en, None, "server_error", error.retry_after)
        case Busy():
            return ApiError(429, "rate_limit_exceeded", error.zh, error.en, None, "requests", error.retry_after)
        case TimeIsUp():
            _LOG.warning("a request took longer than one may take and was ended")
            zh, en = "合成超时，请缩短文字后再试。", "It took too long, try a shorter text."
            return ApiError(503, "time_limit", zh, en, None, "server_error", 10)
        case EngineFailed():
            number = secrets.token_hex(4)
            _LOG.error("request %s: the engine failed: %s", number, error)
            zh = f"合成失败（编号 {number}，详情见服务日志）。"
            en = f"The engine failed (request {number}, the service's log says more): {public(str(error))}"
            return ApiError(500, "engine_failed", zh, en, None, "server_error", number=number)
        case AuditError():
            _LOG.error("a request with a recording was not carried out: %s", error)
            return ApiError(500, "audit_failed", *AUDIT_FAILED, None, "server_error")
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT):
            _LOG.error("the disk is full: %s", error)
            return ApiError(500, "disk_full", *_FULL, None, "server_error")
    _LOG.error("an unforeseen error", exc_info=error)
    return ApiError(500, "internal_error", "内部错误。", "Internal error, see the service's log.", None, "server_error")


def answer(error: ApiError) -> Response:
    """Makes the HTTP answer."""
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    if error.number:
        headers["X-Request-Id"] = error.number
    if error.status == 413:
        headers["Connection"] = "close"  # the rest of the body isn't read
    return Response(rendered(error.body), error.status, headers, "application/json")


def rendered(value: object) -> bytes:
    """JSON as bytes; lone surrogates that a client sent come back as question marks instead of breaking the answer."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")

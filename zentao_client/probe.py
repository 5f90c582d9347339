"""Finding out what a server is before anybody logs in."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from zentao_client.errors import BadReply, Unavailable, Unsupported
from zentao_client.models import Dialect, ServerInfo
from zentao_client.protocol import Reply, is_login_page
from zentao_client.transport import Call, Transport

# ZenTao's default, and what an installation without a readable setting almost certainly has.
CHINA = timezone(timedelta(hours=8), "CST")
_CHINESE_ZONES = {"", "PRC", "Asia/Shanghai", "Asia/Chongqing", "Asia/Harbin", "Asia/Urumqi"}


def probe(transport: Transport) -> ServerInfo:
    """Ask version, kind of URLs, clock, time zone and the API v2: three requests without an account.

    Raises `Unavailable` if the server can't answer now, `BadReply` if it is no ZenTao.
    """
    sent = datetime.now(UTC)
    config = _config(transport)
    received = datetime.now(UTC)
    version = str(config["version"])
    return ServerInfo(
        url=transport.url,
        version=version,
        dialect=_dialect(transport, version),
        request_type=_request_type(config),
        timezone=_timezone(transport),
        clock_skew=_skew(config, sent, received),
        max_upload=str(config.get("maxUploadSize", "")),
    )


def _config(transport: Transport) -> dict[str, Any]:
    reply = transport.send(Call("GET", "/index.php", params=[("mode", "getconfig")]))
    if reply.location:
        raise BadReply(f"{transport.url} redirects to {reply.location}; use the address that people see")
    if reply.status >= 500:
        raise Unavailable(f"{transport.url} answers HTTP {reply.status}")
    content = _json(reply)
    if not isinstance(content, dict) or "version" not in content:
        text = reply.body.decode("utf-8", "replace")
        kind = "a login page" if is_login_page(text) else "no ZenTao"
        raise BadReply(f"{transport.url} answers HTTP {reply.status} with {kind}", reply.body)
    return content


def _dialect(transport: Transport, version: str) -> Dialect:
    # An open-source version below 20 has no API v2. Paid editions count otherwise ("max4.8"), and so ask.
    number = re.fullmatch(r"(\d+)\.[\d.]+\w*", version)
    if number and int(number[1]) < 20:
        return "v18"
    # Without a token a working API v2 refuses in JSON; where it is missing, there is a stack trace or nothing.
    reply = transport.send(Call("GET", "/api.php/v2/tasks/1"))
    content = _json(reply)
    return "v22" if isinstance(content, dict) and "status" in content else "v18"


def _request_type(config: dict[str, Any]) -> Literal["GET", "PATH_INFO"]:
    # PATH_INFO2 also answers to the GET form, which depends on no rewriting.
    return "PATH_INFO" if config.get("requestType") == "PATH_INFO" else "GET"


def _timezone(transport: Transport) -> tzinfo:
    reply = transport.send(Call("GET", "/api.php/v1/configurations"))
    content = _json(reply)
    items = content if isinstance(content, list) else []
    name = next((str(item.get("value") or "") for item in items if item.get("key") == "timezone"), "")
    try:
        return ZoneInfo(name or "Asia/Shanghai")
    except (ZoneInfoNotFoundError, ValueError):
        if name in _CHINESE_ZONES:
            return CHINA
        raise Unsupported(f"this machine does not know the server's time zone {name!r}: install tzdata") from None


def _skew(config: dict[str, Any], sent: datetime, received: datetime) -> timedelta:
    try:
        there = datetime.fromtimestamp(int(config["serverTime"]), UTC)
    except (KeyError, TypeError, ValueError):
        return timedelta(0)
    # The server counts whole seconds: a difference below one second says nothing.
    skew = there - (sent + (received - sent) / 2)
    return skew if abs(skew) > timedelta(seconds=1) else timedelta(0)


def _json(reply: Reply) -> Any:
    try:
        return json.loads(reply.body.decode("utf-8-sig", "replace"))
    except ValueError:
        return None

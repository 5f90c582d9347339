"""The bytes between us and the server: one pool of connections, time-outs, no cookies, and honest failures."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Any

import httpx

from zentao_client.errors import Unavailable, WriteUnknown
from zentao_client.protocol import Reply

TIMEOUT_SECONDS = 30.0
_CONNECT_SECONDS = 10.0
# A synchronous webhook runs inside the request that caused it, for up to 30 s, and uploads take their time.
_WRITES_TAKE_LONGER = 3.0
_SIGNATURE = re.compile(r"\b(token|zentaosid)=[^&\s\"]+")


class _HideSignatures(logging.Filter):
    """httpx writes each address into its log; a signature in one is as good as a password."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                _SIGNATURE.sub(r"\1=…", str(part)) if isinstance(part, httpx.URL) else part for part in record.args
            )
        return True


logging.getLogger("httpx").addFilter(_HideSignatures())

FilePart = tuple[str, tuple[str, bytes, str]]


@dataclass(frozen=True, slots=True)
class Call:
    """One request: `path` is relative to the server's URL. `writes` says whether it may change something."""

    method: str
    path: str
    params: Sequence[tuple[str, str]] = ()
    json: Any = None
    form: Sequence[tuple[str, str]] | None = None
    files: Sequence[FilePart] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    writes: bool = False

    @property
    def label(self) -> str:
        """The call for a message: without its query, which may hold a signature."""
        return f"{self.method} {self.path.split('?')[0]}"


class Transport:
    """Sends calls; shared by all threads.

    `timeout` is how many seconds a read may take; a write may take three times as long. `handler` replaces the
    network, for tests. ZenTao's cookies carry sessions of their own, so they are dropped.
    """

    def __init__(
        self, url: str, *, timeout: float = TIMEOUT_SECONDS, handler: httpx.BaseTransport | None = None
    ) -> None:
        self.url = url.rstrip("/")
        connect = min(timeout, _CONNECT_SECONDS)
        self._read_timeout = httpx.Timeout(timeout, connect=connect)
        self._write_timeout = httpx.Timeout(timeout * _WRITES_TAKE_LONGER, connect=connect)
        self._http = httpx.Client(
            transport=handler,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=16, keepalive_expiry=15.0),
            headers={"User-Agent": "zentao-client", "Accept": "application/json, */*"},
            follow_redirects=False,
        )

    def send(self, call: Call) -> Reply:
        """Send one call.

        Raises `Unavailable` if nothing can have happened, and `WriteUnknown` if a write went out and no
        answer came back. A read that meets a connection which the server has just closed is sent once more.
        """
        try:
            return self._send(call)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unavailable(f"{self.url} can't be reached: {error or type(error).__name__}") from error
        except httpx.TransportError as error:
            reason = f"{call.label}: {error or type(error).__name__}"
            if call.writes:
                raise WriteUnknown(f"no answer to {reason}") from error
            if not isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
                raise Unavailable(reason) from error
        try:
            return self._send(call)
        except httpx.TransportError as error:
            raise Unavailable(f"{call.label}: {error or type(error).__name__}") from error

    def _send(self, call: Call) -> Reply:
        parts: dict[str, Any] = {}
        if call.files:
            fields = [(name, (None, value.encode())) for name, value in call.form or ()]
            parts["files"] = [*fields, *call.files]
        elif call.form is not None:
            parts["content"] = str(httpx.QueryParams(list(call.form))).encode()
        elif call.json is not None:
            parts["json"] = call.json
        headers = dict(call.headers)
        if call.form is not None and not call.files:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        response = self._http.request(
            call.method,
            f"{self.url}{call.path}",
            params=list(call.params) or None,
            headers=headers,
            timeout=self._write_timeout if call.writes or call.files else self._read_timeout,
            **parts,
        )
        disposition = response.headers.get("content-disposition", "")
        return Reply(
            response.status_code,
            response.content,
            response.headers.get("location", ""),
            is_file=disposition.startswith("attachment"),
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def __enter__(self) -> Transport:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

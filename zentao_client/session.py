"""Talking to one server as one account: a token per thread, renewed once, and one method per dialect."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode, urlsplit

from zentao_client import protocol
from zentao_client.errors import Unavailable, Unsupported, WriteUnknown
from zentao_client.models import Entry
from zentao_client.protocol import NotLoggedIn, PageOutcome, Reply
from zentao_client.transport import Call, FilePart, Transport

R = TypeVar("R")
Fields = Sequence[tuple[str, str]]


class Session:
    """Calls of one account; shared by all threads, each of which holds a token of its own.

    18.x serialises requests with one token, so that a shared one would make threads wait for each other, and
    a stored search belongs to the token. Raises for a write: `Unavailable` only if nothing was sent,
    `WriteUnknown` if its answer does not tell, the definite errors otherwise.
    """

    def __init__(
        self,
        transport: Transport,
        request_type: Literal["GET", "PATH_INFO"],
        login: Callable[[], str],
        *,
        entry: Entry | None = None,
    ) -> None:
        self._transport = transport
        self._request_type = request_type
        self._login = login
        self._entry = entry
        self._mine = threading.local()

    @property
    def root(self) -> str:
        """The path of the server's own root, with a slash at its end: "/" or "/zentao/"."""
        return urlsplit(self._transport.url).path.rstrip("/") + "/"

    def token(self) -> str:
        """This thread's token; logs in if it has none."""
        token: str | None = getattr(self._mine, "token", None)
        if token is None:
            token = self._login()
            self._mine.token = token
        return token

    def v1(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Fields = (),
        files: Sequence[FilePart] = (),
    ) -> Any:
        """Call the API v1: `path` such as "/tasks/3". Returns its content."""
        call = Call(method, f"/api.php/v1{path}", params=params, json=json, files=files, writes=method != "GET")
        return self._perform(call, protocol.read_v1)

    def v2(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Fields = (),
        form: Fields | None = None,
        files: Sequence[FilePart] = (),
        expect: str | None = None,
        writes: bool | None = None,
    ) -> dict[str, Any]:
        """Call the API v2. `expect` names the key without which the answer is no success."""
        call = Call(
            method,
            f"/api.php/v2{path}",
            params=params,
            json=json,
            form=form,
            files=files,
            writes=method != "GET" if writes is None else writes,
        )
        return self._perform(call, lambda reply: protocol.read_v2(reply, expect))

    def page(self, module: str, method: str, params: Fields) -> dict[str, Any]:
        """Read a legacy page as data."""
        path, query = self._place(module, method, params)
        return self._perform(Call("GET", path, params=query), protocol.read_page)

    def post_page(
        self,
        module: str,
        method: str,
        params: Fields,
        form: Fields,
        *,
        files: Sequence[FilePart] = (),
        writes: bool = True,
    ) -> PageOutcome:
        """Post a form to a legacy page. ZenTao drops its content silently without our Referer."""
        path, query = self._place(module, method, params)
        headers = {"Referer": f"{self._transport.url}/"}
        call = Call("POST", path, params=query, form=form, files=files, headers=headers, writes=writes)
        return self._perform(call, protocol.read_form)

    def download(self, module: str, method: str, params: Fields) -> bytes:
        """The bytes behind a legacy page, such as file-download."""
        path, query = self._place(module, method, params)
        return self._perform(Call("GET", path, params=query), protocol.read_file)

    def download_v2(self, path: str) -> bytes:
        """The bytes behind a call of the API v2."""
        return self._perform(Call("GET", f"/api.php/v2{path}"), protocol.read_file)

    def signed(self, module: str, method: str, params: Fields, *, json: Any = None) -> Any:
        """Call the unversioned API as the 应用. The signature over the query allows any number of calls per
        second.
        """
        if self._entry is None:
            raise Unsupported("no 应用 is configured")
        fields = [("m", module), ("f", method), *params, ("t", "json"), ("code", self._entry.code)]
        query = urlencode(fields)
        inner = hashlib.md5(query.encode(), usedforsecurity=False).hexdigest()
        token = hashlib.md5((inner + self._entry.key).encode(), usedforsecurity=False).hexdigest()
        call = Call(
            "GET" if json is None else "POST", f"/api.php?{query}&token={token}", json=json, writes=json is not None
        )
        return self._read(call, self._send(call), protocol.read_signed)

    def _perform(self, call: Call, read: Callable[[Reply], R]) -> R:
        token = self.token()
        try:
            return self._read(call, self._send(call, token), read)
        except NotLoggedIn:
            # Not executed, so it may be repeated: once, with a new token.
            if getattr(self._mine, "token", None) == token:
                self._mine.token = None
        try:
            return self._read(call, self._send(call, self.token()), read)
        except NotLoggedIn as error:
            raise Unavailable(f"the server does not accept the token it has just issued: {error}") from error

    def _send(self, call: Call, token: str | None = None) -> Reply:
        headers = dict(call.headers)
        if token is not None:
            headers["Token"] = token
        return self._transport.send(
            Call(call.method, call.path, call.params, call.json, call.form, call.files, headers, call.writes)
        )

    @staticmethod
    def _read(call: Call, reply: Reply, read: Callable[[Reply], R]) -> R:
        try:
            return read(reply)
        except Unavailable as error:
            if call.writes:
                raise WriteUnknown(f"{call.label}: {error}") from error
            raise

    def _place(self, module: str, method: str, params: Fields) -> tuple[str, Fields]:
        if self._request_type == "PATH_INFO":
            values = "".join(f"-{value}" for _, value in params)
            return f"/{module}-{method}{values}.json", ()
        return "/index.php", [("m", module), ("f", method), *params, ("t", "json")]

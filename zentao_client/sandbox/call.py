"""One HTTP request and one answer, in the form the sandbox's front ends work with."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .files import Upload

JSON = "application/json"
HTML = "text/html; Language=UTF-8;charset=UTF-8"
RELOAD = (
    "<html><meta charset='utf-8'/><style>body{background:white}</style>"
    "<script>if(parent !== window) parent.location.reload(true);\n\n</script>\n"
)


@dataclass(frozen=True)
class Call:
    """A request. ``body`` is the JSON object (``{}`` where there is none), ``form`` holds page forms, PHP style."""

    method: str
    path: str
    query_string: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes = b""
    form: Mapping[str, list[str]] = field(default_factory=dict)
    uploads: tuple[Upload, ...] = ()

    @property
    def host(self) -> str:
        """``http://host:port`` as the caller addressed us."""
        return f"http://{self.headers.get('host', 'localhost')}"

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body; malformed JSON and anything but an object read as empty, as in ZenTao."""
        try:
            found = json.loads(self.raw or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def header_token(self) -> str:
        return self.headers.get("token", "")

    @property
    def query_token(self) -> str:
        return self.query.get("zentaosid", "")

    @property
    def cookie_token(self) -> str:
        found = re.search(r"zentaosid=([^;\s]+)", self.headers.get("cookie", ""))
        return found[1] if found else ""

    @property
    def any_token(self) -> str:
        return self.header_token or self.query_token or self.cookie_token

    def page(self) -> tuple[int, int]:
        """v1's ``page`` and ``limit`` (0 where absent)."""
        return as_int(self.query.get("page"), 1), as_int(self.query.get("limit"), 0)

    def fields(self) -> dict[str, Any]:
        """The form as PHP sees it: ``name[]`` becomes a list under ``name``."""
        found: dict[str, Any] = {}
        for name, values in self.form.items():
            if name.endswith("[]"):
                found[name[:-2]] = list(values)
            else:
                found[name] = values[-1]
        return found


@dataclass(frozen=True)
class Reply:
    status: int = 200
    content: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def as_int(value: object, default: int = 0) -> int:
    try:
        return int(str(value))
    except ValueError:
        return default


def dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_reply(value: object, status: int = 200, content_type: str = JSON) -> Reply:
    return Reply(status, dumped(value).encode(), content_type)


def html_reply(text: str, status: int = 200) -> Reply:
    return Reply(status, text.encode(), HTML)


def empty_reply(status: int = 200, content_type: str = JSON) -> Reply:
    return Reply(status, b"", content_type)


def redirect(location: str) -> Reply:
    return Reply(302, b"", HTML, {"Location": location})


def page_data(value: object) -> Reply:
    """A page's ``t=json`` answer: the data is a JSON text inside JSON."""
    data = json.dumps(value, separators=(",", ":")).replace("/", "\\/")
    md5 = hashlib.md5(data.encode(), usedforsecurity=False).hexdigest()
    return json_reply({"status": "success", "data": data, "md5": md5}, content_type=HTML)


def crash_reply(what: str) -> Reply:
    """HTTP 500 with the HTML trace of a PHP error."""
    return html_reply(
        "<html><head><meta http-equiv='Content-Type' content='text/html; charset=utf-8' /></head><body><br />\n"
        f"Uncaught TypeError: {what} in /opt/zentao/framework/api/router.class.php:216<br />\n"
        "Stack trace:<br />\n#0 {main}<br />\n</body></html>\n",
        500,
    )


Handler = Callable[..., Reply]


class Routes:
    """A table of ``METHOD /path/:number/:word``; a path that is known with other methods only is told apart."""

    def __init__(self) -> None:
        self._table: list[tuple[str, re.Pattern[str], Handler]] = []

    def on(self, method: str, path: str) -> Callable[[Handler], Handler]:
        pattern = re.sub(r":(\w+)", r"(?P<\1>[^/]+)", path)
        compiled = re.compile(f"^{pattern}/?$")

        def keep(handler: Handler) -> Handler:
            self._table.append((method, compiled, handler))
            return handler

        return keep

    def find(self, method: str, path: str) -> tuple[Handler | None, dict[str, str], bool]:
        """The handler and its path values; the flag says whether the path is known at all."""
        known = False
        for wanted, pattern, handler in self._table:
            found = pattern.match(path)
            if found:
                known = True
                if wanted == method:
                    return handler, found.groupdict(), True
        return None, {}, known

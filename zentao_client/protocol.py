"""Reading ZenTao's answers strictly: what counts as success, and what each refusal means.

Pure functions from an HTTP reply to its content. ZenTao has four dialects:

- `read_v1`: the REST API v1. Content as it is; errors under the key "error".
- `read_v2`: the API v2 of 22.x. Nearly always HTTP 200; "status" tells the outcome.
- `read_page`: a legacy page asked for JSON; its content is JSON inside the string "data".
- `read_signed`: the unversioned API of an 应用; like a page, with "data" decoded already.

Every body must be exactly one JSON document: ZenTao sometimes glues several together, sends HTML with status
200, or nothing at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from zentao_client.errors import BadReply, Forbidden, NotFound, Rejected, ZentaoError

NO_SUCH_OBJECT = re.compile(r"does not exist|not found|不存在", re.IGNORECASE)
NO_ACCESS = re.compile(r"is not allowed|^not allowed|没有访问权限|无权访问|沒有訪問權限|無權訪問|denied", re.IGNORECASE)
LOGIN_PLACE = re.compile(r"user-login|m=user&(?:amp;)?f=login", re.IGNORECASE)
DENY_PLACE = re.compile(r"user-deny|m=user&(?:amp;)?f=deny", re.IGNORECASE)
ALERT = re.compile(r"alert\(\s*([\"'])(?P<text>.*?)(?<!\\)\1", re.DOTALL)


class NotLoggedIn(ZentaoError):
    """The token is missing, unknown or expired. The session answers it by logging in once."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer, apart from any HTTP library. `is_file` is True for a download."""

    status: int
    body: bytes
    location: str = ""
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """What a form post to a legacy page answered.

    `data` is its JSON content, or None for an HTML or script snippet, with which ZenTao answers successes and
    ignored forms alike: only reading back tells. `alert` is the sentence that the snippet would have shown,
    "" if none.
    """

    data: Any
    alert: str = ""


def read_v1(reply: Reply) -> Any:
    """The content of an API v1 answer, or the error it stands for."""
    if reply.status == 401:
        raise NotLoggedIn("the token is unknown or has expired")
    if reply.status >= 500:
        raise _server_error(reply)
    content = _one_document(reply)
    failure = content.get("error") if isinstance(content, dict) else None
    if reply.status == 404:
        raise NotFound(_first(messages_in(failure), "not found"))
    if reply.status == 403:
        raise Forbidden(_first(messages_in(failure), "access not allowed"))
    if reply.status not in {200, 201}:
        raise _refusal(messages_in(failure if failure is not None else content))
    if isinstance(content, dict) and (failure or content.get("result") == "fail"):
        raise _refusal(messages_in(failure or content.get("message")))
    return content


def read_v2(reply: Reply, expect: str | None = None) -> dict[str, Any]:
    """The object in an API v2 answer. `expect` names the key that must be there.

    An answer without "status" counts as success only by that key.
    """
    if reply.status == 401 or (reply.status in {302, 303} and LOGIN_PLACE.search(reply.location)):
        raise NotLoggedIn("the token is unknown or has expired")
    if reply.status == 302 and not reply.body:
        raise NotLoggedIn("redirected without a word, as the API v2 does for an expired token")
    if reply.status >= 500:
        raise _server_error(reply)
    content = _one_document(reply)
    if not isinstance(content, dict):
        raise BadReply("the API v2 answered with something other than an object", reply.body)
    words = messages_in(content.get("message", content.get("reason")))
    if reply.status == 403:
        raise Forbidden(_first(words, "not allowed"))
    if reply.status == 404 or 404 in (content.get("code"), content.get("message")):
        raise NotFound(_first(words, "not found"))
    if content.get("status") in {"fail", "failed", "error"} or content.get("result") == "fail":
        raise _refusal(words)
    if reply.status not in {200, 201}:
        raise BadReply(f"HTTP {reply.status}", reply.body)
    if expect is not None and expect not in content:
        raise BadReply(f"the answer has no {expect!r}", reply.body)
    if expect is None and content.get("status") != "success" and content.get("result") != "success":
        raise BadReply("the answer says neither success nor failure", reply.body)
    return content


def read_page(reply: Reply) -> dict[str, Any]:
    """The decoded "data" of a legacy page that was asked for JSON."""
    _page_status(reply)
    return _page_data(_one_document(reply), reply)


def read_signed(reply: Reply) -> Any:
    """The "data" of the unversioned API: a page's content, or the id of what was made."""
    if reply.status >= 500:
        raise _server_error(reply)
    content = _one_document(reply)
    if not isinstance(content, dict):
        raise BadReply("the signed API answered with something other than an object", reply.body)
    if "errcode" in content:
        raise Forbidden(f"the signature was refused: {content.get('errmsg', content['errcode'])}")
    if content.get("status") != "success":
        raise BadReply("the signed API did not report success", reply.body)
    data = content.get("data")
    return _checked_page(data) if isinstance(data, dict) else data


def read_form(reply: Reply) -> PageOutcome:
    """The answer to a form post on a legacy page. Success still has to be confirmed by reading back."""
    _page_status(reply)
    text = reply.body.decode("utf-8", "replace").strip()
    if not text:
        raise BadReply("an empty answer to a form")
    if text.startswith("<"):
        if "<script" not in text or "<form" in text:
            raise BadReply("an HTML page instead of an answer", reply.body)
        alert = ALERT.search(text)
        return PageOutcome(None, _unescape_js(alert["text"]) if alert else "")
    content = _one_document(reply)
    if isinstance(content, dict) and "data" not in content:
        if content.get("result") == "fail" or content.get("status") in {"fail", "error"}:
            raise _refusal(messages_in(content.get("message")))
        return PageOutcome(content)
    return PageOutcome(_page_data(content, reply))


def read_file(reply: Reply) -> bytes:
    """A downloaded file. Instead of one, ZenTao answers with a page or a sentence in JSON, and status 200."""
    if reply.status == 200 and reply.is_file:
        return reply.body
    if reply.status == 403:
        raise Forbidden("downloads are not allowed")
    if reply.status == 404:
        raise NotFound("no such file")
    text = reply.body.decode("utf-8", "replace").strip()
    if reply.status == 200 and text.startswith("<") and not is_login_page(text):
        raise NotFound(plain_text(text)[:200] or "no such file")
    if text.startswith("{") and '"data"' not in text:
        content = read_v2(reply)
        raise BadReply("an object instead of a file", str(content).encode())
    _page_status(reply)
    if text.startswith("{"):
        read_page(reply)
    raise BadReply("no file", reply.body)


def is_login_page(text: str) -> bool:
    """True for ZenTao's login page, its redirect snippet, or the form of a sign-on in front of it."""
    head = text[:20_000]
    return bool(LOGIN_PLACE.search(head)) or bool(re.search(r"type=[\"']?password", head, re.IGNORECASE))


def plain_text(page: str) -> str:
    """The words of a page, for a message."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def messages_in(value: Any) -> tuple[str, ...]:
    """ZenTao's sentences out of a string, a list, or an object of fields: {"field": ["sentence"]}."""
    return tuple(_sentences(value))


def _sentences(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        if value.strip():
            yield value.strip()
    elif isinstance(value, Mapping):
        for field, inner in value.items():
            for sentence in _sentences(inner):
                yield sentence if isinstance(field, int) or str(field).isdigit() else f"{field}: {sentence}"
    elif isinstance(value, Iterable):
        for inner in value:
            yield from _sentences(inner)
    elif value is not None:
        yield str(value)


def _one_document(reply: Reply) -> Any:
    text = reply.body.decode("utf-8", "replace").lstrip("\ufeff").strip()
    if not text:
        raise BadReply(f"HTTP {reply.status} with an empty body")
    if text.startswith("<"):
        reason = "the login page" if is_login_page(text) else "an HTML page"
        raise BadReply(f"HTTP {reply.status} with {reason} instead of JSON", reply.body)
    try:
        content, end = json.JSONDecoder().raw_decode(text)
    except ValueError:
        raise BadReply(f"HTTP {reply.status} with something that is not JSON", reply.body) from None
    if text[end:].strip():
        raise BadReply("more than one JSON document", reply.body)
    return content


def _page_status(reply: Reply) -> None:
    if reply.status in {301, 302, 303, 307, 308}:
        if LOGIN_PLACE.search(reply.location):
            raise NotLoggedIn("the page sent us to the login")
        if DENY_PLACE.search(reply.location):
            raise Forbidden("the account lacks the privilege for this page")
        raise BadReply(f"the page redirects to {reply.location!r}")
    if reply.status == 401:
        raise NotLoggedIn("the token is unknown or has expired")
    if reply.status >= 500:
        raise _server_error(reply)
    if reply.status != 200:
        raise BadReply(f"HTTP {reply.status}", reply.body)
    if reply.body.lstrip()[:1] == b"<" and LOGIN_PLACE.search(reply.body[:2000].decode("utf-8", "replace")):
        raise NotLoggedIn("the page sent us to the login")


def _page_data(content: Any, reply: Reply) -> dict[str, Any]:
    if not isinstance(content, dict) or content.get("status") != "success" or "data" not in content:
        raise BadReply("a page without its envelope", reply.body)
    data = content["data"]
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except ValueError:
            raise BadReply("the page's data is not JSON", reply.body) from None
    if not isinstance(data, dict):
        raise BadReply("the page's data is not an object", reply.body)
    return _checked_page(data)


def _checked_page(data: dict[str, Any]) -> dict[str, Any]:
    place = data.get("locate")
    if isinstance(place, str):
        if LOGIN_PLACE.search(place):
            raise NotLoggedIn("the page sent us to the login")
        if DENY_PLACE.search(place):
            raise Forbidden("the account lacks the privilege for this page")
    if data.get("result") == "fail":
        raise _refusal(messages_in(data.get("message")))
    return data


def _refusal(words: tuple[str, ...]) -> ZentaoError:
    text = "; ".join(words)
    if NO_SUCH_OBJECT.search(text):
        return NotFound(text)
    if NO_ACCESS.search(text) or "no company-browse priv" in text:
        return Forbidden(text)
    return Rejected(words)


def _server_error(reply: Reply) -> BadReply:
    words = plain_text(reply.body.decode("utf-8", "replace"))
    return BadReply(f"HTTP {reply.status}", words.encode())


def _first(words: tuple[str, ...], otherwise: str) -> str:
    return words[0] if words else otherwise


def _unescape_js(text: str) -> str:
    return re.sub(r"\\(.)", lambda hit: {"n": "\n", "t": "\t"}.get(hit[1], hit[1]), text)

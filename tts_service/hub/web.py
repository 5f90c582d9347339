"""Sources that speak HTTP: a hub, a mirror. A cut download goes on where it stopped."""

import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from tts_service.hub.manifest import CacheHubError, SourceSpec
from tts_service.hub.part import Note
from tts_service.hub.source import Delivery, SourceFailed, Wanted, attempt, check_size

if TYPE_CHECKING:
    import httpx

HUB: Final = "https://huggingface.co"
PAUSES: Final = (0.2, 1.0, 3.0)
"""Seconds between attempts that brought nothing; one that brought bytes begins the row anew."""
CONNECT_SECONDS: Final = 10.0
SILENCE_SECONDS: Final = 30.0
_LONGEST_RETRY_AFTER: Final = 30.0
_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_WORDS: Final = {
    401: "401 Unauthorized: it wants a token (HF_TOKEN), or the one that is set is bad",
    403: "403 Forbidden: access has to be asked for there, or the way out is blocked",
    404: "404 Not Found",
}


class _Unreachable(Exception):
    """Nobody answers there: asking for the next file would only cost time."""


@dataclass(frozen=True)
class WebSource:
    """Files below a base URL.

    `token` goes to that host alone; `hub` heeds the hub's own SHA-256 in its headers; with `exact` the base is itself
    the URL of the one file.
    """

    base: str
    token: str = ""
    hub: bool = False
    exact: bool = False

    @property
    def name(self) -> str:
        parts = urlsplit(self.base)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    def deliver(self, wanted: Sequence[Wanted]) -> Iterator[Delivery]:
        try:
            import httpx  # noqa: PLC0415 - a third of a second that an offline start never needs
        except ModuleNotFoundError:
            problem = "this Python has no httpx: call it with the service's own, shared/venvs/<key>/bin/python"
            yield from (Delivery(one, problem) for one in wanted)
            return
        headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        patience = httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
        dead = ""
        try:
            client = httpx.Client(follow_redirects=True, timeout=patience, headers=headers)
        except (ImportError, ValueError, OSError) as error:  # a SOCKS proxy, a proxy that is no URL, a lost certificate
            problem = f"the proxy or certificates named in the environment can't be used ({error})"
            yield from (Delivery(one, problem) for one in wanted)
            return
        with client:
            for one in wanted:
                if dead:
                    yield Delivery(one, dead)
                    continue
                try:
                    yield attempt(one, lambda one: self._fetch(client, one))
                except _Unreachable as failed:
                    dead = str(failed)
                    yield Delivery(one, dead)

    def _fetch(self, client: "httpx.Client", one: Wanted) -> None:
        import httpx  # noqa: PLC0415

        url = self.base if self.exact else self.base.rstrip("/") + "/" + quote(one.entry.path)
        pauses, begun, most = list(PAUSES), one.part.size, one.part.size
        while True:
            try:
                wait = self._attempt(client, url, one)
                if wait is None:
                    return
                what = f"{wait[0]} from the server"
                pause = wait[1]
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if one.part.size <= begun and len(pauses) < len(PAUSES):
                    raise _Unreachable(f"can't be reached ({error or 'no answer'})") from error
                what, pause = f"it can't be reached any more ({error or 'no answer'})", 0.0
            except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
                raise SourceFailed(str(error)) from error
            except httpx.TransportError as error:
                what, pause = f"the connection broke ({error or type(error).__name__})", 0.0
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise SourceFailed(str(error) or type(error).__name__) from error
            if one.part.size > most:
                pauses, most = list(PAUSES), one.part.size
            if not pauses:
                raise SourceFailed(f"{what}, {len(PAUSES) + 1} times without a byte; {one.part.size:,} bytes are kept")
            time.sleep(max(pauses.pop(0), pause))

    def _attempt(self, client: "httpx.Client", url: str, one: Wanted) -> tuple[int, float] | None:
        """Makes one request. Gives None when the file is here, status and seconds to wait when the server is busy."""
        offset, validator = self._beginning(one)
        if one.entry.size is not None and offset == one.entry.size and one.entry.sha256:
            return None
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        if offset and validator:
            headers["If-Range"] = validator
        with client.stream("GET", url, headers=headers) as response:
            status = response.status_code
            if status in (408, 429) or status >= 500:
                return status, min(_seconds(response.headers.get("Retry-After", "")), _LONGEST_RETRY_AFTER)
            if status == 416 and offset:
                if response.headers.get("Content-Range") == f"bytes */{offset}":
                    return None  # it was whole already: only its verification had been missed
                with one.part.writing(Note(), resume=False, expected=None):
                    pass
                return 416, 0.0
            if status not in (200, 206):
                raise SourceFailed(_WORDS.get(status, f"{status} {response.reason_phrase}"))
            _check_way(response)
            total = _total(response, offset)
            resume = status == 206
            if resume and _range_start(response) != offset:
                raise SourceFailed("answers with another part of the file than the one asked for")
            self._check(one, response, total)
            note = Note(self.name, _validator(response), self._hub_sha256(response))
            with one.part.writing(note, resume=resume, expected=total or one.entry.size) as writer:
                for block in response.iter_raw():
                    writer.write(block)
                    if total is not None and writer.size > total:
                        raise SourceFailed(f"sends more than the {total:,} bytes it promised")
                    one.progress.at(writer.size, total)
        return None

    def _beginning(self, one: Wanted) -> tuple[int, str]:
        """Tells from which byte on this source may continue the part, and the validator that guards it.

        With a known SHA-256 any beginning may be tried, the end will tell. Without, only one that this source gave
        under a validator since the machine started.
        """
        size, note = one.part.size, one.part.note
        validator = note.validator if note.source == self.name else ""
        if one.entry.sha256 is None and not (validator and one.part.same_boot):
            return 0, ""
        if one.entry.size is not None and size > one.entry.size:
            return 0, ""
        return size, validator

    def _check(self, one: Wanted, response: "httpx.Response", total: int | None) -> None:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise SourceFailed("sends the file compressed although asked not to")
        if total is not None:
            check_size(one.entry, total)
        if one.entry.sha256 is not None:
            return
        if total is None:
            raise SourceFailed("doesn't say how long the file is, and the manifest can't prove it")
        if "html" in response.headers.get("Content-Type", "") and not one.entry.path.endswith(".html"):
            raise SourceFailed("answers with a web page (a login or an error?) instead of the file")

    def _hub_sha256(self, response: "httpx.Response") -> str:
        """Gives the SHA-256 that the hub itself knows of the file, "" where it tells none."""
        if not self.hub:
            return ""
        for answer in (*response.history, response):
            tag = str(answer.headers.get("X-Linked-Etag", "")).strip('"')
            if _HEX.fullmatch(tag):
                return tag
        return ""


def hub_source(spec: SourceSpec) -> WebSource:
    """Makes the source of a hub's repository; ``HF_ENDPOINT`` names another hub, ``HF_TOKEN`` opens closed ones."""
    token = os.environ.get("HF_TOKEN", "").strip()
    if not (token.isascii() and (token.isprintable() or not token)):
        raise CacheHubError("HF_TOKEN holds characters that no token has: set it right, or unset it")
    endpoint = (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
    base = f"{endpoint}/{quote(spec.where)}/resolve/{quote(spec.revision, safe='')}/"
    return WebSource(base, token=token, hub=True)


def _check_way(response: "httpx.Response") -> None:
    schemes = [answer.url.scheme for answer in (*response.history, response)]
    if "https" in schemes and "http" in schemes[schemes.index("https") :]:
        raise SourceFailed("sends us from https to http, which is refused")


def _total(response: "httpx.Response", offset: int) -> int | None:
    if response.status_code == 206:
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found and found[2] != "*":
            return int(found[2])
    length = response.headers.get("Content-Length", "")
    if not length.isdigit():
        return None
    return int(length) + (offset if response.status_code == 206 else 0)


def _range_start(response: "httpx.Response") -> int | None:
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _validator(response: "httpx.Response") -> str:
    """Gives what ``If-Range`` takes: a strong entity tag, else the date of the last change."""
    tag = str(response.headers.get("ETag", ""))
    if tag and not tag.startswith("W/"):
        return tag
    return str(response.headers.get("Last-Modified", ""))


def _seconds(text: str) -> float:
    return float(text) if text.isdigit() else 0.0

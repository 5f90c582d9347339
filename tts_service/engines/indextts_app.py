"""The running page of IndexTTS over HTTP: Gradio's own protocol, upload, call, events, file.

Nothing that comes back is taken on trust: an answer that isn't what Gradio answers, a sound that is cut off and a
silence that lasts too long are failures with a cause and a remedy.
"""

import io
import json
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import numpy as np
from numpy.typing import NDArray

from tts_service.engines.indextts_failures import Kind, UpstreamFailed
from tts_service.engines.indextts_form import API_NAME, Form, Order, read_form

_LARGEST: Final = 256 * 1024 * 1024
"""Bytes of a sound: an hour and a half at 22,050 Hz."""
_LONGEST_SILENCE: Final = 45.0
"""Seconds without any event; Gradio sends a heartbeat every 15."""
_QUICK: Final = 10.0
_ELSE: Final = "is TTS_INDEXTTS_URL the address of IndexTTS's own page?"


class IndexTTSApp:
    """The page at `url`, such as ``http://127.0.0.1:7861``. Proxies of the environment are passed by.

    Use it from one thread at a time: IndexTTS itself is not safe with more.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(trust_env=False, timeout=_QUICK, follow_redirects=True)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def form(self, timeout: float = _QUICK) -> Form:
        """Reads the inputs; quick, and nothing is spoken. Raises UpstreamFailed."""
        config = self._json("/config", timeout)
        prefix = config.get("api_prefix") or ""
        if not isinstance(prefix, str) or (prefix and not prefix.startswith("/")):
            prefix = ""
        return read_form(config, self._json(f"{prefix}/info", timeout), prefix)

    def upload(self, form: Form, path: Path, name: str) -> str:
        """Hands over a file and returns its path over there. The same content and name give the same path, by which
        IndexTTS knows a voice again that it has analysed.
        """
        with path.open("rb") as file:
            reply = self._send("POST", f"{form.prefix}/upload", files={"files": (name, file, "audio/wav")})
        paths = _decoded(reply)
        if not isinstance(paths, list) or not paths or not isinstance(paths[0], str):
            raise _strange(f"its answer to an upload is {str(paths)[:80]!r}")
        return paths[0]

    def speak(self, form: Form, order: Order, patience: float) -> tuple[NDArray[np.float32], int]:
        """Has one text spoken and fetches the sound at once, before another call can write the same file name.

        Returns mono samples within ±1 and their rate. `patience` in seconds counts waiting in the app's queue too.
        """
        deadline = time.monotonic() + patience
        reply = self._send("POST", f"{form.prefix}/call/{API_NAME}", json={"data": form.values(order)})
        started = _decoded(reply)
        if not isinstance(started, dict) or not isinstance(started.get("event_id"), str):
            raise _strange(f"its answer to a call is {str(started)[:80]!r}")
        events = f"{form.prefix}/call/{API_NAME}/{quote(started['event_id'], safe='')}"
        result = self._result(events, patience, deadline)
        return decode_wav(self._fetch(f"{form.prefix}/file={quote(_path_of(result))}", deadline))

    def _result(self, route: str, patience: float, deadline: float) -> object:
        silence = min(_LONGEST_SILENCE, max(patience, 0.1))
        stuck = UpstreamFailed(
            Kind.STUCK,
            f"IndexTTS did not finish within {patience:g} s: look at its log and the GPU, start it again; if it is "
            "only slow, raise TTS_INDEXTTS_PATIENCE",
        )
        try:
            with self._http.stream("GET", self.url + route, timeout=httpx.Timeout(_QUICK, read=silence)) as reply:
                _checked(reply)
                for event, data in _events(reply.iter_lines()):
                    if time.monotonic() > deadline:
                        raise stuck
                    if event == "complete":
                        return data
                    if event == "error":
                        raise _failed(data)
        except httpx.ReadTimeout as error:
            raise stuck from error
        except httpx.HTTPError as error:
            raise self._gone(error) from error
        raise UpstreamFailed(
            Kind.GONE, f"IndexTTS at {self.url} broke off in the middle of a call: did it crash? see its log"
        )

    def _fetch(self, route: str, deadline: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            with self._http.stream("GET", self.url + route) as reply:
                _checked(reply)
                for part in reply.iter_bytes():
                    parts.append(part)
                    size += len(part)
                    if size > _LARGEST or time.monotonic() > deadline + _QUICK:
                        raise _strange(f"the sound doesn't end ({size} bytes)")
        except httpx.RemoteProtocolError as error:
            raise UpstreamFailed(
                Kind.OTHER, f"the sound came cut off ({size} bytes): {error}; is its disk full, or did it end?"
            ) from error
        except httpx.HTTPError as error:
            raise self._gone(error) from error
        return b"".join(parts)

    def _json(self, route: str, timeout: float) -> dict[str, Any]:
        answer = _decoded(self._send("GET", route, timeout=timeout))
        if not isinstance(answer, dict):
            raise _strange(f"{route} answers with no object")
        return answer

    def _send(self, method: str, route: str, **content: Any) -> httpx.Response:
        try:
            return _checked(self._http.request(method, self.url + route, **content))
        except httpx.TimeoutException as error:
            raise UpstreamFailed(
                Kind.STUCK, f"IndexTTS at {self.url} takes a connection but does not answer {route}: start it again"
            ) from error
        except httpx.HTTPError as error:
            raise self._gone(error) from error

    def _gone(self, error: httpx.HTTPError) -> UpstreamFailed:
        return UpstreamFailed(
            Kind.GONE,
            f"IndexTTS at {self.url} is not reachable ({error}): it ended or still loads; see its log, start it again",
        )


def decode_wav(content: bytes) -> tuple[NDArray[np.float32], int]:
    """Reads 16-bit wav; several channels become one. Raises UpstreamFailed for anything else, and for a cut one."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            rate, channels, width, frames = (
                file.getframerate(),
                file.getnchannels(),
                file.getsampwidth(),
                file.getnframes(),
            )
            raw = file.readframes(frames)
    except (wave.Error, EOFError) as error:
        start = content[:60].decode("utf-8", "replace")
        raise UpstreamFailed(
            Kind.OTHER, f"IndexTTS's sound can't be read ({error}); it begins with {start!r}: is its disk full?"
        ) from error
    if width != 2 or rate <= 0:
        raise UpstreamFailed(Kind.OTHER, f"IndexTTS's sound has {8 * width} bits at {rate} Hz; 16-bit wav is expected")
    if not frames or len(raw) < frames * channels * width:
        raise UpstreamFailed(
            Kind.OTHER,
            f"IndexTTS's sound is cut off: {len(raw)} of {frames * channels * width} bytes; is its disk full?",
        )
    samples = np.frombuffer(raw, "<i2").astype(np.float32).reshape(-1, channels).mean(axis=1) / np.float32(32768)
    return samples.astype(np.float32), rate


def _events(lines: Iterator[str]) -> Iterator[tuple[str, object]]:
    """Reads server-sent events; data that is no JSON stays text."""
    event = ""
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            event = value
        elif name == "data":
            try:
                yield event, json.loads(value)
            except ValueError:
                yield event, value


def _path_of(result: object) -> str:
    """Finds the file in a call's result: the component's value, or an update of the component that holds it."""
    item = result[0] if isinstance(result, list) and result else None
    if isinstance(item, dict) and "value" in item and item.get("__type__") == "update":
        item = item["value"]
    if isinstance(item, dict) and isinstance(item.get("path"), str):
        return str(item["path"])
    raise UpstreamFailed(Kind.OTHER, "IndexTTS made no sound from this text: is there anything in it to be spoken?")


def _failed(data: object) -> UpstreamFailed:
    told = data.get("error") if isinstance(data, dict) else data
    if told and isinstance(told, str):
        return UpstreamFailed(Kind.OTHER, f"IndexTTS failed: {told[:300]}")
    return UpstreamFailed(Kind.UNTOLD, "IndexTTS failed; the reason stands in the log of its process alone")


def _checked(reply: httpx.Response) -> httpx.Response:
    if reply.status_code == 200:
        return reply
    reply.read()
    told = reply.text[:160].strip()
    if reply.status_code == 503:
        raise UpstreamFailed(Kind.BUSY, f"IndexTTS takes no more requests: {told}; try again later")
    if reply.status_code in (401, 403):
        raise UpstreamFailed(
            Kind.OTHER, f"IndexTTS's page asks for a login (status {reply.status_code}): start it without"
        )
    if reply.status_code == 404:
        raise _strange(f"{reply.url.path} is not there")
    raise UpstreamFailed(
        Kind.OTHER, f"IndexTTS answers {reply.url.path} with status {reply.status_code}: {told!r}; see its log"
    )


def _decoded(reply: httpx.Response) -> object:
    try:
        answer: object = reply.json()
    except ValueError as error:
        raise _strange(f"{reply.url.path} answers no JSON but {reply.text[:60]!r}") from error
    return answer


def _strange(what: str) -> UpstreamFailed:
    return UpstreamFailed(Kind.OTHER, f"what answers is not IndexTTS's page: {what}; {_ELSE}")

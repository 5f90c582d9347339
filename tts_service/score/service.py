"""Recordings from a running service: OpenAI's speech API where it is there, else the Gradio endpoint."""

import io
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import soundfile

from tts_service.score.row import Recording, Unusable
from tts_service.score.sentences import Sentence

_TIMEOUT: Final = httpx.Timeout(120.0, connect=10.0)
_LONGEST_MESSAGE: Final = 300


class ServiceUnusable(Exception):
    """There is no service that could be scored at this address; the message says what was tried."""


@dataclass(frozen=True)
class Manner:
    """How the sentences are to be spoken; None leaves it to the service."""

    voice: str | None = None
    emotion: str | None = None
    speed: float | None = None

    def given(self) -> dict[str, Any]:
        """What was asked for."""
        pairs = (("voice", self.voice), ("emotion", self.emotion), ("speed", self.speed))
        return {name: value for name, value in pairs if value is not None}


@dataclass(frozen=True)
class Service:
    """A running service: its address, which door was found (``openai`` or ``gradio``), and what it says of itself.

    `speak` turns a text into the bytes of a sound file; call `close` when done.
    """

    url: str
    door: str
    about: Mapping[str, Any]
    speak: Callable[[str], bytes]
    close: Callable[[], None]

    def recordings(self, sentences: Iterable[Sentence]) -> Iterator[Recording | tuple[Sentence, str]]:
        """Has each sentence spoken: a recording, or the sentence and why there is none."""
        for sentence in sentences:
            try:
                with soundfile.SoundFile(io.BytesIO(self.speak(sentence.text))) as file:
                    samples = file.read(dtype="float32", always_2d=True).mean(axis=1, dtype="float32")
                    yield Recording(sentence.name, samples, int(file.samplerate), sentence.text)
            except soundfile.SoundFileError as error:
                yield sentence, f"the service answered with no sound file: {error}"
            except (httpx.HTTPError, Unusable) as error:
                yield sentence, f"the service failed: {error}"[:_LONGEST_MESSAGE]


def find(url: str, manner: Manner) -> Service:
    """Finds out how the service at `url` is spoken to; raises ServiceUnusable."""
    base = url.rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise ServiceUnusable(f"{url[:80]!r} is no address: expected http://host:port")
    try:
        models = _json(f"{base}/v1/models")
        if isinstance(models.get("data"), list) and models["data"]:
            return _openai(base, models["data"], manner)
        info = _json(f"{base}/gradio_api/info")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ServiceUnusable(f"{base}: {error}") from error
    if "/synthesize" in info.get("named_endpoints", {}):
        return _gradio(base, info["named_endpoints"]["/synthesize"], manner)
    raise ServiceUnusable(f"{base}: neither /v1/models (OpenAI's API) nor a Gradio endpoint /synthesize is there")


def _json(url: str) -> dict[str, Any]:
    answer = httpx.get(url, timeout=_TIMEOUT, follow_redirects=True)
    if answer.status_code != httpx.codes.OK or "json" not in answer.headers.get("content-type", ""):
        return {}
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _openai(base: str, models: list[Any], manner: Manner) -> Service:
    model = models[0] if isinstance(models[0], dict) else {}
    voices = _json(f"{base}/v1/audio/voices").get("voices") or []
    first = voices[0] if voices else "alloy"
    known = first if isinstance(first, str) else str(first.get("id") or first.get("name") or "alloy")
    body = {"model": str(model.get("id", "tts-1")), "voice": known, "response_format": "wav", **manner.given()}

    def speak(text: str) -> bytes:
        answer = httpx.post(f"{base}/v1/audio/speech", json={**body, "input": text}, timeout=_TIMEOUT)
        if answer.status_code != httpx.codes.OK:
            raise Unusable(f"{answer.status_code} {answer.text}")
        return answer.content

    return Service(base, "openai", model, speak, lambda: None)


def _gradio(base: str, endpoint: Mapping[str, Any], manner: Manner) -> Service:
    try:
        from gradio_client import Client  # noqa: PLC0415 - seconds, and only here
    except ImportError as error:
        raise ServiceUnusable(f"{base} is a Gradio app; to speak to it: pip install 'zentao-deploy[probe]'") from error
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the client's own requests are no news
    client = Client(base, verbose=False, analytics_enabled=False)
    takes = {parameter.get("parameter_name") for parameter in endpoint.get("parameters", [])}
    if unknown := sorted(set(manner.given()) - takes):
        raise ServiceUnusable(f"{base}: /synthesize does not take {', '.join(unknown)}")

    def speak(text: str) -> bytes:
        try:
            result = client.predict(text=text, api_name="/synthesize", **manner.given())
        except Exception as error:  # the client hands through whatever the app raised
            raise Unusable(str(error)) from error
        path = Path(result[0] if isinstance(result, list | tuple) else result)
        content = path.read_bytes()
        path.unlink(missing_ok=True)  # the client's own copy, in the folder for temporary files
        return content

    return Service(base, "gradio", {"api": "/synthesize"}, speak, client.close)

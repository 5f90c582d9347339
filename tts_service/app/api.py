"""The HTTP API as OpenAI's clients call it: ``/v1/audio/speech``, ``/v1/audio/voices``, ``/v1/models``."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from tts_service.app.admission import SLOTS, Draining
from tts_service.app.body import Bodies, Limits
from tts_service.app.call import EMOTIONS, MODELS, VOICES, Call, understood
from tts_service.app.errors import ApiError, answer, public, rendered, told
from tts_service.app.health import About
from tts_service.app.mailbox import Shelf
from tts_service.app.speaking import CHANNEL, Opening, Speaking
from tts_service.engines.base import VECTOR, RequestRefused
from tts_service.marking import headers
from tts_service.sound_file import available

_LEFT: Final = 499
"""Status for a client that is gone; nobody sees it."""
_METHODS: Final = {"/v1/audio/speech": "POST", "/v1/audio/voices": "GET", "/v1/models": "GET"}
T = TypeVar("T")


class Nowhere:
    """Whatever has no route, with any method: OpenAI's error shape there too, never the page's."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = _METHODS.get(scope["path"])
        if method is not None:
            response = answer(ApiError(405, "method_not_allowed", f"请用 {method}。", f"Use {method}."))
            response.headers["Allow"] = method
        else:
            zh = "没有这个接口。"
            en = "There is no such endpoint: POST /v1/audio/speech, GET /v1/audio/voices, /v1/models."
            response = answer(ApiError(404, "not_found", zh, en))
        await response(scope, receive, send)


class SpeechResponse(StreamingResponse):
    """An answer whose bytes are made while they are sent; the work ends when the client goes, or reads nothing for
    `stalled` seconds. Where it breaks off it has no end: the server closes the connection, and the client sees that
    sound is missing.
    """

    def __init__(
        self, speaking: Speaking, content: AsyncIterator[bytes], head: dict[str, str], media_type: str, stalled: float
    ) -> None:
        super().__init__(content, headers=head, media_type=media_type)
        self._speaking, self._stalled = speaking, stalled

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            async with asyncio.timeout(self._stalled):
                await send(message)

        try:
            await super().__call__(scope, receive, sent)
        except (Draining, TimeoutError, ClientDisconnect):
            pass  # nobody's fault that the log should tell of
        except Exception as error:
            told(error)
        finally:
            self._speaking.leave()


def api_routes(about: About, limits: Limits | None = None) -> APIRouter:
    """Makes the routes under ``/v1``; every error comes in OpenAI's shape."""
    limits = limits or Limits()
    bodies, shelf = Bodies(limits), Shelf()
    executor = ThreadPoolExecutor(SLOTS, thread_name_prefix="speech")
    router = APIRouter(prefix="/v1")

    def known(handle: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def safely(request: Request) -> Response:
            try:
                return await handle(request)
            except ClientDisconnect:  # in the middle of its own request
                return Response(status_code=_LEFT)
            except Exception as error:
                return answer(told(error))

        return safely

    @known
    async def speech(request: Request) -> Response:
        async with bodies.fields(request) as fields:
            try:
                call = understood(fields, about.engine.capabilities, about.engine.name)
            except (ApiError, RequestRefused):
                about.meter.ended(CHANNEL, "refused")
                raise
            speaking = Speaking(about, call, limits, executor, shelf)
            try:
                opening = await _unless_gone(request, speaking.opened())
            except BaseException:
                speaking.leave()
                raise
        if opening is None:
            speaking.leave()
            return Response(status_code=_LEFT)
        head = _headers(about, call, opening)
        if call.sse:
            return SpeechResponse(speaking, _events(speaking, call), head, "text/event-stream", limits.stalled)
        if call.streamed:
            return SpeechResponse(speaking, speaking.pieces(), head, call.format.media_type, limits.stalled)
        data = b"".join([piece async for piece in speaking.pieces()])
        return Response(data, headers=head, media_type=call.format.media_type)

    @known
    async def voices(request: Request) -> Response:
        can = about.engine.capabilities
        aliases = {voice: [name for name, ours in VOICES.items() if ours == voice] for voice in can.voices}
        each = [{"id": voice, "name": voice, "language": "zh", "aliases": aliases[voice]} for voice in can.voices]
        return _json(
            {
                "object": "list",
                "data": each,
                "voices": each,
                "emotions": list(can.emotions),
                "emotion_aliases": {name: ours for name, ours in EMOTIONS.items() if ours in can.emotions},
                "emotion_vector": list(VECTOR),
                "response_formats": list(available()),
                "speed": {"min": can.slowest, "max": can.fastest},
                "longest_input": can.longest_text,
                "reference_audio": "cloning" if can.cloning else "matching" if can.matching else "no",
            }
        )

    @known
    async def models(request: Request) -> Response:
        return _json({"object": "list", "data": _models(about)})

    @known
    async def model(request: Request) -> Response:
        for each in _models(about):
            if each["id"] == request.path_params["model"]:
                return _json(each)
        allowed = ", ".join((about.engine.name, *MODELS))
        raise ApiError(404, "model_not_found", f"没有这个模型。可选：{allowed}。", f"Allowed: {allowed}.", "model")

    router.add_api_route("/audio/speech", speech, methods=["POST"], response_model=None)
    router.add_api_route("/audio/voices", voices, methods=["GET"], response_model=None)
    router.add_api_route("/models", models, methods=["GET"], response_model=None)
    router.add_api_route("/models/{model}", model, methods=["GET"], response_model=None)
    return router


async def _unless_gone(request: Request, wanted: Awaitable[T]) -> T | None:
    """Waits for the first bytes, or for the client to leave: None."""

    async def left() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    answered, leaving = asyncio.ensure_future(wanted), asyncio.ensure_future(left())
    try:
        await asyncio.wait([answered, leaving], return_when=asyncio.FIRST_COMPLETED)
        return answered.result() if answered.done() else None
    finally:
        leaving.cancel()
        answered.cancel()


def _headers(about: About, call: Call, opening: Opening) -> dict[str, str]:
    """What is told of the sound; names in Chinese are percent-encoded."""
    stream, told_ = opening.stream, headers(opening.mark)
    told_ |= {
        "X-TTS-Engine": stream.engine or about.engine.name,
        "X-TTS-Device": about.engine.device,
        "X-TTS-Sample-Rate": str(call.format.rate or stream.sample_rate),
        "X-TTS-Voice": quote(stream.voice),
        "X-TTS-Emotion": quote(stream.emotion),
    }
    optional = {
        "X-TTS-Measures": ", ".join(opening.measures),
        "X-TTS-Note": quote(public(stream.note)[:300], safe=" "),
        "X-TTS-Matching": quote(stream.matching, safe=" "),
        "X-TTS-Unreadable": quote("".join(stream.unreadable[:32])),
        "X-TTS-Ignored": ", ".join(call.ignored),
    }
    told_ |= {name: value for name, value in optional.items() if value}
    if opening.seconds is not None and opening.compute_seconds is not None:
        told_["X-TTS-Seconds"] = f"{opening.seconds:.3f}"
        told_["X-TTS-Compute-Seconds"] = f"{opening.compute_seconds:.4f}"
    return told_


async def _events(speaking: Speaking, call: Call) -> AsyncIterator[bytes]:
    """The sound as server-sent events; tokens are characters of the text and tenths of a second of speech."""
    try:
        async for piece in speaking.pieces():
            yield _event({"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode("ascii")})
    except Exception as error:
        yield _event({"type": "error", **told(error).body})
        return
    asked, made = len(call.request.text), round(speaking.seconds * 10)
    usage = {"input_tokens": asked, "output_tokens": made, "total_tokens": asked + made}
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + rendered(value) + b"\n\n"


def _models(about: About) -> list[dict[str, Any]]:
    """The engine, and OpenAI's names that stand for it."""
    health = about.engine.health()
    what = {
        "object": "model",
        "created": int(about.started),
        "owned_by": "tts-service",
        "engine": about.engine.name,
        "version": about.version,
        "commit": about.commit,
        "device": health.device,
        "precision": health.precision,
        "healthy": health.ok,
        "detail": public(health.detail),
        "measures": list(health.measures),
        "sample_rate": about.engine.capabilities.sample_rate,
    }
    return [{"id": name, **what} for name in (about.engine.name, *MODELS)]


def _json(value: object) -> Response:
    return Response(rendered(value), media_type="application/json")

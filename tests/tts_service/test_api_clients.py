"""Clients of ``POST /v1/audio/speech`` who are too many, who go, who read slowly, and an engine that fails them."""

import asyncio
import json
from typing import Any

import pytest
from fastapi import FastAPI

from tests.tts_service.asgi import ask, post, until
from tests.tts_service.speech_api import metrics, said
from tests.tts_service.tone_engine import OneByOne, ToneEngine
from tts_service.app.admission import Crowd
from tts_service.app.body import Limits
from tts_service.app.health import About
from tts_service.app.mailbox import ROOM, Gone, Mailbox, Shelf
from tts_service.app.service import service_app


def test_the_third_request_hears_429_and_when_to_come_again(app: FastAPI, about: About, engine: ToneEngine) -> None:
    engine.go.clear()

    async def scene() -> None:
        first, second = (asyncio.create_task(post(app, {"input": "好"})) for _ in range(2))
        await until(lambda: about.admission.crowd == Crowd(1, 1))
        third = await post(app, {"input": "好"})
        assert third.status == 429
        assert 1 <= int(third.headers["retry-after"]) <= 60
        assert third.error["code"] == "rate_limit_exceeded"
        assert (await ask(app, "GET", "/healthz")).status == 200
        engine.go.set()
        assert [(await task).status for task in (first, second)] == [200, 200]
        await until(lambda: about.admission.crowd == Crowd(0, 0))

    asyncio.run(scene())
    told = metrics(app)
    assert told['tts_requests_total{channel="api",outcome="busy"}'] == 1
    assert told['tts_requests_total{channel="api",outcome="ok"}'] == 2
    assert (told["tts_running"], told["tts_waiting"]) == (0, 0)


@pytest.mark.parametrize("streamed", [True, False])
def test_computing_ends_at_the_next_chunk_when_the_client_goes(
    app: FastAPI, about: About, engine: ToneEngine, streamed: bool
) -> None:
    engine.go = OneByOne(allowed=5)

    async def scene() -> None:
        leave = asyncio.Event()
        fields = {"input": "好" * 100, "response_format": "wav"} | ({"stream_format": "audio"} if streamed else {})
        task = asyncio.create_task(post(app, fields, leave=leave))
        await until(lambda: engine.made == 5)
        leave.set()
        await task
        engine.go.set()
        await until(engine.closed.is_set)
        await until(lambda: about.admission.crowd == Crowd(0, 0))

    asyncio.run(scene())
    assert engine.made <= 6
    assert metrics(app)['tts_requests_total{channel="api",outcome="gone"}'] == 1


def test_who_goes_while_waiting_leaves_the_queue_and_is_never_computed(
    app: FastAPI, about: About, engine: ToneEngine
) -> None:
    engine.go.clear()

    async def scene() -> None:
        first = asyncio.create_task(post(app, {"input": "一"}))
        await until(lambda: about.admission.crowd.running == 1)
        leave = asyncio.Event()
        second = asyncio.create_task(post(app, {"input": "二"}, leave=leave))
        await until(lambda: about.admission.crowd.waiting == 1)
        leave.set()
        await second
        await until(lambda: about.admission.crowd.waiting == 0)
        engine.go.set()
        assert (await first).status == 200

    asyncio.run(scene())
    assert [request.text for request in engine.asked] == ["一"]


def test_a_request_may_not_compute_for_ever(about: About, engine: ToneEngine) -> None:
    app = service_app(about, Limits(speaking=0.0))
    answer = asyncio.run(post(app, {"input": "好" * 9, "response_format": "wav"}))
    assert (answer.status, answer.error["code"]) == (503, "time_limit")
    assert engine.closed.is_set() or engine.made == 0


def test_a_failing_engine_is_a_500_in_the_same_shape_before_the_first_byte(app: FastAPI, about: About) -> None:
    answer = said(app, input="坏")
    assert (answer.status, answer.error["code"]) == (500, "engine_failed")
    assert about.admission.crowd == Crowd(0, 0)


def test_a_failure_on_the_way_breaks_the_stream_and_is_told_in_events(app: FastAPI) -> None:
    broken = said(app, input="好坏", response_format="pcm", stream_format="sse")
    events = [json.loads(line.removeprefix("data: ")) for line in broken.body.decode().split("\n\n") if line]
    assert [event["type"] for event in events] == ["speech.audio.delta", "error"]
    cut = said(app, input="好坏", response_format="pcm")
    assert (cut.status, cut.ended) == (200, False)  # the server closes the connection
    assert said(app, input="好", response_format="pcm").ended


def test_a_client_that_goes_while_it_sends_its_request_is_no_error(
    about: About, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        async def gone() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            assert message.get("status", 499) == 499

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/audio/speech",
            "query_string": b"",
            "headers": [(b"content-type", b"application/json"), (b"content-length", b"99")],
        }
        await service_app(about)(scope, gone, send)

    asyncio.run(scene())
    assert not caplog.records


def test_a_client_that_reads_slowly_holds_no_place(app: FastAPI, about: About, engine: ToneEngine) -> None:
    async def scene() -> None:
        reads = asyncio.Event()

        async def send(message: Any) -> None:
            await reads.wait()

        slow = asyncio.create_task(post(app, {"input": "好" * 100, "response_format": "pcm"}, send=send))
        await until(lambda: engine.made == 100)  # many more than the pieces of a mailbox
        await until(lambda: about.admission.crowd == Crowd(0, 0))
        assert (await post(app, {"input": "一"})).status == 200
        reads.set()
        await slow

    asyncio.run(scene())


def test_a_client_that_reads_nothing_is_cut_off(about: About) -> None:
    async def scene() -> None:
        async def send(message: Any) -> None:
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

        app = service_app(about, Limits(stalled=0.05))
        async with asyncio.timeout(20):
            await post(app, {"input": "好" * 100, "response_format": "pcm"}, send=send)
        await until(lambda: about.admission.crowd == Crowd(0, 0))

    asyncio.run(scene())


def test_what_lies_unread_is_bounded_for_all_readers_together_and_given_back() -> None:
    async def scene() -> None:
        shelf = Shelf(100)
        loop = asyncio.get_running_loop()
        first, second = Mailbox(loop, 0.05, shelf), Mailbox(loop, 0.05, shelf)
        await asyncio.to_thread(first.put, bytes(90))
        for _ in range(ROOM):
            await asyncio.to_thread(second.put, bytes(20))
        with pytest.raises(Gone):
            await asyncio.to_thread(second.put, bytes(20))
        await asyncio.to_thread(second.put, bytes(10))
        assert shelf.free == 0
        assert len(await first.get() or b"") == 90
        second.leave()
        with pytest.raises(Gone):
            await asyncio.to_thread(second.put, bytes(1))
        assert shelf.free == 100

    asyncio.run(scene())

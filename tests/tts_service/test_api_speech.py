"""``POST /v1/audio/speech`` with a small engine: what comes back, when it leaves, and what happens to who goes."""

import asyncio
import base64
import io
import json
import threading
import wave
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
import soundfile
from fastapi import FastAPI

from tests.tts_service.asgi import Answer, ask, post, until
from tests.tts_service.tone_engine import CHUNK, RATE, ToneEngine
from tts_service.app.admission import Admission, Crowd
from tts_service.app.body import Limits
from tts_service.app.health import About
from tts_service.app.mailbox import ROOM, Gone, Mailbox, Shelf
from tts_service.app.service import service_app


@pytest.fixture
def engine() -> ToneEngine:
    return ToneEngine()


@pytest.fixture
def about(engine: ToneEngine, tmp_path: Path) -> About:
    return About(engine, "1.2.3", "abc", shared=tmp_path, admission=Admission(slots=1, waiting=1))


@pytest.fixture
def app(about: About) -> FastAPI:
    return service_app(about)


def metrics(app: FastAPI) -> dict[str, float]:
    text = asyncio.run(ask(app, "GET", "/metrics")).body.decode()
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def said(app: FastAPI, **fields: Any) -> Answer:
    return asyncio.run(post(app, {"model": "tts-1", "voice": "alloy", "input": "你好世界", **fields}))


def test_wav_comes_whole_with_its_length_and_tells_who_spoke(app: FastAPI) -> None:
    answer = said(app, response_format="wav", voice="若溪")
    assert (answer.status, answer.headers["content-type"]) == (200, "audio/wav")
    assert int(answer.headers["content-length"]) == len(answer.body)
    with wave.open(io.BytesIO(answer.body)) as file:
        assert (file.getframerate(), file.getnframes()) == (RATE, 4 * CHUNK)
    assert unquote(answer.headers["x-tts-voice"]) == "若溪"
    assert answer.headers["x-tts-engine"] == "tone"
    assert float(answer.headers["x-tts-seconds"]) == pytest.approx(0.4, abs=0.001)
    assert "x-aigc" in answer.headers


@pytest.mark.parametrize(
    ("form", "media"),
    [("mp3", "audio/mpeg"), ("flac", "audio/flac"), ("opus", "audio/ogg; codecs=opus")],
)
def test_the_other_formats_are_decoded_by_a_decoder(app: FastAPI, form: str, media: str) -> None:
    answer = said(app, response_format=form, input="你好" * 10)
    assert (answer.status, answer.headers["content-type"]) == (200, media)
    samples, rate = soundfile.read(io.BytesIO(answer.body))
    assert len(samples) / rate == pytest.approx(2.0, abs=0.1)
    assert float(answer.headers["x-tts-sample-rate"]) == rate


def test_pcm_is_what_openai_clients_expect_24_khz_mono_16_bit(app: FastAPI) -> None:
    answer = said(app, response_format="pcm")
    assert answer.headers["x-tts-sample-rate"] == "24000"
    assert len(answer.body) == 2 * round(0.4 * 24000)
    assert np.abs(np.frombuffer(answer.body, "<i2")).max() == pytest.approx(0.3 * 32767, rel=0.02)


def test_mp3_is_the_default_as_with_openai(app: FastAPI) -> None:
    assert said(app).headers["content-type"] == "audio/mpeg"


@pytest.mark.parametrize("form", ["wav", "pcm", "flac", "mp3", "opus"])
def test_the_first_bytes_leave_before_the_sound_is_finished(app: FastAPI, engine: ToneEngine, form: str) -> None:
    engine.go = OneByOne(allowed=20)

    async def scene() -> None:
        answer = Answer()
        asked = post(app, {"input": "好" * 60, "response_format": form, "stream_format": "audio"}, answer=answer)
        task = asyncio.create_task(asked)
        await until(lambda: bool(answer.pieces))
        assert engine.made <= 20
        engine.go.set()
        await task
        assert answer.status == 200
        assert "content-length" not in answer.headers
        assert len(answer.pieces) > 5

    asyncio.run(scene())


class OneByOne(threading.Event):
    """Lets so many chunks pass, and all of them once it is set."""

    def __init__(self, allowed: int) -> None:
        super().__init__()
        self._allowed = allowed

    def wait(self, timeout: float | None = None) -> bool:
        self._allowed -= 1
        return True if self._allowed >= 0 else super().wait(timeout)


def test_a_streamed_wav_has_an_open_end_that_decoders_understand(app: FastAPI) -> None:
    answer = said(app, response_format="wav", stream_format="audio")
    assert answer.body[4:8] == b"\xff\xff\xff\xff"
    samples, rate = soundfile.read(io.BytesIO(answer.body))
    assert (len(samples), rate) == (4 * CHUNK, RATE)


def test_server_sent_events_carry_the_sound_and_end_with_usage(app: FastAPI) -> None:
    answer = said(app, response_format="pcm", stream_format="sse")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line.removeprefix("data: ")) for line in answer.body.decode().split("\n\n") if line]
    assert [event["type"] for event in events[:-1]] == ["speech.audio.delta"] * (len(events) - 1)
    assert events[-1] == {
        "type": "speech.audio.done",
        "usage": {"input_tokens": 4, "output_tokens": 4, "total_tokens": 8},
    }
    assert sum(len(base64.b64decode(event["audio"])) for event in events[:-1]) == 2 * round(0.4 * 24000)


def test_all_that_is_asked_for_reaches_the_engine(app: FastAPI, engine: ToneEngine) -> None:
    vector = [0.1, 0, 0, 0, 0, 0, 0, 0.5]
    said(app, voice="云峰", emotion="happy", intensity=1.5, speed=2, seed=7)
    said(app, voice={"id": "若溪"}, emotion_vector=vector)
    first, second = engine.asked
    assert (first.voice, first.emotion, first.intensity, first.speed, first.seed) == ("云峰", "开心", 1.5, 2.0, 7)
    assert (second.voice, second.vector) == ("若溪", tuple(map(float, vector)))


def test_names_of_openai_voices_are_taken_for_ours(app: FastAPI, engine: ToneEngine) -> None:
    for name in ("alloy", "echo", "onyx"):
        said(app, voice=name)
    assert [request.voice for request in engine.asked] == ["清岚", "云峰", "清岚"]  # this engine has no 老周


def test_what_has_no_meaning_here_is_named_not_refused(app: FastAPI) -> None:
    answer = said(app, instructions="whisper", user="x")
    assert answer.status == 200
    assert answer.headers["x-tts-ignored"] == "instructions, user"


@pytest.mark.parametrize(
    ("fields", "status", "param", "words"),
    [
        ({"input": ""}, 400, "input", "Please enter a text"),
        ({"input": "   "}, 400, "input", "Please enter a text"),
        ({"input": None}, 400, "input", "Please enter a text"),
        ({"input": ["好"]}, 400, "input", "Please enter a text"),
        ({"input": "好" * 2001}, 400, "input", "at most 2000"),
        ({"input": "a" * 1_048_576}, 400, "input", "at most 2000"),
        ({"input": "😀🎉"}, 400, "input", "nothing to read"),
        ({"input": "\x00\x07\x1b"}, 400, "input", "nothing to read"),
        ({"voice": "周杰伦"}, 400, "voice", "Allowed: 清岚"),
        ({"voice": 7}, 400, "voice", "Allowed: 清岚"),
        ({"voice": "\ud800"}, 400, "voice", "Allowed: 清岚"),
        ({"emotion": "愤怒"}, 400, "emotion", "Allowed: 中性, 开心"),
        ({"speed": 0}, 400, "speed", "between 0.5 and 2.0"),
        ({"speed": 0.25}, 400, "speed", "between 0.5 and 2.0"),
        ({"speed": float("nan")}, 400, "speed", "between 0.5 and 2.0"),
        ({"speed": float("inf")}, 400, "speed", "between 0.5 and 2.0"),
        ({"speed": 10**400}, 400, "speed", "between 0.5 and 2.0"),
        ({"speed": "fast"}, 400, "speed", "between 0.5 and 2.0"),
        ({"speed": True}, 400, "speed", "between 0.5 and 2.0"),
        ({"intensity": -1}, 400, "intensity", "between 0.0 and 1.5"),
        ({"emotion_vector": [1, 2]}, 400, "emotion_vector", "8 numbers"),
        ({"emotion_vector": [0.5] * 7 + [float("nan")]}, 400, "emotion_vector", "8 numbers"),
        ({"seed": -1}, 400, "seed", "0 to 2147483647"),
        ({"seed": 1.5}, 400, "seed", "0 to 2147483647"),
        ({"response_format": "aac"}, 400, "response_format", "wav, pcm, flac, mp3, opus"),
        ({"response_format": {}}, 200, None, ""),
        ({"stream_format": "mp3"}, 400, "stream_format", "audio, sse"),
        ({"model": "gpt-5"}, 404, "model", "tone, tts-1"),
        ({"model": []}, 404, "model", "tone, tts-1"),
        ({"reference_audio": "UklGRg=="}, 400, "reference_audio", "takes no reference"),
        ({"declaration": {"source": "x"}}, 400, "reference_audio", "no reference_audio"),
        ({"declaration": "x"}, 400, "declaration", "source, consent and purpose"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_is_allowed(
    app: FastAPI, fields: dict[str, Any], status: int, param: str | None, words: str
) -> None:
    answer = said(app, **fields)
    assert answer.status == status
    if status == 200:
        return
    assert answer.error["param"] == param
    assert words in answer.error["message"]
    assert any("\u4e00" <= character <= "\u9fff" for character in answer.error["message"])
    assert asyncio.run(post(app, {"input": "好"})).status == 200


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[1]", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"input": ' + b"9" * 5000 + b"}", "application/json", 400),
        (b"input=x", "application/x-www-form-urlencoded", 415),
        (b"x", "multipart/form-data", 400),
        (b"x", "multipart/form-data; boundary=b", 400),
        (b"--b\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b", 400),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(app: FastAPI, body: bytes, kind: str, status: int) -> None:
    answer = asyncio.run(ask(app, "POST", "/v1/audio/speech", body, {"content-type": kind}))
    assert answer.status == status
    assert answer.error["message"]


@pytest.mark.parametrize("announced", ["40000000", "9" * 30, None])
def test_a_body_that_is_too_large_is_refused_whatever_it_announces(about: About, announced: str | None) -> None:
    app = service_app(about, Limits(body=100_000))
    headers = {} if announced is None else {"content-length": announced}
    answer = asyncio.run(ask(app, "POST", "/v1/audio/speech", b" " * 100_001, headers))
    assert answer.status == 413
    assert answer.headers["connection"] == "close"


def test_large_bodies_are_read_few_at_once(about: About) -> None:
    app = service_app(about, Limits(large=0))
    answer = asyncio.run(ask(app, "POST", "/v1/audio/speech", b" " * 100_000))
    assert (answer.status, answer.error["code"], answer.headers["retry-after"]) == (429, "rate_limit_exceeded", "5")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/audio/speech", 405), ("POST", "/v1/nothing", 404)])
def test_what_is_not_there_is_told_in_the_same_shape(app: FastAPI, method: str, path: str, status: int) -> None:
    answer = asyncio.run(ask(app, method, path))
    assert answer.status == status
    assert answer.error["type"] == "invalid_request_error"


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


def test_monitors_may_ask_for_the_head_alone(app: FastAPI) -> None:
    for path in ("/healthz", "/metrics"):
        assert asyncio.run(ask(app, "HEAD", path)).status == 200
    assert asyncio.run(ask(app, "HEAD", "/readyz")).status == 503


def test_models_tell_version_commit_device_and_precision(app: FastAPI) -> None:
    listed = asyncio.run(ask(app, "GET", "/v1/models")).json["data"]
    assert [model["id"] for model in listed] == ["tone", "tts-1", "tts-1-hd", "gpt-4o-mini-tts"]
    assert listed[0].items() >= {"version": "1.2.3", "commit": "abc", "device": "cpu", "precision": "float32"}.items()
    assert asyncio.run(ask(app, "GET", "/v1/models/tone")).json["engine"] == "tone"
    assert asyncio.run(ask(app, "GET", "/v1/models/other")).status == 404


def test_voices_tell_what_may_be_asked_for(app: FastAPI) -> None:
    told = asyncio.run(ask(app, "GET", "/v1/audio/voices")).json
    assert [voice["id"] for voice in told["voices"]] == ["清岚", "若溪", "云峰"]
    assert told["response_formats"] == ["wav", "pcm", "flac", "mp3", "opus"]
    assert told["emotions"] == ["中性", "开心"]
    assert "alloy" in told["voices"][0]["aliases"]


def test_it_is_ready_only_after_it_spoke_while_it_is_well_and_not_draining(
    app: FastAPI, about: About, engine: ToneEngine
) -> None:
    def ready() -> tuple[int, str]:
        answer = asyncio.run(ask(app, "GET", "/readyz"))
        return answer.status, answer.json["reason"]

    assert ready() == (503, "it has not spoken yet")
    said(app)
    assert ready() == (200, "")
    engine.well = False
    assert ready() == (503, "the tone is out of tune")
    engine.well = True
    about.admission.drain()
    assert ready() == (503, "the service is stopping")
    refused = said(app)
    assert (refused.status, refused.error["code"]) == (503, "draining")
    assert refused.headers["retry-after"] == "10"


def test_metrics_tell_seconds_ratio_first_chunk_memory_and_what_runs(app: FastAPI) -> None:
    said(app, response_format="wav")
    told = metrics(app)
    assert told["tts_speech_seconds_total"] == pytest.approx(0.4)
    assert told["tts_compute_seconds_total"] > 0
    assert told["tts_real_time_factor_count"] == told["tts_first_chunk_seconds_count"] == 1
    assert told["process_resident_memory_bytes"] > 1e7
    assert told["tts_ready"] == 1
    name = 'tts_service_info{commit="abc",device="cpu",engine="tone",precision="float32",version="1.2.3"}'
    assert told[name] == 1

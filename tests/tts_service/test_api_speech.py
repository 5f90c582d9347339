"""``POST /v1/audio/speech`` with a small engine: what comes back, in which form, and when its first bytes leave."""

import asyncio
import base64
import io
import json
import wave
from urllib.parse import unquote

import numpy as np
import pytest
import soundfile
from fastapi import FastAPI

from tests.tts_service.asgi import Answer, post, until
from tests.tts_service.speech_api import said
from tests.tts_service.tone_engine import CHUNK, RATE, OneByOne, ToneEngine


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

"""``POST /v1/audio/speech`` with what can't be done: who asked hears why, and what is allowed."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI

from tests.tts_service.asgi import ask, post
from tests.tts_service.speech_api import said
from tts_service.app.body import Limits
from tts_service.app.health import About
from tts_service.app.service import service_app


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
        ({"response_format": {}}, 400, "response_format", "wav, pcm, flac, mp3, opus"),
        ({"response_format": 0}, 400, "response_format", "wav, pcm, flac, mp3, opus"),
        ({"stream_format": "mp3"}, 400, "stream_format", "audio, sse"),
        ({"model": "gpt-5"}, 404, "model", "tone, tts-1"),
        ({"model": []}, 404, "model", "tone, tts-1"),
        ({"reference_audio": "UklGRg=="}, 400, "reference_audio", "takes no reference"),
        ({"declaration": {"source": "x"}}, 400, "reference_audio", "no reference_audio"),
        ({"declaration": "x"}, 400, "declaration", "source, consent and purpose"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_is_allowed(
    app: FastAPI, fields: dict[str, Any], status: int, param: str, words: str
) -> None:
    answer = said(app, **fields)
    assert answer.status == status
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

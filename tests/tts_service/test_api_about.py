"""What the service tells about itself: models, voices, readiness, metrics."""

import asyncio

import pytest
from fastapi import FastAPI

from tests.tts_service.asgi import ask
from tests.tts_service.speech_api import metrics, said
from tests.tts_service.tone_engine import ToneEngine
from tts_service.app.health import About


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

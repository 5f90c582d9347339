"""What clients are told when the engine fails: why, as far as it names no place on the host, and under which number."""

import asyncio
import errno
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import gradio as gr
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.tts_service.asgi import ask, post
from tests.tts_service.tone_engine import ToneEngine
from tts_service.app.errors import public, told
from tts_service.app.health import About
from tts_service.app.panel import panel_html, status_html
from tts_service.app.service import service_app
from tts_service.app.ui.desk import refusals
from tts_service.app.words import CHINESE, ENGLISH, Language
from tts_service.engines.base import EngineFailed, Health, Speech, SpeechStream, SynthesisRequest

PLACE = "/srv/语音 服务/shared/logs/indextts.log"
WORDS = f'IndexTTS ended while it was loading; see {PLACE}\nTraceback\n  File "/srv/x.py", line 3'


class BrokenEngine(ToneEngine):
    """Names a place of the host wherever an engine can."""

    def health(self) -> Health:
        return Health(False, WORDS, "cpu", "float32")

    def _chunks(self, said: str) -> Iterator[NDArray[np.float32]]:
        if said:
            raise EngineFailed(WORDS)
        yield np.zeros(9, np.float32)


class NotingEngine(ToneEngine):
    """Says with its sound why another engine didn't speak."""

    def stream(self, request: SynthesisRequest) -> SpeechStream:
        return replace(super().stream(request), note=WORDS)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (WORDS, "IndexTTS ended while it was loading …"),
        ("no voice in /opt/tts voices: the release is incomplete", "no voice …"),
        ("[Errno 2] No such file: '/srv/a b/c'", "[Errno 2] No such file …"),
        ("cause:/srv/x is gone", "cause …"),
        (r"can't open C:\models\a.bin", "can't open …"),
        ("can't fetch file:///srv/x", "can't fetch …"),
        (f"{PLACE} is missing", "…"),
        ("2/3 of it, and/or http://127.0.0.1:7861/x", "2/3 of it, and/or http://127.0.0.1:7861/x"),
        ("", ""),
    ],
)
def test_of_an_engines_words_only_what_names_no_place_leaves_the_host(text: str, kept: str) -> None:
    assert public(text) == kept


def test_a_client_gets_a_number_and_the_log_the_whole_text(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app = service_app(About(BrokenEngine(), "1", "abc", shared=tmp_path))
    with caplog.at_level(logging.ERROR):
        answer = asyncio.run(post(app, {"input": "你好", "response_format": "wav"}))
    number = answer.headers["x-request-id"]
    assert answer.status == 500
    assert number in answer.error["message"]
    assert "IndexTTS ended while it was loading" in answer.error["message"]
    assert "/srv" not in answer.body.decode()
    (record,) = caplog.records
    assert number in record.getMessage()
    assert WORDS in record.getMessage()
    streamed = asyncio.run(post(app, {"input": "你好", "response_format": "pcm", "stream_format": "sse"}))
    assert b"/srv" not in streamed.body


@pytest.mark.parametrize("language", [None, CHINESE, ENGLISH])
def test_the_page_tells_it_the_same_way(language: Language | None) -> None:
    with pytest.raises(gr.Error) as shown, refusals(language):
        raise EngineFailed(WORDS)
    assert "IndexTTS ended while it was loading" in shown.value.message
    assert "/srv" not in shown.value.message
    assert ("编号" in shown.value.message) == (language is not ENGLISH)


def test_neither_the_panel_nor_a_note_names_a_place_of_the_host(tmp_path: Path) -> None:
    about = About(BrokenEngine(), "1", "abc", shared=tmp_path)
    speech = Speech(np.zeros(9, np.float32), 22050, 0.1, "你好", "清岚", "中性", 1.0, note=WORDS)
    for drawn in (status_html(about, CHINESE), panel_html(speech)):
        assert "IndexTTS ended while it was loading" in drawn
        assert "/srv" not in drawn


def test_neither_what_monitors_ask_nor_a_header_names_a_place_of_the_host(tmp_path: Path) -> None:
    app = service_app(About(BrokenEngine(), "1", "abc", shared=tmp_path))
    for path in ("/readyz", "/v1/models"):
        told = asyncio.run(ask(app, "GET", path)).body.decode()
        assert "IndexTTS ended while it was loading" in told
        assert "/srv" not in told
    app = service_app(About(NotingEngine(), "1", "abc", shared=tmp_path))
    spoken = asyncio.run(post(app, {"input": "你好", "response_format": "wav"}))
    assert unquote(spoken.headers["x-tts-note"]) == "IndexTTS ended while it was loading …"


def test_every_failure_has_a_number_of_its_own() -> None:
    assert told(EngineFailed("a")).number != told(EngineFailed("a")).number


def test_a_full_disk_is_told_as_such_and_without_the_servers_places() -> None:
    full = told(OSError(errno.ENOSPC, "No space left on device", "/data/tts/shared/run"))
    assert (full.status, full.code) == (500, "disk_full")
    assert "磁盘已满" in full.zh
    assert "/data" not in full.zh + full.en
    assert told(OSError(errno.EIO, "Input/output error", "/data/x")).code == "internal_error"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left", "/data/x"), KeyError("/data/x")])
@pytest.mark.parametrize("language", [None, CHINESE])
def test_the_page_tells_of_what_nobody_foresaw_in_words_of_its_own(error: Exception, language: Language | None) -> None:
    with pytest.raises(gr.Error) as shown, refusals(language):
        raise error
    assert "磁盘已满" in shown.value.message or "内部错误" in shown.value.message
    assert "/data" not in shown.value.message

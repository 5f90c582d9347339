"""IndexTTS's page over real HTTP: Gradio apps with the inputs of 2.5, of 2 and of 2's first release.

They run with this environment's Gradio; `TTS_STANDIN_PYTHON` names another Python, such as one with the Gradio 5.45
that IndexTTS pins.
"""

import json
import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import indextts_standin
from tests.support.ports import free_port
from tts_service.engines.base import Declaration, EngineFailed, Reference, RequestRefused, SynthesisRequest
from tts_service.engines.indextts import IndexTTSEngine
from tts_service.engines.indextts_upstream import IndexTTSSettings

LAYOUTS = ("2.5", "2", "2.0")


@dataclass(frozen=True)
class Pages:
    """The running stand-ins: their folder, and the address of each layout."""

    folder: Path
    urls: dict[str, str]

    def calls(self) -> list[dict[str, Any]]:
        """What was asked of them, oldest first."""
        file = self.folder / "calls.jsonl"
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    folder = tmp_path_factory.mktemp("indextts")
    ports = {layout: free_port() for layout in LAYOUTS}
    python = os.environ.get("TTS_STANDIN_PYTHON") or sys.executable
    command = [python, indextts_standin.__file__, str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *(f"{layout}={port}" for layout, port in ports.items())], stdout=log, stderr=log
        )
    deadline = time.monotonic() + 120
    while b"READY" not in (folder / "log").read_bytes():
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.05)
    yield Pages(folder, {layout: f"http://127.0.0.1:{port}" for layout, port in ports.items()})
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.fixture
def reference(tmp_path: Path) -> Reference:
    path = tmp_path / "参考.wav"
    indextts_standin.tone(path, 2.0, 300)
    return Reference(path, Declaration("自己录音", "本人同意", "内部测试"), "ab" * 32)


def engine(pages: Pages, layout: str, tmp_path: Path) -> IndexTTSEngine:
    engine = IndexTTSEngine(tmp_path, IndexTTSSettings(url=pages.urls[layout], patience=30), say=lambda _: None)
    engine.load()
    return engine


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_sentence_is_spoken_with_the_inputs_of_each_version(
    pages: Pages, layout: str, tmp_path: Path, reference: Reference
) -> None:
    before = len(pages.calls())
    speech = engine(pages, layout, tmp_path).synthesize(
        SynthesisRequest("他在银<行|XING2>里等。", emotion="严肃", reference=reference)
    )
    (call,) = pages.calls()[before:]
    assert call["text"] == ("他在银<行|XING2>里等。" if layout == "2.5" else "他在银XING2里等。")
    assert speech.text == "他在银行里等。"
    assert call["emo_control_method"] == 2
    assert [call[f"vec{index}"] for index in range(1, 9)] == [0, 0, 0, 0, 0, 0, 0, 0.6]
    assert call["emo_weight"] == 1.0
    assert call["prompt_name"] == f"{'ab' * 16}.wav"
    assert {key: call[key] for key in ("emo_ref_path", "emo_text", "emo_random")} == {
        "emo_ref_path": None, "emo_text": "", "emo_random": False
    }  # fmt: skip
    assert (call["top_k"], call["num_beams"], call["max_mel_tokens"], call["temperature"]) == (30, 3, 1500, 0.8)
    assert call.get("lang_choice") == ("ZH" if layout == "2.5" else None)
    assert call.get("duration_factor") == (None if layout == "2.0" else 1.0)
    assert speech.seconds == pytest.approx(0.05 * len(call["text"]), abs=0.001)
    assert np.abs(speech.samples).max() == pytest.approx(0.5, abs=0.001)
    assert (speech.engine, speech.voice, speech.reference) == ("indextts", "参考音频", reference)


def test_the_recording_arrives_as_it_is(pages: Pages, tmp_path: Path, reference: Reference) -> None:
    engine(pages, "2.5", tmp_path).synthesize(SynthesisRequest("你好", reference=reference))
    assert Path(pages.calls()[-1]["prompt"]).read_bytes() == reference.path.read_bytes()


def test_without_an_emotion_it_is_that_of_the_recording(pages: Pages, tmp_path: Path, reference: Reference) -> None:
    engine(pages, "2.5", tmp_path).synthesize(SynthesisRequest("你好", reference=reference))
    assert pages.calls()[-1]["emo_control_method"] == 0


def test_version_2_5_speaks_faster_by_a_smaller_length(pages: Pages, tmp_path: Path, reference: Reference) -> None:
    engine(pages, "2.5", tmp_path).synthesize(SynthesisRequest("你好", speed=2.0, reference=reference))
    assert pages.calls()[-1]["duration_factor"] == 0.5


@pytest.mark.parametrize("layout", ["2", "2.0"])
def test_version_2_refuses_another_speed_even_where_its_page_shows_the_slider(
    pages: Pages, layout: str, tmp_path: Path, reference: Reference
) -> None:
    with pytest.raises(RequestRefused, match="IndexTTS 2 has one speed"):
        engine(pages, layout, tmp_path).synthesize(SynthesisRequest("你好", speed=1.2, reference=reference))


def test_an_english_text_is_asked_for_in_english(pages: Pages, tmp_path: Path, reference: Reference) -> None:
    engine(pages, "2.5", tmp_path).synthesize(SynthesisRequest("Good morning.", reference=reference))
    assert pages.calls()[-1]["lang_choice"] == "EN"


def test_calls_that_write_the_same_file_name_keep_their_own_sounds(
    pages: Pages, tmp_path: Path, reference: Reference
) -> None:
    speaking = engine(pages, "2.5", tmp_path)
    texts = ("一", "一二三四五六七八", "你好你好")
    sounds = [speaking.synthesize(SynthesisRequest(text, reference=reference)).samples for text in texts]
    for text, sound in zip(texts, sounds, strict=True):
        indextts_standin.tone(tmp_path / "expected.wav", 0.05 * len(text), 200 + sum(map(ord, text)) % 400)
        with wave.open(str(tmp_path / "expected.wav")) as file:
            expected = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        assert np.array_equal(np.round(sound * 32768).astype(np.int16), expected)


def test_a_failure_without_a_word_is_tried_again_in_shorter_texts(
    pages: Pages, tmp_path: Path, reference: Reference
) -> None:
    speaking = engine(pages, "2.5", tmp_path)
    before = len(pages.calls())
    (pages.folder / "fail").write_text("40")
    try:
        speech = speaking.synthesize(SynthesisRequest("今天天气很好，我们出去走走。" * 6, reference=reference))
    finally:
        (pages.folder / "fail").unlink()
    assert [len(call["text"]) for call in pages.calls()[before:]] == [84, 28, 28, 28]
    assert speech.measures == ("short segments",)
    assert speech.seconds == pytest.approx(0.05 * 84 + 2 * 0.2, abs=0.01)


def test_a_text_of_which_nothing_is_spoken_fails_in_plain_words(
    pages: Pages, tmp_path: Path, reference: Reference
) -> None:
    with pytest.raises(EngineFailed, match="made no sound from this text"):
        engine(pages, "2.5", tmp_path).synthesize(SynthesisRequest("哑", reference=reference))


def test_a_stream_comes_sentence_by_sentence(pages: Pages, tmp_path: Path, reference: Reference) -> None:
    sentence = "这一句话不长也不短，正好可以一次说完，说完再说下一句，一共要说三句。"
    before = len(pages.calls())
    stream = engine(pages, "2.5", tmp_path).stream(SynthesisRequest(sentence * 6, reference=reference))
    first = next(stream.chunks)
    assert len(pages.calls()) == before + 1
    rest = list(stream.chunks)
    spoken = [call["text"] for call in pages.calls()[before:]]
    assert spoken == [sentence * 2] * 3
    assert len(first) == int(0.05 * len(sentence) * 2 * 22050)
    assert len(rest) == 4


def test_a_stream_that_is_dropped_asks_for_nothing_more(pages: Pages, tmp_path: Path, reference: Reference) -> None:
    stream = engine(pages, "2.5", tmp_path).stream(SynthesisRequest("说一句很长很长的话。" * 30, reference=reference))
    next(stream.chunks)
    before = len(pages.calls())
    stream.chunks.close()  # type: ignore[attr-defined]
    assert len(pages.calls()) == before


def test_health_is_told_without_speaking(pages: Pages, tmp_path: Path) -> None:
    speaking = engine(pages, "2", tmp_path)
    before = len(pages.calls())
    health = speaking.health()
    assert (health.ok, health.detail) == (True, "")
    assert (health.device, health.precision) == ("unknown", "unknown")
    assert len(pages.calls()) == before

"""``tts-service score``: files and services in, a table, JSON and an exit code out."""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from tests.support.ports import free_port
from tts_service.score import sentences
from tts_service.score.command import add_arguments, run
from tts_service.text.frontend import FrontEnd

pytestmark = pytest.mark.tts

HERE = Path(__file__).resolve().parent
RATE = 22050


def score(*arguments: str) -> int:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([*arguments, "--no-dnsmos"]))


def sound(path: Path, seconds: float = 1.0, level: float = 0.2) -> Path:
    times = np.arange(int(seconds * RATE)) / RATE
    soundfile.write(path, level * np.sin(2 * np.pi * 150 * times) * np.hanning(len(times)), RATE)
    return path


@contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[str]:
    with (folder / "service.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "GRADIO_ANALYTICS_ENABLED": "0"})
    try:
        deadline = time.monotonic() + 120
        with socket.socket() as probe:
            while probe.connect_ex(("127.0.0.1", port)) != 0:
                assert process.poll() is None, (folder / "service.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def voice_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sentences of the bundled voice, with their texts."""
    from tts_service.models.voice import Voice

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("声音")
    voice = Voice.load(HERE.parents[1] / "tts_service" / "voices" / "qingyin")
    front_end = FrontEnd()
    for name, text in (("一", "今天天气很好，我们去公园散步。"), ("二", "这台服务器已经部署完成。")):
        units = [unit for sentence in front_end.read(text).sentences for unit in sentence.units]
        samples = voice.synthesize(units, speaker=voice.speakers[0], emotion=voice.emotions[0])
        soundfile.write(folder / f"{name}.wav", samples, RATE)
        (folder / f"{name}.txt").write_text(text, "utf-8")
    return folder


def test_the_bundled_voice_is_scored_with_its_texts(
    voice_files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(path) for path in sorted(voice_files.glob("*.wav"))]
    assert score(*files, "--json", str(tmp_path / "new.json")) == 0
    printed = capsys.readouterr().out
    assert "valid for the bundled voice only" in printed
    assert re.search(r"^all 2\b", printed, re.MULTILINE)
    content = json.loads((tmp_path / "new.json").read_text("utf-8"))
    assert content["judge_valid_for"] == "bundled voice"
    assert any("bundled voice only" in note for note in content["notes"])
    first = {row["name"]: row for row in content["sentences"]}["一.wav"]
    assert first["characters"] == 13
    assert 0.1 < first["seconds_per_character"] < 0.5
    assert first["phone_error_percent"] < 10
    assert first["clipped"] == 0
    assert -35 < first["loudness_lufs"] < -10
    assert 100 < first["f0_low"] < first["f0_high"] < 620
    assert content["all"]["sentences"] == 2
    assert content["all"]["phone_error_percent"] < 5


def test_the_text_of_another_sentence_gives_a_high_phone_error(voice_files: Path, tmp_path: Path) -> None:
    out = tmp_path / "new.json"
    assert score(str(voice_files / "一.wav"), "--text", "服务已经启动，端口没有冲突。", "--json", str(out)) == 0
    assert json.loads(out.read_text("utf-8"))["sentences"][0]["phone_error_percent"] > 50


def test_without_a_text_everything_but_the_phones_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(str(sound(tmp_path / "a.wav")), "--json", str(tmp_path / "out.json")) == 0
    assert "not judged, the texts are not known" in capsys.readouterr().out
    content = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert content["judge"] is None
    assert content["sentences"][0]["phones"] is None
    assert content["sentences"][0]["seconds"] == 1.0


def test_each_bad_file_is_a_row_with_the_reason_and_the_good_ones_are_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = sound(tmp_path / "good.wav")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("this is no sound")
    soundfile.write(tmp_path / "no-samples.wav", np.zeros(0), RATE)
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    soundfile.write(tmp_path / "short.wav", np.ones(100), RATE)
    soundfile.write(tmp_path / "nan.wav", np.full(RATE, np.nan), RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "long.wav", np.zeros((8000 * 61,)), 8000)
    sound(tmp_path / "badtext.wav").with_suffix(".txt").write_bytes(b"\xff\xfe\xfd")
    bad = ["empty", "text", "no-samples", "silent", "short", "nan", "long", "badtext", "missing"]
    assert score(str(good), *(str(tmp_path / f"{name}.wav") for name in bad)) == 1
    printed = capsys.readouterr().out
    for name, reason in {
        "empty": "the file is empty",
        "text": "no sound file",
        "no-samples": "holds no sound",
        "silent": "silent from beginning to end",
        "short": "only 0.005 s long",
        "nan": "no numbers",
        "long": "61 s long",
        "badtext": "can't be read as UTF-8",
        "missing": "no such file",
    }.items():
        assert re.search(rf"^{name}\.wav: .*{reason}", printed, re.MULTILINE), name
    assert not re.search(r"^good\.wav: ", printed, re.MULTILINE)


def test_stereo_at_96_khz_and_8_bit_are_read(tmp_path: Path) -> None:
    times = np.arange(96000) / 96000
    tone = 0.3 * np.sin(2 * np.pi * 200 * times)
    soundfile.write(tmp_path / "stereo.wav", np.stack([tone, tone], 1), 96000)
    soundfile.write(tmp_path / "eight.wav", tone[::12], 8000, subtype="PCM_U8")
    assert score(str(tmp_path / "stereo.wav"), str(tmp_path / "eight.wav")) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("a.wav", "--url", "http://127.0.0.1:1"),
        ("a.wav", "b.wav", "--text", "你好"),
        ("a.wav", "--voice", "清岚"),
        ("--url", "http://127.0.0.1:1", "--limit", "0"),
        ("a.wav", "--result", "../x"),
        ("a.wav", "--compare", "missing.json"),
    ],
)
def test_a_call_that_makes_no_sense_ends_with_two(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(*arguments) == 2
    assert capsys.readouterr().err.startswith("score: ")


def test_a_service_that_is_not_there_ends_with_one_and_the_address(capsys: pytest.CaptureFixture[str]) -> None:
    assert score("--url", f"http://127.0.0.1:{free_port()}") == 1
    assert "http://127.0.0.1" in capsys.readouterr().err
    assert score("--url", "ftp://somewhere") == 1


def test_a_comparison_shows_what_changed_and_what_can_not_be_compared(
    voice_files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    files = sorted(voice_files.glob("*.wav"))
    assert score(*map(str, files), "--json", str(old)) == 0
    samples, rate = soundfile.read(files[0])
    (tmp_path / "half").mkdir()
    soundfile.write(tmp_path / "half" / files[0].name, samples / 2, rate)
    capsys.readouterr()
    assert score(str(tmp_path / "half" / files[0].name), "--compare", str(old), "--json", str(new)) == 0
    printed = capsys.readouterr().out
    assert "1 sentences are in both runs, of 2 then and 1 now" in printed
    line = next(line for line in printed.splitlines()[::-1] if line.startswith(files[0].name))
    assert "-6.0" in line.split()
    changed = json.loads(old.read_text("utf-8"))
    changed["judge"] = "000000000000"
    old.write_text(json.dumps(changed), "utf-8")
    assert score(*map(str, files), "--compare", str(old)) == 0
    assert "the judge is another" in capsys.readouterr().out


def test_a_file_that_is_no_report_can_not_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.json").write_text("[]")
    assert score("a.wav", "--compare", str(tmp_path / "x.json")) == 2
    assert "no report of a score" in capsys.readouterr().err


def test_the_openai_api_speaks_the_fixed_sentences(tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    port = free_port()
    out, kept = tmp_path / "out.json", tmp_path / "kept"
    with running([sys.executable, str(HERE / "small_service.py"), str(port), str(tmp_path)], port, tmp_path) as url:
        code = score("--url", url, "--limit", "3", "--voice", "云峰", "--json", str(out), "--save", str(kept))
    assert code == 0
    content = json.loads(out.read_text("utf-8"))
    assert content["source"]["door"] == "openai"
    assert content["sentence_set"] == sentences.VERSION
    assert content["manner"] == {"voice": "云峰"}
    assert [row["name"] for row in content["sentences"]] == [one.name for one in sentences.SENTENCES[:3]]
    assert all(row["phone_error_percent"] is not None for row in content["sentences"])
    assert {path.name for path in kept.iterdir()} == {f"short-{n}.{kind}" for n in (1, 2, 3) for kind in ("wav", "txt")}


def test_a_gradio_app_is_found_by_itself_and_what_it_refuses_is_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = tuple(one for one in sentences.SENTENCES if one.name in ("short-1", "question-1"))
    monkeypatch.setattr(sentences, "SENTENCES", chosen)
    port, out = free_port(), tmp_path / "out.json"
    with running([sys.executable, str(HERE / "score_gradio.py"), str(port)], port, tmp_path) as url:
        assert score("--url", url, "--speed", "2", "--json", str(out)) == 1
        assert score("--url", url, "--emotion", "开心") == 1
    assert "/synthesize does not take emotion" in capsys.readouterr().err
    content: dict[str, Any] = json.loads(out.read_text("utf-8"))
    assert content["source"]["door"] == "gradio"
    spoken, refused = content["sentences"]
    assert spoken["seconds"] == pytest.approx(0.15, abs=0.01)
    assert "今天不说这句" in refused["problem"]
    assert content["all"]["problems"] == 1


def test_the_fixed_sentences_are_readable_named_once_and_cover_every_tone() -> None:
    names = [one.name for one in sentences.SENTENCES]
    assert 30 <= len(names) == len(set(names)) <= 40
    front_end = FrontEnd()
    readings = [front_end.read(one.text) for one in sentences.SENTENCES]
    assert not [reading.unreadable for reading in readings if reading.unreadable]
    units = [unit for reading in readings for sentence in reading.sentences for unit in sentence.units]
    assert {unit[-1] for unit in units if unit[0] not in "#e"} >= set("12345")
    assert "#?" in units
    assert any(unit.startswith("en:") for unit in units)
    kinds = {kind for kind, _ in groupby(names, key=lambda name: name.split("-")[0])}
    assert kinds >= {"short", "tones", "sandhi", "polyphone", "number", "english", "question", "long"}

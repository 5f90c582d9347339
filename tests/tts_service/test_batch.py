"""Batches: what lines may say, what comes of them, and that every subtitle stands where its line is heard."""

import json
import os
import re
import wave
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tts_service.app.admission import Busy, Draining
from tts_service.app.stopping import Stop, Stopped
from tts_service.batch import MOST_LINES, Progress, Spoken, decoded, parse, run, sweep
from tts_service.engines.base import Capabilities, RequestRefused, Speech, SynthesisRequest
from tts_service.mark_reading import read_mark
from tts_service.marking import new_mark, write_wav
from tts_service.subtitles import Cue
from tts_service.text.preview import plain

CAN = Capabilities(("清岚", "云峰"), ("中性", "开心"), 22050)
DEFAULTS = SynthesisRequest("", voice="云峰", speed=1.2)


class Impatient(Stop):
    """Waits for nothing."""

    def wait(self, seconds: float) -> None:
        """Not at all."""


def tone(request: SynthesisRequest) -> Speech:
    """A sound whose length tells the text's: 0.1 s a character."""
    if "😀" in request.text:
        raise RequestRefused("没有可以朗读的内容。", "There is nothing to read aloud.")
    samples = (0.3 * np.sin(np.arange(2205 * len(request.text)) / 20)).astype(np.float32)
    return Speech(samples, 22050, 0.01, request.text, request.voice or "", request.emotion or "", request.speed)


def marked(_request: SynthesisRequest, speech: Speech) -> bytes:
    return write_wav(speech.samples, speech.sample_rate, new_mark(engine="test", voice=speech.voice))


def one_cue(request: SynthesisRequest, speech: Speech) -> tuple[Cue, ...]:
    return (Cue(0.0, speech.seconds, plain(request.text)),)


def last(text: str, folder: Path, speak: Callable[[SynthesisRequest], Speech] = tone, pause: float = 0.5) -> Progress:
    *_, progress = run(
        parse(text, CAN, DEFAULTS),
        speak,
        marked,
        one_cue,
        folder / "batch",
        pause=pause,
        engine="test",
        stop=Impatient(),
    )
    return progress


def length(path: Path) -> float:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 22050)
        return float(file.getnframes() / 22050)


def clock(text: str) -> float:
    hours, minutes, seconds = text.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def test_plain_lines_take_the_defaults_and_empty_ones_are_passed_over() -> None:
    lines = parse("你好\n\n  第三行  \n", CAN, DEFAULTS)
    assert [(line.number, line.request.text, line.request.voice, line.request.speed) for line in lines] == [
        (1, "你好", "云峰", 1.2),
        (3, "第三行", "云峰", 1.2),
    ]


def test_json_lines_say_for_each_line_what_differs() -> None:
    lines = parse(
        '{"text": "你好", "voice": "清岚", "emotion": "开心", "intensity": 0.5}\n{"text": "再见", "speed": 0.8}',
        CAN,
        DEFAULTS,
    )
    first, second = (line.request for line in lines)
    assert (first.voice, first.emotion, first.intensity, first.speed) == ("清岚", "开心", 0.5, 1.2)
    assert (second.voice, second.emotion, second.intensity, second.speed) == ("云峰", "中性", 1.0, 0.8)


def test_a_vector_for_all_lines_gives_way_to_what_a_line_says_itself() -> None:
    mixed = (0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.25, 0.0)
    defaults = SynthesisRequest("", vector=mixed)
    lines = parse(
        '{"text": "一"}\n{"text": "二", "emotion": "开心"}\n{"text": "三", "emotion_vector": [0, 1, 0, 0, 0, 0, 0, 0]}',
        CAN,
        defaults,
    )
    assert [line.request.vector for line in lines] == [mixed, None, (0, 1, 0, 0, 0, 0, 0, 0)]
    with pytest.raises(RequestRefused, match="第 1 行：情感向量须为 8 个"):
        parse('{"text": "一", "emotion_vector": [1]}', CAN, defaults)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "每行一句"),
        (" \n \n", "每行一句"),
        ('{"text": "好"}\n{"text": 3}', "第 2 行：请输入"),
        ('{"text": "好"}\n不是', "第 2 行：不是有效的 JSON"),
        ('{"text": "好", "pitch": 2}', "第 1 行：不认识的字段：pitch"),
        ('{"text": "好", "voice": "谁"}', "第 1 行：没有这个音色"),
        ('{"text": "好", "speed": "快"}', "第 1 行：语速"),
        ('{"voice": "清岚"}', "第 1 行：请输入"),
        ('{"text": "好", "speed": NaN}', "第 1 行：语速"),
        ("好" * 2001, "第 1 行：文字太长"),
        ("好\n" * (MOST_LINES + 1), f"最多 {MOST_LINES} 行"),
        (("好" * 1000 + "\n") * 11, "最多 10000 字"),
    ],
)
def test_lines_that_cannot_be_done_are_refused_by_number_before_anything_is_spoken(text: str, words: str) -> None:
    with pytest.raises(RequestRefused, match=re.escape(words)):
        parse(text, CAN, DEFAULTS)


def test_files_from_windows_are_read_too_and_what_is_no_text_is_refused() -> None:
    assert decoded("你好".encode("gb18030")) == "你好"
    assert decoded("\ufeff你好".encode()) == "你好"
    with pytest.raises(RequestRefused, match="不是文本文件"):
        decoded(b"RIFF\0\0\0\0WAVE")
    with pytest.raises(RequestRefused, match="文件太大"):
        decoded(b"a" * (1024 * 1024 + 1))


def test_n_lines_give_n_wavs_one_joined_wav_and_subtitles_at_the_right_times(tmp_path: Path) -> None:
    progress = last("你好\n<重庆|CHONG2 QING4>很大\n😀\n最后一行", tmp_path)
    files = progress.files
    assert files is not None
    assert [path.name for path in files.wavs] == ["001.wav", "002.wav", "004.wav"]
    lengths = [length(path) for path in files.wavs]
    assert length(files.joined) == pytest.approx(sum(lengths) + 2 * 0.5, abs=1e-3)
    cues = re.findall(r"(\d+)\n(\S+) --> (\S+)\n(.+)\n", files.subtitles.read_text(encoding="utf-8"))
    assert [(number, text) for number, _, _, text in cues] == [("1", "你好"), ("2", "重庆很大"), ("3", "最后一行")]
    expected = 0.0
    for (_, start, end, _), seconds in zip(cues, lengths, strict=True):
        assert clock(start) == pytest.approx(expected, abs=2e-3)
        assert clock(end) == pytest.approx(expected + seconds, abs=2e-3)
        expected += seconds + 0.5
    with wave.open(str(files.joined)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    begin, end = (int(22050 * clock(cues[1][index])) for index in (1, 2))
    assert np.abs(samples[begin + 50 : end - 50]).max() > 5000
    assert not samples[int(22050 * clock(cues[0][2])) + 50 : begin - 50].any()


def test_the_archive_holds_everything_and_tells_of_each_line_what_came_of_it(tmp_path: Path) -> None:
    files = last("你好\n😀", tmp_path).files
    assert files is not None
    with zipfile.ZipFile(files.archive) as archive:
        assert archive.namelist() == ["001.wav", "joined.wav", "subtitles.srt", "lines.jsonl"]
        told = [json.loads(line) for line in archive.read("lines.jsonl").splitlines()]
    assert told[0]["file"] == "001.wav"
    assert told[0]["end"] > told[0]["start"] == 0.0
    assert "没有可以朗读的内容" in told[1]["refused"]


def test_every_wav_carries_the_mark_and_its_sum_is_right(tmp_path: Path) -> None:
    files = last("你好\n再见", tmp_path).files
    assert files is not None
    for path in (*files.wavs, files.joined):
        mark = read_mark(path)
        assert mark is not None
        assert mark.intact


def test_progress_comes_line_by_line(tmp_path: Path) -> None:
    steps = list(
        run(
            parse("一\n二\n三", CAN, DEFAULTS),
            tone,
            marked,
            one_cue,
            tmp_path / "batch",
            pause=0,
            engine="test",
            stop=Stop(),
        )
    )
    assert [(len(step.spoken), step.total, step.files is not None) for step in steps] == [
        (1, 3, False),
        (2, 3, False),
        (3, 3, False),
        (3, 3, True),
    ]
    assert all(isinstance(item, Spoken) and item.file for item in steps[-1].spoken)


def test_a_stop_ends_a_batch_after_the_line_that_is_spoken_and_gives_what_is_done(tmp_path: Path) -> None:
    stop = Stop()

    def speak(request: SynthesisRequest) -> Speech:
        if request.text == "二二":
            stop.ask()
        return tone(request)

    lines = parse("一\n二二\n三\n四", CAN, DEFAULTS)
    *_, step = run(lines, speak, marked, one_cue, tmp_path / "batch", pause=0, engine="test", stop=stop)
    assert (len(step.spoken), step.total, step.stopped) == (2, 4, True)
    assert step.files is not None
    assert length(step.files.joined) == pytest.approx(0.3, abs=1e-3)
    with zipfile.ZipFile(step.files.archive) as archive:
        assert archive.namelist() == ["001.wav", "002.wav", "joined.wav", "subtitles.srt", "lines.jsonl"]


def test_a_batch_that_is_stopped_before_its_first_line_leaves_no_files(tmp_path: Path) -> None:
    def waiting(_request: SynthesisRequest) -> Speech:
        raise Stopped

    progress = last("一\n二", tmp_path, waiting)
    assert (progress.spoken, progress.files, progress.stopped) == ((), None, True)
    assert not (tmp_path / "batch").exists()


def test_a_batch_of_nothing_readable_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestRefused, match="没有一行可以朗读"):
        last("😀\n😀", tmp_path)


def test_a_busy_service_is_asked_again_but_not_one_that_stops(tmp_path: Path) -> None:
    asked: list[str] = []

    def busy_once(request: SynthesisRequest) -> Speech:
        asked.append(request.text)
        if len(asked) == 1:
            raise Busy(1)
        return tone(request)

    assert last("好", tmp_path, busy_once).files is not None
    assert asked == ["好", "好"]

    def stopping(_request: SynthesisRequest) -> Speech:
        raise Draining

    with pytest.raises(Draining):
        last("好", tmp_path / "second", stopping)


def test_old_batches_are_swept_away_and_new_ones_stay(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "joined.wav").write_bytes(b"x")
    made = (tmp_path / "old").stat().st_mtime
    sweep(tmp_path, kept=3600, now=made + 3500)
    assert (tmp_path / "old").exists()
    sweep(tmp_path, kept=3600, now=made + 3700)
    assert not (tmp_path / "old").exists()


def test_batches_take_no_more_room_than_allowed_and_the_oldest_goes(tmp_path: Path) -> None:
    for index, name in enumerate(("first", "second", "third")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "joined.wav").write_bytes(bytes(100))
        os.utime(tmp_path / name, (1000 + index, 1000 + index))
    sweep(tmp_path, room=250, now=1010)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["second", "third"]


def test_folders_that_vanish_while_they_are_looked_at_are_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("gone", "stays"):
        (tmp_path / name).mkdir()
    listed = Path.iterdir

    def iterdir(path: Path) -> Iterator[Path]:
        if path.name == "gone":
            path.rmdir()
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    sweep(tmp_path)
    assert [path.name for path in listed(tmp_path)] == ["stays"]


def test_a_line_separator_inside_a_json_string_ends_no_line() -> None:
    lines = parse(json.dumps({"text": "上\u2028下\x85"}, ensure_ascii=False) + '\r\n{"text": "二"}\r', CAN, DEFAULTS)
    assert [(line.number, line.request.text) for line in lines] == [(1, "上\u2028下\x85"), (2, "二")]

"""Subtitles: a long line becomes several cues, cut where its phrases end, at the times at which that is heard."""

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tts_service.cues import LONGEST, SHORTEST, WIDEST, cues, width
from tts_service.subtitles import Cue, srt
from tts_service.text.frontend import FrontEnd
from tts_service.text.units import BOUNDARIES, PAUSE

RATE = 22050
FRONT_END = FrontEnd()
STORY = (
    "清晨的阳光照进了窗户，妈妈已经在厨房里准备早饭。孩子们还在睡觉，院子里的小狗却早就醒了！它跑来跑去，"
    "好像在等着谁。爸爸说，今天是2026年11月22日，我们要去爬山，大家快点起床吧。你准备好了吗？当然准备好了。"
)


def buzz(syllables: int, generator: np.random.Generator) -> Any:
    """Syllables of about 0.2 s with a dip between them."""
    pieces = []
    for _ in range(syllables):
        length = int(RATE * generator.uniform(0.15, 0.26))
        shape = np.sin(np.pi * np.arange(length) / length) ** 0.5
        pieces.append(0.4 * shape * np.sin(0.1 * np.arange(length)))
    return np.concatenate(pieces)


def spoken(phrases: list[str], pauses: list[float], seed: int = 1) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Phrases as an uneven speaker says them, and from when to when each is heard."""
    generator = np.random.default_rng(seed)
    pieces, heard, at = [np.zeros(RATE // 10)], [], 0.1
    for phrase, pause in zip(phrases, pauses, strict=True):
        count = sum(unit not in BOUNDARIES for sentence in FRONT_END.read(phrase).sentences for unit in sentence.units)
        sound = buzz(count, generator)
        pieces += [sound, np.zeros(int(pause * RATE))]
        heard.append((at, at + len(sound) / RATE))
        at += (len(sound) + int(pause * RATE)) / RATE
    return np.concatenate(pieces).astype(np.float32), heard


def sound_of(seconds: float) -> Any:
    return (0.3 * np.sin(0.1 * np.arange(int(seconds * RATE)))).astype(np.float32)


def well_formed(found: tuple[Cue, ...], text: str, seconds: float) -> None:
    assert found[0].start == 0.0
    assert found[-1].end == pytest.approx(seconds, abs=1e-4)
    assert all(cue.start < cue.end for cue in found)
    assert all(before.end <= after.start for before, after in pairwise(found))
    assert "".join("".join(cue.text for cue in found).split()) == "".join(text.split())


def test_subtitles_have_numbers_clocks_and_one_line_of_text_each() -> None:
    assert srt([Cue(0, 1.25, "你好"), Cue(3599.9996, 3661.5, "两\n\n行")]) == (
        "1\n00:00:00,000 --> 00:00:01,250\n你好\n\n2\n01:00:00,000 --> 01:01:01,500\n两 行\n"
    )


def test_a_short_line_is_one_cue_over_its_whole_sound() -> None:
    assert cues("你好，世界。", sound_of(2), RATE, FRONT_END) == (Cue(0.0, 2.0, "你好，世界。"),)


@pytest.mark.parametrize("seed", range(6))
def test_every_cue_begins_in_the_pause_before_its_words(seed: int) -> None:
    phrases = [
        piece for piece in STORY.replace("，", "，|").replace("。", "。|").replace("！", "！|").split("|") if piece
    ]
    phrases = [part for phrase in phrases for part in phrase.replace("？", "？|").split("|") if part]
    chance = random.Random(seed)
    samples, heard = spoken(phrases, [chance.uniform(0.12, 0.7) for _ in phrases], seed)
    found = cues(STORY, samples, RATE, FRONT_END)
    well_formed(found, STORY, len(samples) / RATE)
    assert len(found) >= 4
    starts = {"".join(phrases[:index]): time for index, time in enumerate(heard)}
    for index, cue in enumerate(found[1:], 1):
        text_before = "".join(each.text for each in found[:index])
        before = heard[[*starts].index(text_before) - 1][1]
        assert before <= cue.start <= starts[text_before][0]
        assert cue.end - cue.start <= LONGEST + 0.5
        assert cue.end - cue.start >= SHORTEST
        assert width(cue.text) <= WIDEST


def test_cues_end_at_sentences_where_that_is_possible() -> None:
    samples, _ = spoken(["今天我们来看一看。", "院子里的小狗早就醒了，", "它跑来跑去找东西吃。"], [0.5, 0.3, 0.5])
    text = "今天我们来看一看。院子里的小狗早就醒了，它跑来跑去找东西吃。"
    found = cues(text, np.concatenate([samples, np.zeros(RATE, np.float32)]), RATE, FRONT_END)
    assert [cue.text for cue in found] == ["今天我们来看一看。", "院子里的小狗早就醒了，它跑来跑去找东西吃。"]


def test_a_text_without_any_punctuation_is_cut_between_words_and_shared_out() -> None:
    text = "我们今天在学校里面学习了很多非常有意思的科学知识并且和同学一起完成了老师布置的所有作业然后高高兴兴地回家了"
    seconds = len(text) * 0.25
    found = cues(text, sound_of(seconds), RATE, FRONT_END)
    well_formed(found, text, seconds)
    assert len(found) >= 2
    assert all(cue.end - cue.start <= LONGEST + 0.5 for cue in found)
    for cue in found:
        assert cue.end - cue.start == pytest.approx(0.25 * len(cue.text), abs=0.3)


def test_slow_speech_is_cut_by_its_length_and_not_by_its_characters() -> None:
    samples, _ = spoken(["清晨的阳光照进了窗户，", "妈妈已经在厨房里准备早饭。"], [0.5, 0.2])
    slow = np.repeat(samples, 2)
    text = "清晨的阳光照进了窗户，妈妈已经在厨房里准备早饭。"
    assert len(cues(text, slow, RATE, FRONT_END)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "😀" * 60,
        "1234567890" * 8,
        "，" * 90,
        "a" * 100,
        "https://example.com/" + "a/b" * 40,
        "。你好" * 30,
        "3,141.59 " * 12,
    ],
)
def test_whatever_a_line_holds_its_cues_fill_the_sound_in_order(text: str) -> None:
    for samples in (sound_of(20), np.zeros(20 * RATE, np.float32)):
        well_formed(cues(text, samples, RATE, FRONT_END), text, 20)


def test_commas_and_points_inside_numbers_cut_nothing() -> None:
    text = (
        "这个城市一共有1,234,567个居民，平均每个人的收入是3.5万元，从早上8:30开始工作到晚上的17:30才会结束一天的劳动。"
    )
    found = cues(text, sound_of(16), RATE, FRONT_END)
    assert len(found) >= 2
    for number in ("1,234,567", "3.5", "8:30", "17:30"):
        assert any(number in cue.text for cue in found)


@pytest.mark.tts
def test_with_the_bundled_voice_cues_turn_where_the_voice_itself_pauses() -> None:
    from tts_service.engines.bundled import SHIPPED
    from tts_service.models.features import HOP
    from tts_service.models.symbols import encode
    from tts_service.models.voice import Voice

    voice = Voice.load(next(SHIPPED.glob("*/manifest.json")).parent)
    pieces: list[np.ndarray] = []
    silent: list[tuple[float, float]] = []  # what the voice's own durations tell of its pauses, in seconds
    at = 0.0
    for sentence in FRONT_END.read(STORY).sentences:
        score = voice.score(sentence.units, speaker=voice.speakers[0], emotion=voice.emotions[0])
        lengths = np.round(np.asarray(score.durations)).astype(int)
        ends = np.cumsum(lengths) * HOP / RATE + at
        marks = ["", *(unit for unit in sentence.units for _ in encode([unit])), ""]
        silent += [
            (float(ends[index] - lengths[index] * HOP / RATE), float(ends[index]))
            for index, unit in enumerate(marks)
            if unit == PAUSE
        ]
        sound = next(voice.sound(score))
        pieces += [sound, np.zeros(int(0.15 * RATE), np.float32)]
        at += len(sound) / RATE
        silent.append((at - 0.1, at + 0.15 + 0.1))
        at += int(0.15 * RATE) / RATE
    samples = np.concatenate(pieces[:-1])
    found = cues(STORY, samples, RATE, FRONT_END)
    well_formed(found, STORY, len(samples) / RATE)
    for cue in found[1:]:
        assert any(start - 0.05 <= cue.start <= end + 0.05 for start, end in silent), (cue, silent)
        assert SHORTEST <= cue.end - cue.start <= LONGEST + 0.5

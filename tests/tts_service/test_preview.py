"""How a text will be read is shown word by word, and a person's correction is what is spoken afterwards."""

import pytest

from tts_service.engines.base import RequestRefused
from tts_service.text.frontend import FrontEnd
from tts_service.text.lexicon import Lexicon
from tts_service.text.preview import Word, corrected, plain, preview
from tts_service.text.units import BOUNDARIES

TEXT = "重庆银行的行长，在24GB显存的RTX 4090上重新部署CUDA 12.8。好吗？"


@pytest.fixture(scope="module")
def front_end() -> FrontEnd:
    return FrontEnd()


def words(front_end: FrontEnd, text: str) -> list[Word]:
    return [word for segment in preview(front_end, text) for word in segment.words]


def place(front_end: FrontEnd, text: str, wanted: str, nth: int = 0) -> tuple[int, int]:
    found = [
        (segment_index, word_index)
        for segment_index, segment in enumerate(preview(front_end, text))
        for word_index, word in enumerate(segment.words)
        if word.text == wanted
    ]
    return found[nth]


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "我<read|R EH1 D>了<重庆|CHONG2 QING4>，花儿😀 don't！",
        "A/B测试的API在<行|XING2>走，Server运行CUDA。",
        "请拨打010-12345678，或者发邮件到support@example.com。",
        "今天是2026年11月22日，气温-3℃到8℃，降水概率30%。",
        "一个不对，不是一样；看一看。\n第二行。",
    ],
)
def test_the_preview_holds_exactly_the_units_that_are_spoken(front_end: FrontEnd, text: str) -> None:
    spoken = [
        [unit for unit in sentence.units if unit not in BOUNDARIES] for sentence in front_end.read(text).sentences
    ]
    shown = [[unit for word in segment.words for unit in word.units] for segment in preview(front_end, text)]
    assert shown == spoken
    assert all(word.editable for word in words(front_end, text))


def test_each_word_stands_with_its_reading_and_the_pause_behind_it(front_end: FrontEnd) -> None:
    segments = preview(front_end, "重庆的行长，走吗？")
    shown = [(word.text, word.reading, word.pause) for word in segments[0].words]
    assert shown == [
        ("重庆", "chong2 qing4", ""),
        ("的", "de5", ""),
        ("行长", "hang2 zhang3", "，"),
        ("走", "zou3", ""),
        ("吗", "ma5", "？"),
    ]


def test_a_words_reading_from_the_lexicon_is_shown() -> None:
    front_end = FrontEnd(Lexicon.parse(["Qwen  qian1 wen4", "曾子墨  zeng1 zi3 mo4"]))
    shown = {word.text: word.reading for word in words(front_end, "曾子墨用Qwen。")}
    assert shown == {"曾子墨": "zeng1 zi3 mo4", "用": "yong4", "Qwen": "qian1 wen4"}


def test_text_without_anything_readable_has_no_segment(front_end: FrontEnd) -> None:
    assert preview(front_end, "😀🎉") == ()
    assert preview(front_end, "") == ()


def test_every_word_of_a_mixed_sentence_can_be_corrected_and_the_rest_is_read_as_before(front_end: FrontEnd) -> None:
    before = words(front_end, TEXT)
    assert len(before) > 15
    for segment_index, segment in enumerate(preview(front_end, TEXT)):
        for word_index, word in enumerate(segment.words):
            wanted = " ".join(["ba4"] * len(word.text)) if not word.text.isascii() else "ba4"
            text = corrected(front_end, TEXT, segment_index, word_index, wanted)
            assert f"<{word.text}|{wanted.upper()}>" in text
            after = words(front_end, text)
            assert "".join(item.text for item in after) == "".join(item.text for item in before)
            assert [item.reading for item in after if item.given] == [wanted]


def test_what_the_user_wrote_stays_except_where_the_word_is_made_of_digits(front_end: FrontEnd) -> None:
    text = "在24GB显存的RTX 4090上。"
    assert corrected(front_end, text, *place(front_end, text, "显存"), "xian3 cun4") == (
        "在24GB<显存|XIAN3 CUN4>的RTX 4090上。"
    )
    assert corrected(front_end, text, *place(front_end, text, "二十四"), "er4 shi2 si5").startswith(
        "在<二十四|ER4 SHI2 SI5>GB"
    )


def test_the_second_of_two_same_words_is_the_one_that_changes(front_end: FrontEnd) -> None:
    text = "行长和行长。"
    assert (
        corrected(front_end, text, *place(front_end, text, "行长", 1), "xing2 zhang3") == "行长和<行长|XING2 ZHANG3>。"
    )


def test_corrections_add_up_and_an_empty_reading_takes_one_back(front_end: FrontEnd) -> None:
    once = corrected(front_end, "重庆的行长。", 0, 0, "zhong4 qing4")
    twice = corrected(front_end, once, 0, 2, "xing2 zhang3")
    assert twice == "<重庆|ZHONG4 QING4>的<行长|XING2 ZHANG3>。"
    assert corrected(front_end, twice, 0, 0, "  ") == "重庆的<行长|XING2 ZHANG3>。"
    assert corrected(front_end, "重庆。", 0, 0, "") == "重庆。"


@pytest.mark.parametrize("reading", ["xyz9", "chong qing", "重庆", "<b>", "R EH9", "chong2 qing4>"])
def test_a_wrong_reading_is_refused_with_a_sentence(front_end: FrontEnd, reading: str) -> None:
    with pytest.raises(RequestRefused, match="不是可用的读音") as refused:
        corrected(front_end, "重庆。", 0, 0, reading)
    assert "chong2 qing4" in refused.value.en


def test_too_few_syllables_and_a_place_that_is_not_there_are_refused(front_end: FrontEnd) -> None:
    with pytest.raises(RequestRefused, match="有 2 个字，读音却有 1 个音节"):
        corrected(front_end, "重庆。", 0, 0, "zhong4")
    for where in ((0, 9), (7, 0), (-1, 0), (0, -1)):
        with pytest.raises(RequestRefused, match="文字已改变"):
            corrected(front_end, "重庆。", *where, "zhong4 qing4")


def test_a_phone_that_looks_like_a_syllable_survives_being_written_down(front_end: FrontEnd) -> None:
    text = "<server|S EN:ER1 V EN:ER0>来了。"
    first = words(front_end, text)[0]
    assert first.units == ("en:S", "en:ER1", "en:V", "en:ER0")
    assert first.reading == "S EN:ER1 V ER0"
    assert words(front_end, corrected(front_end, text, 0, 1, "lai5"))[0].units == first.units


def test_plain_text_has_no_readings_in_it() -> None:
    assert plain("<重庆|CHONG2 QING4>的<x|BAD9>行长") == "重庆的x行长"

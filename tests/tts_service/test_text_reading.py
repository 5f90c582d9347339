"""From text to units: words, tones, English, sentences."""

import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts_service.models.symbols import encode
from tts_service.text.frontend import LONGEST_SENTENCE, FrontEnd
from tts_service.text.lexicon import Lexicon, LexiconProblem, built_in, characters
from tts_service.text.prosody import LONGEST_BREATH

FRONT_END = FrontEnd()


def syllables(text: str, front_end: FrontEnd = FRONT_END) -> str:
    """The units without boundaries, all sentences in a row."""
    units = [unit for sentence in front_end.read(text).sentences for unit in sentence.units]
    return " ".join(unit for unit in units if not unit.startswith("#"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GPUs", "en:JH en:IY1 en:P en:IY1 en:Y en:UW1 en:Z"),
        ("NaCl", "en:EH1 en:N en:EY1 en:S en:IY1 en:EH1 en:L"),
        ("WINDOWS", "en:W en:IH1 en:N en:D en:OW0 en:Z"),
        ("ADMIN", "en:EY1 en:D en:IY1 en:EH1 en:M en:AY1 en:EH1 en:N"),
        ("iOS", "en:AY1 en:OW1 en:EH1 en:S"),
        ("e.g.", "en:F en:AO1 en:R en:IH0 en:G en:Z en:AE1 en:M en:P en:AH0 en:L"),
        ("U.S.", "en:Y en:UW1 en:EH1 en:S"),
        ("1st", "en:F en:ER1 en:S en:T"),
        ("Wi-Fi", "en:W en:AY1 en:F en:AY2"),
    ],
)
def test_abbreviations_plurals_and_compounds_are_read_as_engineers_do(text: str, expected: str) -> None:
    assert syllables(text) == expected


def test_traditional_text_is_read_like_simplified_text_and_finds_the_users_words() -> None:
    assert syllables("銀行的電腦壞了") == syllables("银行的电脑坏了")
    front_end = FrontEnd(Lexicon.parse(["曾氏銀號  zeng1 shi4 yin2 hao4"]))
    assert syllables("曾氏銀號", front_end) == syllables("曾氏银号", front_end) == "zeng1 shi4 yin2 hao4"
    assert syllables("<銀行|YIN2 XING2>") == "yin2 xing2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GPU", "en:JH en:IY1 en:P en:IY1 en:Y en:UW1"),
        ("TTS", "en:T en:IY1 en:T en:IY1 en:EH1 en:S"),
        ("CUDA", "en:K en:UW1 en:D en:AH0"),
        ("hello", "en:HH en:AH0 en:L en:OW1"),
        ("PyTorch", "en:P en:AY1 en:T en:AO2 en:R en:CH"),
        ("xyz", "en:EH1 en:K en:S en:W en:AY1 en:Z en:IY1"),
        ("zorbing", "en:Z en:AO1 en:R en:B en:IH0 en:NG"),
    ],
)
def test_english_is_read_by_name_letter_dictionary_or_rule(text: str, expected: str) -> None:
    assert syllables(text) == expected


def test_a_camel_case_name_is_read_part_by_part() -> None:
    assert FRONT_END.read("IndexTTS").sentences[0].units[:8] == (
        *("en:IH1", "en:N", "en:D", "en:EH0", "en:K", "en:S"),
        *("#1", "en:T"),
    )


def test_sentences_end_with_their_mark_and_pauses_stand_where_commas_were() -> None:
    reading = FRONT_END.read("你好，世界！你去吗？\n去。")
    assert [sentence.text for sentence in reading.sentences] == ["你好，世界。", "你去吗？", "去。"]
    assert [sentence.units[-1] for sentence in reading.sentences] == ["#4", "#?", "#4"]
    assert reading.sentences[0].units == ("ni2", "hao3", "#3", "shi4", "jie4", "#4")


def test_a_decimal_point_and_an_address_do_not_end_a_sentence() -> None:
    assert len(FRONT_END.read("版本2.5在www.example.com。").sentences) == 1


def test_a_long_clause_breathes_but_never_in_front_of_a_particle() -> None:
    units = FRONT_END.read("服务运行在测试服务器上的第二个容器里面").sentences[0].units
    assert "#2" in units
    assert all(units[index + 1] not in ("de5", "le5") for index, unit in enumerate(units) if unit == "#2")


BREATHLESS = (
    "我们公司的研发团队在过去三个月里完成了全部服务器的迁移工作并且重新设计了数据库的备份方案"
    "以保证任何一台机器发生故障时业务都可以在五分钟之内自动恢复"
)


def test_a_sentence_without_commas_breathes_every_few_seconds_where_its_parts_join() -> None:
    sentence = FRONT_END.read(BREATHLESS).sentences[0]
    stretches = " ".join(sentence.units).split(" #3 ")
    assert [len([unit for unit in each.split() if unit[0] != "#"]) <= LONGEST_BREATH + 4 for each in stretches] == (
        [True] * len(stretches)
    )
    assert len(stretches) == 3
    assert stretches[1].startswith("bing4 qie3")
    assert sentence.text == BREATHLESS + "。"


def test_what_is_said_in_one_breath_has_no_pause_of_ours() -> None:
    assert "#3" not in FRONT_END.read("服务运行在测试服务器上的第二个容器里面").sentences[0].units


def test_a_breath_never_parts_a_number_or_a_particle_from_its_word() -> None:
    long = "的".join(["一百二十三点四五六七八九台机器"] * 4)
    units = FRONT_END.read(long).sentences[0].units
    assert "#3" in units
    assert all(units[index + 1] not in ("de5", "tai2") for index, unit in enumerate(units) if unit == "#3")


def test_no_two_boundaries_stand_together() -> None:
    units = FRONT_END.read("（你好），、……“世界”；：！！").sentences[0].units
    assert not any(left[0] == right[0] == "#" for left, right in pairwise(units))
    assert units[0][0] != "#"


@pytest.mark.parametrize("text", ["好" * 500, "我们去吃饭" * 100, "我们，" * 300, "a " * 300])
def test_an_endless_sentence_is_cut_into_utterances_of_bounded_length(text: str) -> None:
    reading = FRONT_END.read(text)
    assert len(reading.sentences) > 1
    for sentence in reading.sentences:
        assert sum(not unit.startswith(("#", "en:")) for unit in sentence.units) <= LONGEST_SENTENCE + 6


def test_a_marked_reading_is_said_as_written_and_keeps_its_tone() -> None:
    assert syllables("银<行|XING2>走") == "yin2 xing2 zou3"
    assert syllables("<你|NI3>好") == "ni3 hao3"
    assert syllables("<read|R EH1 D>过") == "en:R en:EH1 en:D guo4"


def test_a_marked_reading_that_nobody_can_say_is_named_and_the_text_read_as_usual() -> None:
    reading = FRONT_END.read("<行|XYZ9>走")
    assert reading.unreadable == ("<行|XYZ9>",)
    assert syllables("<行|XYZ9>走") == "xing2 zou3"


def test_the_users_lexicon_wins_everywhere_also_across_words_and_for_latin() -> None:
    lexicon = Lexicon.parse(["# ours", "行走  hang2 zou3", "Qwen\tqian1 wen4", "", "曾 zeng1 # a surname"])
    front_end = FrontEnd(lexicon)
    assert syllables("步行走路用Qwen，姓曾", front_end) == "bu4 hang2 zou3 lu4 yong4 qian1 wen4 xing4 zeng1"


def test_a_lexicon_line_without_a_sayable_reading_is_refused_with_its_number() -> None:
    with pytest.raises(LexiconProblem, match=r"mine.txt line 2: '行走' needs a reading"):
        Lexicon.parse(["好 hao3", "行走 zzz1"], name="mine.txt")


def test_a_lexicon_file_in_another_encoding_is_refused_with_file_line_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.txt"
    path.write_bytes(b"ok hao3\n" + "重庆 chong2 qing4\n".encode("gbk"))
    with pytest.raises(LexiconProblem, match=r"lexicon.txt line 2: this is not UTF-8; save the file as UTF-8"):
        Lexicon.load(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(LexiconProblem, match=r"lexicon.txt can't be read"):
        Lexicon.load(path)


def test_the_shipped_word_lists_hold_one_syllable_per_character() -> None:
    for word, units in (*built_in().words.items(), *characters().words.items()):
        assert len(word) == len(units), word


def test_characters_that_nobody_can_read_are_named() -> None:
    assert FRONT_END.read("你好かな").unreadable == ("か", "な")


@pytest.mark.parametrize("text", ["", "   \n\t", "😀🎉", "\x00\x01", "\ud800", "……！！？", "<<>>||", "-"])
def test_text_with_nothing_to_say_gives_no_sentence(text: str) -> None:
    assert FRONT_END.read(text).sentences == ()


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=120))
@settings(max_examples=300, deadline=None)
def test_whatever_is_typed_the_units_are_ones_the_voice_knows(text: str) -> None:
    for sentence in FRONT_END.read(text).sentences:
        encode(sentence.units)
        assert sentence.units[-1] in ("#4", "#?", "#3")


PIECES = [
    *(
        "1",
        "-",
        ".",
        ":",
        "/",
        "年",
        "月",
        "%",
        "¥",
        "km/h",
        "x²",
        "√",
        "GB",
        "v2",
        "<行|XING2>",
        "<a|",
        "|",
        ">",
        "儿",
        "一",
        "不",
    ),
    *(
        "https://a.cn/1",
        "a@b.cn",
        "::1",
        "C:\\",
        "😀",
        "\ud800",
        "\ue000",
        "\U000f0000",
        "\n",
        "。",
        "？",
        "，",
        " ",
        "隻",
        "Ⅳ",
        "½",
    ),
]


@given(st.lists(st.sampled_from(PIECES), max_size=80))
@settings(max_examples=300, deadline=None)
def test_pieces_of_everything_in_any_order_become_units_the_voice_knows(pieces: list[str]) -> None:
    for sentence in FRONT_END.read("".join(pieces)).sentences:
        encode(sentence.units)


@pytest.mark.parametrize(
    "text", ["1" * 20_000, "<行|" * 5_000, "1.1" * 5_000, "好" * 20_000, "x" * 20_000, "一不" * 5_000]
)
def test_an_endless_run_of_one_thing_is_read_in_seconds(text: str) -> None:
    begun = time.process_time()
    assert FRONT_END.read(text).sentences
    assert time.process_time() - begun < 20

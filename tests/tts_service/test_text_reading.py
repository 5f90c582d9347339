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
        ("一个", "yi2 ge4"),
        ("一样", "yi2 yang4"),
        ("一起", "yi4 qi3"),
        ("一天", "yi4 tian1"),
        ("一年", "yi4 nian2"),
        ("一百", "yi4 bai3"),
        ("一万", "yi2 wan4"),
        ("第一", "di4 yi1"),
        ("第一个", "di4 yi1 ge4"),
        ("统一", "tong3 yi1"),
        ("十一个", "shi2 yi1 ge4"),
        ("一月一号", "yi1 yue4 yi1 hao4"),
        ("一九九八年", "yi1 jiu2 jiu3 ba1 nian2"),
        ("三点一四", "san1 dian3 yi1 si4"),
        ("一点五", "yi1 dian2 wu3"),
        ("看一看", "kan4 yi5 kan4"),
        ("一定要", "yi2 ding4 yao4"),
        ("千万一定", "qian1 wan4 yi2 ding4"),
        ("不是", "bu2 shi4"),
        ("不好", "bu4 hao3"),
        ("不去", "bu2 qu4"),
        ("好不好", "hao3 bu5 hao3"),
        ("对不起", "dui4 bu5 qi3"),
    ],
)
def test_yi_and_bu_change_with_what_follows(text: str, expected: str) -> None:
    assert syllables(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好", "ni2 hao3"),
        ("我很好", "wo3 hen2 hao3"),
        ("展览馆", "zhan2 lan2 guan3"),
        ("小老虎", "xiao3 lao2 hu3"),
        ("雨伞，你好", "yu2 san3 ni2 hao3"),
        ("很好，老师", "hen2 hao3 lao3 shi1"),
        ("老Python好", "lao3 en:P en:AY1 en:TH en:AA0 en:N hao3"),
    ],
)
def test_a_third_tone_before_a_third_tone_becomes_a_second_within_a_breath(text: str, expected: str) -> None:
    assert syllables(text) == expected


ERHUA = """
一会儿 | yi2 hui4 er5
这儿 | zhe4 er5
哪儿 | na3 er5
那儿 | na4 er5
玩儿 | wan2 er5
儿子 | er2 zi5
女儿 | nv3 er2
婴儿 | ying1 er2
儿童 | er2 tong2
幼儿园 | you4 er2 yuan2
一点儿 | yi4 dian3 er5
鸟儿 | niao3 er5
事儿 | shi4 er5
味儿 | wei4 er5
今儿 | jin1 er5
少儿 | shao4 er2
孤儿 | gu1 er2
托儿所 | tuo1 er2 suo3
儿媳 | er2 xi2
健儿 | jian4 er2
男儿 | nan2 er2
有点儿 | you2 dian3 er5
哥们儿 | ge1 men5 er5
一块儿 | yi2 kuai4 er5
胎儿 | tai1 er2
儿歌 | er2 ge1
宝贝儿 | bao3 bei4 er5
聊会儿天 | liao2 hui4 er5 tian1
他在那儿玩儿 | ta1 zai4 na4 er5 wan2 er5
我儿子在这儿 | wo3 er2 zi5 zai4 zhe4 er5
"""
SANDHI = """
一直 | yi4 zhi2
一共 | yi2 gong4
一边 | yi4 bian1
一切 | yi2 qie4
唯一 | wei2 yi1
万一 | wan4 yi1
之一 | zhi1 yi1
一二三 | yi1 er4 san1
二十一 | er4 shi2 yi1
一楼 | yi1 lou2
一分钟 | yi4 fen1 zhong1
试一试 | shi4 yi5 shi4
想一想 | xiang3 yi5 xiang3
一步一步 | yi2 bu4 yi2 bu4
一心一意 | yi4 xin1 yi2 yi4
第一次 | di4 yi1 ci4
初一 | chu1 yi1
一号 | yi1 hao4
星期一 | xing1 qi1 yi1
周一 | zhou1 yi1
百分之一 | bai3 fen1 zhi1 yi1
一百一十一 | yi4 bai3 yi1 shi2 yi1
一万一千 | yi2 wan4 yi4 qian1
一亿 | yi2 yi4
一台服务器 | yi4 tai2 fu2 wu4 qi4
一致 | yi2 zhi4
一旦 | yi2 dan4
统一部署 | tong3 yi1 bu4 shu3
2.1版 | er4 dian3 yi1 ban3
1.5米 | yi1 dian2 wu2 mi3
11点 | shi2 yi1 dian3
1点 | yi4 dian3
1个 | yi2 ge4
101 | yi4 bai3 ling2 yi1
不对 | bu2 dui4
不同 | bu4 tong2
不会 | bu2 hui4
不用 | bu2 yong4
不能 | bu4 neng2
不一样 | bu4 yi2 yang4
是不是 | shi4 bu5 shi4
能不能 | neng2 bu5 neng2
不见不散 | bu2 jian4 bu2 san4
不过 | bu2 guo4
不要 | bu2 yao4
从不 | cong2 bu4
要不 | yao4 bu4
水果 | shui2 guo3
可以 | ke2 yi3
所以 | suo2 yi3
洗手 | xi2 shou3
手表 | shou2 biao3
五百 | wu2 bai3
九点 | jiu2 dian3
两点 | liang2 dian3
很远 | hen2 yuan3
买水果 | mai3 shui2 guo3
我也很好 | wo2 ye3 hen2 hao3
管理组 | guan2 li2 zu3
小组长 | xiao2 zu2 zhang3
在哪里 | zai4 na2 li5
演讲稿 | yan2 jiang2 gao3
纸老虎 | zhi3 lao2 hu3
领导 | ling2 dao3
手写体 | shou2 xie2 ti3
雨水 | yu2 shui3
总统府 | zong2 tong2 fu3
你有五百美元 | ni2 you3 wu2 bai2 mei3 yuan2
辅导小组 | fu2 dao3 xiao2 zu3
起点 | qi2 dian3
想起 | xiang2 qi3
老板 | lao2 ban3
姐姐 | jie3 jie5
椅子 | yi3 zi5
耳朵 | er3 duo5
打扫 | da2 sao3
臺灣 | tai2 wan1
銀行 | yin2 hang2
"""


def table(rows: str) -> list[tuple[str, str]]:
    return [(written, read) for written, _, read in (line.partition(" | ") for line in rows.strip().splitlines())]


@pytest.mark.parametrize(("text", "expected"), table(ERHUA))
def test_er_is_a_unit_of_its_own_behind_a_word_and_a_syllable_inside_a_child(text: str, expected: str) -> None:
    assert syllables(text) == expected


@pytest.mark.parametrize(("text", "expected"), table(SANDHI))
def test_tones_change_in_words_numbers_and_across_words(text: str, expected: str) -> None:
    assert syllables(text) == expected


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
        ("他跑得快", "ta1 pao3 de5 kuai4"),
        ("我得走了", "wo3 dei2 zou3 le5"),
        ("慢慢地走", "man4 man4 de5 zou3"),
        ("在地上", "zai4 di4 shang4"),
        ("还钱", "huan2 qian2"),
        ("还有", "hai2 you3"),
        ("三只猫", "san1 zhi1 mao1"),
        ("一行代码", "yi4 hang2 dai4 ma3"),
        ("命令行执行", "ming4 ling4 hang2 zhi2 xing2"),
        ("重新部署", "chong2 xin1 bu4 shu3"),
        ("重庆银行行长", "chong2 qing4 yin2 hang2 hang2 zhang3"),
        ("音乐快乐", "yin1 yue4 kuai4 le4"),
        ("旅行策略", "lv3 xing2 ce4 lve4"),
        ("妈妈和朋友", "ma1 ma5 he2 peng2 you5"),
        ("禅道", "chan2 dao4"),
        ("嗯", "en4"),
        ("他得了奖", "ta1 de2 le5 jiang3"),
        ("我得了解情况", "wo2 dei3 liao2 jie3 qing2 kuang4"),
        ("他姓仇", "ta1 xing4 qiu2"),
        ("单女士姓华", "shan4 nv3 shi4 xing4 hua4"),
        ("越长越高", "yue4 zhang3 yue4 gao1"),
        ("新生儿和患儿", "xin1 sheng1 er2 he2 huan4 er2"),
        ("重庆的行长，好吗", "chong2 qing4 de5 hang2 zhang3 hao3 ma5"),
        ("好老师的爱好", "hao2 lao3 shi1 de5 ai4 hao4"),
        ("每天都会备份", "mei3 tian1 dou1 hui4 bei4 fen4"),
        ("中国都支持", "zhong1 guo2 dou1 zhi1 chi2"),
        ("雨下得很大", "yu3 xia4 de5 hen3 da4"),
        ("长得真快", "zhang3 de5 zhen1 kuai4"),
        ("天真地问这块地有多大", "tian1 zhen1 de5 wen4 zhe4 kuai4 di4 you3 duo1 da4"),
        ("他任性地走了", "ta1 ren4 xing4 de5 zou3 le5"),
        ("这样都行", "zhe4 yang4 dou1 xing2"),
        ("他们都为大家着想", "ta1 men5 dou1 wei4 da4 jia1 zhuo2 xiang3"),
        ("我得很快走", "wo3 dei2 hen3 kuai4 zou3"),
        ("他好喝酒", "ta1 hao4 he1 jiu3"),
    ],
)
def test_characters_with_several_readings_follow_their_neighbours(text: str, expected: str) -> None:
    assert syllables(text) == expected


def test_erhua_is_a_unit_of_its_own_and_a_daughter_keeps_her_syllable() -> None:
    assert syllables("小孩儿") == "xiao3 hai2 er5"
    assert syllables("花儿") == "hua1 er5"
    assert syllables("女儿") == "nv3 er2"


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

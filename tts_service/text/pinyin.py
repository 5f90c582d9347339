"""Chinese words → syllables: the user's lexicon, our words, then pypinyin; rules for the particles 得 地 着 了."""

import re
from collections.abc import Sequence
from typing import Final

from tts_service.text import readings
from tts_service.text.grammar import ASKING, LIVED, POSTS
from tts_service.text.lexicon import Lexicon, built_in, characters
from tts_service.text.polyphone import Polyphones, shipped
from tts_service.text.sandhi import Syllable
from tts_service.text.units import is_known
from tts_service.text.vocabulary import frequency, segmenter

# Numbers are words of their own, which a general segmenter cuts anywhere: 一百二十三, 三点一四, 四零九零.
_NUMERAL: Final = re.compile(
    "((?:(?:[一二两三四五六七八九][十百千万亿]|十)零?(?:[一二三四五六七八九]?[十百千万亿]零?)*[一二三四五六七八九]?"
    "|[零一二三四五六七八九])点[零一二三四五六七八九]+(?![刻点])"
    "|[一二两三四五六七八九][十百千万亿]零?(?:[一二三四五六七八九]?[十百千万亿]零?)*(?:[二三四五六七八九]|一(?![定些下样起直切般]))?"
    "|十[一二三四五六七八九]"
    "|[零一二三四五六七八九幺]{3,}(?![十百千万亿]))"
)
_MUST: Final = frozenset("我你他她它您们咱谁也还就都总必非只")
_GROUND: Final = frozenset("在此当本各该这那某两陆土每整满遍原块片亩")
_PAID_BACK: Final = frozenset("钱款债书账清贷给")
_PLANTED: Final = frozenset("树花菜地田草瓜豆")
_GROWN: Final = frozenset("得出成满大高")
_COUNTING: Final = frozenset("一二两三四五六七八九十百千万几多每这那第数")
_NUMBERS: Final = frozenset("零一二两三四五六七八九十百千万第")
_TITLES: Final = frozenset(
    {"先生", "女士", "小姐", "老师", "经理", "总", "主任", "医生", "教授", "同学", "师傅", "家", "氏"}
)
_SON: Final = frozenset("女幼婴孤少男健育胎宠混生患产病弃血运潮浪能")
_CAPITAL: Final = frozenset("首国京故古旧迁建定陪帝新")
_FULL_INSIDE: Final = frozenset({"东西", "地方", "过去", "打点", "小气", "难为", "人家", "娘子"})
"""Words of ours whose second syllable is a full one inside longer words: 东西方, 地方政府, 过去式, 打点滴."""
_LEADING: Final = frozenset("地得都也就还很再太真最更被把别")
_TRAILING: Final = frozenset("得地着了")
_MEASURES: Final = frozenset("个根块条张件把副碗杯盆勺首支颗棵")
_COUNTED: Final = _MEASURES | frozenset("行只间种辆台本名位份")
_PLACING: Final = frozenset("上里")
_FAMILIAR: Final = frozenset({"老", "小", "阿"})
_DEGREES: Final = ("很", "真", "太", "更", "最", "挺", "非常", "特别", "十分", "这么", "那么", "越来越", "有点")
_EXTREMES: Final = frozenset({"厉害", "要命", "要死", "不行", "不得了", "可怜", "慌", "吓人", "够呛"})
_ON_THE_GROUND: Final = frozenset("上里下面处区段位价势基")
_WELL: Final = frozenset("都也就还才真")
_SOMEBODY: Final = frozenset(
    {"我", "你", "他", "她", "它", "您", "我们", "你们", "他们", "她们", "咱们", "自己", "大家"}
)
_CALLED: Final = frozenset("称视成变作选定评誉列当")
_FOND_OF: Final = frozenset(
    {"喝酒", "打架", "打听", "赌博", "赌", "武", "面子", "管", "管闲事", "出风头", "打抱不平", "凑热闹", "吹牛", "钻研"}
)
_SURNAMES: Final = {
    "仇": "qiu2", "单": "shan4", "解": "xie4", "曾": "zeng1", "朴": "piao2", "任": "ren2", "区": "ou1", "华": "hua4",
    "盖": "ge3", "查": "zha1", "缪": "miao4", "燕": "yan1", "纪": "ji3", "那": "na1", "翟": "zhai2", "员": "yun4",
    "洗": "xian3", "黑": "he4", "葛": "ge3", "尹": "yin3",
}  # fmt: skip
"""Characters that are read otherwise behind 姓."""
_KIN: Final = frozenset({
    "阿姨", "叔叔", "大爷", "大妈", "大叔", "大姐", "大哥", "爷爷", "奶奶", "伯伯", "伯母", "大娘", "婶婶", "护士",
})  # fmt: skip
_ADDRESSED: Final = frozenset({"先生", "女士", "小姐", "同学", "教授", "老师", "总", "工"}) | _KIN
_CIVIL: Final = frozenset({"先生", "女士", "小姐"})
_OFFICES: Final = frozenset({
    "经理", "主任", "医生", "师傅", "大夫", "局长", "院长", "处长", "科长", "部长", "校长", "书记", "律师", "警官",
})  # fmt: skip
"""Titles that also stand behind a verb: 任经理 is a manager called Ren only where somebody is addressed or meant."""
_CLIENTS: Final = frozenset({"客户", "顾客", "患者", "病人", "旅客", "乘客", "嘉宾", "业主", "房东", "邻居", "访客"})
_TOWARDS: Final = frozenset({"", "请", "是", "找", "和", "跟", "与", "给", "对", "问", "让", "向", "见", "的", "叫"})
_ADDRESSABLE: Final = frozenset("仇单曾朴任翟缪解区华盖葛燕纪尹")
_ASKED: Final = ("吗", "么", "多少", "那么", "这么", "多久", "多远", "几")
"""What follows when somebody asks, or says, how much can be done: 交得了吗, 装得了多少."""
_CALLING: Final = (
    "姓", "叫", "名叫", "叫做", "同学", "同事", "老师", "先生", "女士", "演员", "导演", "歌手", "作家", "作者", "教练",
    "球员", "选手", "记者", "编辑", "主持人", "教授", "院士", "医生", "律师", "总裁", "经理", "主任", "主席", "部长",
)  # fmt: skip
"""Words behind which a name stands."""
_GAINING: Final = frozenset("获取赢博夺求习懂难免觉记值显舍懒省心使所")
"""What stands before 得 where 得 itself is 'to get' or a part of the word: 获得了, but 来得了吗."""
_REFUSING: Final = frozenset("我你他她它也就都再们")
_SPELLED_BEHIND: Final = ("是", "字", "吗", "吧", "呢", "怎么")
_FAMILY_NAMES: Final = frozenset("王李张刘陈杨赵黄周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许邓韩冯董吕蒋蔡余杜叶程苏魏")
_NOUNS: Final = {"传": "zhuan4", "劲": "jin4", "调": "diao4", "卷": "juan4", "觉": "jiao4", "担": "dan4"}
"""Characters that are a noun behind 的, where nothing follows: 乔布斯的传, 浑身的劲."""


def segment(text: str, lexicon: Lexicon) -> list[str]:
    """Cuts a run of Chinese characters into words.

    A word of the user's lexicon stays whole wherever it stands; one of ours only where it begins and ends between
    jieba's words.
    """
    words: list[str] = []
    for part, given in _given(text, lexicon):
        if given:
            words.append(part)
            continue
        for index, run in enumerate(_NUMERAL.split(part)):
            words += [run] * bool(run) if index % 2 else _rejoined(_counted(_cut(run)) if index else _cut(run))
    return words


def _counted(words: list[str]) -> list[str]:
    """Takes the measure behind a number off a word that jieba only supposes: 五百 + 行报."""
    first = words[0] if words else ""
    supposed = len(first) > 1 and not frequency(first) and first not in built_in().words
    return [first[0], first[1:], *words[1:]] if supposed and first[0] in _COUNTED else words


def _cut(run: str) -> list[str]:
    """Cuts with jieba, and takes the particle off a word that it only supposes (天真 + 地问, 下得 + 很大), and
    the measure, or the end of the place before (系 + 根, 铺 + 块; 地 + 上 + 铺着), and what follows a name (小李 + 找).
    """
    words: list[str] = []
    for word in segmenter().cut(run):
        if len(word) < 2 or frequency(word) or word in built_in().words:
            words.append(word)
        elif word[:-1] in built_in().words:
            words += [word[:-1], word[-1]]
        elif words and words[-1] in _FAMILIAR and word[0] in _FAMILY_NAMES and len(word) < 4:
            words[-1:] = [words[-1] + word[0], *_cut(word[1:])]
        elif word[0] in _LEADING:
            words += [word[0], word[1:]]
        elif word[-1] in _TRAILING:
            words += [word[:-1], word[-1]]
        elif word[0] in _PLACING or (len(word) == 2 and word[1] in _MEASURES):
            words += [word[0], word[1:]]
        else:
            words.append(word)
    return words


def _given(text: str, lexicon: Lexicon) -> list[tuple[str, bool]]:
    if not lexicon.pattern:
        return [(text, False)]
    parts = lexicon.pattern.split(text)
    return [(part, index % 2 == 1) for index, part in enumerate(parts) if part]


def _rejoined(words: list[str]) -> list[str]:
    known = built_in().words
    joined: list[str] = []
    index = 0
    while index < len(words):
        for count in range(min(4, len(words) - index), 1, -1):
            candidate = "".join(words[index : index + count])
            if candidate in known:
                break
        else:
            count, candidate = 1, words[index]
        joined.append(candidate)
        index += count
    return joined


def syllables(
    words: Sequence[str], *, model: Polyphones | None = None, listed: Lexicon | None = None
) -> list[tuple[Syllable, ...]]:
    """Reads the words of one run, one tuple each; the tones are the dictionary's, `sandhi.spoken_tones` comes after.

    A character that nobody can read gives no syllable. `model` and `listed` stand in for the shipped polyphone model
    and word list where these themselves are measured. Raises PolyphoneError when the release lacks its model.
    """
    polyphones, known = model or shipped(), (listed or built_in()).words
    read: list[tuple[Syllable, ...]] = []
    for index, (word, chosen) in enumerate(zip(words, polyphones.readings(words), strict=True)):
        before = words[index - 1] if index else ""
        behind = words[index + 1] if index + 1 < len(words) else ""
        given = known.get(word)
        if given and len(given) == len(word):
            said = list(given)
        elif len(word) == 1:
            earlier = words[index - 2] if index > 1 else ""
            said = [_alone(word, before, behind, chosen[0], earlier)]
        else:
            said = _word(word, before, behind, chosen)
        units = [_citation(char, unit) for char, unit in zip(word, said, strict=True)]
        read.append(
            tuple(
                Syllable(char, unit[:-1], unit[-1], index)
                for char, unit in zip(word, units, strict=True)
                if unit and is_known(unit)
            )
        )
    return read


def _word(word: str, before: str, behind: str, chosen: Sequence[str | None]) -> list[str]:
    units = [given or unit for given, unit in zip(chosen, _looked_up(word), strict=True)]
    if word[0] in _SURNAMES and _is_name(word, before, behind):
        units[0] = _SURNAMES[word[0]]
    if word == "和解" and behind in _ADDRESSED | _OFFICES:
        units[1] = _SURNAMES["解"]
    if len(word) == 2 and word[0] == "姓" and word[1] in _SURNAMES:
        units[1] = _SURNAMES[word[1]]
    if word[-1] == "得" and word[0] in _GAINING and behind.startswith((*_DEGREES, "不")):
        units[-1] = "de5"
    if word == "不了" and before and before[-1] not in _REFUSING:
        units[1] = "liao3"
    if word[0] == "好":
        units[0] = _looked_up(word)[0]
    if word[-1] == "儿" and word[-2] not in _SON:
        units[-1] = "er5"
    if word[-1] == "们":
        units[-1] = "men5"
    if word[0] == "第" and word[-1] == "卷":
        units[-1] = "juan4"
    if len(word) == 3 and word[0] == word[1] and word[2] == "地":
        units[-1] = "de5"
    if len(word) > 2:
        _weaken(word, units)
    return units


def _weaken(word: str, units: list[str]) -> None:
    """Keeps the neutral syllable of one of our words at the beginning or end of a longer one: 打听一下, 不好意思."""
    for start in (0, len(word) - 2):
        part = word[start : start + 2]
        given = built_in().words.get(part, ())
        neutral = len(given) == 2 and given[1][-1] == "5" and units[start + 1][:-1] == given[1][:-1]
        if neutral and part[0] != part[1] and part not in _FULL_INSIDE:
            units[start + 1] = given[1]


def _is_name(word: str, before: str, behind: str) -> bool:
    """Tells whether a word that begins with a surname is a name: 仇先生, 演员单晓明, 单晓明老师."""
    if word[0] in _ADDRESSABLE and word[1:] in _ADDRESSED:
        return True
    known = frequency(word) or readings.shipped().phrase(word)
    return not known and ((len(word) < 5 and before.endswith(_CALLING)) or (len(word) < 4 and behind in _ADDRESSED))


def _citation(char: str, unit: str) -> str:
    """Gives 一 and 不 their dictionary tone back, which the dictionaries of phrases have already changed in places."""
    if char == "一" and unit in ("yi2", "yi4"):
        return "yi1"
    return "bu4" if char == "不" and unit == "bu2" else unit


def _looked_up(word: str) -> list[str]:
    return readings.shipped().word(word)


def _alone(char: str, before: str, behind: str, chosen: str | None, earlier: str) -> str:
    """Reads a word of one character: by its neighbours where the grammar is certain, else as the model chose."""
    last, following = before[-1:], behind[:1]
    if char in _SURNAMES and (last == "姓" or (char in _ADDRESSABLE and behind in _ADDRESSED)):
        return _SURNAMES[char]
    posts = _OFFICES if char == "任" else _OFFICES | POSTS
    if char in _ADDRESSABLE and behind in posts and before in _TOWARDS:
        return _SURNAMES[char]
    if char in _ADDRESSABLE and before in ("老", "小"):
        return _SURNAMES[char]
    if char == "查" and behind in _CIVIL and before in _TOWARDS | _CLIENTS:
        return _SURNAMES[char]
    if char in _NOUNS and before == "的" and not behind:
        return _NOUNS[char]
    if before == "的" and len(earlier) > 1 and char in earlier and behind.startswith(_SPELLED_BEHIND if behind else ""):
        return (built_in().words.get(earlier) or _looked_up(earlier))[earlier.index(char)]
    match char:
        case "得" if last in _MUST and behind in ("了", "过", "的"):
            return "de2"
        case "都" if before not in _CAPITAL:
            return "dou1"
        case "好":
            return "hao4" if behind in _FOND_OF else "hao3"
        case "得" if last in _MUST and behind:
            return "dei3"
        case "地" if not before or last in _GROUND or not behind:
            return "di4"
        case "得" if last not in _MUST and (behind.startswith(_DEGREES) or behind in _EXTREMES):
            return "de5"
        case "地" if len(before) > 1 and before[0] not in _COUNTING and following not in _ON_THE_GROUND:
            return "de5"
        case "了" if last == "得" and len(before) == 2 and before[0] not in _GAINING | _MUST:
            return "liao3"
        case "了" if before == "得" and earlier and earlier[-1] not in _GAINING | _MUST and behind.startswith(_ASKED):
            return "liao3"
        case "着" if not before:
            return "zhao2"
        case "还" if following in _PAID_BACK:
            return "huan2"
        case "种" if following in _PLANTED:
            return "zhong4"
        case "长" if following in _GROWN:
            return "zhang3"
        case "只" if last in _COUNTING:
            return "zhi1"
        case "行" if last in _COUNTING:
            return "hang2"
        case "行" if last in _WELL:
            return "xing2"
        case "和" if len(before) > 1 and len(behind) > 1:
            return "he2"
        case "为" if earlier == "以":
            return "wei2"
        case "当" if earlier in ("把", "拿") and behind:
            return "dang4"
        case "应" if len(before) > 1 and behind and behind not in ASKING:
            return "ying1"
        case "为" if behind in _SOMEBODY and last not in _CALLED:
            return "wei4"
        case "为" if following in _NUMBERS:
            return "wei2"
        case "数" if following == "一":
            return "shu3"
        case "曾" if behind and behind not in _TITLES | _OFFICES | _KIN and last != "姓":
            return "ceng2"
        case "过" if (len(before) == 1 and behind) or (before in LIVED and following not in ("得", "不")):
            return "guo5"
        case "儿" if before:
            return "er2" if last in _SON else "er5"
    known = characters().words.get(char)
    if known and (chosen is None or not (before or behind)):
        return known[0]
    return chosen or _looked_up(char)[0]

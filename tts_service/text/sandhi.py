"""Tones as they are spoken: 一, 不 and the third tone change with what follows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from tts_service.text.vocabulary import is_prefixed

_NUMERALS: Final = frozenset("零一二三四五六七八九十百千万亿两点幺第")
_DIGITS: Final = frozenset("零一二三四五六七八九幺")
_PREFIXES: Final = frozenset("小老好很请纸")
_ORDINAL_BEHIND: Final = frozenset("月号日班楼")
_KEEPING_ONE: Final = frozenset({"独一无二", "说一不二", "不一而足", "划一不二"})
"""Words in which 一 is the number itself and keeps its tone."""
_ADVERBS: Final = frozenset("并绝决何莫可再从毫岂要还倒既也都就又才更最很真太若只本永互尚仍")
"""What makes no verb with a potential complement of a three-syllable word around 不: 并不是, but 听不懂."""
_COMPLEMENTS: Final = frozenset("到了起动住着开完")
"""What stands behind 不 in a word of its own where the verb before it can't be done: 找不到, 买不起."""
_LONG_COMPLEMENTS: Final = frozenset({
    "清楚", "明白", "干净", "整齐", "进去", "进来", "出去", "出来", "起来", "过去", "过来", "下去", "下来", "上去",
    "上来", "回去", "回来",
})  # fmt: skip
_WITH_OBJECT: Final = re.compile(
    "聊天|唱歌|[说讲谈]话|谈心|[讲听补]课|[读看借]书|看[病戏]|[写练]字|听歌|问[路好]|走路|跑步|跳舞|爬山|[骑停坐换]车"
    "|逛街|转身|睡觉|吃饭|喝[茶水酒]|洗[澡手脸头碗]|擦脸|刷牙|扫地|[切炒买]菜|打[球牌]|踢球|拍[照手]|带路|搬家|帮忙"
    "|动[手脑]|伸手|摇头|吹[牛风]|养花|理发|歇脚|松手|[查算]账|数钱"
)
"""Verbs with their object, of which the verb is said twice: 聊聊天. Others begin with it by chance: 问问题."""
_DOUBLED: Final = frozenset(
    "看听说想试走聊问找谈读写练学用玩逛转坐站歇躺睡吃喝尝闻摸拍敲打踢跳跑爬骑修改补查数算量称比搜翻洗擦扫刷晒烤煮炒切剪缝拉推"
    "搬抬提扶揉捏按捶抱哄逗劝帮教管催陪送接带让借换买卖讲评猜念背唱演瞧瞅动伸甩摇晃夸训吹聚笑养泡停歇挑选理拖挤松"
)
"""Verbs that are said twice for 'a little', the second time without tone: 看看书, 帮帮我."""
_OPERATORS: Final = frozenset("加减乘比")


@dataclass(frozen=True)
class Syllable:
    """One spoken character: `char` as written ("" for a marked reading), `base` without tone, `tone` 1–5.

    `word` is the index of the word it belongs to; `fixed` readings (typed by a person) keep their tone.
    """

    char: str
    base: str
    tone: str
    word: int = 0
    fixed: bool = False

    @property
    def unit(self) -> str:
        return self.base + self.tone


def spoken_tones(syllables: Sequence[Syllable]) -> list[Syllable]:
    """Applies the changes within one breath group: first 一 and 不, then the third tones, word by word."""
    changed = list(syllables)
    for index, syllable in enumerate(changed):
        if syllable.fixed or syllable.tone == "5":
            continue
        if syllable.char == "一":
            changed[index] = replace(syllable, tone=_yi(changed, index))
        elif syllable.char == "不" and syllable.base == "bu":
            changed[index] = replace(syllable, tone=_bu(changed, index))
    _weaken_doubled(changed)
    return _third_tones(changed)


def _weaken_doubled(syllables: list[Syllable]) -> None:
    """Takes the tone of a verb that is said a second time, and makes its third tone a second before it: 走走 2 5."""
    for index in range(1, len(syllables)):
        first, second = syllables[index - 1], syllables[index]
        if (
            first.char == second.char
            and first.char in _DOUBLED
            and (first.base, first.tone) == (second.base, second.tone)
            and not second.fixed
            and first.char not in (_char(syllables, index - 2), _char(syllables, index + 1))
            and _says_it_again(_word(syllables, first.word), _word(syllables, second.word), first.word == second.word)
        ):
            syllables[index] = replace(second, tone="5")
            if first.tone == "3" and not first.fixed:
                syllables[index - 1] = replace(first, tone="2")


def _says_it_again(before: str, word: str, same: bool) -> bool:
    """Whether a verb is said twice: in one word (看看), in two (看 看), before its object (聊 聊天); not 考试 试题."""
    if same:
        return len(word) < len("说说笑笑")
    return len(before) == 1 and (len(word) == 1 or _WITH_OBJECT.fullmatch(word) is not None)


def _word(syllables: Sequence[Syllable], word: int) -> str:
    return "".join(each.char for each in syllables if each.word == word)


def _char(syllables: Sequence[Syllable], index: int) -> str:
    return syllables[index].char if 0 <= index < len(syllables) else ""


def _same_word(syllables: Sequence[Syllable], left: int, right: int) -> bool:
    return left >= 0 and right < len(syllables) and syllables[left].word == syllables[right].word


def _yi(syllables: Sequence[Syllable], index: int) -> str:
    before, behind = _char(syllables, index - 1), _char(syllables, index + 1)
    word = _word(syllables, syllables[index].word)
    counting = all(char in _NUMERALS for char in word)
    # 看一看, but not the digits 二一二 nor 一半一半.
    again = before and before == behind and _char(syllables, index - 2) != "一"
    if again and before not in _DIGITS and _same_word(syllables, index - 1, index):
        return "5"
    if again and before not in _NUMERALS:
        return "5"
    if behind in _DIGITS and (counting or _same_word(syllables, index, index + 1)):
        return "1"
    joined = counting or _same_word(syllables, index - 1, index)
    if joined and (before in _DIGITS or before in ("十", "第", "初")) and behind not in ("百", "千"):
        return "1"
    if before == "点" and _char(syllables, index - 2) in _DIGITS and counting:
        return "1"
    if behind == "点" and _char(syllables, index + 2) in _DIGITS:
        return "1"
    if _operand(syllables, index):
        return "1"
    if behind == "十" or (behind in _ORDINAL_BEHIND and _char(syllables, index + 2) not in ("个",)):
        return "1"
    if word in _KEEPING_ONE:
        return "1"
    last_of_word = len(word) > 1 and not _same_word(syllables, index, index + 1)
    if not behind or last_of_word:
        return "1"
    return "2" if _following_tone(syllables, index) == "4" else "4"


def _operand(syllables: Sequence[Syllable], index: int) -> bool:
    """Whether 一 is a number that is counted with: 一加二, 二比一, 一到两天, 负一 (but not the results 一负一平)."""
    around = [_char(syllables, index + step) for step in (-2, -1, 1, 2)]
    negative = around[1] == "负" and around[0] not in _DIGITS and around[0] != "胜"
    return (
        (around[1] in _OPERATORS and around[0] in _DIGITS)
        or (around[2] in _OPERATORS and around[3] in _DIGITS)
        or (around[2] == "到" and around[3] in _DIGITS | {"两", "十"})
        or negative
    )


def _following_tone(syllables: Sequence[Syllable], index: int) -> str:
    following = syllables[index + 1]
    return "4" if following.char == "个" else following.tone


def _bu(syllables: Sequence[Syllable], index: int) -> str:
    before, behind = _char(syllables, index - 1), _char(syllables, index + 1)
    if before and before == behind:
        return "5"
    inside = _same_word(syllables, index - 1, index + 1)
    ends = not _same_word(syllables, index - 2, index) and not _same_word(syllables, index, index + 2)
    if inside and ends and before not in _ADVERBS:
        return "5"
    single = not _same_word(syllables, index - 2, index - 1) and not _same_word(syllables, index - 1, index)
    if single and before in _DOUBLED and behind in _COMPLEMENTS and _same_word(syllables, index, index + 1):
        return "5"
    if before in _DOUBLED and behind + _char(syllables, index + 2) in _LONG_COMPLEMENTS:
        return "5"
    return "2" if behind and syllables[index + 1].tone == "4" else "4"


def _third_tones(syllables: list[Syllable]) -> list[Syllable]:
    """Makes 3 + 3 into 2 + 3, first inside each word, then across words from the right."""
    changed = list(syllables)
    start = 0
    while start < len(changed):
        end = start + 1
        while end < len(changed) and _same_word(changed, start, end):
            end += 1
        for index in _order(changed, start, end):
            _soften(changed, index)
        start = end
    for index in range(len(changed) - 2, -1, -1):
        if not _same_word(changed, index, index + 1):
            _soften(changed, index)
    return changed


def _order(syllables: Sequence[Syllable], start: int, end: int) -> list[int]:
    """The places of a word in the order in which its parts were joined: 展览 + 馆 (2 2 3) from the left, 小 + 老虎 and
    总 + 导演 (3 2 3) from the right, longer words two by two (美好 + 理想, 2 3 2 3).
    """
    if end - start == 3:
        word = "".join(each.char for each in syllables[start:end])
        return [start + 1, start] if word[:1] in _PREFIXES or is_prefixed(word) else [start, start + 1]
    return [*range(start, end - 1, 2), *range(start + 1, end - 1, 2)[::-1]]


def _soften(syllables: list[Syllable], index: int) -> None:
    here, following = syllables[index], syllables[index + 1]
    if here.tone == "3" and following.tone == "3" and not here.fixed:
        syllables[index] = replace(here, tone="2")

"""Where the voice breathes: phrase boundaries by length and by what words go together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_SHORTEST: Final = 3
_LONGEST: Final = 9
_WANTED: Final = 5
LONGEST_BREATH: Final = 28
"""Syllables that are said in one breath, where words allow."""
_SHORTEST_BREATH: Final = 10
_FURTHEST: Final = 32
"""So far a breath may reach when a conjunction stands there."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that lean on the one before them, or on the one behind: never a break there.
_LEANS_BACK: Final = _words(
    "的 地 得 了 着 过 吗 呢 吧 啊 呀 嘛 们 个 次 儿 上 下 里 中 后 前 时 元 月 日 号 年 点 分 秒 度 米"
)
_LEANS_ON: Final = _words(
    "不 没 很 最 更 太 也 都 就 还 又 再 才 只 在 把 被 对 从 向 往 给 用 以 为 与 "
    "和 跟 或 于 第 这 那 每 各 一 两 三 四 五 六 七 八 九 十 百 千 万 亿 零 点 是 "
    "有 到 比 由 按 请 要 会 能 可 想 让 使 叫 我 你 他 她 它 您"
)
_OPENS: Final = _words(
    "在 把 被 对 从 向 和 与 跟 或 并 而 但 则 并且 而且 但是 可是 不过 因为 所以 如果 "
    "虽然 由于 为了 通过 根据 按照 以及 或者 还是 是 就 都 也 会 能 可以 应该 需要 必须 "
    "已经 正在 将 才 再 又"
)
_JOINS: Final = _words(
    "并 而 但 并且 而且 但是 可是 不过 因为 所以 因此 从而 同时 然后 如果 虽然 由于 为了 以及 以便 或者 还是 否则 于是 "
    "其中 and but because which when where while so then or if"
)
_ENDS: Final = _words("后 前 时 之后 以后 之前 时候 以上 以下 之内 以内")
_NO_END: Final = _words(
    "任何 所有 全部 整个 各种 这个 那个 这些 那些 每个 一个 一种 一些 非常 十分 已经 正在 可以 应该 需要 必须 没有 "
    "不会 不能 the a an of to in my"
)
"""Words behind which nobody breathes."""
_NUMERALS: Final = frozenset("零一二三四五六七八九十百千万亿点两幺")
_LINKS: Final = "比点至到乘"
"""What stands between two numbers that are one: 三比一, 二点五, 八到十."""
_CLOSES: Final = _words("的 了 后 前 时 中 上 里 之后 以后 之前 时候 以上 以下")


@dataclass(frozen=True)
class Spoken:
    """A word as the breath rules see it: its text and how many syllables it takes."""

    text: str
    syllables: int


def phrase_breaks(words: Sequence[Spoken]) -> frozenset[int]:
    """Gives the indices of the words of one clause behind which a phrase ends (the clause's end isn't among them).

    A phrase has about five syllables, at least three and, where words allow, at most nine.
    """
    breaks: set[int] = set()
    start, left = 0, sum(word.syllables for word in words)
    while True:
        place = _next_break(words, start, left)
        if place is None:
            return frozenset(breaks)
        breaks.add(place)
        left -= sum(word.syllables for word in words[start : place + 1])
        start = place + 1


def _next_break(words: Sequence[Spoken], start: int, left: int) -> int | None:
    if left <= _LONGEST - 2:
        return None
    best: tuple[float, int] | None = None
    length = 0
    for index in range(start, len(words) - 1):
        length += words[index].syllables
        remaining = left - length
        if length > _LONGEST and best is not None:
            break
        if length < _SHORTEST or remaining < _SHORTEST:
            continue
        here, following = words[index].text, words[index + 1].text
        spelled = len(here) == len(following) == 1 and here.isascii() and following.isascii()
        if following in _LEANS_BACK or here in _LEANS_ON or spelled or _one_number(words, index):
            continue
        cost = abs(length - _WANTED) - 1.5 * (here in _CLOSES) - 1.5 * (following in _OPENS)
        if best is None or cost < best[0]:
            best = (cost, index)
    return best[1] if best else None


def breaths(words: Sequence[Spoken]) -> frozenset[int]:
    """Gives the indices of the words of one clause behind which the voice pauses as if a comma stood there.

    A clause of at most `LONGEST_BREATH` syllables has none; a longer one is parted about evenly, rather in front of a
    conjunction than behind 的, and never where a word leans on its neighbour.
    """
    chosen: set[int] = set()
    start, left = 0, sum(word.syllables for word in words)
    while left > LONGEST_BREATH:
        place = _next_breath(words, start, left)
        if place is None:
            break
        chosen.add(place)
        left -= sum(word.syllables for word in words[start : place + 1])
        start = place + 1
    return frozenset(chosen)


def _next_breath(words: Sequence[Spoken], start: int, left: int) -> int | None:
    wanted = left / math.ceil(left / LONGEST_BREATH)
    best: tuple[float, int] | None = None
    length = 0
    for index in range(start, len(words) - 1):
        length += words[index].syllables
        if length > _FURTHEST and best is not None:
            break
        if min(length, left - length) < _SHORTEST_BREATH or (
            _belong(words[index].text, words[index + 1].text) or _one_number(words, index)
        ):
            continue
        over = max(0, length - LONGEST_BREATH)
        cost = abs(length - wanted) + 3 * over + _joint(words[index].text, words[index + 1].text)
        if best is None or cost < best[0]:
            best = (cost, index)
    return best[1] if best else None


def _belong(here: str, following: str) -> bool:
    """Tells whether two words can't be parted: a particle, a number, what is counted, letters that are spelled."""
    spelled = len(here) == len(following) == 1 and here.isascii() and following.isascii()
    number = here[-1] in _NUMERALS and (following[0] in _NUMERALS or len(following) == 1)
    counted = len(here) == 2 and here[0] in _NUMERALS
    leans = following in _LEANS_BACK or here in _LEANS_ON or here.lower() in _NO_END
    return leans or spelled or number or counted


def _one_number(words: Sequence[Spoken], index: int) -> bool:
    """Tells whether a word and the one behind it are in the middle of two linked numbers: 一比｜一, 十二｜比三."""
    around = "".join(word.text for word in words[max(0, index - 1) : index + 1])[-2:]
    behind = "".join(word.text for word in words[index + 1 : index + 3])[:2]
    after_link = len(around) == 2 and around[0] in _NUMERALS and around[1] in _LINKS and behind[:1] in _NUMERALS
    before_link = around[-1] in _NUMERALS and len(behind) == 2 and behind[0] in _LINKS and behind[1] in _NUMERALS
    return after_link or before_link


def _joint(here: str, following: str) -> float:
    if following.lower() in _JOINS:
        return -9
    if here in _ENDS:
        return -5
    return 4 if here in _CLOSES else -3 * (following in _OPENS)

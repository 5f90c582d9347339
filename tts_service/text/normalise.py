"""Written text → text as it is spoken: our own rules first, then wetext, then digit by digit.

Own rules come first because wetext reads ``CUDA 12.8`` as a date, says the unit of ``￥12.5元`` twice and keeps the
sign of ``¥1,299.00``; it gets only the pieces in which a digit is left.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from tts_service.text import rules_latin, rules_net, rules_quantity, rules_time
from tts_service.text.numerals import digits
from tts_service.text.rule import Rule

RULES: Final[tuple[Rule, ...]] = tuple(
    chain(rules_net.RULES, rules_latin.EARLY, rules_time.RULES, rules_quantity.RULES, rules_latin.LATE)
)
LONGEST_FOR_WETEXT: Final = 200
"""Its time grows with the square of the text: 2.6 s for 5,000 digits. Longer leftovers are read digit by digit."""
_DIGIT: Final = re.compile(r"\d", re.ASCII)
_PROTECTED: Final = re.compile("([\ue000-\uefff])")
_GAPS: Final = re.compile(r"(?<=[\u3000-\u9fff，。！？；：]) (?=.)|(?<=.) (?=[\u3000-\u9fff，。！？；：])")
"""Spaces beside Chinese."""
_SYMBOLS: Final = (
    (re.compile(r"(?<=[A-Za-z])\+\+"), "加加"),
    (re.compile(r"(?<=[A-Za-z])#"), " sharp"),
    (re.compile(r"\s?&&\s?"), "，"),
    (re.compile(r"\s?&\s?"), "和"),
    (re.compile(r"[→⇒➜]|(?:-|=)>"), "，到"),
    (re.compile(r"(?<=[A-Za-z\u4e00-\u9fff])\s?=\s?(?=[A-Za-z\u4e00-\u9fff])"), "等于"),
    (re.compile(r"(?<=[\u4e00-\u9fff])/(?=[\u4e00-\u9fff])"), "，"),
    (re.compile(r"%"), "百分号"),
    (re.compile(r"±"), "正负"),
    (re.compile(r">=|≥"), "大于等于"),
    (re.compile(r"<=|≤"), "小于等于"),
    (re.compile(r"≈"), "约等于"),
    (re.compile(r"×"), "乘"),
    (re.compile(r"÷"), "除以"),
    (re.compile(r"@"), "艾特"),
    (re.compile(r"°"), "度"),
    (re.compile(r"[/_*#^|\\~<>+=$@`-]"), " "),
)


@dataclass(frozen=True)
class _Piece:
    text: str
    said: bool


def normalise(text: str) -> str:
    """Turns cleaned text into what is spoken: Chinese characters, Latin words and punctuation, no digits.

    Private-use characters (marked readings) pass through untouched.
    """
    pieces = [_Piece(part, bool(_PROTECTED.fullmatch(part))) for part in _PROTECTED.split(text) if part]
    for each in RULES:
        pieces = [new for piece in pieces for new in ((piece,) if piece.said else _apply(each, piece.text))]
    said = "".join(piece.text if piece.said else _rest(piece.text) for piece in pieces)
    return _GAPS.sub("", re.sub(" {2,}", " ", said)).strip(" ")


def _apply(each: Rule, text: str) -> list[_Piece]:
    done, pieces = 0, []
    for match in each.pattern.finditer(text):
        said = each.say(match)
        if said is None:
            continue
        pieces += [_Piece(text[done : match.start()], False), _Piece(said, True)]
        done = match.end()
    pieces.append(_Piece(text[done:], False))
    return [piece for piece in pieces if piece.text]


def _rest(text: str) -> str:
    """Says what no rule took: a left digit goes to wetext, and what wetext leaves is read digit by digit."""
    if _DIGIT.search(text):
        if len(text) <= LONGEST_FOR_WETEXT:
            text = str(_wetext().normalize(text))
        text = re.sub(r"\d+", lambda match: digits(match[0]), text, flags=re.ASCII)
    for pattern, said in _SYMBOLS:
        text = pattern.sub(said, text)
    return text


@lru_cache(maxsize=1)
def _wetext() -> Any:
    from wetext import Normalizer  # noqa: PLC0415 - half a second, and most texts never need it

    return Normalizer(lang="zh", operator="tn", remove_erhua=False)

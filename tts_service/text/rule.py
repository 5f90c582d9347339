"""One rule of normalisation: what it recognises, and how that is said.

What an earlier rule has said stands in the text as one character of `SAID`, so that a later rule sees that something
is there, and where it ends, but can't take it apart.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

SAID: Final = "\U000f0000-\U0010fffd"
"""A range for character classes: what has been said already."""
DIALLED: Final = "\U00100000-\U00107fff"
"""The part of `SAID` that is telephone numbers."""
DIGITS: Final = "\U00108000-\U0010fffd"
"""The part of `SAID` that is names whose digits are said one by one."""
HAN: Final = "\u4e00-\u9fff"
"""A range for character classes: Chinese characters."""
NUMBER: Final = r"(?:\d{1,3}(?:,\d{3}){1,5}(?!\d)|\d{1,20})(?:\.\d{1,12})?"
ALONE: Final = r"(?<![\dA-Za-z.])"
"""In front of a number: nothing that would make it part of a longer one."""
OVER: Final = r"(?![\dA-Za-z])(?!\.\d)"
"""Behind a number: it ends here."""
TO: Final = r"\s?(?:-{1,2}|~|—{1,2}|至|到)\s?"
VALUE: Final = (
    "为是到和或约至度降低、，率额值差润温幅分绩数量益损了跌涨从由在取得即成填入回标示轴设算加减乘除以比视光镜眼"
)
"""For character classes: behind one of these a hyphen is a minus."""
PLUS: Final = rf"(?:(?<![{HAN}])|(?<=[为是到和约或至度率额值差温幅压比跌涨位]))\+"
"""A plus in front of an amount: behind a noun it joins two things, 流量+500分钟."""
SIGN: Final = rf"(?:(?<![\dA-Za-z%.)…{SAID}])(?:[-±]|{PLUS})\s?)?"
"""A plus or minus that can't be a hyphen or an operator; wrapped into a group of its own by who uses it."""


@dataclass(frozen=True)
class Rule:
    """`say` gets the match and answers with what is spoken, or None when this place is none of the rule's."""

    name: str
    pattern: re.Pattern[str]
    say: Callable[[re.Match[str]], str | None]
    mark: str = SAID
    """The range of characters that what this rule says stands in the text as."""


def rule(name: str, pattern: str, say: Callable[[re.Match[str]], str | None], mark: str = SAID) -> Rule:
    """Makes a rule; upper and lower case in the pattern are told apart, digits are ASCII."""
    return Rule(name, re.compile(pattern, re.ASCII), say, mark)


def spelled(text: str) -> str:
    """Writes a word as an abbreviation, which is said letter by letter: ``"www"`` → ``" WWW "``."""
    return f" {text.upper()} "


def to(match: re.Match[str]) -> str:
    """Gives the word between the two ends of a span, as it is written where it is written."""
    return "至" if "至" in match[0] else "到"


def signed(sign: str | None) -> str:
    """Says a sign in front of a number: 正, 负, 正负, or nothing."""
    return {"+": "正", "-": "负", "±": "正负"}.get((sign or "").strip(), "")

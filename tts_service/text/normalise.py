"""Written text → text as it is spoken: the rules in their order, then signs, then what is left digit by digit."""

import re
from itertools import chain
from typing import Final

from tts_service.text import (
    rules_chemistry,
    rules_date,
    rules_formula,
    rules_latin,
    rules_money,
    rules_names,
    rules_net,
    rules_phone,
    rules_quantity,
    rules_time,
)
from tts_service.text.english_abbreviations import without_stops
from tts_service.text.english_numbers import say_english_numbers
from tts_service.text.numerals import digits
from tts_service.text.rule import SAID, Rule
from tts_service.text.signs import greek, say_signs

RULES: Final[tuple[Rule, ...]] = tuple(
    chain(
        rules_net.RULES,
        rules_phone.RULES,
        rules_money.RULES,
        rules_chemistry.RULES,
        rules_latin.NAMES,
        rules_date.RULES,
        rules_time.RULES,
        rules_names.RULES,
        rules_formula.RULES,
        rules_quantity.MEASURED,
        rules_latin.MIXED,
        rules_quantity.COUNTED,
    )
)
"""What is most certain comes first; the plain number comes last: what is left of it is nobody else's."""
LONGEST_PIECE: Final = 1000
"""Characters that the rules see at once, so that the time grows with the length of a text and no faster."""
_SOMETHING: Final = re.compile(r"[0-9A-Za-z√]")
"""Without one of these no rule has anything to say."""
_SAID: Final = re.compile(f"[{SAID}]")
_GAPS: Final = re.compile(r"(?<=[\u3000-\u9fff，。！？；：]) (?=.)|(?<=.) (?=[\u3000-\u9fff，。！？；：])")
"""Spaces beside Chinese."""


def normalise(text: str) -> str:
    """Turns cleaned text into what is spoken: Chinese characters, Latin words and punctuation, no digits.

    Private-use characters of the basic plane (marked readings) pass through untouched.
    """
    said = "".join(_piece(piece) for piece in _pieces(say_english_numbers(without_stops(text))))
    return _GAPS.sub("", re.sub(" {2,}", " ", said)).strip(" ")


def _pieces(text: str) -> list[str]:
    if len(text) <= LONGEST_PIECE:
        return [text]
    pieces, start = [], 0
    while start < len(text):
        end = min(start + LONGEST_PIECE, len(text))
        if end < len(text):
            ends = (text.rfind(mark, start, end) for mark in "\n。！？；，, ")
            end = next((place + 1 for place in ends if place > start), end)
        pieces.append(text[start:end])
        start = end
    return pieces


def _piece(text: str) -> str:
    if not _SOMETHING.search(text):
        return greek(say_signs(text))
    taken: dict[str, str] = {}

    def take(each: Rule, match: re.Match[str]) -> str:
        said = each.say(match)
        if said is None:
            return match[0]
        mark = chr(ord(each.mark[0]) + len(taken))
        taken[mark] = said
        return mark

    for each in RULES:
        text = each.pattern.sub(lambda match, each=each: take(each, match), text)  # type: ignore[misc]
    text = re.sub(r"\d+", lambda match: digits(match[0]), say_signs(text), flags=re.ASCII)
    while _SAID.search(text):
        text = _SAID.sub(lambda match: taken.get(match[0], ""), text)
    return greek(text)

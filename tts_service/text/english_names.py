"""Names with digits and dates of an English sentence in English words: GPT-4 → GPT four, May 5 → May fifth."""

import re
from typing import Final

from tts_service.text.english_words import MONTHS, apart, cardinal, year

_MONTH: Final = "|".join(MONTHS)
_DAY: Final = "3[01]|[12][0-9]|0?[1-9]"
_ISO: Final = re.compile(rf"(?<![\w/.-])((?:19|20)\d\d)([-/])(1[0-2]|0?[1-9])\2({_DAY})(?![\w/-]|\.\d)", re.ASCII)
_MONTH_AND_DAY: Final = re.compile(rf"(?<!\w)({_MONTH})\s({_DAY})(?:st|nd|rd|th)?(?![\w:/%-]|[.,]\d)", re.ASCII)
_DAY_AND_MONTH: Final = re.compile(rf"(?<![\w.,/-])({_DAY})(?:st|nd|rd|th)?\s({_MONTH})(?!\w)", re.ASCII)
_SLASHED: Final = re.compile(rf"(?<!\w)((?:on|by|before|until|since)\s)(1[0-2]|0?[1-9])/({_DAY})(?![\w/])", re.ASCII)
_JOINED: Final = re.compile(
    r"(?<![\w.,$-])(\d{1,4}(?:\.\d{1,2})?)-(?=[a-z]{3,20}(?:-[a-z]{2,20}){0,2}(?![\w@/.-]))", re.ASCII
)
"""A number of a compound: 6.1-inch."""
_GROUPS: Final = re.compile(r"(?<![\w.+-])\d{1,3}(?:-\d{3,4}){2,3}(?![\w-]|\.\d)", re.ASCII)
"""A telephone number: 1-800-555-0199."""
_NAME: Final = re.compile(
    r"(?<![\w./@:~+#=-])(?=[A-Za-z-]{1,20}\d)[A-Za-z][A-Za-z0-9]{0,20}(?:\.\d{1,3}(?![\d.]*[A-Za-z]{3})){0,3}"
    r"(?:-[A-Za-z0-9]{1,20}(?:\.\d{1,3})?){0,3}(?![\w/@:=+-]|\.\w)",
    re.ASCII,
)
_MOST_GROUPS: Final = 4
"""A string with more groups of digits is no name but a key: a1b2c3d4e5."""
_ORDINALS: Final = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth", "twenty": "twentieth", "thirty": "thirtieth",
}  # fmt: skip


def say_english_names(sentence: str) -> str:
    """Says the dates and the names with digits of an English sentence; its numbers stay."""
    sentence = _ISO.sub(lambda date: f"{MONTHS[int(date[3]) - 1]} {_ordinal(date[4])}, {year(int(date[1]))}", sentence)
    sentence = _MONTH_AND_DAY.sub(lambda date: f"{date[1]} {_ordinal(date[2])}", sentence)
    sentence = _DAY_AND_MONTH.sub(lambda date: f"{_ordinal(date[1])} of {date[2]}", sentence)
    sentence = _SLASHED.sub(lambda date: f"{date[1]}{MONTHS[int(date[2]) - 1]} {_ordinal(date[3])}", sentence)
    sentence = _GROUPS.sub(lambda groups: ", ".join(apart(part) for part in groups[0].split("-")), sentence)
    sentence = _JOINED.sub(r"\1 ", sentence)
    return _NAME.sub(lambda name: _named(name[0]), sentence)


def _ordinal(day: str) -> str:
    *tens, last = cardinal(int(day)).split()
    return " ".join([*tens, _ORDINALS.get(last, last + "th")])


def _named(name: str) -> str:
    if len(re.findall(r"\d+", name)) > _MOST_GROUPS:
        return name
    said = re.sub(r"\.(\d+)", lambda part: f" point {apart(part[1])} ", name)
    said = re.sub(r"\d+", lambda part: f" {_model(part[0])} ", said)
    return re.sub(r"\s+", " ", said.replace("-", " ")).strip()


def _model(digits: str) -> str:
    """Reads the digits of a name: 19 nineteen, 100 one hundred, 256 two fifty six, 4090 forty ninety, 007 apart."""
    if len(digits) > 4 or (digits[0] == "0" and len(digits) > 1):
        return apart(digits)
    value = int(digits)
    if len(digits) < 3 or value % 1000 == 0 or (len(digits) == 3 and value % 100 == 0):
        return cardinal(value)
    return year(value)

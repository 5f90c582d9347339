"""Numbers of an English sentence in English words: a sentence without any Chinese is not read half in Chinese."""

import re
from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_SMALL: Final = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS: Final = _words("- - twenty thirty forty fifty sixty seventy eighty ninety")
_GROUPS: Final = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_SENTENCE: Final = re.compile(r"[^\n。！？!?.]+(?:\.(?!\s|$)[^\n。！？!?.]*)*")
_FOREIGN: Final = re.compile(r"[\u0370-\u1fff\u2e80-\ud7ff\uf900-\ufaff\U00010000-\U0003ffff]")
_WORDS: Final = re.compile(r"(?<![\w./@-])[A-Za-z]?[a-z]{1,30}(?![\w/@-])|(?<![\w./@-])[AI](?![\w/@.-])", re.ASCII)
_GRAMMAR: Final = _words(
    "the a an of to in is are was were be been has have had and or for with on at by it we you i he she they this that "
    "will from not my our your their"
)
"""Words that make a sentence; names of products in a row have none."""
_FEWEST: Final = 3
_NUMBER: Final = re.compile(
    r"(?<![\w.,:/#^=+*@~(<>≥≤≈≠±√-])(?P<sign>(?<=\s)[-+])?(?P<dollar>\$)?(?P<n>\d{1,3}(?:,\d{3}){1,4}(?!\d)|\d{1,15})(?P<rest>(?:\.\d{1,8}){0,4})"
    r"(?:(?P<percent>\s?%)|:(?P<minute>[0-5]\d)|-(?P<to>\d{1,4}))?(?![\w%/^=+*@~-]|:\S|[.,]\d)",
    re.ASCII,
)
_MONTHS: Final = "January|February|March|April|May|June|July|August|September|October|November|December"
_YEAR_BEFORE: Final = re.compile(
    rf"(?:in|since|until|before|after|from|year|(?:{_MONTHS})(?: \d\d?)?,?) $", re.IGNORECASE
)


def cardinal(value: int) -> str:
    """Reads a whole number: 1234 → one thousand two hundred thirty four."""
    if value < len(_SMALL):
        return _SMALL[value]
    if value < 100:
        return _TENS[value // 10] + (f" {_SMALL[value % 10]}" if value % 10 else "")
    size, name = next(group for group in _GROUPS if value >= group[0])
    rest = value % size
    return f"{cardinal(value // size)} {name}" + (f" {cardinal(rest)}" if rest else "")


def year(value: int) -> str:
    """Reads a year: 2026 → twenty twenty six, 2005 → two thousand five, 1900 → nineteen hundred."""
    century, rest = divmod(value, 100)
    if century == 20 and rest < 10:
        return cardinal(value)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def say_english_numbers(text: str) -> str:
    """Says the numbers of sentences that are wholly English: amounts, decimals, percentages, dollars, years, times,
    spans.

    Such a sentence has no Chinese character and at least three English words, one of them a word of grammar (the, of,
    is …). What is tied to letters or other signs (``A100``, dates, addresses) is left to the rules for everything.
    """
    return _SENTENCE.sub(
        lambda sentence: _NUMBER.sub(_say, sentence[0]) if _is_english(sentence[0]) else sentence[0], text
    )


def _is_english(sentence: str) -> bool:
    if _FOREIGN.search(sentence) or not any(char in "0123456789" for char in sentence):
        return False
    words = [word.lower() for word in _WORDS.findall(sentence)]
    return len(words) >= _FEWEST and any(word in _GRAMMAR for word in words)


def _say(match: re.Match[str]) -> str:
    if match["sign"]:
        return ("minus " if match["sign"] == "-" else "plus ") + _NUMBER.sub(_say, match[0][1:])
    whole, rest = match["n"].replace(",", ""), match["rest"]
    if match["to"]:
        if rest or match["dollar"] or (len(match["to"]) == 4) != (len(whole) == 4):
            return match[0]
        return f"{_end(whole)} to {_end(match['to'])}"
    if match["minute"]:
        return match[0] if rest or match["dollar"] or int(whole) > 24 else _time(int(whole), int(match["minute"]))
    if len(whole) > 1 and whole[0] == "0":
        return _apart(whole) + _points(rest)
    if match["dollar"]:
        return _dollars(int(whole), rest)
    if match["percent"]:
        return f"{cardinal(int(whole))}{_points(rest)} percent"
    early = len(whole) == 4 and 1100 <= int(whole) < 2100 and match["n"] == whole and not rest
    if early and (int(whole) >= 1900 or _YEAR_BEFORE.search(match.string[max(0, match.start() - 16) : match.start()])):
        return year(int(whole))
    return cardinal(int(whole)) + _points(rest)


def _end(text: str) -> str:
    """Reads one end of a span: a year where it looks like one."""
    return year(int(text)) if len(text) == 4 and 1900 <= int(text) < 2100 else cardinal(int(text))


def _points(rest: str) -> str:
    """Reads what follows a decimal point, or the further parts of a version."""
    return "".join(f" point {_apart(part)}" for part in rest.split(".")[1:])


def _apart(digits: str) -> str:
    return " ".join(_SMALL[int(digit)] for digit in digits)


def _dollars(whole: int, rest: str) -> str:
    said = f"{cardinal(whole)} dollar{'s' * (whole != 1)}"
    if not rest:
        return said
    if not re.fullmatch(r"\.\d\d", rest):
        return f"{cardinal(whole)}{_points(rest)} dollars"
    cents = int(rest[1:])
    return said + (f" and {cardinal(cents)} cent{'s' * (cents != 1)}" if cents else "")


def _time(hour: int, minute: int) -> str:
    if minute == 0:
        return f"{cardinal(hour)} o clock" if hour <= 12 else f"{cardinal(hour)} hundred"
    return f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}"

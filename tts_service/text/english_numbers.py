"""Numbers of an English sentence in English words: a sentence without any Chinese is not read half in Chinese."""

import re
from typing import Final

from tts_service.text.english_names import say_english_names
from tts_service.text.english_words import MONTHS, TENS, apart, cardinal, split, year

_SENTENCE: Final = re.compile(r"[^\n。！？!?.]+(?:\.(?!\s|$)[^\n。！？!?.]*)*")
_APART: Final = re.compile('([，：；、“”（）《》「」"])')
_FOREIGN: Final = re.compile(r"[\u0370-\u1fff\u2e80-\ud7ff\uf900-\ufaff\U00010000-\U0003ffff]")
_WORDS: Final = re.compile(
    r"(?<![\w./@²³^=+*√-])[A-Za-z]?[a-z]{1,30}(?![\w/@²³^=+*-])|(?<![\w./@-])[AI](?![\w/@.-])", re.ASCII
)
_GRAMMAR: Final = split(
    "the a an of to in is are was were be been has have had and or for with on at by it we you i he she they this that "
    "will from not my our your their go please see let do can "
    "after before about per if when than into over under left right there"
)
"""Words that make a sentence; names of products in a row have none."""
_FEWEST: Final = 3
_UNITS: Final = {
    "km/h": "kilometer per hour", "mph": "mile per hour", "m/s": "meter per second", "km": "kilometer",
    "cm": "centimeter",
    "mm": "millimeter", "kg": "kilogram", "mg": "milligram", "g": "gram", "ml": "milliliter", "mL": "milliliter",
    "L": "liter", "m": "meter", "ms": "millisecond", "s": "second", "min": "minute", "h": "hour", "GB": "GB",
    "MB": "MB", "TB": "TB", "KB": "KB", "GHz": "gigahertz", "MHz": "megahertz", "Hz": "hertz",
    "kW": "kilowatt", "W": "watt", "V": "volt", "lbs": "pound", "lb": "pound", "ft": "foot", "dB": "decibel",
    "°C": "degree Celsius", "℃": "degree Celsius", "°F": "degree Fahrenheit", "°": "degree",
}  # fmt: skip
_PLURALS: Final = {
    "kilometer per hour": "kilometers per hour", "mile per hour": "miles per hour",
    "meter per second": "meters per second",
    "foot": "feet", "degree Celsius": "degrees Celsius", "degree Fahrenheit": "degrees Fahrenheit", "hertz": "hertz",
    "gigahertz": "gigahertz", "megahertz": "megahertz", "GB": "GB", "MB": "MB", "TB": "TB", "KB": "KB",
}  # fmt: skip
_MONEY: Final = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny")}
_UNIT: Final = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_NUMBER: Final = re.compile(
    r"(?<![\w.,:/#^=+*@~(<>≥≤≈≠±√-])(?<![=<>] )(?P<sign>(?<=\s)[-+])?(?P<money>[$€£])?"
    r"(?P<n>\d{1,3}(?:,\d{3}){1,4}(?!\d)|\d{1,15})(?P<rest>(?:\.\d{1,8}){0,4})"
    r"(?:(?P<percent>\s?%)|:(?P<minute>[0-5]\d)(?:\s?(?P<half>[AaPp])\.?[Mm]\b)?|:(?P<against>\d{1,2})|-(?P<to>\d{1,4})|\s(?P<scale>thousand|million|billion|trillion)\b"
    rf"|(?P<decade>(?<=0)s)|(?P<more>\+(?=\s))|\s?(?P<unit>{_UNIT})(?!\w)|(?P<letter>[KMBGD])|/(?P<under>\d{{1,2}}))?(?![\w%/^=+*@~-]|:\S|[.,]\d)",
    re.ASCII,
)
_HALVES: Final = {"2": "half", "3": "third", "4": "quarter", "5": "fifth", "6": "sixth", "8": "eighth", "10": "tenth"}
_CALLED: Final = re.compile(r"(?:call|dial|number|phone|at) $", re.IGNORECASE)
_OPENS: Final = re.compile(
    r"\s*(?:It|I|He|She|We|They|You|This|That|There|The|These|Those|My|Our|Your|His|Her|Its|Their|Please|See|Read|Turn|Go|Open|Press|Call|Add|Take|Use|Set|Click|What|How|When|Where)('\w+)?\s"
)
_YEAR_BEFORE: Final = re.compile(
    rf"(?:in|since|until|before|after|from|year|(?:{'|'.join(MONTHS)})(?: \d\d?)?,?) $", re.IGNORECASE
)


def say_english_numbers(text: str) -> str:
    """Says the numbers of sentences that are wholly English: amounts, decimals, percentages, dollars, years, times,
    spans.

    Such a sentence has no Chinese character and at least three English words, one of them a word of grammar (the, of,
    is …). What is tied to other signs (addresses, formulae) is left to the rules for everything.
    """
    return _SENTENCE.sub(lambda sentence: _in_english(sentence[0]), text)


def _in_english(sentence: str) -> str:
    """Says a whole sentence, or what punctuation sets apart in a Chinese one: 他说：“It was 9:30.”"""
    if _is_english(sentence):
        return _whole(sentence)
    if not _APART.search(sentence):
        return sentence
    return "".join(_whole(part) if _is_english(part) else part for part in _APART.split(sentence))


def _whole(sentence: str) -> str:
    return _NUMBER.sub(_say, say_english_names(sentence))


def _is_english(sentence: str) -> bool:
    if _FOREIGN.search(sentence) or not any(char in "0123456789" for char in sentence):
        return False
    words = [word.lower() for word in _WORDS.findall(sentence)]
    fewest = _FEWEST - bool(_OPENS.match(sentence))
    return len(words) >= fewest and any(word in _GRAMMAR for word in words)


def _say(match: re.Match[str]) -> str:
    if match["sign"]:
        return ("minus " if match["sign"] == "-" else "plus ") + _NUMBER.sub(_say, match[0][1:])
    whole, rest = match["n"].replace(",", ""), match["rest"]
    if match["under"]:
        return _over(match)
    if match["decade"]:
        return _decade(whole) if not rest and not match["money"] else match[0]
    if match["to"]:
        if not rest and len(whole) == 3 and len(match["to"]) == 4 and not match["money"]:
            return f"{apart(whole)}, {apart(match['to'])}"
        if rest or match["money"] or (len(match["to"]) == 4) != (len(whole) == 4):
            return match[0]
        return f"{_end(whole)} to {_end(match['to'])}"
    if match["against"]:
        return f"{cardinal(int(whole))} to {cardinal(int(match['against']))}" if not rest else match[0]
    if match["minute"]:
        if rest or match["money"] or int(whole) > 24:
            return match[0]
        return _time(int(whole), int(match["minute"]), match["half"])
    if len(whole) > 1 and whole[0] == "0":
        return apart(whole) + _points(rest)
    if match["money"]:
        return _amount(int(whole), rest, match["scale"] or match["letter"], match["money"]) + " plus" * bool(
            match["more"]
        )
    if match["percent"]:
        return f"{cardinal(int(whole))}{_points(rest)} percent"
    if match["unit"]:
        name = _UNITS[match["unit"]]
        several = name if whole == "1" and not rest else _PLURALS.get(name, name + "s")
        return f"{cardinal(int(whole))}{_points(rest)} {several}"
    if match["scale"] or match["more"] or match["letter"]:
        tail = match["scale"] or ("plus" if match["more"] else match["letter"])
        return f"{cardinal(int(whole))}{_points(rest)} {tail}"
    if (
        not rest
        and len(whole) == 3
        and _CALLED.search(match.string[: match.start()])
        and whole in ("911", "999", "112", "110", "120")
    ):
        return apart(whole)
    early = len(whole) == 4 and 1100 <= int(whole) < 2100 and match["n"] == whole and not rest
    if early and (int(whole) >= 1900 or _YEAR_BEFORE.search(match.string[max(0, match.start() - 16) : match.start()])):
        return year(int(whole))
    return cardinal(int(whole)) + _points(rest)


def _end(text: str) -> str:
    """Reads one end of a span: a year where it looks like one."""
    return year(int(text)) if len(text) == 4 and 1900 <= int(text) < 2100 else cardinal(int(text))


def _points(rest: str) -> str:
    """Reads what follows a decimal point, or the further parts of a version."""
    return "".join(f" point {apart(part)}" for part in rest.split(".")[1:])


def _amount(whole: int, rest: str, scale: str | None, sign: str) -> str:
    unit, small = _MONEY[sign]
    said = f"{cardinal(whole)} {unit}{'s' * (whole != 1)}"
    if scale:
        scale = {"K": "thousand", "M": "million", "B": "billion"}.get(scale, scale)
        return f"{cardinal(whole)}{_points(rest)} {scale} {unit}s"
    if not rest:
        return said
    if not re.fullmatch(r"\.\d\d", rest):
        return f"{cardinal(whole)}{_points(rest)} {unit}s"
    cents = int(rest[1:])
    several = "pence" if small == "penny" else "cents"
    return said + (f" and {cardinal(cents)} {small if cents == 1 else several}" if cents else "")


def _time(hour: int, minute: int, half: str | None) -> str:
    tail = f" {half.upper()} M" if half else ""
    if minute == 0:
        return cardinal(hour) + (tail or (" o clock" if hour <= 12 else " hundred"))
    return f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}{tail}"


def _over(match: re.Match[str]) -> str:
    """Reads a fraction: 1/2 one half, 3/4 three quarters; 24/7 by its numbers; anything else may be a date."""
    top, bottom = match["n"], match["under"]
    if match["money"] or match["rest"]:
        return match[0]
    if (top, bottom) == ("24", "7"):
        return "twenty four seven"
    if bottom not in _HALVES or not 0 < int(top) < int(bottom):
        return match[0]
    name = _HALVES[bottom]
    return f"{cardinal(int(top))} {name if top == '1' else name + 's'}"


def _decade(text: str) -> str:
    """Reads ten years: 1990s nineteen nineties, 80s eighties, 2000s two thousands."""
    value = int(text)
    if value % 100 == 0:
        return (year(value) if len(text) == 4 and value % 1000 else cardinal(value)) + "s"
    tens = TENS[value % 100 // 10] if value % 100 >= 20 else "ten"
    several = tens.removesuffix("y") + "ies" if tens.endswith("y") else tens + "s"
    return f"{cardinal(value // 100)} {several}" if len(text) == 4 else several

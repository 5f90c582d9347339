"""Dates, times of day, and spans of both."""

import re
from typing import Final

from tts_service.text.numerals import cardinal, digits, quantity
from tts_service.text.rule import ALONE, OVER, TO, Rule, rule

_YEAR: Final = r"(?:1[0-9]|20|21)\d{2}"
_MONTH: Final = r"(?:1[0-2]|0?[1-9])"
_DAY: Final = r"(?:3[01]|[12]\d|0?[1-9])"
_HOUR: Final = r"(?:2[0-4]|1\d|0?\d)"
_SIXTY: Final = r"[0-5]\d"


def _plain(text: str) -> str:
    return cardinal(str(int(text)))


def _date(match: re.Match[str]) -> str:
    year, month, day = match["y"], match["m"], match["d"]
    return f"{digits(year)}年{_plain(month)}月{_plain(day)}日"


def _hour(text: str) -> str:
    return quantity(str(int(text))) + "点"


def _clock(hour: str, minute: str, second: str | None = None) -> str:
    said = _hour(hour)
    if second is None:
        if int(minute) == 0:
            return said
        return said + ("零" if minute[0] == "0" else "") + _plain(minute) + "分"
    minutes = ("零" if minute[0] == "0" and minute != "00" else "") + _plain(minute) + "分"
    return said + minutes + ("零" if second[0] == "0" and second != "00" else "") + _plain(second) + "秒"


def _time(match: re.Match[str]) -> str:
    half = {"am": "上午", "pm": "下午"}.get((match["half"] or "").lower().replace(".", ""), "")
    return half + _clock(match["h"], match["min"], match["s"])


def _time_span(match: re.Match[str]) -> str:
    return _clock(match[1], match[2]) + "到" + _clock(match[3], match[4])


def _year(match: re.Match[str]) -> str | None:
    text = match[1]
    return digits(text) + "年"


def _short_year(match: re.Match[str]) -> str:
    return digits(match[1]) + "年" + (match[2] or "")


RULES: Final[tuple[Rule, ...]] = (
    rule(
        "stamp",
        rf"(?<!\d)(?P<y>{_YEAR})-(?P<m>{_MONTH})-(?P<d>{_DAY})[T ]"
        rf"(?P<h>{_HOUR}):(?P<min>{_SIXTY})(?::(?P<s>{_SIXTY})(?:\.\d{{1,6}})?)?Z?(?!\d)",
        lambda m: _date(m) + _clock(m["h"], m["min"], m["s"]),
    ),
    rule(
        "dates",
        rf"(?<![\d./-])(?P<y>{_YEAR})(?P<sep>[-/.])(?P<m>{_MONTH})(?P=sep)(?P<d>{_DAY})(?![\d/-])(?!\.\d)",
        _date,
    ),
    rule("year span", rf"(?<!\d)({_YEAR}){TO}({_YEAR})(?=年)", lambda m: f"{digits(m[1])}到{digits(m[2])}"),
    rule(
        "year and month",
        rf"(?<![\d./-])({_YEAR})[-/](0[1-9]|1[0-2])(?![\d/-])",
        lambda m: f"{digits(m[1])}年{_plain(m[2])}月",
    ),
    rule("decade", r"(?<!\d)(1[89]\d0|20\d0)(?=\s?年代)", lambda m: digits(m[1])),
    rule("year", rf"(?<![\d.])({_YEAR})\s?年(?!前|后|来|间|历史|以|内|左右|多)", _year),
    rule(
        "short year", rf"(?<![\d.第])([06-9]\d)年(?=\s?{_MONTH}\s?月|春|夏|秋|冬|底|初|\s?[生出毕])(\s?)", _short_year
    ),
    rule(
        "month and day",
        rf"(?<![\d.])({_MONTH})\s?月\s?({_DAY})\s?(日|号)",
        lambda m: f"{_plain(m[1])}月{_plain(m[2])}{m[3]}",
    ),
    rule(
        "months span", rf"(?<![\d.])({_MONTH}){TO}({_MONTH})(?=月(?!饼))", lambda m: f"{_plain(m[1])}到{_plain(m[2])}"
    ),
    rule("month", rf"(?<![\d.个])({_MONTH})\s?月(?!\w*饼)", lambda m: f"{_plain(m[1])}月"),
    rule("day", rf"(?<![\d.A-Za-z-])({_DAY})(日|号)(?!\d)", lambda m: _plain(m[1]) + m[2]),
    rule("time span", rf"(?<![\d:.])({_HOUR}):({_SIXTY}){TO}({_HOUR}):({_SIXTY})(?![\d:])", _time_span),
    rule(
        "time",
        rf"(?<![\d:.比])(?P<h>{_HOUR}):(?P<min>{_SIXTY})(?::(?P<s>{_SIXTY}))?(?![\d:])(?:\s?(?P<half>[aApP]\.?[mM]\.?)(?![A-Za-z]))?",
        _time,
    ),
    rule(
        "hour with half",
        rf"{ALONE}(1[0-2]|0?\d)\s?(am|pm|AM|PM){OVER}",
        lambda m: ("上午" if m[2].lower() == "am" else "下午") + _hour(m[1]),
    ),
    rule("hour and minute", rf"{ALONE}({_HOUR})\s?点\s?({_SIXTY}|\d)\s?分", lambda m: _clock(m[1], m[2])),
    rule("o'clock", rf"{ALONE}({_HOUR})\s?点(?!\d)", lambda m: _hour(m[1])),
)

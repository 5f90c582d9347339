"""Parts of dates and times of day: how they are written, and how they are said."""

from typing import Final

from tts_service.text.numerals import cardinal, digits, quantity

YEAR: Final = r"(?:1[0-9]|20|21)\d{2}"
MONTH: Final = r"(?:1[0-2]|0?[1-9])"
DAY: Final = r"(?:3[01]|[12]\d|0?[1-9])"
HOUR: Final = r"(?:2[0-4]|1\d|0?\d)"
SIXTY: Final = r"[0-5]\d"


def plain(text: str) -> str:
    """Reads the number of a month or a day, without a zero in front of it."""
    return cardinal(str(int(text)))


def hour(text: str) -> str:
    """Reads an hour: ``"02"`` → 两点."""
    return quantity(str(int(text))) + "点"


def zeroed(text: str) -> str:
    """Reads minutes and seconds with their zero: ``"05"`` → 零五."""
    return ("零" if text[0] == "0" and int(text) else "") + plain(text)


def clock(hours: str, minutes: str, second: str | None = None, fraction: str | None = None) -> str:
    """Reads a time of day: ``8:05`` → 八点零五分; full hours have no minutes."""
    said = hour(hours)
    if second is None:
        return said + (zeroed(minutes) + "分" if int(minutes) else "")
    point = "点" + digits(fraction) if fraction else ""
    return said + zeroed(minutes) + "分" + zeroed(second) + point + "秒"

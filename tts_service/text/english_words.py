"""English number words: cardinals, years, digits one by one."""

from typing import Final


def split(text: str) -> tuple[str, ...]:
    """Parts a table of words."""
    return tuple(text.split())


_SMALL: Final = split(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
TENS: Final = split("- - twenty thirty forty fifty sixty seventy eighty ninety")
MONTHS: Final = split("January February March April May June July August September October November December")
_GROUPS: Final = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))


def cardinal(value: int) -> str:
    """Reads a whole number: 1234 → one thousand two hundred thirty four."""
    if value < len(_SMALL):
        return _SMALL[value]
    if value < 100:
        return TENS[value // 10] + (f" {_SMALL[value % 10]}" if value % 10 else "")
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


def apart(digits: str) -> str:
    """Reads digits one by one: 007 → zero zero seven."""
    return " ".join(_SMALL[int(digit)] for digit in digits)

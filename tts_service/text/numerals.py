"""How Chinese says a number: cardinals, decimals, digit strings. Pure text, no context."""

import re
from decimal import Decimal
from typing import Final

_DIGITS: Final = "零一二三四五六七八九"
_SMALL: Final = ("", "十", "百", "千")
_GROUPS: Final = ("", "万", "亿", "万亿")
LONGEST: Final = 16
"""A cardinal with more digits than this is read digit by digit: nobody says such a number as one."""


def digits(text: str, *, phone: bool = False) -> str:
    """Reads digit by digit: ``"2026"`` → 二零二六; with ``phone`` a 1 is 幺. Other characters are dropped."""
    said = "".join(_DIGITS[int(char)] for char in text if char in "0123456789")
    return said.replace("一", "幺") if phone else said


def _group(value: int) -> str:
    """Reads 1–9999 without a leading zero: 1010 → 一千零一十."""
    said, gap = "", False
    for place in (3, 2, 1, 0):
        digit = value // 10**place % 10
        if digit == 0:
            gap = bool(said)
            continue
        said += ("零" if gap else "") + _DIGITS[digit] + _SMALL[place]
        gap = False
    return said


def cardinal(text: str) -> str:
    """Reads an integer, with or without thousands commas: ``"1,299"`` → 一千二百九十九, ``"20000"`` → 两万.

    A leading zero (``007``) or more than 16 digits is read digit by digit.
    """
    plain = text.replace(",", "")
    if (len(plain) > 1 and plain[0] == "0") or len(plain) > LONGEST:
        return digits(plain)
    value = int(plain)
    if value == 0:
        return "零"
    said, previous_small = "", False
    for index in range(len(_GROUPS) - 1, -1, -1):
        group = value // 10 ** (4 * index) % 10000
        if group == 0:
            previous_small = bool(said)
            continue
        if said and (group < 1000 or previous_small):
            said += "零"
        said += _group(group) + _GROUPS[index].removesuffix("亿" if _shares_yi(value, index) else "")
        previous_small = False
    if said.startswith("一十"):
        said = said[1:]
    if said[0] == "二" and len(said) > 1 and said[1] in "千万亿":
        said = "两" + said[1:]
    return said


def _shares_yi(value: int, index: int) -> bool:
    """Tells whether 万亿 leaves its 亿 to the group below: 1 2345 0000 0000 is 一万二千三百四十五亿."""
    return index == 3 and value // 10**8 % 10000 != 0


def number(text: str) -> str:
    """Reads an integer or decimal, with or without sign: ``"-3.50"`` → 负三点五零."""
    sign = ""
    if text[:1] in "+-−":
        sign, text = ("正" if text[0] == "+" else "负"), text[1:]
    whole, point, rest = text.partition(".")
    said = cardinal(whole or "0")
    return sign + said + ("点" + digits(rest) if point and rest else "")


def quantity(text: str) -> str:
    """Reads a number in front of a measure word: a bare 2 is 两 (``"2"`` → 两, ``"12"`` → 十二)."""
    return "两" if text == "2" else number(text)


def money(text: str) -> str:
    """Reads an amount: zeros at the end of the decimals are not said (``"1,299.00"`` → 一千二百九十九)."""
    whole, _, rest = text.partition(".")
    rest = rest.rstrip("0")
    return number(f"{whole}.{rest}") if rest else quantity(whole)


def scaled(text: str, power: int) -> str | None:
    """Reads a number times a power of ten, which Chinese says as one (``1.5`` million → 一百五十万); None if the result
    is no whole number.
    """
    value = Decimal(text.replace(",", "")).scaleb(power)
    return cardinal(str(int(value))) if value == int(value) else None


def phone(text: str) -> str:
    """Reads a telephone number, 1 as 幺; whatever parts its groups becomes a pause."""
    return "，".join(digits(group, phone=True) for group in re.findall(r"\d+", text))


def name_digits(text: str) -> str:
    """Reads the digits of a name: 一百 for 100, 四零九零 for 4090, 十五 for 15, 二六四 for 264, 四千 for 4000."""
    if text[0] == "0" and len(text) > 1:
        return digits(text)
    if len(text) <= 2 or text.strip("0") == "" or (len(text) == 3 and text.endswith("00")):
        return cardinal(text)
    if len(text) > 3 and text.endswith("000"):
        return cardinal(text).replace("两", "二")
    return digits(text)


def version(text: str) -> str:
    """Reads a version: the first part as a number unless it is long or a year, the others digit by digit
    (``"12.8.10"`` → 十二点八点一零).
    """
    first, *others = text.split(".")
    return "点".join([cardinal(first) if len(first) < 4 else digits(first), *(digits(part) for part in others)])

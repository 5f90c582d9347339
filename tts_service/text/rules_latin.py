"""Digits that belong to Latin words: versions, models, standards (``CUDA 12.8``, ``RTX4090``, ``A100``, ``v2.5``);
Roman numerals, English ordinals, abbreviations with dots.
"""

import re
from typing import Final

from tts_service.text.english_words import MONTHS
from tts_service.text.measures import UNIT
from tts_service.text.numerals import cardinal, digits, name_digits, number, version
from tts_service.text.rule import HAN, Rule, rule, signed, spelled, to

_VERSION: Final = r"\d{1,16}(?:\.\d{1,8}){1,4}"
_SUFFIX: Final = (
    r"(?:[-.+_]?(?:rc|RC|beta|Beta|alpha|Alpha|dev|post|preview|snapshot|SNAPSHOT|LTS|stable|final|release|cu|cpu|b|a)"
    r"[.-]?\d{0,4}(?![A-Za-z\d])|_\d{1,4}(?![A-Za-z\d])|(?<=\d\.\d\.\d)[a-z](?![A-Za-z\d]))?"
)
_ENGLISH: Final = (
    *("zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
    *("eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth"),
    *("nineteenth", "twentieth"),
)
_DIGIT_BY_DIGIT: Final = re.compile(r"(?i)^(?:(?:x|win|arm|amd|base|int|float)(?:86|64|32|58)|i[3-6]86)$")
"""Names whose two digits are said one by one: x86, arm64, base64, win32."""
_ROMAN: Final = r"M{0,3}(?:C[MD]|D?C{0,3})(?:X[CL]|L?X{0,3})(?:I[XV]|V?I{0,3})"
_NOT_NAMES: Final = (
    "|".join(MONTHS)
    + "|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|USD|CNY|RMB|EUR|HKD|GBP|JPY|UTC|GMT|AM|PM|No|NO|Vol"
)


def _suffix(tail: str) -> str:
    return (
        " "
        + re.sub(
            r"\d+",
            lambda part: digits(part[0]) if "cu" in tail else name_digits(part[0]),
            re.sub(r"\.(?=\d)", "点", tail.lstrip("."))
            .replace("-", " ")
            .replace(".", " ")
            .replace("+", "加")
            .replace("_", " "),
        )
        + " "
        if tail
        else ""
    )


def mixed(text: str) -> str:
    """Reads a name of letters and digits: ``A100-80G`` → A 一百，八十 G; a pause keeps two numbers apart."""
    said = re.sub(r"(?:(?<=\d)|^)[-_/](?=\d)", "，", text)
    said = re.sub(r"\d+(?:\.\d+)+", lambda part: f" {version(part[0])} ", said)
    said = re.sub(r"([A-Za-z]*)(\d+)", lambda part: f"{part[1]} {_part(part[1], part[2])} ", said)
    return re.sub(r"[-_/.]", " ", said)


def _part(name: str, number: str) -> str:
    return digits(number) if _DIGIT_BY_DIGIT.match(name + number) else name_digits(number)


def roman(text: str) -> int:
    """Gives the value of a Roman numeral."""
    values = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    numbers = [values[char] for char in text]
    pairs = zip(numbers, [*numbers[1:], 0], strict=True)
    return sum(-here if here < following else here for here, following in pairs)


def _roman(match: re.Match[str]) -> str | None:
    return cardinal(str(roman(match[1]))) if match[1] else None


def _english_ordinal(match: re.Match[str]) -> str | None:
    number, ending = int(match[1]), match[2].lower()
    expected = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    if ending != expected:
        return None
    if number <= 20:
        return f" {_ENGLISH[number]} "
    tens = {2: "twenty", 3: "thirty", 4: "forty", 5: "fifty", 6: "sixty", 7: "seventy", 8: "eighty", 9: "ninety"}
    if number < 100:
        ten, one = tens[number // 10], number % 10
        return f" {ten} {_ENGLISH[one]} " if one else f" {ten[:-1]}ieth "
    return f"第{cardinal(match[1])}"


def _model(match: re.Match[str]) -> str | None:
    tail = match[3]
    return None if tail and re.fullmatch(UNIT, tail) else f"{match[1]} {name_digits(match[2])} {tail}"


def _version(match: re.Match[str]) -> str:
    name = "version" if match[1].lower().startswith("ver") else match[1]
    return f" {name} {version(match[3])}{_suffix(match[4])}{mixed(match[5] or '')}"


NAMES: Final[tuple[Rule, ...]] = (
    rule(
        "so many against so many",
        r"(?<![A-Za-z\d.])(\d{1,2})([vV])[sS]?\.?(\d{1,2})(?![A-Za-z\d.])",
        lambda m: f"{cardinal(m[1])} {m[2]} {cardinal(m[3])}",
    ),
    rule(
        "standard",
        r"(?<![A-Za-z])((?:GB|ISO|IEC|DB|JB|YY|HJ|YD|ANSI|EN|DIN|IEEE)(?:/(?:T|IEC|Z))?)"
        r"\s?(\d{3,6}(?:\.\d{1,3})?)[-:]((?:19|20)\d\d)(?!\d)",
        lambda m: f"{m[1].replace('/', ' ')} {'点'.join(map(digits, m[2].split('.')))}，{digits(m[3])}",
    ),
    rule("Wi-Fi", r"(?<![A-Za-z])[Ww][Ii]-[Ff][Ii](?![A-Za-z])", lambda m: " WiFi "),
    rule("for example", r"(?<![A-Za-z])e\.\s?g\.,?", lambda m: " for example "),
    rule("that is", r"(?<![A-Za-z])i\.\s?e\.,?", lambda m: " that is "),
    rule(
        "letters with dots",
        r"(?<![A-Za-z.])(?:[A-Z]\.){2,8}[A-Z]?(?![A-Za-z])|(?<![A-Za-z.])Ph\.\s?D\.?|(?<![A-Za-z.])(?:[A-Z]\.){1,4}[A-Z](?![A-Za-z.])",
        lambda m: spelled(re.sub(r"[.\s]", "", m[0])),
    ),
    rule("English ordinal", r"(?<![\dA-Za-z.])(\d{1,4})(st|nd|rd|th|ST|ND|RD|TH)(?![A-Za-z\d])", _english_ordinal),
    rule("number sign", r"(?<![A-Za-z])(?:No|NO)\.\s?(?=\d)", lambda m: "第"),
    rule(
        "ratio of bits",
        r"(?<![\d.])802\.(\d{1,2})(?=[a-z]{0,2}(?![A-Za-z]))",
        lambda m: "八零二点" + digits(m[1]) + " ",
    ),
    rule(
        "version",
        rf"(?<![A-Za-z0-9.-])([vV]|[Vv]er\.?|[Vv]ersion|版本号?)(\s?[:：]?\s?)({_VERSION}|(?<=[vV])\d{{1,4}})({_SUFFIX})(?![\d])(?!\.\d)((?:-\d{{1,4}})?(?:-(?![vV]\d)[A-Za-z][A-Za-z0-9]{{0,20}}){{1,3}})?",
        _version,
    ),
    rule(
        "version of a product",
        rf"(?<![A-Za-z0-9.])(?!(?:{_NOT_NAMES})[\s-])(?![A-Za-z]+\s(?:19|20)\d\d\.\d{{1,2}}\.\d{{1,2}}(?![\d.]))([A-Za-z](?:[A-Za-z0-9_+#-]{{0,40}}[A-Za-z0-9+#])?)(?:(?<!\d)|(?!\d))\s?-?[vV]?({_VERSION})({_SUFFIX})((?:-(?=[0-9.]{{0,8}}[A-Za-z])[A-Za-z0-9]{{1,20}}(?:\.\d{{1,4}})?){{0,6}})(?![\d%])(?!\.\d)(?![A-Za-z](?!x))"
        r"(?!\s?(?:[KMGT]i?B|[kMG]?Hz|ms|kg|km|cm|mm|m|s|[元万亿%秒米倍度个小℃‰折]|分钟))",
        lambda m: mixed(m[1]) + " " + version(m[2]) + _suffix(m[3]) + mixed(m[4]),
    ),
    rule(
        "three parts",
        rf"(?<![\d.A-Za-z])(?!(?:19|20)\d\d\.\d{{1,2}}\.\d{{1,2}}(?![\d.]))(\d{{1,5}}(?:\.\d{{1,5}}){{2,4}})({_SUFFIX})((?:-\d{{1,4}})?(?:-[A-Za-z][A-Za-z0-9]{{0,20}}){{1,3}})?(?![\dA-Za-z])(?!\.\d)",
        lambda m: version(m[1]) + _suffix(m[2]) + mixed(m[3] or ""),
    ),
    rule(
        "release candidate",
        r"(?<![\d.A-Za-z])(\d{1,4}\.\d{1,4})([-.]?(?:rc|beta|alpha|dev|post)[.-]?\d{0,3})(?![\dA-Za-z])",
        lambda m: version(m[1]) + _suffix(m[2]),
    ),
    rule("standard of a language", r"(?<![A-Za-z0-9])C\+\+(\d{2})(?![\d.])", lambda m: f" C 加加{cardinal(m[1])}"),
    rule(
        "pages",
        r"(?<![A-Za-z])([Pp]{1,2})\.?\s?(\d{1,4})\s?[-~]\s?(\d{1,4})(?=\s?(?:页|[，。；;)）]|$))",
        lambda m: f" {m[1]} {cardinal(m[2])}到{cardinal(m[3])}",
    ),
    rule("socket", r"(?<![A-Za-z0-9.])M\.2(?![\d.])", lambda _: " M 点二"),
    rule(
        "any version of",
        r"(?<![\dA-Za-z.])[vV]?(\d{1,3}(?:\.\d{1,3})?)\.[xX](?![A-Za-z\d])",
        lambda m: f"{version(m[1])}点 x ",
    ),
    rule(
        "product and model",
        rf"(?<![A-Za-z0-9.])(?!(?:{_NOT_NAMES}) )([A-Z][A-Za-z]{{0,20}}) (\d{{3,5}})"
        rf"(?![\d%/-]|[.,:]\d|\s?[{HAN}]?[万亿]|\s?(?:[次元个人名位件份篇]|块钱))"
        r"([A-Za-z]{0,3})(?![A-Za-z\d])",
        _model,
    ),
    rule(
        "Roman numeral of a kind",
        rf"(?<![A-Za-z])(?!X+[期级类卷世度代章型])((?=[IVX]){_ROMAN})(?=[期级类卷世度代章]|(?<![^I]V)(?<!^V)型)",
        _roman,
    ),
    rule("Roman ordinal", rf"(?<=第)\s?((?=[IVXLC]){_ROMAN})(?![A-Za-z])", _roman),
    rule(
        "Roman numeral of a name",
        rf"(?<=[{HAN}])\s?(?!X+(?![IV]))(?!(?:VI|IV|IX|XI)[{HAN}])((?=[IVX]{{2}}){_ROMAN})(?![A-Za-z\d])",
        _roman,
    ),
    rule(
        "Roman numeral of an English name",
        rf"(?<=[a-z])\s(?!X+(?![IV]))((?=[IVX]{{2}}){_ROMAN})(?![A-Za-z\d-]|\s[a-z])",
        _roman,
    ),
)
"""Before dates and amounts: ``CUDA 12.8`` is no twelfth of August."""

MIXED: Final[tuple[Rule, ...]] = (
    rule(
        "span of a scale",
        r"(?<![A-Za-z0-9.,-])(\d{1,6}(?:\.\d{1,3})?)([A-Za-z])\s?[-~—至到]\s?(\d{1,6}(?:\.\d{1,3})?)(\2)(?![A-Za-z0-9])",
        lambda m: f"{number(m[1])} {m[2]} {to(m)}{number(m[3])} {m[4]} ",
    ),
    rule(
        "so many of a scale",
        r"(?<![A-Za-z0-9.,-])(\d{3,6})([BKMGT])(?![A-Za-z0-9])",
        lambda m: f"{cardinal(m[1])} {m[2]} ",
    ),
    rule(
        "span of names",
        r"(?<![A-Za-z0-9.-])([A-Za-z]{1,4})(\d{1,4})\s?[-~]\s?(\1)(\d{1,4})(?![A-Za-z0-9.-])",
        lambda m: f"{mixed(m[1] + m[2])}到{mixed(m[3] + m[4])}",
    ),
    rule(
        "letters with digits",
        r"(?<![A-Za-z0-9.])(?<!\d[A-Z]-)(?=[A-Za-z0-9_./-]*[A-Za-z])(?=[A-Za-z_./-]*\d)[A-Za-z][A-Za-z0-9]*(?:[-_./][A-Za-z0-9]+){0,6}(?![A-Za-z0-9])",
        lambda m: mixed(m[0]),
    ),
    rule(
        "digits with letters",
        r"(?<![A-Za-z0-9.,])\d{1,6}[A-Za-z][A-Za-z0-9]{0,20}(?:-[A-Za-z0-9]{1,20}){0,4}(?![A-Za-z0-9])",
        lambda m: mixed(m[0]),
    ),
    rule(
        "decimal with a letter",
        r"((?<=[视光镜])[-+])?(?<![A-Za-z0-9.,])(\d{1,6}\.\d{1,4})([A-Za-z]{1,3})(?![A-Za-z0-9])",
        lambda m: f"{signed(m[1])}{version(m[2])} {m[3]} ",
    ),
)
"""After amounts: ``24GB`` is one, ``B2B`` is a name."""

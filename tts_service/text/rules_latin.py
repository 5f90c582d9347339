"""Digits that belong to Latin words: versions, models, standards (``CUDA 12.8``, ``RTX4090``, ``A100``, ``v2.5``)."""

import re
from typing import Final

from tts_service.text.numerals import cardinal, digits, version
from tts_service.text.rule import Rule, rule

_VERSION: Final = r"\d{1,6}(?:\.\d{1,6}){1,4}"


def model_number(text: str) -> str:
    """Reads the digits of a name: 一百 for 100, 四零九零 for 4090, 十五 for 15, 二六四 for 264."""
    if len(text) <= 2 or text.strip("0") == "" or (len(text) == 3 and text.endswith("00")):
        return cardinal(text)
    if len(text) > 3 and text.endswith("000"):
        return cardinal(text).replace("两", "二")
    return digits(text)


def _suffix(tail: str) -> str:
    return (
        " " + re.sub(r"\d+", lambda part: model_number(part[0]), tail.replace("-", " ").replace(".", " ")) + " "
        if tail
        else ""
    )


def _mixed(match: re.Match[str]) -> str:
    said = re.sub(r"\d+(?:\.\d+)+", lambda part: f" {version(part[0])} ", match[0])
    said = re.sub(r"\d+", lambda part: f" {model_number(part[0])} ", said)
    return re.sub(r"[-_/.]", " ", said)


def _named_number(match: re.Match[str]) -> str:
    return f"{match[1]} {model_number(match[2])}"


def _names(name: str) -> str:
    return re.sub(r"\d+", lambda part: f" {model_number(part[0])} ", name)


EARLY: Final[tuple[Rule, ...]] = (
    rule(
        "version",
        rf"(?<![A-Za-z0-9.])([vV]|[Vv]er\.?|[Vv]ersion|版本号?)\s?({_VERSION})((?:-?(?:rc|beta|alpha|dev|post|b|a)\.?\d{{0,4}})?)(?![\d])",
        lambda m: f" {'version' if m[1].lower().startswith('ver') else m[1]} {version(m[2])}{_suffix(m[3])}",
    ),
    rule(
        "version of a product",
        rf"(?<![A-Za-z0-9.])([A-Za-z][A-Za-z0-9_+#-]{{0,40}}?)\s?-?({_VERSION})((?:-?(?:rc|beta|alpha|dev|post)\.?\d{{0,4}})?)(?![\d%A-Za-z])(?!\s?(?:[KMGT]i?B|[kMG]?Hz|ms|kg|km|cm|mm|[元万亿%秒米倍度个小℃]|分钟))",
        lambda m: _names(m[1]) + " " + version(m[2]) + _suffix(m[3]),
    ),
    rule(
        "three parts",
        r"(?<![\d.A-Za-z])(?!(?:19|20)\d\d\.\d{1,2}\.\d{1,2}(?![\d.]))(\d{1,5}(?:\.\d{1,5}){2,4})(?![\d.A-Za-z])",
        lambda m: version(m[1]),
    ),
    rule("product and model", r"(?<![A-Za-z0-9.])([A-Z][A-Za-z]{0,20}) (\d{3,5})(?![\d.%A-Za-z,:/-])", _named_number),
)
"""Before dates and amounts: ``CUDA 12.8`` is no twelfth of August."""

LATE: Final[tuple[Rule, ...]] = (
    rule(
        "letters with digits",
        r"(?<![A-Za-z0-9.])(?=[A-Za-z0-9_./-]*[A-Za-z])(?=[A-Za-z_./-]*\d)[A-Za-z][A-Za-z0-9]*(?:[-_./][A-Za-z0-9]+){0,6}(?![A-Za-z0-9])",
        _mixed,
    ),
    rule(
        "digits with letters",
        r"(?<![A-Za-z0-9.,])\d{1,6}[A-Za-z][A-Za-z0-9]{0,20}(?:-[A-Za-z0-9]{1,20}){0,4}(?![A-Za-z0-9])",
        _mixed,
    ),
)

"""After amounts: ``24GB`` is one, ``B2B`` is a name."""

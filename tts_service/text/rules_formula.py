"""Formulae: numbers, letters and units joined by operators, with powers, roots, fractions and functions."""

import math
import re
from typing import Final

from tts_service.text.measures import UNIT, is_spelled, unit_name
from tts_service.text.numerals import cardinal, number, quantity
from tts_service.text.rule import NUMBER, SAID, Rule, rule

_L: Final = r"[A-Za-z\u0370-\u03ff]"
_FUNCTION: Final = r"(?:arcsin|arccos|arctan|sinh|cosh|tanh|sin|cos|tan|cot|sec|csc|log|ln|lg|exp|max|min|lim|sqrt|det)"
_POWER: Final = r"(?:[²³]|(?<=\))!(?![=!])|\^\{?\(?[-+]?(?:\d{1,4}(?:\.\d{1,3})?|[A-Za-z])\)?\}?)"
_VALUE: Final = (
    rf"(?:{_FUNCTION}(?:{_POWER}|(?<=log)_?\d{{1,2}}(?=\())?\s?\(?\s?{_L}?\d{{0,6}}°?\)?"
    rf"|(?:{NUMBER}\s?[×x]\s?)?10(?:\^-?\d{{1,3}}|[²³])\s?{UNIT}|{NUMBER}\s?(?:{UNIT})|[{SAID}]|{NUMBER}[%°]|{NUMBER}(?:{_L}{{1,2}}(?!{_L}))?|∞|{_L}\({_L}(?:,\s?{_L})?\)|{_L}'?\d?{_L}?(?![A-Za-z]))"
)
_TIMES: Final = r"[a-z](?=\([^()]{1,20}[-+])"
_TERM: Final = (
    rf"(?>(?:[-+](?=[\d√(A-Za-z]))?√?(?:(?:{NUMBER}\s?|{_TIMES})?[(]\s?[-+]?)?√?{_VALUE}{_POWER}?"
    rf"(?:(?<=[²³]){_L}{_POWER}?){{0,3}}[)]?{_POWER}?)"
)
_RELATION: Final = r"(?:==|!=|>=|<=|=|≈|≠|≥|≤|≡|>|<|∈|→|∝)"
_OPERATOR: Final = rf"(?:{_RELATION}|[-+×*÷/·±:])"
_OPERATORS: Final = {
    "+": "加", "-": "减", "×": "乘", "*": "乘", "·": "乘", "÷": "除以", "/": "除以", "=": "等于", "==": "等于",
    "≈": "约等于", ">": "大于", "<": "小于", "≥": "大于等于", "≤": "小于等于", ">=": "大于等于", "<=": "小于等于",
    "!=": "不等于", "≠": "不等于", "±": "正负", "→": "趋于", "≡": "恒等于", "∈": "属于", "∝": "正比于", ":": "比",
      "√": "根号",
    "∞": "无穷大",
}  # fmt: skip
_CALLED: Final = ("sin", "cos", "tan", "log", "ln", "lg", "exp", "max", "min")
_FUNCTIONS: Final = {"sqrt": "根号"}
_SAID: Final = re.compile(f"[{SAID}]")
_TOKEN: Final = re.compile(
    rf"(?P<root>√\d{{1,6}}/\d{{1,6}}(?![\d.A-Za-z]))|(?P<fraction>(?<![\d.])(?:\d{{1,6}}/\d{{1,6}}(?![\d.A-Za-z])|[1-9]/[2-9](?=[A-Za-z])))|(?P<function>{_FUNCTION}(?![A-Za-z]))|(?P<call>{_L}\({_L}(?:,\s?{_L})?\))"
    rf"|(?P<percent>{NUMBER}%)|(?P<measure>{NUMBER}\s?{UNIT})|(?P<powered>10(?:\^-?\d{{1,3}}|[²³])\s?{UNIT})|(?P<number>{NUMBER})|(?P<power>{_POWER})|(?P<relation>{_RELATION})|(?P<letter>{_L})|(?P<other>.)",
    re.ASCII,
)
_COEFFICIENT: Final = re.compile(r"(?<=\d)([A-Za-z])(?![A-Za-z])")
"""A letter behind a number; beside 3n, the m of 2m is no metre."""


def _formula(match: re.Match[str]) -> str | None:
    text = match[0]
    bare = re.sub(r"\s", "", text)
    if re.fullmatch(r"[A-Z](?:→[A-Z])+", bare):
        return None
    related = re.search(_RELATION, bare)
    strong = re.search(
        r"[×÷√²³^±]|(?<![A-Za-z])[a-z]\([^()]+\)[-+*/]|(?<![A-Za-z\d])\d{1,3}([a-z])[-+]\d{0,3}(?!\1)[a-z](?![A-Za-z])",
        bare,
    )
    numbers_added = re.fullmatch(rf"[-+]?{NUMBER}(?:[+*]{NUMBER})+", bare)
    if not (related or strong or numbers_added) or (
        _SAID.search(bare) and not (related or (strong and "/" not in bare))
    ):
        return None
    if related and re.fullmatch(r"[A-Za-z]{2}[=:].*", bare) and not strong and "+" not in bare and len(bare) < 5:
        return None
    in_brackets = re.fullmatch(r"\(([^()]+±[^()]+)\)", bare)
    return say_formula(in_brackets[1] if in_brackets else text)


def say_formula(text: str) -> str:
    """Reads a formula that the rule recognised, token by token."""
    said, before = "", ""
    unknowns = any(not re.fullmatch(UNIT, letter) for letter in _COEFFICIENT.findall(text))
    brackets: list[bool] = []
    if text.count("(") != text.count(")"):
        text = text.replace("(", " ").replace(")", " ")
    for token in _TOKEN.finditer(text):
        part, kind = token[0], token.lastgroup
        if kind == "root":
            top, bottom = part[1:].split("/")
            said += f"{cardinal(bottom)}分之根号{cardinal(top)}"
        elif kind == "fraction":
            top, bottom = part.split("/")
            said += f"{cardinal(bottom)}分之{cardinal(top)}"
        elif kind == "function":
            said += _FUNCTIONS.get(part, f" {part} ")
        elif kind == "call":
            said += f" {part[0]} {part[2:-1].replace(',', ' ')} "
        elif kind == "percent":
            said += "百分之" + number(part[:-1])
        elif kind == "measure" and unknowns and part[-2:-1].isdigit():
            said += f"{number(part[:-1])} {part[-1]} "
        elif kind == "measure":
            found = re.match(NUMBER, part)
            unit = part[found.end() :].strip() if found else ""
            said += (
                (number if is_spelled(unit) or unit[:1] in "°℃" else quantity)(found[0]) + unit_name(unit)
                if found
                else part
            )
        elif kind == "powered":
            said += _powered(part)
        elif kind == "number":
            said += number(part)
        elif kind == "power":
            said += "的" + power(part)
        elif kind == "letter":
            said += f" {part} "
        elif part in "+-" and (not before or before in "=(<>≈≠≥≤"):
            said += "正" if part == "+" else "负"
        elif part == "°":
            said += "度"
        elif part == "(":
            brackets.append(not said.rstrip().endswith(_CALLED))
            said += "括号" * brackets[-1]
        elif part == ")":
            said += "括号" * (brackets.pop() if brackets else False)
        elif part == "→" and (before.isdigit() or before in "%°" or _SAID.match(before)):
            said += "到"
        elif not part.isspace():
            said += _OPERATORS.get(part, part if _SAID.match(part) else "")
        if not part.isspace():
            before = part[-1]
    return said


def _powered(text: str) -> str:
    """Reads a power of ten with its unit: ``10^-9m`` → 十的负九次方米."""
    found = re.match(r"10(\^-?\d{1,3}|[²³])\s?(.+)", text, re.DOTALL)
    return f"十的{power(found[1])}{unit_name(found[2])}" if found else text


def power(text: str) -> str:
    """Reads an exponent: 平方, 立方, 十次方, 负三次方, n 次方."""
    if text == "!":
        return "阶乘"
    bare = text.strip("^(){}")
    named = {"²": "平方", "³": "立方", "2": "平方", "3": "立方"}.get(bare)
    if named:
        return named
    return (
        number(bare) if bare.lstrip("+-")[:1].isdigit() else f"{'负' if bare[0] == '-' else ''} {bare.lstrip('+-')} "
    ) + "次方"


def _factorial(match: re.Match[str]) -> str | None:
    """Tells 5!=120 from "is not equal" by reckoning."""
    if match.lastindex == 2 and math.factorial(int(match[1])) != int(match[2]):
        return None
    return (cardinal(match[1]) if match[1].isdigit() else f" {match[1]} ") + "的阶乘"


def _power_alone(match: re.Match[str]) -> str | None:
    if match["base"] == "m" and match["before"] is not None:
        return None
    base = number(match["base"]) if match["base"][0].isdigit() else f" {match['base']} "
    return base + "的" + power(match["power"])


RULES: Final[tuple[Rule, ...]] = (
    rule(
        "scientific",
        rf"(?<![\dA-Za-z.])({NUMBER})[eE]([-+]?)(\d{{1,3}})(?![\dA-Za-z.])",
        lambda m: f"{number(m[1])}乘十的{'负' if m[2] == '-' else ''}{number(m[3])}次方",
    ),
    rule(
        "times a power of ten",
        rf"(?<![\dA-Za-z.])(-?)({NUMBER})\s?[×x*·]\s?10(?:\^([-+]?\d{{1,3}})(?!\d)|([²³]))(\s?{UNIT})?(?!\s?[-+×÷=])",
        lambda m: (
            f"{'负' if m[1] else ''}{number(m[2])}乘十的{power(m[3] or m[4])}{unit_name(m[5].strip()) if m[5] else ''}"
        ),
    ),
    rule("factorial", r"(?<![A-Za-z\d.!])(\d{1,2})!(?==(\d{1,20})(?![\d.]))", _factorial),
    rule("factorial in a formula", r"(?<![A-Za-z\d.!])(\d{1,2}|[nkm])!(?=\s?[-+×*/÷)]|=\s?\1[×*·(])", _factorial),
    rule(
        "absolute value",
        rf"\|\s?(-?)({NUMBER}|{_L})\s?\|",
        lambda m: ("负" if m[1] else "") + (number(m[2]) if m[2][0].isdigit() else f" {m[2]} ") + "的绝对值",
    ),
    rule(
        "absolute value of a sum",
        rf"\|((?:{_L}|{NUMBER})(?:\s?[-+×÷*/]\s?(?:{_L}|{NUMBER})){{1,3}})\|",
        lambda m: say_formula(m[1]) + "的绝对值",
    ),
    rule(
        "place in a row",
        r"(?<![A-Za-z0-9.])([A-Za-z][A-Za-z0-9_]{0,20})\[(-?\d{1,4})\]",
        lambda m: f" {m[1].replace('_', ' ')} {number(m[2])}",
    ),
    rule(
        "so many pi of a unit",
        rf"(?<![\dA-Za-z.])({NUMBER})?π\s?({UNIT})",
        lambda m: (number(m[1]) if m[1] else "") + "派" + unit_name(m[2]),
    ),
    rule(
        "hypothesis",
        r"(?<![A-Za-z\d])(H)([0-3])\s?:(?=\s?[A-Za-z\u0370-\u03ff])",
        lambda m: f" {m[1]} {cardinal(m[2])}：",
    ),
    rule(
        "formula",
        rf"(?<![A-Za-z\u0370-\u03ff\d.@#$_\"'])(?<![A-Za-z\d]-)(?!(?<=…)\+){_TERM}(?:(?:\s?{_OPERATOR}\s?|(?<=\))(?=\()){_TERM}){{1,16}}+(?![A-Za-z\d%°²³(_]|\.\d)",
        _formula,
    ),
    rule(
        "power",
        rf"(?<![A-Za-z\u0370-\u03ff\d./])(?<![A-Za-z][·⋅])(?P<before>(?<=[每万亿千百]))?(?P<base>{NUMBER}|{_L})(?P<power>{_POWER})(?!\d)",
        _power_alone,
    ),
    rule(
        "root",
        rf"√\s?({NUMBER}|{_L})(?![A-Za-z\d])",
        lambda m: "根号" + (number(m[1]) if m[1][0].isdigit() else f" {m[1]} "),
    ),
    rule(
        "function of an angle",
        rf"(?<![A-Za-z])({_FUNCTION})\s?\(?({NUMBER})°\)?",
        lambda m: f" {m[1]} {number(m[2])}度",
    ),
)

"""Amounts of money: signs and codes of currencies, in front or behind, with 万, 亿, K, M, million; spans of them."""

import re
from typing import Final

from tts_service.text.numerals import money, number, quantity, scaled
from tts_service.text.rule import HAN, NUMBER, SAID, TO, VALUE, Rule, rule, to

_CURRENCY: Final = {
    "¥": "元", "RMB": "元", "CNY": "元", "CN¥": "元", "$": "美元", "US$": "美元", "USD": "美元", "HK$": "港元",
    "HKD": "港元", "€": "欧元", "EUR": "欧元", "£": "英镑", "GBP": "英镑", "JP¥": "日元", "JPY": "日元", "₩": "韩元",
    "KRW": "韩元", "NT$": "新台币", "TWD": "新台币", "A$": "澳元", "AU$": "澳元", "AUD": "澳元", "C$": "加元",
    "CA$": "加元", "CAD": "加元", "S$": "新加坡元", "SGD": "新加坡元", "NZ$": "新西兰元", "MOP$": "澳门元",
    "MOP": "澳门元", "CHF": "瑞士法郎", "₽": "卢布", "RUB": "卢布", "₹": "卢比", "INR": "卢比", "฿": "泰铢",
    "THB": "泰铢", "₫": "越南盾", "VND": "越南盾", "₿": "比特币", "R$": "雷亚尔", "₺": "里拉", "₱": "比索",
    "₴": "格里夫纳", "₦": "奈拉", "円": "日元",
}  # fmt: skip
_SIGN: Final = "|".join(re.escape(sign) for sign in sorted(_CURRENCY, key=len, reverse=True))
_CODE: Final = "|".join(sign for sign in _CURRENCY if sign.isalpha()) + "|€|£|₽|₩|₹|฿|₫|¥"
_POWERS: Final = {"k": 3, "K": 3, "w": 4, "W": 4, "M": 6, "m": 6, "B": 9, "bn": 9, "T": 12}
_WORDS: Final = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_SCALE: Final = (
    r"(?:百万|千万|百亿|千亿|万亿|万|亿|千|百|(?:bn|[kKwWMmBT])(?![A-Za-z])|\s(?:thousand|million|billion|"
    r"trillion)(?![A-Za-z]))"
)
_UNIT: Final = "元|块钱|块|人民币|美元|美金|欧元|英镑|港币|港元|日元|韩元|澳元|加元"


def _amount(text: str, scale: str) -> str:
    scale = scale.strip()
    power = _POWERS.get(scale) or _WORDS.get(scale)
    if power:
        return scaled(text, power) or number(text) + {3: "千", 4: "万", 6: "百万", 9: "十亿", 12: "万亿"}[power]
    return quantity(text) + scale if scale else money(text.replace(",", ""))


def _money(match: re.Match[str]) -> str:
    written = match["unit"] or ""
    unit = _CURRENCY[match["sign"]] if written in ("", "元") else written
    minus = "负" if match["minus"] or match["minus2"] else "正" if match["plus"] else ""
    scale = match["scale"] or ""
    low = minus + _amount(match["n"], scale if match["to"] is None else scale or match["scale2"] or "")
    if match["to"] is None:
        return low + (match["more"] or "") + unit
    if not scale and match["scale2"] in ("万", "亿"):
        low = minus + money(match["n"])
    return f"{low}{to(match)}{_amount(match['to'], match['scale2'] or '')}{unit}"


def _behind(match: re.Match[str]) -> str:
    return _amount(match["n"], match["scale"] or "") + _CURRENCY[match["sign"]]


RULES: Final[tuple[Rule, ...]] = (
    rule(
        "money",
        rf"(?:(?<![\dA-Za-z{SAID}])(?:(?P<minus>-)|(?P<plus>\+))\s?)?(?<![A-Za-z])(?P<sign>{_SIGN})\s?(?P<minus2>-)?(?P<n>{NUMBER})"
        rf"(?P<scale>{_SCALE})?(?:{TO}(?:(?P=sign)\s?)?(?P<to>{NUMBER})(?P<scale2>{_SCALE})?)?(?!\.?\d)"
        rf"(?P<more>[多余](?!少|[{HAN}]?[种项次件个])|(?<=[万亿])[多余])?(?P<unit>{_UNIT})?",
        _money,
    ),
    rule(
        "money behind",
        rf"(?<![\dA-Za-z.])(?P<n>{NUMBER})(?P<scale>{_SCALE})?\s?(?P<sign>{_CODE})(?![A-Za-z])",
        _behind,
    ),
    rule(
        "so much off",
        r"(?<=满)(\d{2,5})(元)?\s?[-—]\s?(\d{1,4})(?![\d.%-])(?!\s?[年岁天件个])",
        lambda m: f"{number(m[1])}{m[2] or ''}减{number(m[3])}" if int(m[1]) > int(m[3]) else None,
    ),
    rule(
        "cents",
        rf"((?<=[{VALUE}款费])-)?(?<![\dA-Za-z.])((?:\d{{1,3}}(?:,\d{{3}}){{1,5}}|\d{{1,12}})\.\d{{2}})(?=\s?(?:{_UNIT}))",
        lambda m: ("负" if m[1] else "") + money(m[2].replace(",", "")),
    ),
    rule(
        "slang for ten thousand by what it is",
        rf"(?<![A-Za-z\d.])(?:({NUMBER})w?\s?[-~至到]\s?)?({NUMBER})w(?=的?(?:房|车|粉|奖|年薪|人|用户|播放|阅读|投资|订单|存款|资产|元|块))",
        lambda m: (number(m[1]) + "到" if m[1] else "") + quantity(m[2]) + "万",
    ),
    rule(
        "slang for ten thousand by what it is of",
        rf"((?:预算|薪资?|工资|收入|月入|年入|奖金|存款|贷款|首付|房价|售价|标价|总价|价格|成本|投资|融资|营收|销售额|粉丝|播放量?|阅读量?|浏览量?|销量|花了|赚了|亏了|欠了|借了)"
        rf"[^，。；\d]{{0,4}}?)(?:({NUMBER})[wW]?\s?[-~至到]\s?)?({NUMBER})[wW](?![A-Za-z\d])",
        lambda m: m[1] + (f"{number(m[2])}万到" if m[2] else "") + quantity(m[3]) + "万",
    ),
    rule(
        "slang for ten thousand",
        rf"((?<=[{HAN}])\s?|(?<![A-Za-z\d.])(?=[\d.]{{1,9}}w\+))({NUMBER})w(?=\+|[{HAN}，。！？、；\s）)”]|$)",
        lambda m: m[1] + quantity(m[2]) + "万",
    ),
)

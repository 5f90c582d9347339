"""Amounts: money, percentages, temperatures, units, ratios, fractions, sums, spans, counted things."""

import re
from typing import Final

from tts_service.text.numerals import cardinal, digits, money, number, quantity
from tts_service.text.rule import ALONE, NUMBER, OVER, TO, Rule, rule

_CURRENCY: Final = {
    "¥": "元", "RMB": "元", "CNY": "元", "$": "美元", "US$": "美元", "USD": "美元", "HK$": "港元",
    "HKD": "港元", "€": "欧元",
    "EUR": "欧元", "£": "英镑", "GBP": "英镑", "JP¥": "日元", "JPY": "日元", "₩": "韩元", "NT$": "新台币",
}  # fmt: skip
_SIGN: Final = "|".join(re.escape(sign) for sign in sorted(_CURRENCY, key=len, reverse=True))
_SCALE: Final = {
    "万": "万",
    "亿": "亿",
    "千": "千",
    "百万": "百万",
    "千万": "千万",
    "k": "千",
    "K": "千",
    "M": "百万",
    "B": "十亿",
}
_LARGE: Final = r"(?:百万|千万|万亿|万|亿|千|[kKMB](?![A-Za-z]))"

UNITS: Final = {
    "km/h": "千米每小时", "m/s": "米每秒", "m/s²": "米每二次方秒", "km²": "平方千米", "m²": "平方米",
    "cm²": "平方厘米",
    "m³": "立方米", "cm³": "立方厘米", "km": "千米", "dm": "分米", "cm": "厘米", "mm": "毫米", "μm": "微米",
    "um": "微米", "nm": "纳米",
    "m": "米", "kg": "千克", "mg": "毫克", "g": "克", "t": "吨", "ml": "毫升", "mL": "毫升", "L": "升", "l": "升",
    "h": "小时", "min": "分钟", "ms": "毫秒", "μs": "微秒", "us": "微秒", "ns": "纳秒", "s": "秒",
    "Hz": "赫兹", "hz": "赫兹", "kHz": "千赫", "KHz": "千赫", "MHz": "兆赫", "GHz": "吉赫", "dB": "分贝",
    "db": "分贝",
    "W": "瓦", "kW": "千瓦", "KW": "千瓦", "MW": "兆瓦", "kWh": "千瓦时", "V": "伏", "mV": "毫伏",
    "kV": "千伏", "A": "安", "mA": "毫安",
    "mAh": "毫安时", "Pa": "帕", "kPa": "千帕", "MPa": "兆帕", "N": "牛", "J": "焦", "kJ": "千焦", "cal": "卡",
    "kcal": "千卡",
    "mol": "摩尔", "rpm": "转每分", "bpm": "拍每分", "fps": "帧每秒", "FPS": "帧每秒", "px": "像素", "dpi": "D P I",
    "KB": " K B ", "kB": " K B ", "MB": " M B ", "GB": " G B ", "TB": " T B ", "PB": " P B ",
    "KiB": " K I B ", "MiB": " M I B ", "GiB": " G I B ", "TiB": " T I B ",
    "GB/s": " G B 每秒", "MB/s": " M B 每秒", "KB/s": " K B 每秒", "Mbps": "兆比特每秒", "Gbps": "吉比特每秒",
    "kbps": "千比特每秒",
    "元/月": "元每月", "mm²": "平方毫米", "°C": "摄氏度", "℃": "摄氏度", "°F": "华氏度", "°": "度",
}  # fmt: skip
_UNIT: Final = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
_FREE_UNITS: Final = frozenset({"A", "V", "W", "N", "J", "L", "l", "t", "g", "m", "s", "h", "K", "B"})

COUNTED: Final = (
    "个|位|名|只|条|张|本|件|台|辆|架|艘|把|根|支|枝|颗|粒|块|片|朵|棵|座|栋|间|家|所|群|队|套|双|对|副|幅|盒|箱|包|袋|瓶|杯|碗|盘|盆|"
    "次|遍|回|趟|场|顿|阵|步|句|段|篇|首|部|集|天|周|星期|小时|分钟|秒|年|岁|倍|成|种|样|项|批|组|层|株|头|匹|串|斤|公斤|千克|克|吨|"
    "米|公里|千米|厘米|毫米|里|升|毫升|元|美元|块钱|角|毛|度|点钟|刻钟|半|人|者|方|边|代|国|省|地|处|路|轮|款|门|节|课|行|列|列车|卡|核|帧|字|词|万|千|亿"
)
_BEFORE: Final = r"(?<![\dA-Za-z.第])"
_TERM: Final = r"(?:\d{1,8}(?:\.\d{1,6})?[A-Za-z]?|[A-Za-z]{1,2})(?:[²³]|\^\d{1,3})?(?![A-Za-z])"
_OPERATORS: Final = {
    "+": "加", "-": "减", "−": "减", "×": "乘", "*": "乘", "x": "乘", "÷": "除以", "/": "除以", "=": "等于",
    "≈": "约等于", ">": "大于",
    "<": "小于", "≥": "大于等于", "≤": "小于等于", ">=": "大于等于", "<=": "小于等于", "==": "等于",
    "!=": "不等于", "≠": "不等于",
    "±": "正负", "^": "的", "→": "到",
}  # fmt: skip


def _money(match: re.Match[str]) -> str:
    unit = _CURRENCY[match["sign"]]
    scale = match["scale"] or ""
    amount = money(match["n"].replace(",", "")) if not scale else number(match["n"])
    written = match["unit"] or ""
    return amount + _SCALE.get(scale, scale) + (written if len(written) > 1 else unit)


def _money_behind(match: re.Match[str]) -> str:
    scale = match["scale"] or ""
    return number(match["n"]) + _SCALE.get(scale, scale) + _CURRENCY[match["sign"]]


def _signed(sign: str, plus: str = "正") -> str:
    return {"+": plus, "-": "负", "−": "负"}.get(sign, "")


def _percent(match: re.Match[str]) -> str:
    name = {"%": "百分之", "‰": "千分之"}[match["p"]]
    first = _signed(match["sign"] or "") + name + number(match["n"])
    return first + ("到" + name + number(match["to"]) if match["to"] else "")


def _temperature(match: re.Match[str]) -> str:
    unit = UNITS[match["u"]]
    low = "零下" + number(match["n"]) if match["sign"] == "-" else number(match["n"])
    if not match["to"]:
        return low + unit
    below = match["sign"] == "-" or match["sign2"] == "-"
    high = ("零下" if match["sign2"] == "-" else "零上" if below else "") + number(match["to"])
    return low + "到" + high + unit


def _with_unit(match: re.Match[str]) -> str | None:
    unit = match["u"]
    if unit in _FREE_UNITS and match["gap"]:
        return None
    span = number(match["n"]) + "到" + quantity(match["to"]) if match["to"] else quantity(match["n"])
    said = UNITS[unit]
    if said.startswith(" "):
        span = span.replace("两", "二")
    return _signed(match["sign"] or "") + span + said


def _size(match: re.Match[str]) -> str:
    unit = UNITS.get(match[4] or "", "")
    return "乘".join(number(part) for part in (match[1], match[2], match[3]) if part) + unit


def _fraction(match: re.Match[str]) -> str | None:
    top, bottom = int(match[1]), int(match[2])
    if bottom < 2 or (top, bottom) == (24, 7):
        return None
    return f"{cardinal(str(bottom))}分之{cardinal(str(top))}"


def _sum(match: re.Match[str]) -> str:
    said = ""
    for part in re.findall(rf"{NUMBER}|>=|<=|==|!=|[^\s\d.]", match[0]):
        said += number(part) if part[0].isdigit() else _OPERATORS.get(part, part)
    return said


def _power(match: re.Match[str]) -> str:
    exponent = (
        {"²": "平方", "³": "立方"}.get(match[2])
        or {"2": "平方", "3": "立方"}.get(match[3])
        or f"{number(match[3])}次方"
    )
    base = number(match[1]) if match[1][0].isdigit() else f" {match[1]} "
    return f"{base}的{exponent}"


def _algebra(match: re.Match[str]) -> str | None:
    """Reads a formula with letters (``x²+1``, ``y=2x+3``); one term without a power is no formula."""
    text = match[0]
    if not re.search(r"[A-Za-z]", text) or not re.search(r"[²³^]|=.*\d|\d.*=", text):
        return None
    said = ""
    for part in re.findall(rf"{_TERM}|[^\s]", text):
        said += _term(part) if part[0].isalnum() else _OPERATORS.get(part, part)
    return said


def _term(text: str) -> str:
    match = re.fullmatch(r"(\d*\.?\d*)([A-Za-z]{0,2})(?:([²³])|\^(\d{1,3}))?", text)
    if match is None:
        return text
    exponent = {"²": "平方", "³": "立方", "2": "平方", "3": "立方"}.get(match[3] or match[4] or "")
    power = "的" + (exponent or number(match[4]) + "次方") if match[3] or match[4] else ""
    return (number(match[1]) if match[1] else "") + (f" {match[2]} " if match[2] else "") + power


def _compared(match: re.Match[str]) -> str:
    return _OPERATORS[match[1]] + number(match[2])


def _span(match: re.Match[str]) -> str:
    return number(match[1]) + "到" + (quantity(match[2]) if match[3] else number(match[2]))


RULES: Final[tuple[Rule, ...]] = (
    rule(
        "money",
        rf"(?<![A-Za-z])(?P<sign>{_SIGN})\s?(?P<n>{NUMBER})(?P<scale>{_LARGE})?(?P<unit>元|块|美元|美金|欧元|英镑|港币|港元)?",
        _money,
    ),
    rule(
        "money behind",
        rf"(?<![\dA-Za-z.])(?P<n>{NUMBER})\s?(?P<scale>{_LARGE})?\s?(?P<sign>RMB|CNY|USD|HKD|EUR|GBP|JPY|€|£)(?![A-Za-z])",
        _money_behind,
    ),
    rule(
        "percent",
        rf"(?<![\d.])(?P<sign>(?<![\d%A-Za-z])[+-])?(?P<n>{NUMBER})(?:%?{TO}(?P<to>{NUMBER}))?\s?(?P<p>[%‰])",
        _percent,
    ),
    rule(
        "temperature",
        rf"(?<![\d.])(?P<sign>(?<![\d])[-−])?(?P<n>{NUMBER})\s?(?:(?:°C|℃|°F|°)?{TO}(?P<sign2>-)?(?P<to>{NUMBER})\s?)?(?P<u>°C|℃|°F)",
        _temperature,
    ),
    rule(
        "scientific",
        rf"(?<![\dA-Za-z.])({NUMBER})[eE]([-+]?)(\d{{1,3}})(?![\dA-Za-z.])",
        lambda m: f"{number(m[1])}乘十的{_signed(m[2], '')}{number(m[3])}次方",
    ),
    rule("chapters", rf"第\s?(\d{{1,6}}){TO}第?(\d{{1,6}})(?!\d)", lambda m: f"第{cardinal(m[1])}到{cardinal(m[2])}"),
    rule(
        "score",
        r"(?<=比分|战胜|击败|战平|负于|领先|不敌)(\s?[是为以]?\s?)(\d{1,3})\s?[:：-]\s?(\d{1,3})(?!\d)",
        lambda m: f"{m[1]}{cardinal(m[2])}比{cardinal(m[3])}",
    ),
    rule(
        "ratio",
        r"(?<![\d:.])(\d{1,4}):(\d{1,4})(?::(\d{1,4}))?(?![\d:.]\d)(?!\d)",
        lambda m: "比".join(cardinal(part) for part in m.groups() if part),
    ),
    rule(
        "size",
        rf"(?<![\dA-Za-z.])({NUMBER})\s?[×xX*]\s?({NUMBER})(?:\s?[×xX*]\s?({NUMBER}))?\s?(cm|mm|m|px|km)?(?![A-Za-z\d=])(?!\s?[=+÷])",
        _size,
    ),
    rule(
        "sum",
        rf"(?<![\d.A-Za-z-])-?{NUMBER}(?:\s?[-+×*÷/]\s?{NUMBER}){{0,12}}\s?(?:=|≈|≥|≤|>=|<=|==|!=|≠|>|<)\s?-?{NUMBER}(?![\d%])",
        _sum,
    ),
    rule("sum without result", rf"(?<![\d.A-Za-z-]){NUMBER}(?:\s?[+×÷]\s?{NUMBER}){{1,12}}(?![\d%])", _sum),
    rule(
        "units",
        rf"(?<![\dA-Za-z.])(?P<sign>(?<![\d])[-+])?(?P<n>{NUMBER})(?:{TO}(?P<to>{NUMBER}))?(?P<gap>\s?)(?P<u>{_UNIT})(?![A-Za-z²³/])",
        _with_unit,
    ),
    rule(
        "algebra",
        rf"(?<![A-Za-z\d.])(?:{_TERM}\s?[-+×÷*/]\s?){{0,6}}{_TERM}"
        rf"(?:\s?=\s?(?:{_TERM}\s?[-+×÷*/]\s?){{0,6}}{_TERM})?(?![A-Za-z\d.])",
        _algebra,
    ),
    rule("power", r"(?<![A-Za-z\d])([A-Za-z]|\d{1,12})(?:([²³])|\^(\d{1,3}))(?!\d)", _power),
    rule("compared", rf"(>=|<=|≥|≤|≈|±|>|<|≠)\s?({NUMBER})", _compared),
    rule("fraction", r"(?<![\d/.A-Za-z])(\d{1,4})/(\d{1,4})(?![\d/.]\d)(?![\dA-Za-z/])", _fraction),
    rule("ordinal", rf"第\s?(\d{{1,8}}){OVER}", lambda m: "第" + cardinal(m[1])),
    rule(
        "grades",
        rf"{ALONE}(\d{{1,2}})(?=年级|号楼|号线|号店|号机|号桌|月份|楼|班|等奖|线城市|环|维|进制|极管)",
        lambda m: cardinal(m[1]),
    ),
    rule("span", rf"(?<![\d.A-Za-z-])({NUMBER}){TO}({NUMBER})(?![\d-])(?!\.\d)(?=\s?({COUNTED})?)", _span),
    rule(
        "counted",
        rf"{_BEFORE}(?P<sign>(?<![\d])[-])?(?P<n>{NUMBER})\s?(?=多?(?:{COUNTED}))",
        lambda m: _signed(m["sign"] or "") + quantity(m["n"]),
    ),
    rule("long string", r"(?<![\d.A-Za-z,])(\d{9,40})(?![\d.A-Za-z,])", lambda m: digits(m[1])),
    rule(
        "number",
        rf"(?<![\d.A-Za-z,])(?P<sign>(?<!\d)\+|(?<![\d\u4e00-\u9fff)])-|(?<=[为是到和或约至度降低、，])-)?(?P<n>{NUMBER})(?![\d²³^])(?![A-Za-z])",
        lambda m: _signed(m["sign"] or "") + number(m["n"]),
    ),
)
"""The plain number comes last: what is left of it is nobody else's."""

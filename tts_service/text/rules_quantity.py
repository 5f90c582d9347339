"""Amounts: percentages, temperatures, units, sizes, ratios, fractions, spans, ordinals, counted things, numbers."""

import re
from typing import Final

from tts_service.text.measure_words import MEASURE_WORDS, PER, PER_NAMES
from tts_service.text.measures import UNIT, is_free, is_never_negative, is_spelled, unit_name
from tts_service.text.numerals import cardinal, digits, number, quantity
from tts_service.text.rule import ALONE, HAN, NUMBER, OVER, PLUS, SAID, SIGN, TO, VALUE, Rule, rule, signed, to

_KIND: Final = rf"(?:{MEASURE_WORDS})"
_ROW: Final = r"\d{1,4}(?:\.\d{1,4})?"
_BEFORE_UNIT: Final = rf"(?<![\dA-Za-z.{SAID}])(?P<sign>{SIGN})"


def _percent(match: re.Match[str]) -> str:
    name = {"%": "百分之", "‰": "千分之", "‱": "万分之"}[match["p"]]
    added = match["sign"] == "+" and re.search(rf"%[{HAN}]{{1,6}}$", match.string[: match.start()])
    first = ("加" if added else signed(match["sign"])) + name
    if match["to"]:
        return first + number(match["n"]) + to(match) + signed(match["sign2"]) + name + number(match["to"])
    return first + ("百" if match["n"] == "100" and match["p"] == "%" else number(match["n"]))


def _temperature(match: re.Match[str]) -> str:
    unit, sign = unit_name(match["u"]), (match["sign"] or "").strip()
    low = ("零下" if sign == "-" else signed(sign)) + number(match["n"])
    if not match["to"]:
        return low + unit
    high = ("零下" if match["sign2"] == "-" else "") + number(match["to"])
    return low + (unit_name(match["u1"]) if match["u1"] else "") + to(match) + high + unit


def _closed(unit: str, rest: str) -> bool:
    """Tells whether a short unit behind a space is one: ``500 g面粉`` has one, ``3 A级`` hasn't."""
    return unit in ("g", "m", "L", "V", "W", "N", "h") and re.match(rf"[{HAN}，。；、）)]|$", rest) is not None


def _with_unit(match: re.Match[str]) -> str | None:
    unit, scale = match["u"], match["scale"] or ""
    if is_free(unit) and match["gap"] and not _closed(unit, match.string[match.end() :]):
        return None
    say = number if is_spelled(unit) else quantity
    amount = number(match["n"]) if match["to"] or match["more"] else quantity(match["n"]) if scale else say(match["n"])
    before = match.string[match.start() - 1 : match.start()]
    if (
        match["sign"].strip() == "-"
        and is_never_negative(unit)
        and "\u4e00" <= before <= "\u9fff"
        and before not in VALUE
    ):
        return f"，{amount}{scale}{unit_name(unit)}" if not (match["to"] or match["more"]) else None
    if match["to"]:
        amount = (
            (say(match["n"]) if match["n"] == "2" and match["to"] == "3" else amount) + to(match) + say(match["to"])
        )
    if match["more"]:
        amount += "正负" + number(match["more"])
    return signed(match["sign"]) + amount + scale + unit_name(unit)


def _size(match: re.Match[str]) -> str:
    sides = [part for part in (match[1], match[3], match[5]) if part]
    names = [match[place] or "" for place in (2, 4, 6)]
    return "乘".join(
        (quantity if name else number)(side) + (unit_name(name) if name else "")
        for side, name in zip(sides, names, strict=False)
    )


def _fraction(match: re.Match[str]) -> str | None:
    top, bottom = int(match[2]), int(match[3])
    if bottom < 2 or (top, bottom) == (24, 7):
        return None
    if top == bottom or top > bottom > 12:
        return f"{cardinal(str(top))}斜杠{cardinal(str(bottom))}"
    return f"{signed(match[1])}{cardinal(str(bottom))}分之{cardinal(str(top))}"


def _span(match: re.Match[str]) -> str:
    counted = match[3] is not None
    low = quantity(match[1]) if counted and match[1] == "2" and len(match[2]) == 1 else number(match[1])
    return low + to(match) + (quantity(match[2]) if counted else number(match[2]))


def _bare_span(match: re.Match[str]) -> str:
    low, high = match[1], match[2]
    if "-" in match[0] and float(low.replace(",", "")) > float(high.replace(",", "")) and len(low) < 4:
        return f"{cardinal(low)}比{cardinal(high)}" if "." not in low + high else number(low) + "到" + number(high)
    return number(low) + to(match) + number(high)


def _counted(match: re.Match[str]) -> str:
    text = match.string
    within = (
        text[: match.start()].endswith(("十", "百", "零"))
        or re.search("第[一二三四五六七八九十]、$", text[: match.start()])
        or text[match.start() : match.end() + 1] == "-2层"
    )
    return signed(match["sign"]) + (number if within else quantity)(match["n"])


def _few(match: re.Match[str]) -> str | None:
    low, high = int(match[1]), int(match[2])
    if high != low + 1:
        return None
    return ("两" if low == 2 else cardinal(match[1])) + cardinal(match[2])


def _row(match: re.Match[str]) -> str | None:
    """Tells 255,128,0 from a number with its thousands apart."""
    parts = match[0].split(",")
    if all(len(part.partition(".")[0]) == 3 for part in parts[1:]) or (len(parts) == 2 and "." in match[0]):
        return None
    return "，".join(number(part.strip()) for part in parts)


def _plain_run(match: re.Match[str]) -> str:
    text = match["n"]
    round_or_short = text.endswith("0000") or len(text) < 11
    whole = round_or_short and text[0] != "0" and len(text) <= 16
    return signed(match["sign"]) + (cardinal(text) if whole else digits(text))


def _per(match: re.Match[str]) -> str:
    count = cardinal(match["count"]) if match["count"] else ""
    name = PER_NAMES.get(match["per"], match["per"])
    return (
        f"每{count}"
        + (f" {match['scale']} " if match["scale"] else "")
        + name
        + (match["more"] or "").replace("/", "每")
    )


MEASURED: Final[tuple[Rule, ...]] = (
    rule(
        "day and night",
        rf"{ALONE}(7/24|24/7)(?=\s?(?:小时|服务|在线|客服|热线|值守|值班|运营|运行|监控|支持|响应|不间断|不打烊|全天|营业))",
        lambda m: "乘".join(cardinal(part) for part in m[1].split("/")),
    ),
    rule(
        "percent to percent",
        rf"{ALONE}({NUMBER})%\s?:\s?({NUMBER})%",
        lambda m: f"百分之{number(m[1])}比百分之{number(m[2])}",
    ),
    rule(
        "percent",
        rf"(?<![\d.])(?P<sign>{SIGN})(?P<n>{NUMBER})(?:\s?[%‰‱]?{TO}(?P<sign2>[-+])?(?P<to>{NUMBER}))?\s?(?P<p>[%‰‱])",
        _percent,
    ),
    rule(
        "temperature",
        rf"(?<![\d.])(?P<sign>{SIGN})(?P<n>{NUMBER})\s?(?:(?P<u1>°C|℃|°F|°)?{TO}(?P<sign2>[-+])?(?P<to>{NUMBER})\s?)?(?P<u>°C|℃|°F)(?!/)",
        _temperature,
    ),
    rule(
        "ratio",
        rf"(?<![\d:.])({NUMBER})(?::|\s:\s)({NUMBER})(?::({NUMBER}))?(?::({NUMBER}))?(?![\d:])(?!\.\d)",
        lambda m: "比".join(number(part) for part in m.groups() if part),
    ),
    rule(
        "size",
        rf"{ALONE}({NUMBER})\s?({UNIT})?\s?[×xX*]\s?({NUMBER})\s?({UNIT})?(?:\s?[×xX*]\s?({NUMBER})\s?({UNIT})?)?(?![A-Za-z\d=])(?!\s?[=+÷])",
        _size,
    ),
    rule(
        "load of a lift",
        rf"{ALONE}({NUMBER})\s?(kg|KG|公斤|千克)/(\d{{1,3}})人",
        lambda m: f"{number(m[1])}{unit_name(m[2]) if m[2].isascii() else m[2]}，{cardinal(m[3])}人",
    ),
    rule(
        "fraction of a unit",
        rf"(?<![\d/.A-Za-z{SAID}])1/(\d{{1,5}})\s?({UNIT})",
        lambda m: f"{cardinal(m[1])}分之一{unit_name(m[2])}",
    ),
    rule(
        "inches",
        rf"{ALONE}({NUMBER})(?:\"|″|'')(?=\s?[{HAN}]{{0,4}}(?:屏|显示器|电视|轮毂|披萨|蛋糕|笔记本|平板))",
        lambda m: number(m[1]) + "英寸",
    ),
    rule(
        "units",
        rf"{_BEFORE_UNIT}(?P<n>{NUMBER}|\.\d{{1,4}})(?P<scale>[万亿千百])?(?:{TO}(?P<to>{NUMBER})|\s?±\s?(?P<more>{NUMBER}))?(?P<gap>\s?)(?P<u>{UNIT})(?!(?<=[AVWNJL])\d)",
        _with_unit,
    ),
    rule(
        "per step of a programme",
        rf"(?<=[{SAID}])/(epochs?|steps?|iters?|it|batch|tokens?|reqs?|requests?|images?|img|frames?|samples?|GPU|CPU|node|core|page|file|user|case|call|query)(?![A-Za-z])",
        lambda m: f"每 {m[1]} ",
    ),
    rule("unit behind", rf"(?<=[{SAID}])({UNIT})", lambda m: None if is_free(m[1]) else unit_name(m[1])),
    rule("unit of each", r"(?<=每)([kcm]?m)([²³])(?![A-Za-z\d+=-])", lambda m: unit_name(m[0])),
    rule(
        "per",
        rf"(?:(?<=[{SAID}])|(?<=\d)(?=/[{HAN}])"
        rf"|(?<=[{SAID}][{HAN}])|(?<=[{SAID}][{HAN}][{HAN}])|(?<=\d[{HAN}])|(?<=\d[{HAN}][{HAN}])|(?<=\d[{HAN}][{HAN}][{HAN}]))\s?/\s?(?P<count>\d{{0,4}})(?P<scale>(?:[KkMB](?![gmWB]))?)\s?(?P<per>{PER}|[{HAN}](?![{HAN}]))(?P<more>/(?:人|天|日|次|晚|间|月|年|台|件))?(?![A-Za-z/])",
        _per,
    ),
    rule(
        "so many of them each second",
        r"(?<![A-Za-z])(tokens?|req|requests?|frames?|samples?|images?|img|iters?|it|steps?|ops|msgs?|rows?)/(sec|s|min|h|day)(?![A-Za-z/])",
        lambda m: f" {m[1]} 每" + {"sec": "秒", "s": "秒", "min": "分钟", "h": "小时", "day": "天"}[m[2]],
    ),
    rule(
        "per behind a word",
        rf"(?<=[元次公里米克升字币瓦帧转个人])/(?P<per>人|天|日|月|年|小时|时|分钟|分|秒|次|平方米|平米|平方公里|平方厘米|立方米|立方厘米|毫升|公里|百公里|吨|斤|公斤|千克|升|个|股|度|度电|千瓦时)(?![{HAN}/])",
        lambda m: "每" + m["per"],
    ),
)
"""Amounts with a sign or a unit; they come before names of letters and digits."""

COUNTED: Final[tuple[Rule, ...]] = (
    rule(
        "numbers in a row",
        rf"(?<![\d.A-Za-z,{SAID}])-?{_ROW}(?:,\s?-?{_ROW}){{1,20}}(?![\d,]|\.\d)",
        _row,
    ),
    rule(
        "numbers with spaces",
        rf"(?<![\d.A-Za-z,{SAID}-])\d{{1,2}}(?: \d{{1,2}}){{3,9}}(?![\d.%:/A-Za-z]| \d)",
        lambda m: "，".join(cardinal(part) for part in m[0].split(" ")),
    ),
    rule("beats of a bar", r"(?<![\d/.])(\d)/(\d{1,2})(?=拍)", lambda m: digits(m[2]) + digits(m[1])),
    rule(
        "groups of three with spaces",
        rf"{ALONE}(\d{{1,3}}(?: \d{{3}}){{2,4}})(?![ \d.])(?=[多余]?{_KIND})",
        lambda m: cardinal(m[1].replace(" ", "")),
    ),
    rule(
        "fraction",
        rf"(?<![\d/.A-Za-z{SAID}])({SIGN})(\d{{1,4}})(?:/|\s/\s)(\d{{1,6}})(?![\d/.]\d)(?![\dA-Za-z/])(?!\s?{UNIT})",
        _fraction,
    ),
    rule(
        "written fraction",
        rf"(?<![\dA-Za-z.])({SIGN})(\d{{1,6}})分之(\d{{1,6}}(?:\.\d{{1,4}})?)",
        lambda m: f"{signed(m[1])}{cardinal(m[2])}分之{number(m[3])}",
    ),
    rule(
        "parts in", r"(?<=[百千万亿]分之)\s?(\d{1,6}(?:\.\d{1,6})?)", lambda m: "百" if m[1] == "100" else number(m[1])
    ),
    rule(
        "chapters",
        rf"第\s?(\d{{1,6}}){TO}(第?)(\d{{1,6}})(?!\d)",
        lambda m: f"第{cardinal(m[1])}{to(m)}{m[2]}{cardinal(m[3])}",
    ),
    rule(
        "ordinal in brackets",
        r"第\s?[(（](\d{1,4}|[零一二三四五六七八九十百]{1,6})[)）]",
        lambda m: "第" + (cardinal(m[1]) if m[1].isdigit() else m[1]),
    ),
    rule("ordinal", rf"第\s?(\d{{1,16}}(?:\.\d{{1,4}})?){OVER}", lambda m: "第" + number(m[1])),
    rule(
        "power in words",
        r"(?<=的)\s?([-+])\s?(\d{1,4}(?:\.\d{1,4})?)\s?(?=次[方幂])",
        lambda m: signed(m[1]) + number(m[2]),
    ),
    rule(
        "metres and centimetres",
        rf"{ALONE}(\d{{1,3}})米(\d\d)(?![\d.%A-Za-z])(?!\s?[多几来余]?{_KIND})",
        lambda m: f"{quantity(m[1])}米{digits(m[2])}",
    ),
    rule(
        "grades",
        rf"{ALONE}(\d{{1,3}})(?=年级|号楼|号线|号店|号机|号桌|号院|月份|楼|班|等奖|线城市|线品牌|环|维|进制|极管|单元|车间|级|等座|等舱|手车|手房|胎|战|次元|次方|次元|进宫)",
        lambda m: cardinal(m[1]),
    ),
    rule(
        "second of its kind",
        rf"{ALONE}2(?=代(?:身份证|居民|产品|芯片|处理器|机|店|目)|期(?:工程|项目|建设|厂房|地块|规划|临床|试验)|元(?:一次|二次|方程|函数|论)|人转|道贩子|"
        r"次(?:函数|方程|元|加工|开发|创业|污染|供水|装修|感染|曲线|型|革命|世界大战|开庭)|本(?:大学|院校|线|批次)|把手(?!枪)|字头|排(?:\d|[一二三四五六七八九十]+座|座))|(?<=[富官星拆移军农])2(?=代)",
        lambda _: "二",
    ),
    rule("bus", r"(?:(?<=[坐乘搭等挤转])2(?=路)|(?<![\d.])2(?=路(?:车|公交|公共汽车|电车|汽车|线)))", lambda _: "二"),
    rule("a few", rf"(?<![\d.第、])([1-9])、([1-9])(?=[多几]?(?:{MEASURE_WORDS}))(?!线)", _few),
    rule(
        "span with its unit twice",
        rf"{ALONE}({NUMBER})([{HAN}]{{1,3}})\s?[-~—]{{1,2}}\s?({NUMBER})(?=\2)",
        lambda m: f"{quantity(m[1])}{m[2]}到{quantity(m[3])}",
    ),
    rule(
        "span",
        rf"(?<![\d.A-Za-z{SAID}-])({NUMBER}){TO}({NUMBER})(?![\d-])(?!\.\d)(?=\s?多?{_KIND})()",
        _span,
    ),
    rule("bare span", rf"(?<![\d.A-Za-z{SAID}-])({NUMBER}){TO}({NUMBER})(?![\d-])(?!\.\d)(?![A-Za-z])", _bare_span),
    rule(
        "one more",
        rf"(?:(?<=[{HAN}])(?<![{VALUE}])\+(\d{{1,2}})|(?:^|(?<=[，。！？：（“\s]))\+(1))(?=[，。！!,~）”]|$)",
        lambda m: "加" + cardinal(m[1] or m[2]),
    ),
    rule(
        "more than",
        rf"{ALONE}(?P<n>{NUMBER})(?P<scale>[万亿千百]?)\+(?=\s?{_KIND}|[{HAN}])",
        lambda m: (
            quantity(m["n"]) + m["scale"] + "多"
            if re.match(rf"{_KIND}|分(?!类|布|享|配)", m.string[m.end() :].lstrip())
            else quantity(m["n"]) + m["scale"] + "加"
        ),
    ),
    rule(
        "counted",
        rf"{ALONE}(?P<sign>(?<![\d)）{SAID}%万亿元岁年月日时天分秒个人次米吨斤里倍层楼号])(?:-|{PLUS})|±)?(?P<n>{NUMBER})\s?(?=[多几来余]?{_KIND})",
        _counted,
    ),
    rule(
        "long run",
        rf"(?<![\d.A-Za-z,])(?P<sign>(?<![\d{HAN})）{SAID}%A-Za-z])-)?(?P<n>\d{{9,40}})(?![\d.A-Za-z,])",
        _plain_run,
    ),
    rule(
        "number",
        rf"(?<![\d.A-Za-z,])(?P<sign>(?:(?<![\d{HAN})）…{SAID}%])|(?<=[{VALUE}]))[-+]|±)?(?P<n>{NUMBER}|\.\d{{1,12}})(?![\d²³^])(?!\.\d)",
        lambda m: signed(m["sign"]) + number(m["n"]),
    ),
)
"""Counted things and plain numbers, the last rules of all."""

"""Strings of digits that stand for somebody or something: telephone, identity and card numbers, codes, addresses."""

import re
from typing import Final

from tts_service.text.measures import UNIT
from tts_service.text.numerals import cardinal, digits, name_digits, phone, quantity
from tts_service.text.rule import ALONE, DIALLED, HAN, OVER, Rule, rule

_EXTENSION: Final = r"(?:\s?(?:转|分机号?|-|ext\.?\s?|x)\s?\d{1,6}(?!\d))?"
_CALL: Final = (
    r"(?:拨打|拨叫|拨通|致电|来电|电话号码|联系电话|电话号?|热线|手机号码|手机号?|座机|传真|分机号?|客服|投诉|呼叫|"
    r"求助|报警|火警|急救|举报|咨询|发送?[到至](?=\d{5})|Tel\.?|TEL|tel)"
)
_IS: Final = r"(?:\s?(?:号码|号|电话|热线)?\s?(?:是|为|:|：|,|，)?\s?)"
_CALLED: Final = "(?:客服|热线|急救|报警|火警|服务热线|专线|投诉|举报|救护车|求助|电话)"
_CODE: Final = (
    rf"(?:[件餐货券销权取全付荐请器册票入课]码|住院号|门诊号|病历号|档案号|[{HAN}]号(?=\s?[:：]\s?[A-Z]{{0,3}}\d{{5}})|保单号|会员号|箱号|车架号|设备号|"
    r"端口号?|短号|内线|总机|编码|条码|税号|号码|编号|序号|验证码|校验码|动态码|取件码|[末后前][三四五六3-6]位(?:数字?)?|激活码|邀请码|兑换码|密码|口令|暗号|学号|工号|警号|订单编号|订单号?|流水号|单号|运单号?|快递单号|账号|帐号|账户|"
    r"卡号|尾号|房间号?|房号|门牌号?|邮编|邮政编码|区号|股票代码|证券代码|基金代码|代码|QQ号?|QQ群号?|群号|微信号?|身份证号码|身份证号?|身份证|护照号?|"
    r"驾照号?|车牌号?|机身号|序列号|批号|货号|型号|件号|票号|会议号|识别号|信用代码|银行卡号?|银行账号|许可证号?|合同号|发票号码?|准考证号?|座位号|"
    r"[Pp]ort|PORT|PID|pid|UID|uid|ID|id|Id|SN|S/N|IMEI|ISBN|ISSN|QQ|bug|Bug|BUG|[Ii]ssue|PR|MR)"
)
_LINES: Final = (
    "12110|12123|12309|12313|12318|12328|12336|12337|12340|12351|12367|12371|12377|12379|12380|12381|12385|12395|96110|"
    "95017|95306|95079|95188|12306|12315|12345|12348|12355|12356|12358|12320|12329|12333|12338|12366|12369|12378|12388|12389|12393|10086|10010|10000|10099|"
    "11185|11183|95588|95533|95599|95566|95555|95559|95528|95568|95577|95595|95511|95518|95519|95500|95580|95338|95598|95105888"
)
"""Service lines that everybody knows by their number."""
_PROVINCE: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"


def _phone(match: re.Match[str]) -> str:
    """Reads country code, groups and extension: ``+86-10-12345678转12``."""
    code = re.match(r"\s?\+(86|\d{1,3})", match[0])
    text = match[0][code.end() :] if code else match[0]
    inside = re.search(r"\s?(?:转|分机号?|ext\.?|x)\s?(\d+)$", text)
    number = phone(text[: inside.start()] if inside else text)
    return (f"加{digits(code[1])}，" if code else "") + number + (f"转{phone(inside[1])}" if inside else "")


def _mobile(match: re.Match[str]) -> str:
    number = re.sub(r"\D", "", match[1])
    begin = match[0].lstrip("(")
    prefix = "加八六，" if begin.startswith(("+86", "0086")) else "八六，" if begin.startswith("86") else ""
    return prefix + "，".join(phone(part) for part in (number[:3], number[3:7], number[7:]))


def _masked(match: re.Match[str]) -> str:
    begin, end = digits(match[1], phone=match[1][:1] == "1"), phone(match[3])
    return "，".join(part for part in (begin, quantity(str(len(match[2]))) + "个星号", end) if part)


def _named(match: re.Match[str]) -> str | None:
    name, link, code = match[1], match[2], match[3]
    if name in ("ID", "id", "Id", "PR", "MR", "bug", "Bug", "BUG", "issue", "Issue") and len(code) <= 2:
        return None
    link = link.replace("#", "井号").replace("=", "等于")
    pause = "，" if link.strip() in (":", "：") else "" if name.isascii() and not link.strip() else link.strip()
    if re.fullmatch(rf"\d\d?W-\d\d|\d{{1,4}}(?=m|[A-Za-z]{{2}}){UNIT}", code):
        return None
    if re.fullmatch(r"\d{1,3}(?:s|min|h)", code) and match.string[match.end() : match.end() + 1] in ("后", "内"):
        return None
    if name.startswith("端口") and code.isdigit() and len(code) == 2 and code[0] != "0":
        return name + pause + cardinal(code)
    spaced = " " if name[-1].isascii() and not pause else ""
    if name == "S/N":
        name = "SN"
    name = re.sub(r"\d", lambda part: digits(part[0]), name)
    return name + (pause or spaced) + letters_and_digits(code)


def letters_and_digits(text: str) -> str:
    """Reads a code sign by sign; hyphens are pauses, letters stay for the voice to spell."""
    said = ""
    for part in re.findall(r"\d+|[A-Za-z]|[-_./]+|[*]+", text):
        said += digits(part) if part[0].isdigit() else f" {part.upper()} " if part.isalpha() else "，"
    return said


def _landline_run(match: re.Match[str]) -> str:
    text = match[1]
    area = 3 if text[1] in "12" else 4
    return f"{phone(text[:area])}，{phone(text[area:])}"


RULES: Final[tuple[Rule, ...]] = (
    rule(
        "share by its kind",
        rf"(?:(?<=[个A]股|股票|基金|转债)|(?<=ETF))\s?((?:[03568]|(?<=[金债F])\d)\d{{5}})(?![\d.万亿]|[{HAN}]?[股元手])",
        lambda m: digits(m[1]),
    ),
    rule(
        "share",
        rf"(?<=[{HAN}A-Za-z][（(])(\d{{6}}|0\d{{4}})(?:\.?(SH|SZ|BJ|HK))?(?=[）)，,；;])",
        lambda m: digits(m[1]) + (f"点 {m[2]} " if m[2] else ""),
    ),
    rule(
        "mobile",
        r"(?:\(?(?:\+|00)86\)?[\s-]?|(?<!\d)86[\s-]|(?<![\d.]))(1[3-9]\d[\s-]?\d{4}[\s-]?\d{4})(?![\d.]*\d)",
        _mobile,
        DIALLED,
    ),
    rule(
        "bank card",
        r"(?<![\d.-])(\d{4})([ -])(\d{4})\2(\d{4})\2(\d{1,4})(?:\2(\d{1,4}))?(?![\d-])",
        lambda m: "，".join(digits(part) for part in (m[1], m[3], m[4], m[5], m[6]) if part),
    ),
    rule(
        "masked by letters",
        r"(?<!\d)(1[3-9]\d)[\s-]?([xX]{4})[\s-]?(\d{4})(?!\d)",
        lambda m: f"{phone(m[1])} {m[2].upper()} {phone(m[3])}",
    ),
    rule("line of a bank with its key", rf"(?<![\d.-])(95\d{{3}})-(\d{{1,2}}){OVER}(?![-%])", lambda m: phone(m[0])),
    rule("masked", r"(?<![\d*])(?=\*{0,20}\d)(\d{0,7})(\*{3,12})(\d{0,4})(?![\d*])", _masked),
    rule(
        "landline from abroad",
        rf"(?:\+|(?<!\d)00)86[\s-]?[1-9]\d{{1,2}}[\s-](?:\d{{7,8}}|\d{{3,4}}[\s-]\d{{4}})(?!\d){_EXTENSION}",
        _phone,
        DIALLED,
    ),
    rule(
        "landline",
        rf"(?<![\d-])(?:\+86[\s-]?)?(?:[(（]0\d{{1,3}}[)）]\s?-?|0\d{{1,3}}[-\s])\d{{3,4}}[\s-]?\d{{4}}(?!\d){_EXTENSION}",
        _phone,
        DIALLED,
    ),
    rule("landline in a run", rf"(?<![\d.])(0(?:[12]\d\d{{8}}|[3-9]\d\d\d{{7,8}})){OVER}", _landline_run, DIALLED),
    rule(
        "service line",
        rf"(?<![\d.-])(?:0800[-\s]\d{{3}}[-\s]\d{{3}}|[48]00[-\s]?\d{{3}}[-\s]?\d{{4}}|[48]00-\d{{4}}-\d{{3}}|[48]00\d-\d{{3}}-\d{{3}}){OVER}(?![-.]\d)",
        lambda m: phone(m[0] if not m[0].isdigit() else f"{m[0][:3]}-{m[0][3:6]}-{m[0][6:]}"),
        DIALLED,
    ),
    rule(
        "abroad",
        r"(?<![\d+])(?:\+|00)(?!86)[1-9]\d{0,2}[\s-](?:\(\d{1,4}\)[\s-]?|\d{1,5}[\s-]){0,4}\d{3,8}(?!\d)",
        _phone,
        DIALLED,
    ),
    rule(
        "called",
        rf"({_CALL}{_IS}|(?<=打)|(?<=拨)|(?<=[打拨][了过]))((?:9\d{{4}}-\d{{1,4}}|\d{{3,12}}|\d{{3,4}}(?:-\d{{3,4}}){{1,3}})(?:(?:或者?|、|和|及|/)\d{{3,12}}(?!\d)){{0,4}}){OVER}(?![多余]?[个次万亿元人名条分秒天家起])",
        lambda m: _joined(m[1]) + re.sub(r"[\d-]+", lambda each: phone(each[0]), m[2].replace("/", "、")),
    ),
    rule(
        "emergency by what happened",
        rf"(?:(?<=交通事故)|(?<=道路救援)|(?<=[事故救援报警]))(1[12][0-9]){OVER}(?![{HAN}]?[个次万亿元人名条起辆])",
        lambda m: phone(m[1]),
    ),
    rule("police of America", rf"{ALONE}(911)(?=是?[^，。]{{0,3}}(?:报警|电话|接线|求救))", lambda m: phone(m[1])),
    rule(
        "emergency",
        rf"{ALONE}(110|119|120|122)(?=提醒|民警|警察|警情|指挥中心|接警|接处警|出警|消防|平台|急救车|救护车|已经?到|来了|赶到)",
        lambda m: phone(m[1]),
    ),
    rule(
        "well-known line",
        rf"(?<![\d.,A-Za-z+*/=×#·-])(?:(?<=[{HAN}])(?<![共约达超过近第于有出加减乘])(?:(?!12345|10000)|(?<=[打拨通个]))({_LINES})|(?<![为有约是])(?<!ID)(?<!ID\s)({_LINES})(?=[{HAN}])){OVER}(?!多|余|来|几|[{HAN}]?[万亿元块%％]|[个位名人次条件种台辆张本只份笔米克斤吨里天年月日号户家篇套册座间棵股字步级])",
        lambda m: phone(m[1] or m[2]),
        DIALLED,
    ),
    rule(
        "with an extension",
        rf"{ALONE}(\d{{7,8}})\s?(?:转|分机)\s?(\d{{1,6}}){OVER}",
        lambda m: f"{phone(m[1])}转{phone(m[2])}",
    ),
    rule(
        "beside a telephone number",
        rf"(?<=[{DIALLED}])(\s?(?:或者?|、|和|及|/)\s?)(\d{{3,12}}|\d{{3,4}}-\d{{3,8}}){OVER}(?![多余]?[个次万亿元人名条分秒天家起])",
        lambda m: m[1].replace("/", "、") + phone(m[2]),
        DIALLED,
    ),
    rule(
        "series of numbers",
        rf"(号码?段(?:为|是|有|：)?)(\d{{3,4}}(?:[、和及或/]\d{{3,4}}){{0,9}}){OVER}",
        lambda m: m[1] + re.sub(r"\d+", lambda each: phone(each[0]), m[2].replace("/", "、")),
    ),
    rule("code to dial", r"(?<![\w*#])\*[\d*#]{1,20}#(?![\w*])", lambda m: "".join(map(_key, m[0]))),
    rule("called later", rf"{ALONE}(\d{{3,6}})(?=打(?:了|过)?(?:一?个|1个)?电话)", lambda m: phone(m[1])),
    rule("free line", r"(?<![\d.])([48]00)(?=热线|电话|客服|专线|号码)", lambda m: phone(m[1])),
    rule("hotline", rf"(?<![\d.])((?:1[12]\d|9\d{{4}}|1\d{{4}})){OVER}(?={_CALLED})", lambda m: phone(m[1])),
    rule(
        "identity card",
        r"(?<![\dA-Za-z])([1-9]\d{16})([\dXx])(?![\dA-Za-z])",
        lambda m: digits(m[1]) + (" X " if m[2] in "xX" else digits(m[2])),
    ),
    rule(
        "identifier in five groups",
        r"(?<![A-Za-z0-9-])[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}(?![A-Za-z0-9-])",
        lambda m: letters_and_digits(m[0]),
    ),
    rule(
        "hash",
        r"(?<![A-Za-z0-9])(?=\d{0,8}[a-f][0-9a-f]*\d|[a-f]{0,8}\d[0-9a-f]*[a-f])[0-9a-f]{7,64}(?![A-Za-z0-9])",
        lambda m: letters_and_digits(m[0]),
    ),
    rule(
        "code after its name",
        rf"(?:(?<![A-Za-z])|(?=[{HAN}]))({_CODE})(\s?(?:是|为|：|:|=|#|No\.?)?\s?)((?=[A-Za-z-]{{0,8}}\d)(?:[A-Za-z]{{0,4}}\d[A-Za-z0-9]{{1,40}}|[A-Za-z]{{1,4}}-?\d[A-Za-z0-9]{{0,30}}|\d{{2,40}}|\d(?=-\d{{3}}))"
        rf"(?:-[A-Za-z0-9]{{1,20}}|(?<=\d\d\d) \d{{3,4}}(?![\d年月日])){{0,6}})"
        r"(?![A-Za-z0-9²³])(?!\.\d)(?![年月日个多条行次名位件份元万亿人台平米度间])",
        _named,
    ),
    rule(
        "digits behind an at sign",
        r"(?<=[A-Za-z])@(\d{3,8})(?![\d.A-Za-z])",
        lambda m: "艾特" + digits(m[1]),
    ),
    rule(
        "long number of something",
        rf"{ALONE}(?!\d*000(?!\d))((?:(?<!第)|(?=\d{{7}}))\d{{5,20}})(?=[号期])(?:号-(\d{{1,2}})(?!\d))?",
        lambda m: digits(m[1]) + (f"号杠{cardinal(m[2])}" if m[2] else ""),
    ),
    rule(
        "number plate",
        rf"(?<![A-Za-z0-9])([{_PROVINCE}])([A-Z])[·\s]?([A-Z0-9]{{5,6}}(?![A-Za-z0-9])|[A-Z0-9]{{4}}(?=[警学挂港澳领使试超]))",
        lambda m: m[1] + letters_and_digits(m[2] + m[3]),
    ),
    rule(
        "train",
        r"(?<![A-Za-z0-9])([GDCKTZYS])(\d{1,4})(?=\s?(?:次|号列车|列车|高铁|动车))",
        lambda m: f" {m[1]} {name_digits(m[2])}",
    ),
    rule(
        "groups of digits",
        r"(?<![\dA-Za-z.-])(?!(?:(?:19|20)\d\d-[01]?\d-[0-3]?\d|[01]\d-[0-3]\d-(?:19|20)\d\d)(?!\d|-))\d{1,8}(?:-\d{1,8}){2,6}(?![\dA-Za-z-])",
        lambda m: "，".join(digits(part) for part in m[0].split("-")),
    ),
    rule(
        "after its sign",
        rf"(?:(?<=[A-Za-z{HAN}])(\s?)|(?<![\w#&/]))#(\d{{1,10}})(?:-(\d{{1,6}}))?{OVER}",
        lambda m: f"{m[1] or ''}井号{name_digits(m[2])}" + (f"，{digits(m[3])}" if m[3] else ""),
    ),
)


def _key(char: str) -> str:
    return {"*": "星", "#": "井"}.get(char) or digits(char)


def _joined(words: str) -> str:
    return words.rstrip(": ：") + ("，" if words.rstrip()[-1:] in (":", "：") else "")

"""Dates, times of day, durations, and spans of them."""

import re
from typing import Final

from tts_service.text.numerals import cardinal, digits, number, quantity
from tts_service.text.rule import ALONE, HAN, OVER, SAID, TO, Rule, rule, to

_YEAR: Final = r"(?:1[0-9]|20|21)\d{2}"
_MONTH: Final = r"(?:1[0-2]|0?[1-9])"
_DAY: Final = r"(?:3[01]|[12]\d|0?[1-9])"
_HOUR: Final = r"(?:2[0-4]|1\d|0?\d)"
_SIXTY: Final = r"[0-5]\d"
_LASTED: Final = "长达|历时|了|已有|已|近|约|过|整整|满|共|达|仅|超过|不到|有期徒刑|为期|每|花|用|第"
_YEARS_OF: Final = (
    "届|款|级|版|财年|赛季|学年|年度|世界杯|欧洲杯|亚洲杯|奥运|冬奥|亚运|残奥|大运会|春晚|春节|春运|元旦|国庆|新年|跨年|高考|中考|考研|国考|省考|秋招|春招|"
    "校招|毕业|应届|全国|全球|世界|国际|中国|北京|上海|广州|深圳|杭州|成都|武汉|南京|重庆|西安|巴黎|东京|财报|计划|预算|秋冬|春夏|上半|下半|[一二三四]季度|Q[1-4]|"
    "[春夏秋冬](?![天])|世锦赛|第[一二三四1-4]季|新款|新版|旗舰|[年]?最新|年鉴|[，,]?(?:再见|你好)|关键词|年终|总结"
)
_EVENTS: Final = "(?:大会|峰会|论坛|年会|博览会|车展|大赛|锦标赛|音乐节|电影节|颁奖)"
_CLOCK_OF: Final = r"(?:时长|用时|耗时|历时|片长|总长|长度|全长|成绩|进度|播放到|剩余|倒计时|时间码)"


def _plain(text: str) -> str:
    return cardinal(str(int(text)))


def _date(match: re.Match[str]) -> str:
    return f"{digits(match['y'])}年{_plain(match['m'])}月{_plain(match['d'])}日"


def _dates(match: re.Match[str]) -> str:
    begin = f"{digits(match[1])}年{_plain(match[3])}月{_plain(match[4])}日"
    return f"{begin}{to(match)}{digits(match[5])}年{_plain(match[6])}月{_plain(match[7])}日"


def _american(match: re.Match[str]) -> str | None:
    first, second, year = int(match[1]), int(match[2]), match[3]
    month, day = (first, second) if first <= 12 else (second, first)
    if month > 12:
        return None
    return f"{digits(year)}年{cardinal(str(month))}月{cardinal(str(day))}日"


def _hour(text: str) -> str:
    return quantity(str(int(text))) + "点"


def _zeroed(text: str) -> str:
    return ("零" if text[0] == "0" and int(text) else "") + _plain(text)


def _clock(hour: str, minute: str, second: str | None = None, fraction: str | None = None) -> str:
    said = _hour(hour)
    if second is None:
        return said + (_zeroed(minute) + "分" if int(minute) else "")
    point = "点" + digits(fraction) if fraction else ""
    return said + _zeroed(minute) + "分" + _zeroed(second) + point + "秒"


def _stamp(match: re.Match[str]) -> str:
    zone = match["zone"] or ""
    if zone[1:3].isdigit():
        hours = int(zone[1:3])
        zone = f"{'东' if zone[0] == '+' else '西'}{cardinal(str(hours))}区" if hours else ""
    else:
        zone = ""
    return _date(match) + _clock(match["h"], match["min"], match["s"], match["f"]) + zone


def _time(match: re.Match[str]) -> str:
    half = {"am": "上午", "pm": "下午"}.get((match["half"] or "").lower().replace(".", ""), "")
    return half + _clock(match["h"], match["min"], match["s"], match["f"])


def _lasting(match: re.Match[str]) -> str:
    parts = [part for part in match.groups()[1:] if part]
    names = ("小时", "分", "秒") if len(parts) == 3 else ("分", "秒")
    return match[1] + "".join(
        _zeroed(part) + name for part, name in zip(parts, names, strict=True) if part != "00" or name == "秒"
    )


def _life(match: re.Match[str]) -> str:
    """Reads the years between which somebody lived or something lasted."""
    begin = (match[1] or "") + digits(match[2]) + (match[3] or "")
    return begin + ("到" + (match[4] or "") + digits(match[5]) + (match[6] or "") if match[5] else "至今")


def _scores(match: re.Match[str]) -> str | None:
    """Reads a list in which one pair at least can't be a time of day."""
    pairs = [(int(first), len(second), int(second)) for first, second in re.findall(r"(\d+)[:：-](\d+)", match[0])]
    times = all(first < 25 and width == 2 and second < 60 for first, width, second in pairs)
    if times if "-" not in match[0] else all(first <= second for first, _, second in pairs):
        return None
    return re.sub(r"(\d+)[:：-](\d+)", lambda pair: f"{cardinal(pair[1])}比{cardinal(pair[2])}", match[0])


def _compact(match: re.Match[str]) -> str | None:
    names = ("天", "小时", "分钟", "秒")
    parts = [(part, name) for part, name in zip(match.groups(), names, strict=True) if part]
    return "".join(quantity(part) + name for part, name in parts) if len(parts) > 1 else None


RULES: Final[tuple[Rule, ...]] = (
    rule(
        "stamp",
        rf"(?<!\d)(?P<y>{_YEAR})(?P<sep>[-/.])(?P<m>{_MONTH})(?P=sep)(?P<d>{_DAY})(?:[T_]|\s{{1,2}})"
        rf"(?P<h>{_HOUR}):(?P<min>{_SIXTY})(?::(?P<s>{_SIXTY})(?:[.,](?P<f>\d{{1,6}}))?)?(?P<zone>Z|[-+]\d\d:?\d\d)?(?!\d)",
        _stamp,
    ),
    rule(
        "dates span",
        rf"(?<![\d./-])({_YEAR})([-/.])({_MONTH})\2({_DAY}){TO}({_YEAR})\2({_MONTH})\2({_DAY})(?![\d/]|[-.]\d)",
        _dates,
    ),
    rule(
        "dates",
        rf"(?<![\d./-])(?P<y>{_YEAR})(?P<sep>[-/.])(?P<m>{_MONTH})(?P=sep)(?P<d>{_DAY})(?![\d/]|-\d)(?!\.\d)",
        _date,
    ),
    rule("American date", rf"(?<![\d./-])(\d{{1,2}})/(\d{{1,2}})/({_YEAR})(?![\d/])", _american),
    rule(
        "packed date",
        rf"(?<![\d.A-Za-z-])(?P<y>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01]){OVER}(?![{HAN}]?[万亿元个])",
        _date,
    ),
    rule("year span", rf"(?<!\d)({_YEAR}){TO}({_YEAR})(?=年)", lambda m: f"{digits(m[1])}{to(m)}{digits(m[2])}"),
    rule(
        "short year span",
        rf"(?<![\d.])({_YEAR})\s?[-~/—]\s?(\d\d|{_YEAR})(?=\s?(?:年|赛季|学年|财年|年度))",
        lambda m: f"{digits(m[1])}到{digits(m[2])}",
    ),
    rule(
        "bare year span",
        rf"(?<![\d./A-Za-z-])((?:19|20)\d\d)\s?[-~—]{{1,2}}\s?((?:19|20)\d\d){OVER}(?!\s?[-/\w])",
        lambda m: f"{digits(m[1])}到{digits(m[2])}",
    ),
    rule(
        "life",
        rf"(?<=[（(])\s?(公元前|约)?(\d{{3}}|{_YEAR})(年)?\s?(?:[-~]|—{{1,2}})\s?(公元前|约)?(\d{{3}}|{_YEAR})?(年)?(?=[）),，])",
        _life,
    ),
    rule("year in brackets", r"(?<=[（(〔［])((?:19|20)\d\d)(?=[）)〕］])", lambda m: digits(m[1])),
    rule(
        "class of a year",
        r"(?<![第\d.])(?:'|(?<=[^\d第A-Za-z]))([5-9]\d|0\d)(?=届(?!世界|奥|亚|全)|版(?![本块面次税权]))",
        lambda m: digits(m[1]),
    ),
    rule("year with an apostrophe", r"(?<![\w'])'([0-9]\d)(?![\d'.%])", lambda m: digits(m[1])),
    rule(
        "week of a year",
        r"(?<![\d.A-Za-z-])(20\d\d)[-年]?\s?W(0[1-9]|[1-4]\d|5[0-3])(?![\dA-Za-z])",
        lambda m: f"{digits(m[1])}年第{_plain(m[2])}周",
    ),
    rule(
        "year and month",
        rf"(?<![\d./-])({_YEAR})[-/](0[1-9]|1[0-2])(?![\d/-])",
        lambda m: f"{digits(m[1])}年{_plain(m[2])}月",
    ),
    rule(
        "year and month with a dot",
        rf"(?<![\d./-])({_YEAR})\.(0[1-9]|1[0-2])(?![\d/-]|\.\d)",
        lambda m: f"{digits(m[1])}年{_plain(m[2])}月",
    ),
    rule(
        "month and year",
        r"(?<![\d./-])(0[1-9]|1[0-2])[/.-]((?:19|20)\d\d)(?![\d/-]|\.\d)",
        lambda m: f"{digits(m[2])}年{_plain(m[1])}月",
    ),
    rule(
        "month and day of a log",
        rf"(?<![\d./-])({_MONTH})([-/])({_DAY})(?=\s{_HOUR}:{_SIXTY})",
        lambda m: f"{_plain(m[1])}月{_plain(m[3])}日",
    ),
    rule(
        "month and day with a zero",
        r"(?<![\d./A-Za-z-])(0[1-9])([-/.])(0[1-9]|[12]\d|3[01])(?![\d/A-Za-z%℃°-]|\.\d)",
        lambda m: f"{_plain(m[1])}月{_plain(m[3])}日",
    ),
    rule(
        "month and day span",
        rf"(?<![\d./A-Za-z-])({_MONTH})([/.])({_DAY}){TO}({_MONTH})\2({_DAY})(?![\d/%.A-Za-z])",
        lambda m: (
            f"{_plain(m[1])}月{_plain(m[3])}日{to(m)}{_plain(m[4])}月{_plain(m[5])}日"
            if m[2] == "/" or (int(m[3]) > 9 and int(m[5]) > 9)
            else None
        ),
    ),
    rule(
        "month and day by their neighbours",
        rf"(?:(?<=[在自从到至])|(?<=截至|截止|日期)|(?<=于)(?<![等大小高低多少属]于))\s?({_MONTH})/({_DAY})(?![\d/%])"
        rf"|(?<![\d./A-Za-z-])({_MONTH})/({_DAY})(?=\s?(?:[前后日起止]|上午|下午|中午|晚|凌晨|早|之前|之后|以前|开始|截止|发布|开会|[（(]周))",
        lambda m: f"{_plain(m[1] or m[3])}月{_plain(m[2] or m[4])}日",
    ),
    rule("decade", r"(?<!\d)(1[89]\d0|20\d0)(?=\s?年代|s(?![A-Za-z]))", lambda m: digits(m[1])),
    rule(
        "year",
        rf"(?<![\d.])({_YEAR})\s?年(?!前|后|来|间|历史|以[前后来上内下]|内|左右|多|之久)",
        lambda m: digits(m[1]) + "年",
    ),
    rule(
        "year of an event",
        rf"(?<![\d.A-Za-z])((?:19|20)\d\d)\s?(?={_YEARS_OF}|[{HAN}A-Za-z ]{{0,8}}{_EVENTS})",
        lambda m: digits(m[1]),
    ),
    rule(
        "year by its neighbours",
        r"(?<=[于自从©])\s?((?:19|20)\d\d)(?=$|[，。；,;）)\s至到以]|-(?!\d))",
        lambda m: digits(m[1]),
    ),
    rule("early year", r"(?<=公元)(\d{1,4})(?=年)", lambda m: digits(m[1]) if len(m[1]) > 2 else cardinal(m[1])),
    rule(
        "short year",
        rf"(?<![\d.])(?<!{')(?<!'.join(_LASTED.split('|'))})'?(0\d|[6-9]\d)年(?!前|后|来|间|历史|以|内|左右|多|之久|代|的?(?:寿|时间|时光|时长)|期|级)",
        lambda m: digits(m[1]) + "年",
    ),
    rule(
        "days span",
        rf"(?<![\d.])({_MONTH})月({_DAY})(日|号)?{TO}({_DAY})(日|号)",
        lambda m: f"{_plain(m[1])}月{_plain(m[2])}{m[3] or ''}{to(m)}{_plain(m[4])}{m[5]}",
    ),
    rule(
        "month and day",
        rf"(?<![\d.])({_MONTH})\s?月\s?({_DAY})\s?(日|号)",
        lambda m: f"{_plain(m[1])}月{_plain(m[2])}{m[3]}",
    ),
    rule(
        "months span",
        rf"(?<![\d.])({_MONTH}){TO}({_MONTH})(?=月(?!饼))",
        lambda m: f"{_plain(m[1])}{to(m)}{_plain(m[2])}",
    ),
    rule("month", rf"(?<![\d.个])({_MONTH})\s?月(?!\w*饼)", lambda m: f"{_plain(m[1])}月"),
    rule(
        "day span",
        rf"{ALONE}({_DAY}){TO}({_DAY})(?=日|号(?![楼线店机桌院门馆厅]))",
        lambda m: f"{_plain(m[1])}{to(m)}{_plain(m[2])}",
    ),
    rule("day", rf"(?<![\d.A-Za-z])(?<![^{SAID}{HAN}]-)({_DAY})(日|号)(?!\d)", lambda m: _plain(m[1]) + m[2]),
    rule(
        "lasting",
        rf"({_CLOCK_OF}[为是约:：\s]{{0,2}})(?:(\d{{1,2}}):)?(\d{{1,3}}):({_SIXTY})(?![\d:])",
        _lasting,
    ),
    rule(
        "seconds by a mark",
        r"(?<![\d.'′])(\d{1,2})(?:\"|″|'')(\d{2})(?!\d)",
        lambda m: f"{number(m[1])}秒{digits(m[2])}",
    ),
    rule(
        "minutes and seconds by marks",
        r"(?<![\d.])(\d{1,3})['′]\s?(\d{1,2}(?:\.\d{1,3})?)(?:\"|″|'')",
        lambda m: f"{number(m[1])}分{number(m[2])}秒",
    ),
    rule(
        "degrees and minutes",
        r"(?<![\d.])(\d{1,3})°\s?(\d{1,2})['′](?:\s?(\d{1,2}(?:\.\d{1,3})?)(?:\"|″))?",
        lambda m: f"{number(m[1])}度{number(m[2])}分" + (f"{number(m[3])}秒" if m[3] else ""),
    ),
    rule(
        "minutes and a fraction of a second",
        rf"(?<![\d:.])(\d{{1,2}}):({_SIXTY})\.(\d{{1,3}})(?![\d:.])",
        lambda m: f"{number(m[1])}分{_zeroed(m[2])}点{digits(m[3])}秒",
    ),
    rule(
        "hundredths of a second",
        rf"{ALONE}(\d{{1,3}})秒(\d{{2}})(?![\d分秒.])",
        lambda m: f"{number(m[1])}秒{digits(m[2])}",
    ),
    rule(
        "time span",
        rf"(?<![\d:.])({_HOUR}):({_SIXTY}){TO}({_HOUR}):({_SIXTY})(?![\d:])",
        lambda m: _clock(m[1], m[2]) + to(m) + _clock(m[3], m[4]),
    ),
    rule(
        "list of scores",
        r"(?<![\d:.比-])\d{1,3}[:：-]\d{1,3}(?:\s?[、,，和及]\s?\d{1,3}[:：-]\d{1,3})+(?![\d:：-])",
        _scores,
    ),
    rule(
        "score or ratio by what follows",
        r"(?<![\d:.比])(\d{1,3})\s?[:：-]\s?(\d{1,3})(?![\d:.])(?=\s?的?(?:总?比分|大比分|大胜|获胜|取胜|胜出|战胜|击败|战平|打平|平局|领先|落后|险胜|完胜|小胜|告负|逆转|惨败|完败|大败|落败|失利|出局|晋级|夺冠|收场|逼平|惨遭|绝杀|不敌|负于|惜败|憾负|力克|横扫|淘汰|拿下|赢|输|屏|显示器|画面|画幅|宽高|长宽|比例|配比|混合|稀释|兑水|缩小|放大|缩放))",
        lambda m: f"{cardinal(m[1])}比{cardinal(m[2])}",
    ),
    rule(
        "score",
        r"(?:(?<=比分|战胜|击败|战平|负于|不敌|横扫|力克|局分|小分|半场|全场|终场)|(?<=第[一二三四五六七]局))(\s?(?:为|是|以|[:：]|定格在|改写为|来到|变成|锁定为)?\s?)(\d{1,3})\s?[:：-]\s?(\d{1,3})(?!\d)",
        lambda m: f"{m[1].strip(': ：')}{cardinal(m[2])}比{cardinal(m[3])}",
    ),
    rule(
        "ratio by its name",
        r"(?:(?<=比例|配比|之比|比率|比值|缩放|宽比|高比|长比)|(?<=[按以]))(\s?(?:约?为|约?是|[:：]|约)?\s?)(\d{1,4}):(\d{1,4})(?![\d:])(?!\s?[上下早晚起开出为准进])",
        lambda m: f"{m[1].strip(': ：')}{cardinal(m[2])}比{cardinal(m[3])}",
    ),
    rule(
        "time",
        rf"(?<![\d:.比])(?P<h>{_HOUR}):(?P<min>{_SIXTY})(?::(?P<s>{_SIXTY})(?:[.,](?P<f>\d{{1,6}}))?)?(?![\d:])(?:\s?(?P<half>[aApP]\.?[mM]\.?)(?![A-Za-z]))?",
        _time,
    ),
    rule(
        "time zone",
        r"(?<![A-Za-z])(UTC|GMT)\s?([-+])\s?(\d{1,2})(?::?00)?(?!\d)",
        lambda m: f" {m[1]} {'加' if m[2] == '+' else '减'}{cardinal(m[3])}",
    ),
    rule(
        "hour with half",
        rf"{ALONE}(1[0-2]|0?\d)\s?(am|pm|AM|PM|a\.m\.|p\.m\.){OVER}",
        lambda m: ("上午" if m[2][0] in "aA" else "下午") + _hour(m[1]),
    ),
    rule(
        "hours span",
        rf"{ALONE}({_HOUR}){TO}({_HOUR})\s?点(?!\d|[零一二三四五六七八九])",
        lambda m: f"{quantity(m[1])}{to(m)}{_hour(m[2])}",
    ),
    rule(
        "hour and minute",
        rf"{ALONE}({_HOUR})\s?(点|时)\s?({_SIXTY}|\d)\s?分",
        lambda m: (quantity(str(int(m[1]))) if m[2] == "点" else _plain(m[1])) + m[2] + _zeroed(m[3]) + "分",
    ),
    rule("o'clock", rf"{ALONE}({_HOUR})\s?点(?![\d]|[零一二三四五六七八九])", lambda m: _hour(m[1])),
    rule("leading zero", r"(?<![\d.])0(\d)(?=分(?!之)|秒)", lambda m: "零" + cardinal(m[1])),
    rule(
        "compact",
        r"(?<![\dA-Za-z.])(?=\d)(?:(\d{1,4})d\s?)?(?:(\d{1,4})h(?:r|rs)?\s?)?(?:(\d{1,4})m(?:in|ins)?\s?)?(?:(\d{1,4}(?:\.\d{1,3})?)s(?:ec)?)?(?![A-Za-z\d])",
        _compact,
    ),
)
"""The spans and stamps come before their parts, scores before times of day."""

"""Dates, years, months and days, and spans of them."""

import re
from typing import Final

from tts_service.text.clock import DAY, HOUR, MONTH, SIXTY, YEAR, clock, plain
from tts_service.text.numerals import cardinal, digits
from tts_service.text.rule import ALONE, HAN, OVER, SAID, TO, Rule, rule, to

_LASTED: Final = "长达|历时|了|已有|已|近|约|过|整整|满|共|达|仅|超过|不到|有期徒刑|为期|每|花|用|第"
_ERAS: Final = (
    "康熙|雍正|乾隆|嘉庆|道光|同治|光绪|洪武|永乐|嘉靖|万历|贞观|开元|明治|大正|昭和|平成|令和|民国|建国|建安"
)
"""Years of a reign are counted: 康熙61年 is 六十一年."""
_NOT_A_YEAR: Final = "".join(f"(?<!{word})" for word in f"{_LASTED}|{_ERAS}".split("|"))
_YEARS_OF: Final = (
    "届|款|级|版|农历|[甲乙丙丁戊己庚辛壬癸][子丑寅卯辰巳午未申酉戌亥]年|[鼠牛虎兔龙蛇马羊猴鸡狗猪]年|财年|赛季|学年|年度|世界杯|欧洲杯|亚洲杯|奥运|冬奥|亚运|残奥|大运会|春晚|春节|春运|元旦|国庆|新年|跨年|高考|中考|考研|国考|省考|秋招|春招|"
    "校招|毕业|应届|全国|全球|世界|国际|中国|北京|上海|广州|深圳|杭州|成都|武汉|南京|重庆|西安|巴黎|东京|财报|计划|预算|秋冬|春夏|上半|下半|[一二三四]季度|Q[1-4]|"
    "[春夏秋冬](?![天])|世锦赛|第[一二三四1-4]季|新款|新版|旗舰|[年]?最新|年鉴|[，,]?(?:再见|你好)|关键词|年终|总结"
)
_ABOUT: Final = re.compile("(?:约|近|逾|超|达|满|距今|已有|过去|经过|历经|跨越|相隔)$")
_AMOUNT: Final = "(?:[元块克斤吨米升度秒万亿倍个点亩℃%]|千[克米]|公[斤里吨顷]|[厘毫分]米|毫升|平[方米]|美元|欧元|港元)"
"""What follows makes 1963.08 an amount."""
_EVENTS: Final = "(?:大会|峰会|论坛|年会|博览会|车展|大赛|锦标赛|音乐节|电影节|颁奖)"


def _date(match: re.Match[str]) -> str:
    return f"{digits(match['y'])}年{plain(match['m'])}月{plain(match['d'])}日"


def _year(match: re.Match[str]) -> str | None:
    """Tells 约2000年, so many years, from a year."""
    year = match[1] or match[2]
    so_many = year.endswith("00") and _ABOUT.search(match.string[max(0, match.start() - 3) : match.start()])
    return None if so_many else digits(year) + "年"


def _dates(match: re.Match[str]) -> str:
    begin = f"{digits(match[1])}年{plain(match[3])}月{plain(match[4])}日"
    return f"{begin}{to(match)}{digits(match[5])}年{plain(match[6])}月{plain(match[7])}日"


def _american(match: re.Match[str]) -> str | None:
    first, second, year = int(match[1]), int(match[3]), match[4]
    month, day = (first, second) if first <= 12 else (second, first)
    if month > 12:
        return None
    return f"{digits(year)}年{cardinal(str(month))}月{cardinal(str(day))}日"


def _stamp(match: re.Match[str]) -> str:
    zone = match["zone"] or ""
    if zone[1:3].isdigit():
        hours = int(zone[1:3])
        zone = f"{'东' if zone[0] == '+' else '西'}{cardinal(str(hours))}区" if hours else ""
    else:
        zone = ""
    return _date(match) + clock(match["h"], match["min"], match["s"], match["f"]) + zone


def _life(match: re.Match[str]) -> str:
    """Reads the years between which somebody lived or something lasted."""
    begin = (match[1] or "") + digits(match[2]) + (match[3] or "")
    return begin + ("到" + (match[4] or "") + digits(match[5]) + (match[6] or "") if match[5] else "至今")


_WEEKDAY: Final = {"日": "日", "天": "天", "7": "日"}
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ENGLISH_MONTH: Final = (
    r"(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\.?"
)


def _english(month: str, day: str | None, year: str) -> str:
    """Reads a date with an English month among Chinese."""
    said = f"{digits(year)}年{cardinal(str(_MONTHS.index(month[:3].lower()) + 1))}月"
    return said + (f"{plain(day)}日" if day else "")


RULES: Final[tuple[Rule, ...]] = (
    rule(
        "English month, day, year",
        rf"(?<![A-Za-z]){_ENGLISH_MONTH}\s?({DAY})(?:st|nd|rd|th)?,?\s?({YEAR})(?!\d)",
        lambda m: _english(m[1], m[2], m[3]),
    ),
    rule(
        "day, English month, year",
        rf"(?<![\dA-Za-z.])({DAY})(?:st|nd|rd|th)?[\s-]{_ENGLISH_MONTH},?[\s-]({YEAR})(?!\d)",
        lambda m: _english(m[2], m[1], m[3]),
    ),
    rule(
        "English month and year",
        rf"(?<![A-Za-z]){_ENGLISH_MONTH},?\s({YEAR})(?![\d.])",
        lambda m: _english(m[1], None, m[2]),
    ),
    rule(
        "stamp",
        rf"(?<!\d)(?P<y>{YEAR})(?P<sep>[-/.])(?P<m>{MONTH})(?P=sep)(?P<d>{DAY})(?:[T_]|\s{{1,2}})"
        rf"(?P<h>{HOUR}):(?P<min>{SIXTY})(?::(?P<s>{SIXTY})(?:[.,](?P<f>\d{{1,6}}))?)?(?P<zone>Z|[-+]\d\d:?\d\d)?(?!\d)",
        _stamp,
    ),
    rule(
        "stamp without signs",
        r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])T([01]\d|2[0-3])([0-5]\d)([0-5]\d)?Z?(?![\dA-Za-z])",
        lambda m: f"{digits(m[1])}年{plain(m[2])}月{plain(m[3])}日{clock(m[4], m[5], m[6])}",
    ),
    rule(
        "dates span",
        rf"(?<![\d./-])({YEAR})([-/.])({MONTH})\2({DAY}){TO}({YEAR})\2({MONTH})\2({DAY})(?![\d/]|[-.]\d)",
        _dates,
    ),
    rule(
        "dates span within a year",
        rf"(?<![\d./-])({YEAR})([/.])({MONTH})\2({DAY}){TO}({MONTH})\2({DAY})(?![\d/.])",
        lambda m: f"{digits(m[1])}年{plain(m[3])}月{plain(m[4])}日{to(m)}{plain(m[5])}月{plain(m[6])}日",
    ),
    rule(
        "dates",
        rf"(?<![\d./-])(?P<y>{YEAR})(?P<sep>[-/.·])(?P<m>{MONTH})(?P=sep)(?P<d>{DAY})(?![\d/]|-\d)(?!\.\d)",
        _date,
    ),
    rule("American date", rf"(?<![\d./-])(\d{{1,2}})([/-])(\d{{1,2}})\2({YEAR})(?![\d/-])", _american),
    rule(
        "packed date",
        rf"(?<![\d.A-Za-z-])(?P<y>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01]){OVER}(?![{HAN}]?[万亿元个])",
        _date,
    ),
    rule("year span", rf"(?<!\d)({YEAR}){TO}({YEAR})(?=年)", lambda m: f"{digits(m[1])}{to(m)}{digits(m[2])}"),
    rule(
        "short year span",
        rf"(?<![\d.])({YEAR})\s?[-~/—]\s?(\d\d|{YEAR})(?=\s?(?:年|赛季|学年|财年|年度))",
        lambda m: f"{digits(m[1])}到{digits(m[2])}",
    ),
    rule(
        "bare year span",
        rf"(?<![\d./A-Za-z-])((?:19|20)\d\d)\s?[-~—]{{1,2}}\s?((?:19|20)\d\d){OVER}(?!\s?[-/\w])",
        lambda m: f"{digits(m[1])}到{digits(m[2])}",
    ),
    rule(
        "years from and to",
        rf"(?<=[从自])((?:19|20)\d\d)年?\s?[到至]\s?((?:19|20)\d\d)(?![\d.年]|[{HAN}]?[元个人万亿米])",
        lambda m: f"{digits(m[1])}{to(m)}{digits(m[2])}",
    ),
    rule(
        "life",
        rf"(?<=[（(])\s?(公元前|约)?(\d{{3}}|{YEAR})(年)?\s?(?:[-~]|—{{1,2}})\s?(公元前|约)?(\d{{3}}|{YEAR})?(年)?(?=[）),，])",
        _life,
    ),
    rule(
        "year of a source",
        r"(?<=[A-Za-z.\u4e00-\u9fff][,，])(\s?)((?:19|20)\d\d)(?=[a-c]?[)）;；])",
        lambda m: m[1] + digits(m[2]),
    ),
    rule("year in brackets", r"(?<=[（(〔［])((?:19|20)\d\d)(?=[）)〕］])", lambda m: digits(m[1])),
    rule(
        "class of a year",
        r"(?<![第\d.A-Za-z'])'?([5-9]\d|0\d)(?=届(?!世界|奥|亚|全)|版(?![本块面次税权]))",
        lambda m: digits(m[1]),
    ),
    rule("year with an apostrophe", r"(?<![\w'])'([0-9]\d)(?![\d'.%])", lambda m: digits(m[1])),
    rule(
        "week of a year",
        r"(?<![\d.A-Za-z-])(20\d\d)[-年]?\s?W(0[1-9]|[1-4]\d|5[0-3])(?![\dA-Za-z])",
        lambda m: f"{digits(m[1])}年第{plain(m[2])}周",
    ),
    rule(
        "year and month",
        rf"(?<![\d./-])({YEAR})[-/](0[1-9]|1[0-2])(?![\d/-])",
        lambda m: f"{digits(m[1])}年{plain(m[2])}月",
    ),
    rule(
        "year and month with a dot",
        rf"(?<![\d./-])({YEAR})\.(0[1-9]|1[0-2])(?![\d/-]|\.\d)(?!\s?{_AMOUNT})",
        lambda m: f"{digits(m[1])}年{plain(m[2])}月",
    ),
    rule(
        "months of years",
        rf"(?<![\d./-])((?:19|20)\d\d)\.({MONTH})(?:{TO}((?:19|20)\d\d)\.({MONTH})|\s?[-~—]{{0,2}}\s?(?:至今|(?<=[-~—])今))(?![\d.])",
        lambda m: f"{digits(m[1])}年{plain(m[2])}月" + (f"{to(m)}{digits(m[3])}年{plain(m[4])}月" if m[3] else "至今"),
    ),
    rule(
        "month and year",
        r"(?<![\d./-])(0[1-9]|1[0-2])[/.-]((?:19|20)\d\d)(?![\d/-]|\.\d)",
        lambda m: f"{digits(m[2])}年{plain(m[1])}月",
    ),
    rule(
        "month and day of a log",
        rf"(?<![\d./-])({MONTH})([-/])({DAY})(?=\s{HOUR}:{SIXTY})",
        lambda m: f"{plain(m[1])}月{plain(m[3])}日",
    ),
    rule(
        "month and day with a zero",
        r"(?<![\d./A-Za-z:-])(0[1-9])([-/.])(0[1-9]|[12]\d|3[01])(?![\d/A-Za-z%℃°:-]|\.\d)",
        lambda m: f"{plain(m[1])}月{plain(m[3])}日",
    ),
    rule(
        "month and day span",
        rf"(?<![\d./A-Za-z-])({MONTH})([/.])({DAY}){TO}({MONTH})\2({DAY})(?![\d/%.A-Za-z])",
        lambda m: (
            f"{plain(m[1])}月{plain(m[3])}日{to(m)}{plain(m[4])}月{plain(m[5])}日"
            if m[2] == "/" or (int(m[3]) > 9 and int(m[5]) > 9)
            else None
        ),
    ),
    rule(
        "month and day by their neighbours",
        rf"(?:(?<=[在自从到至])|(?<=截至|截止|日期)|(?<=[期日止][:：为是])|(?<=于)(?<![等大小高低多少属]于))\s?({MONTH})/({DAY})(?![\d/%])"
        rf"|(?<![\d./A-Za-z-])({MONTH})/({DAY})(?=\s?(?:[前后日起止]|上午|下午|中午|晚|凌晨|早|平安夜|圣诞|元旦|国庆|中秋|春节|情人节|(?:妇女|劳动|儿童|建军|建党|教师|国庆|青年|植树|护士|记者|父亲|母亲|光棍|消费者)(?:权益)?[节日]|生日|星期|周[一二三四五六日]|之前|之后|以前|开始|截止|发布|开会|[（(]周))",
        lambda m: f"{plain(m[1] or m[3])}月{plain(m[2] or m[4])}日",
    ),
    rule(
        "month and day behind its name",
        rf"(?<=更新|日期|截止|截至|发布|生日|上映|开课|开学)([:：]\s?)({MONTH})-({DAY})(?![\d-])",
        lambda m: f"{m[1]}{plain(m[2])}月{plain(m[3])}日",
    ),
    rule(
        "month and day with a dot",
        rf"(?<![\d./A-Za-z-])({MONTH})\.([12]\d|3[01])(?=日|号(?!线|楼))",
        lambda m: f"{plain(m[1])}月{plain(m[2])}",
    ),
    rule(
        "month and day of an opening",
        rf"(?<![\d./A-Za-z-])(?<![A-Za-z]\s)({MONTH})\.({DAY})(?=\s?(?:开幕|闭幕|开赛|开业|开抢|开售|首映|开播|开票|抢票|相约|不见不散))",
        lambda m: f"{plain(m[1])}月{plain(m[2])}日",
    ),
    rule(
        "month and day in front of the time of day",
        rf"(?<![\d./A-Za-z-])({MONTH})-({DAY})(?=\s?(?:上午|下午|中午|晚上|早上|凌晨|傍晚))",
        lambda m: f"{plain(m[1])}月{plain(m[2])}日",
    ),
    rule(
        "days of the week",
        r"(周|星期|礼拜)([1-6])\s?(?:[-~至到]|—{1,2})\s?(周|星期|礼拜)?([1-7日天])(?!\d)",
        lambda m: f"{m[1]}{cardinal(m[2])}{to(m)}{m[3] or ''}{_WEEKDAY.get(m[4]) or cardinal(m[4])}",
    ),
    rule(
        "month and day behind the day of the week",
        rf"((?:周|星期|礼拜)[一二三四五六日天]\s?[（(]\s?)({MONTH})[/.]({DAY})(?=\s?[)）])",
        lambda m: f"{m[1]}{plain(m[2])}月{plain(m[3])}日",
    ),
    rule(
        "year and short month by what happened",
        r"((?:时间|日期|入职|离职|毕业|入学|出生|生产|上市|成立|建成|竣工|开业|创刊|初版|截至|截止|更新|生于|始于|建于)(?:于|为|是)?[:：]?\s?)((?:19|20)\d\d)\.([1-9])(?![\d.%])"
        rf"(?!\s?{_AMOUNT})",
        lambda m: f"{m[1]}{digits(m[2])}年{plain(m[3])}月",
    ),
    rule(
        "years side by side",
        r"(?<![\d.A-Za-z-])(?:19|20)\d\d(?:[、和与及](?:19|20)\d\d){1,5}(?=[两三四五六这]?年)",
        lambda m: re.sub(r"\d+", lambda each: digits(each[0]), m[0]),
    ),
    rule("decade", r"(?<!\d)(1[89]\d0|20\d0)(?=\s?年代|s(?![A-Za-z]))", lambda m: digits(m[1])),
    rule(
        "year",
        rf"(?<![\d.])(?:({YEAR})\s?年(?!前|后|来|间|历史|以[前后来上内下]|内|左右|多|之久)|((?:19|20)(?!00)\d\d)年(?!历史|多|之久))",
        _year,
    ),
    rule(
        "year of an event",
        rf"(?<![\d.A-Za-z])((?:19|20)\d\d)\s?(?={_YEARS_OF}|[{HAN}A-Za-z ]{{0,8}}{_EVENTS})",
        lambda m: digits(m[1]),
    ),
    rule(
        "year in front of a Latin name",
        r"(?<![\d.A-Za-z,-])(19\d\d|20[0-3]\d)\s(?=(?![KMGT]i?B|MW|KW|PPM|[DP]PI|RPM|[FQT]PS|IU|[A-Z]{3}/)[A-Z]{2,6}\d{0,4}(?![A-Za-z/]))",
        lambda m: digits(m[1]) + " ",
    ),
    rule(
        "year by its neighbours",
        r"(?:(?<=[于自从©])|(?<=[今明去那][年]是))\s?((?:19|20)\d\d)(?=$|[，。；,;）)\s至到以]|-(?!\d))",
        lambda m: digits(m[1]),
    ),
    rule(
        "year before Christ",
        r"(?<![\d.A-Za-z])(\d{1,4})\s?(?:BCE?(?![A-Za-z])|B\.C\.)",
        lambda m: f"公元前{cardinal(m[1])}年",
    ),
    rule("early year", r"(?<=公元)(\d{1,4})(?=年)", lambda m: digits(m[1]) if len(m[1]) > 2 else cardinal(m[1])),
    rule(
        "short year",
        rf"(?<![\d.]){_NOT_A_YEAR}'?(0\d|[6-9]\d)年(?!前|后|来|间|历史|以|内|左右|多|之久|代|的?(?:寿|时间|时光|时长)|产权|使用权|质保|保修|租期|工龄|党龄|寿命|经验|历程|征程|风雨|辉煌|华诞|大庆|期|级|过去|了|没|里|下来|如一)",
        lambda m: digits(m[1]) + "年",
    ),
    rule(
        "days span",
        rf"(?<![\d.])({MONTH})月({DAY})(日|号)?{TO}({DAY})(日|号)",
        lambda m: f"{plain(m[1])}月{plain(m[2])}{m[3] or ''}{to(m)}{plain(m[4])}{m[5]}",
    ),
    rule(
        "month and day",
        rf"(?<![\d.])({MONTH})\s?月\s?({DAY})\s?(日|号)",
        lambda m: f"{plain(m[1])}月{plain(m[2])}{m[3]}",
    ),
    rule(
        "months span",
        rf"(?<![\d.])({MONTH}){TO}({MONTH})(?=月(?!饼))",
        lambda m: f"{plain(m[1])}{to(m)}{plain(m[2])}",
    ),
    rule("month", rf"(?<![\d.个])({MONTH})\s?月(?!\w*饼)", lambda m: f"{plain(m[1])}月"),
    rule(
        "day span",
        rf"{ALONE}({DAY}){TO}({DAY})(?=日|号(?![楼线店机桌院门馆厅]))",
        lambda m: f"{plain(m[1])}{to(m)}{plain(m[2])}",
    ),
    rule("day", rf"(?<![\d.A-Za-z])(?<![^{SAID}{HAN}]-)({DAY})(日|号)(?!\d)", lambda m: plain(m[1]) + m[2]),
)

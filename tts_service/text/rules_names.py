"""Numbers that are names in Chinese: 985高校, 302路, 95后, 波音737, 3·15晚会, 404错误."""

import re
from typing import Final

from tts_service.text.numerals import cardinal, digits, name_digits
from tts_service.text.rule import ALONE, DIGITS, HAN, OVER, Rule, rule

_ROOMS: Final = "室|房间|房|教室|寝室|宿舍|会议室|包间|包厢|病房|办公室|实验室|信箱|展位|机房"
_LINES: Final = (
    "路(?![人程])|国道|省道|县道|乡道|高地|医院|高速|公交|团|师|厂|所|部队|信箱|次(?=列车|航班|高铁|动车|火车|"
    "快车|特快|直达)"
)
_NAMED: Final = (
    "高校|新政|恐怖|袭击|院校|工程|工作制|大促|购物节|年中|狂欢|晚会|事件|事变|惨案|地震|运动|空难|政策|法案|法则|特大|浏览器|安全|杀毒|软件|程序员|型|式|系列电影|系列|"
    "客机|飞机|航班|战机|坦克|驱逐舰|潜艇|机型|处理器|芯片|显卡|号段|开头|大桥|街区|艺术区|创意园|纪录片|定律|协议|标准|条款|行动|计划|网站|打假|维权|小游戏|胶水|感冒灵|胃泰|皮炎平"
)
_STATUS: Final = "错误|未找到|未授权|禁止访问|网关|服务器错误|报错|状态码|状态|页面|异常|重定向|响应|界面|故障码"


def _generation(match: re.Match[str]) -> str:
    return digits(match[1])


def _middle_dot(match: re.Match[str]) -> str:
    return "十一" if match[0][:2] == "10" and match[2] == "1" else digits(match[1]) + digits(match[2])


def _weapon(match: re.Match[str]) -> str:
    return match[1] + (digits(match[2]) if len(match[2]) > 2 else cardinal(match[2]))


RULES: Final[tuple[Rule, ...]] = (
    rule(
        "figure",
        r"(?:(?<=[图表])|(?<=公式))\s?(\d{1,3})[-–](\d{1,3})(?![\d个张年月名位人])",
        lambda m: f"{cardinal(m[1])}杠{cardinal(m[2])}",
    ),
    rule(
        "step of steps",
        r"(?<=第)(\d{1,4})\s?/\s?(\d{1,4})(?![\d.%])",
        lambda m: f"{cardinal(m[1])}斜杠{cardinal(m[2])}",
    ),
    rule(
        "generation",
        rf"{ALONE}([5-9][05]|[0-2][05])(?=(?:[、/和与及]\s?(?:[5-9][05]|[0-2][05])){{0,3}}后(?![天年个面来续者期方半卫端排来]|\d))",
        _generation,
    ),
    rule("day with a dot", r"(?<![\d.])(1[0-2]|[1-9])[·•・](3[01]|[12]\d|[1-9])(?![\d.·])(?!\s?[=×])", _middle_dot),
    rule(
        "day by its event",
        r"(?<![\d.-])(1[0-2]|[1-9])[.](3[01]|[12]\d|[1-9])(?=事件|惨案|地震|建军节|妇女节|劳动节|儿童节|青年节|建党节|国庆节|黄金周|小长假|假期|晚会|运动|大促|购物节|空难|大火|讲话|案(?!例))",
        _middle_dot,
    ),
    rule("title", r"(?<=《)(\d{4})(?=》)", lambda m: digits(m[1])),
    rule(
        "shop", r"(?<![\d.-])7-(?:11(?!\d)|[Ee]leven)(?=便利店|超市|门口|买|的|里|，|。|$)", lambda _: " seven eleven "
    ),
    rule("number sign behind", rf"{ALONE}(\d{{1,3}})#(?=[{HAN}])", lambda m: cardinal(m[1]) + "号"),
    rule(
        "day of sales",
        rf"(双(?:11|十一)[^。！？\d]{{0,12}})618{OVER}|{ALONE}618(?=[^。！？\d]{{0,12}}双(?:11|十一)|大促|狂欢|期间|预售|购物|剁手|买的|囤|活动|当天|年中)",
        lambda m: (m[1] or "").replace("11", "十一") + digits("618"),
    ),
    rule("shopping day", r"(?<=双)\s?(1[12])(?![\d.])", lambda m: cardinal(m[1])),
    rule("status code", rf"{ALONE}([1-5]\d\d)(?=\s?(?:{_STATUS}))", lambda m: name_digits(m[1])),
    rule(
        "status code behind",
        r"(?:(?<=状态码)|(?<=错误码)|(?<=返回码)|(?<=退出码)|(?<=错误代码))(\s?(?:是|为|[:：])?\s?)(-?)(\d{1,12})(?![\d.])",
        lambda m: m[1].strip(": ：") + ("负" if m[2] else "") + name_digits(m[3]),
    ),
    rule("room", rf"{ALONE}(\d{{3,4}})(?=(?:号|级|阶梯|多媒体)?(?:{_ROOMS}))", lambda m: digits(m[1])),
    rule(
        "room behind the house",
        rf"(?:(?<=[栋幢楼座])|(?<=单元))(\d{{3,4}})(?![\d.年月]|[{HAN}]?[元人平])",
        lambda m: digits(m[1]),
    ),
    rule("line", rf"{ALONE}(\d{{3}})(?={_LINES})", lambda m: name_digits(m[1]), DIGITS),
    rule(
        "universities and a company",
        rf"{ALONE}(360)(?=公司|集团|搜索|儿童|手机|导航|数科|借条|全景)|{ALONE}(?:(?<=考上)|(?<=考上了)|(?<=考进)|(?<=考取)|(?<=读)|(?<=毕业于)|(?<=非)|(?<=[是上进]))(985|211){OVER}(?=$|[，。！？；、的和/与或])|{ALONE}(985|211)(?=大学|名校|毕业|学校|[和、/及]?(?:985|211)|的?本科|的?硕士)",
        lambda m: digits(m[1] or m[2] or m[3]),
        DIGITS,
    ),
    rule(
        "named by digits",
        rf"{ALONE}(?:(\d{{3,4}})(?={_NAMED})|(\d{{5}})(?=锂?电[池芯]))",
        lambda m: name_digits(m[1] or m[2]),
        DIGITS,
    ),
    rule(
        "grade of letters",
        rf"{ALONE}(\d)([ASBDKG])(?=景区|候车|出口|口(?!径)|栋|馆|厅|教室|级|大作|游戏|店|打印|眼镜|电影|动画|建模|大片|工厂|风景区|学校|旅游|公司|认证|股|视频|屏|画质|网络|基站|手机|时代)",
        lambda m: f"{cardinal(m[1])} {m[2]} ",
    ),
    rule(
        "maker",
        rf"(?:(?<=波音|空客|麦道|大众|标致|宝马|骁龙|天玑|麒麟|锐龙|酷睿|至强|霄龙|昇腾|佳能|尼康)|(?<=诺基亚|寒武纪|保时捷))\s?(\d{{3,4}})(?![\d.万亿元]|[{HAN}]?[台架辆元])",
        lambda m: name_digits(m[1]),
    ),
    rule(
        "weapon and craft",
        rf"(歼轰|歼教|武直|米格|伊尔|东风|巨浪|红旗|鹰击|长剑|长征|嫦娥|神舟|天宫|天舟|天问|快舟|朱雀|[歼轰]|(?:(?<![{HAN}])|(?<=[架的款国军和与及是型]))[运直苏图])-?(\d{{1,3}})(?![\d.%])",
        _weapon,
    ),
    rule("hyphen in a name", rf"(?<=[{HAN}])-(\d{{1,4}})(?=[型号式系])", lambda m: name_digits(m[1])),
    rule(
        "class and year",
        r"(高|初|大|研|小)\s?(\d)\s?[(（](\d{1,2})[)）]\s?班",
        lambda m: f"{m[1]}{cardinal(m[2])}{cardinal(m[3])}班",
    ),
    rule(
        "named by everybody",
        r"(?<![\d.,A-Za-z])(?:(?<=拒绝|反对|抵制|天天|实行|告别)(?:996|007)(?!\d)|996(?=福报|加班|的?公司|的?生活|模式|文化|上班|[，。！？”）]|$)"
        r"|(?:520|521|1314|5201314)(?=快乐|表白|告白|礼物|情人节|红包|当天|这天|那天|领证|[，。！？~ ]{0,2}我爱你)"
        r"|1024(?=是?程序员)|886(?=[，。！~]|$)|(?:1314520|5201314)(?!\d)|(?<=[了啊吗呢嘛呜])5{3,9}(?=吧|[，。！~）)”]|$)|58(?=同城)|7788(?=的)"
        r"|233{1,9}(?![\d.%万亿元个])|6{3,9}(?=啊|呀|吧|的|老铁|[，。！!,~）)”]|$))",
        lambda m: digits(m[0]),
    ),
    rule("tower", rf"{ALONE}(\d{{3}})(?=大楼|大厦|观景台|中学|小学|学校)", lambda m: name_digits(m[1])),
    rule(
        "status by what it came as",
        rf"(?:(?<=返回|报错|抛出|响应|提示|出现|显示)|(?:(?<=报了)|(?<=[报爆])))(?:了|个|：)?\s?([345]0\d|4[1-5]\d){OVER}(?![{HAN}]?[个条次元万亿名人份页种项张台秒])",
        lambda m: m[0][: m.start(1) - m.start()].strip("： ") + name_digits(m[1]),
    ),
    rule(
        "seat",
        r"((?<=座位)|(?<=座位号)|(?<=[车排])|(?<=靠窗|过道|走道))([:：]?\s?)(\d{1,2})([A-HJK])(?![A-Za-z0-9])",
        lambda m: f"{m[2].strip(': ：') and '，'}{cardinal(m[3])} {m[4]} ",
    ),
    rule("oil", r"(?<![\dA-Za-z.])(\d{1,2})W-(\d{2})(?![\dA-Za-z])", lambda m: f"{cardinal(m[1])} W {cardinal(m[2])}"),
    rule("aeroplane", r"(?<![\d.])(7[0-8]7)(?=\s?(?:MAX|Max)(?![A-Za-z]))", lambda m: digits(m[1])),
    rule("model of a tank", rf"{ALONE}(\d{{2}})([A-Z])(?=[型式]|主战)", lambda m: f"{digits(m[1])} {m[2]} "),
    rule(
        "size of clothes",
        rf"{ALONE}(1[4-9]\d)/(\d{{2,3}})([ABCY])(?![A-Za-z0-9])",
        lambda m: f"{cardinal(m[1])}斜杠{cardinal(m[2])} {m[3]} ",
    ),
    rule(
        "named like the one before",
        rf"(?<=[{DIGITS}])([{HAN}]{{0,3}}[、和或及/与])(\d{{3,4}}){OVER}(?![多余来几]?[{HAN}]?[个次万亿元人名条分秒天家起米吨公千斤])",
        lambda m: m[1] + name_digits(m[2]),
        DIGITS,
    ),
    rule(
        "named like the one behind",
        rf"{ALONE}(\d{{3}}(?:、\d{{3}}){{0,4}})(?=[、和或及/与][{DIGITS}])",
        lambda m: re.sub(r"\d+", lambda each: name_digits(each[0]), m[1]),
    ),
    rule("discount", r"(?<![\d.])([1-9][1-9])折", lambda m: digits(m[1]) + "折"),
)

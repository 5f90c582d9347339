"""Times of day, durations, scores and ratios, and spans of them."""

import re
from typing import Final

from tts_service.text.clock import HOUR, SIXTY, clock, hour, plain, zeroed
from tts_service.text.numerals import cardinal, digits, number, quantity
from tts_service.text.rule import ALONE, OVER, TO, Rule, rule, to

_MINUTES: Final = re.compile(r"(\d+):(\d\d)").findall
_CLOCK_OF: Final = r"(?:时长|用时|耗时|历时|片长|总长|长度|全长|成绩|进度|播放到|剩余|仅剩|还剩|倒计时|时间码)"


def _of_whole(match: re.Match[str]) -> str:
    """Reads where a film or song stands: 12:34/45:00."""
    parts = (
        f"{cardinal(minute)}分{zeroed(second) + '秒' if int(second) else ''}" for minute, second in _MINUTES(match[0])
    )
    return "斜杠".join(parts)


def _half(match: re.Match[str], letters: str | None) -> str:
    """Says am and pm, unless the Chinese word stands there already: 下午3:30pm."""
    before = match.string[max(0, match.start() - 3) : match.start()].rstrip()
    if not letters or before.endswith(("上午", "下午", "晚上", "中午", "早上", "凌晨", "傍晚", "晚")):
        return ""
    return "上午" if letters[0] in "aA" else "下午"


def _time(match: re.Match[str]) -> str:
    return _half(match, match["early"] or match["half"]) + clock(match["h"], match["min"], match["s"], match["f"])


def _lasting(match: re.Match[str]) -> str:
    parts = [part for part in match.groups()[1:] if part]
    names = ("小时", "分", "秒") if len(parts) == 3 else ("分", "秒")
    whole = len(parts) == 3
    said = [(part, name) for part, name in zip(parts, names, strict=True) if int(part) or (name == "秒" and not whole)]
    (first, name), *others = said or [("0", "秒")]
    begin = quantity(str(int(first))) if name == "小时" else plain(first)
    return match[1] + begin + name + "".join(zeroed(part) + name for part, name in others)


_OF_A_GAME: Final = re.compile(r"\d[:：-]\d{1,3}\s?[（(]$|(?:各节|单节|每节|四节|局分|小分)[^，。]{0,4}$")


_WON: Final = re.compile("胜|击败|夺冠|晋级|淘汰|拿下|[局盘]")


def _scores(match: re.Match[str]) -> str | None:
    """Reads a list in which one pair at least can't be a time of day."""
    pairs = [(int(first), len(second), int(second)) for first, second in re.findall(r"(\d+)[:：-](\d+)", match[0])]
    times = all(first < 25 and width == 2 and second < 60 for first, width, second in pairs)
    before, behind = match.string[max(0, match.start() - 12) : match.start()], match.string[match.end() :][:8]
    if _OF_A_GAME.search(before) or (before.endswith("以") and _WON.search(behind)):
        times = False
    if times if "-" not in match[0] else all(first <= second for first, _, second in pairs):
        return None
    return re.sub(r"(\d+)[:：-](\d+)", lambda pair: f"{cardinal(pair[1])}比{cardinal(pair[2])}", match[0])


def _compact(match: re.Match[str]) -> str | None:
    names = ("天", "小时", "分钟", "秒")
    parts = [(part, name) for part, name in zip(match.groups(), names, strict=True) if part]
    return "".join(quantity(part) + name for part, name in parts) if len(parts) > 1 else None


RULES: Final[tuple[Rule, ...]] = (
    rule(
        "lasting",
        rf"({_CLOCK_OF}[为是约:：\s]{{0,2}})(?:(\d{{1,2}}):)?(\d{{1,3}}):({SIXTY})(?![\d:])",
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
        "minutes and seconds by a mark",
        r"(?<![\d.'])(\d{1,2})['′]([0-5]\d)(?![\d.'\"′″])",
        lambda m: f"{number(m[1])}分{number(m[2])}秒",
    ),
    rule(
        "minute of a match",
        r"(?<![\d.'])(\d{1,3})['′](?=\s?的?(?:进球|破门|射门|助攻|换人|红牌|黄牌|点球))",
        lambda m: number(m[1]) + "分钟",
    ),
    rule(
        "degrees and minutes",
        r"(?<![\d.])(\d{1,3})°\s?(\d{1,2})['′](?:\s?(\d{1,2}(?:\.\d{1,3})?)(?:\"|″))?",
        lambda m: f"{number(m[1])}度{number(m[2])}分" + (f"{number(m[3])}秒" if m[3] else ""),
    ),
    rule(
        "of the whole",
        rf"(?<=停在|播放|放到|看到|听到|进度)[:：]?\d{{1,3}}:{SIXTY}\s?/\s?\d{{1,3}}:{SIXTY}(?![\d:.])",
        _of_whole,
    ),
    rule(
        "minutes and a fraction of a second",
        rf"(?<![\d:.])(\d{{1,2}}):({SIXTY})\.(\d{{1,3}})(?![\d:.])",
        lambda m: (f"{plain(m[1])}分" if int(m[1]) else "") + f"{zeroed(m[2])}点{digits(m[3])}秒",
    ),
    rule(
        "hundredths of a second",
        rf"{ALONE}(\d{{1,3}})秒(\d{{2}})(?![\d分秒.])",
        lambda m: f"{number(m[1])}秒{digits(m[2])}",
    ),
    rule(
        "equal ratios",
        r"(?<![\d:.])(\d{1,4}):(\d{1,4})\s?=\s?(\d{1,4}|[a-z]):(\d{1,4}|[a-z])(?![\d:])",
        lambda m: re.sub(r"\d+", lambda part: cardinal(part[0]), m[0].replace(":", "比").replace("=", "等于")),
    ),
    rule(
        "chapter and verse",
        r"(?<=福音|诗篇|世记|示录|马书|箴言)\s?(\d{1,3}):(\d{1,3})(?:-(\d{1,3}))?(?![\d:])",
        lambda m: f"{cardinal(m[1])}章{cardinal(m[2])}{'到' + cardinal(m[3]) if m[3] else ''}节",
    ),
    rule(
        "score with penalties",
        r"(?<![\d:.])(\d{1,2})[(（](\d{1,2})[)）]\s?[:：-]\s?(\d{1,2})[(（](\d{1,2})[)）]",
        lambda m: f"{cardinal(m[1])}（{cardinal(m[2])}）比{cardinal(m[3])}（{cardinal(m[4])}）",
    ),
    rule(
        "time span",
        rf"(?<![\d:.])({HOUR}):({SIXTY}){TO}({HOUR}):({SIXTY})(?![\d:])(?:\s?([aApP])\.?[mM]\.?(?![A-Za-z]))?",
        lambda m: _half(m, m[5]) + clock(m[1], m[2]) + to(m) + clock(m[3], m[4]),
    ),
    rule(
        "list of scores",
        r"(?<![\d:.比-])\d{1,3}[:：-]\d{1,3}(?:(?:\s?[、,，;；和及]\s?|\s)\d{1,3}[:：-]\d{1,3})+(?![\d:：-])",
        _scores,
    ),
    rule(
        "score or ratio by what follows",
        r"(?<![\d:.比])(\d{1,3})\s?[:：-]\s?(\d{1,3})(?![\d:.])(?=\s?的?(?:总?比分|大比分|大胜|胜(?![过任利诉率算负者出])|获胜|取胜|胜出|战胜|击败|战平|打平|平局|领先|落后|险胜|完胜|小胜|告负|逆转|惨败|完败|大败|落败|失利|出局|晋级|夺冠|收场|逼平|惨遭|绝杀|不敌|负于|惜败|憾负|力克|横扫|淘汰|拿下|赢|输|屏|显示器|画面|画幅|宽高|长宽|比例|配比|混合|稀释|兑水|缩小|放大|缩放))",
        lambda m: f"{cardinal(m[1])}比{cardinal(m[2])}",
    ),
    rule(
        "score of a set",
        r"(?<![\d:.比])(\d{1,3})\s?[:：-]\s?(\d{1,3})(?![\d:.])(?=[，,]?[\u4e00-\u9fff]{0,12}(?:拿下|赢下|赢得|扳回|丢掉|先下|再下|夺下|输掉)[^，。]{0,4}[局盘城])",
        lambda m: f"{cardinal(m[1])}比{cardinal(m[2])}",
    ),
    rule(
        "score",
        r"(?:(?<=比分|战胜|击败|战平|负于|不敌|横扫|力克|局分|小分|半场|全场|终场)|(?<=第[一二三四五六七]局))(\s?(?:为|是|以|[:：]|定格在|改写为|来到|变成|锁定为)?\s?)(\d{1,3})\s?[:：-]\s?(\d{1,3})(?!\d)",
        lambda m: f"{m[1].strip(': ：')}{cardinal(m[2])}比{cardinal(m[3])}",
    ),
    rule(
        "ratio by its name",
        r"(?:(?<=比例|配比|之比|比率|比值|缩放|宽比|高比|长比)|(?<=[按以])|(?<=比)(?=约?[为是达:：])|(?<=屏幕|画面|画幅)(?=[为是]))(\s?(?:约?为|约?是|[:：]|约)?\s?)(\d{1,4}(?:\.\d{1,3})?):(\d{1,4}(?:\.\d{1,3})?)(?![\d:])(?!\s?[上下早晚起开出为准进])",
        lambda m: f"{m[1].strip(': ：')}{number(m[2])}比{number(m[3])}",
    ),
    rule(
        "time",
        rf"(?:(?<![A-Za-z])(?P<early>[AP]M)\s?)?(?<![\d:.比])(?P<h>{HOUR}):(?P<min>{SIXTY})(?::(?P<s>{SIXTY})(?:[.,](?P<f>\d{{1,6}}))?)?(?![\d:])(?:分(?![钟之]))?(?:\s?(?P<half>[aApP]\.?[mM]\.?)(?![A-Za-z]))?",
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
        lambda m: _half(m, m[2]) + hour(m[1]),
    ),
    rule(
        "hours span",
        rf"{ALONE}({HOUR}){TO}({HOUR})\s?点(?!\d|[零一二三四五六七八九])",
        lambda m: f"{quantity(m[1])}{to(m)}{hour(m[2])}",
    ),
    rule(
        "hour and minute",
        rf"{ALONE}({HOUR})\s?(点|时)\s?({SIXTY}|\d)\s?分",
        lambda m: (quantity(str(int(m[1]))) if m[2] == "点" else plain(m[1])) + m[2] + zeroed(m[3]) + "分",
    ),
    rule(
        "quarters",
        rf"{ALONE}({HOUR})\s?点\s?([1-3])\s?刻(?!钟)",
        lambda m: f"{hour(m[1])}{quantity(m[2])}刻",
    ),
    rule("o'clock", rf"{ALONE}({HOUR})\s?点(?![\d]|[零一二三四五六七八九])", lambda m: hour(m[1])),
    rule("leading zero", r"(?<![\d.])0(\d)(?=分(?!之)|秒)", lambda m: "零" + cardinal(m[1])),
    rule(
        "compact",
        r"(?<![\dA-Za-z.])(?=\d)(?:(\d{1,4})d\s?)?(?:(\d{1,4})h(?:r|rs)?\s?)?(?:(\d{1,4})m(?:in|ins)?\s?)?(?:(\d{1,4}(?:\.\d{1,3})?)s(?:ec)?)?(?![A-Za-z\d])",
        _compact,
    ),
)
"""The spans and stamps come before their parts, scores before times of day."""

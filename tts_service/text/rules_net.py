"""Addresses: URLs, e-mail, IP addresses, domains, file paths, telephone and other number strings."""

import re
from typing import Final

from tts_service.text.numerals import digits
from tts_service.text.rule import OVER, Rule, rule, spelled

_SIGNS: Final = {
    ".": "点", "/": "斜杠", ":": "冒号", "-": "杠", "_": "下划线", "?": "问号", "=": "等于", "&": "和", "#": "井号",
    "%": "百分号", "@": "艾特", "~": "波浪号", "+": "加", "\\": "反斜杠",
}  # fmt: skip
_SPELLED: Final = frozenset(
    {"http", "https", "ftp", "ssh", "www", "cn", "io", "ip", "cc", "tv", "ai", "py", "sh", "js", "md"}
)
_PART: Final = re.compile(r"[A-Za-z]+|\d+|.")
_TLD: Final = r"(?:com|cn|org|net|io|ai|dev|edu|gov|app|top|info|me|cc|tv|xyz|co)"
_WORD_START: Final = r"(?<![A-Za-z0-9@._/-])"
_PATH: Final = r"[A-Za-z0-9._~%+-]"


def _address(text: str) -> str:
    said = ""
    for part in _PART.findall(text.replace("://", ":")):
        if part.isdigit():
            said += digits(part)
        elif part.isalpha():
            said += spelled(part) if part.lower() in _SPELLED else f" {part} "
        else:
            said += _SIGNS.get(part, "")
    return said


def _url(match: re.Match[str]) -> str:
    text = match[0]
    trailing = len(text) - len(text.rstrip(".,;:!?/'\")-"))
    kept = text[: len(text) - trailing] if trailing else text
    tail = text[len(kept) :].lstrip("/")
    return _address(kept) + ("，" if tail[:1] in (",", ";") else "。" if tail[:1] in (".", "!", "?") else "")


def _ip(match: re.Match[str]) -> str | None:
    parts = match[1].split(".")
    if any(int(part) > 255 for part in parts):
        return None
    port = "冒号" + digits(match[2]) if match[2] else ""
    return "点".join(digits(part) for part in parts) + port


def _phone(match: re.Match[str]) -> str:
    text = match[0]
    prefix = "加八六，" if text.startswith("+86") else ""
    groups = [group for group in re.split(r"[\s()-]+", text.removeprefix("+86")) if group]
    return prefix + "，".join(digits(group, phone=True) for group in groups)


def _mobile(match: re.Match[str]) -> str:
    number = re.sub(r"\D", "", match[1])
    prefix = "加八六，" if match[0].startswith("+86") else ""
    return prefix + "，".join(digits(part, phone=True) for part in (number[:3], number[3:7], number[7:]))


def _identity(match: re.Match[str]) -> str:
    text = match[0]
    return digits(text[:17]) + (" X " if text[-1] in "xX" else digits(text[17]))


_CONTEXT: Final = (
    r"(?:端口号?|号码|编号|验证码|密码|口令|学号|工号|订单号?|单号|账号|帐号|卡号|尾号|房间号?|邮编|代码|QQ号?|QQ群|微信号?|身份证号?|"
    r"[Pp]ort|ID|PID|IDs?)"
)

RULES: Final[tuple[Rule, ...]] = (
    rule("url", r"(?:https?|ftp|ssh|file)://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]{1,500}", _url),
    rule("e-mail", r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}", lambda m: _address(m[0])),
    rule("ip", r"(?<![\d.])((?:\d{1,3}\.){3}\d{1,3})(?::(\d{2,5}))?(?![\d.]\d)(?!\d)", _ip),
    rule(
        "domain",
        rf"{_WORD_START}(?:[A-Za-z0-9-]{{1,63}}\.){{1,4}}{_TLD}(?::\d{{2,5}})?(?:/{_PATH}{{1,80}}){{0,8}}/?(?![A-Za-z0-9])",
        _url,
    ),
    rule("host and port", r"(?<![A-Za-z0-9.])(localhost):(\d{2,5})(?!\d)", lambda m: f" local host 冒号{digits(m[2])}"),
    rule(
        "path",
        rf"(?<![A-Za-z0-9.:/\d])(?:~|\.{{1,2}})?(?:/(?=[A-Za-z._]{{2}}|[A-Za-z0-9._-]+/){_PATH}{{1,80}}){{1,12}}/?",
        lambda m: _address(m[0].rstrip("/.")),
    ),
    rule(
        "file",
        r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9_-]{0,60}\.(?:py|sh|txt|json|ya?ml|md|wav|mp3|zip|html?|js|toml|log|cfg|ini|pt|onnx|exe|csv|pdf|docx?|xlsx?|png|jpg|mp4)(?![A-Za-z0-9])",
        lambda m: _address(m[0]),
    ),
    rule("mobile", r"(?:\+86[\s-]?)?(?<!\d)(1[3-9]\d[\s-]?\d{4}[\s-]?\d{4})(?!\d)", _mobile),
    rule("landline", r"(?<![\d-])(?:\+86[\s-]?)?(?:\(0\d{2,3}\)\s?|0\d{2,3}-)\d{7,8}(?:-\d{1,5})?(?!\d)", _phone),
    rule("service line", r"(?<![\d-])[48]00-\d{3,4}-\d{3,4}(?!\d)", _phone),
    rule(
        "emergency",
        r"(?<=拨打|电话|热线|拨叫|求助|报警|火警|客服)(\s?)(\d{3,6})(?![\d.%])",
        lambda m: digits(m[2], phone=True),
    ),
    rule("emergency short", rf"(?<=打)(1[12]\d|12\d{{3}}|10\d{{3}}){OVER}", lambda m: digits(m[1], phone=True)),
    rule("identity card", r"(?<![\dA-Za-z])[1-9]\d{16}[\dXx](?![\dA-Za-z])", _identity),
    rule(
        "number after its name",
        rf"({_CONTEXT}(?:是|为|：|:|\s)?\s?)(\d{{2,24}}){OVER}(?![年月日号])",
        lambda m: _named(m[1]) + digits(m[2]),
    ),
)
"""In this order: an address is recognised before its parts are."""


def _named(name: str) -> str:
    return name.rstrip(": ").replace("：", "") + ("，" if name.rstrip()[-1:] in "：:" else "")

"""Addresses: URLs, e-mail, IP and MAC addresses, domains, file paths, file names, command options."""

import re
from typing import Final

from tts_service.text.measures import UNIT
from tts_service.text.numerals import cardinal, digits, name_digits
from tts_service.text.rule import HAN, Rule, rule, spelled

_SIGNS: Final = {
    ".": "点", "/": "斜杠", ":": "冒号", "-": "杠", "_": "下划线", "?": "问号", "=": "等于", "&": "和", "#": "井号",
    "%": "百分号", "@": "艾特", "~": "波浪号", "+": "加", "\\": "反斜杠", " ": " ", "$": "美元符", "!": "感叹号",
}  # fmt: skip
_SPELLED: Final = frozenset(
    {"http", "https", "ftp", "ssh", "www", "cn", "io", "ip", "cc", "tv", "ai", "py", "sh", "js", "md", "ts", "id"}
)
_PART: Final = re.compile(r"[A-Za-z]+|\d+|.", re.ASCII | re.DOTALL)
_TLD: Final = (
    r"(?:com|cn|org|net|io|ai|dev|edu|gov|app|top|info|me|cc|tv|xyz|co|tech|cloud|site|online|club|vip|shop|wang|"
    r"hk|tw|jp|kr|uk|us|de|fr|ru|eu|int|mil|local|lan)"
)
_EXTENSION: Final = (
    r"(?:pyc?|ipynb|sh|bash|bat|ps1|txt|jsonl?|ya?ml|md|rst|wav|mp3|mp4|flac|ogg|opus|m4a|avi|mkv|mov|zip|rar|7z|tar|t?gz|xz|bz2|"
    r"html?|css|jsx?|tsx?|vue|toml|log|cfg|conf|ini|env|pth?|ckpt|onnx|bin|safetensors|gguf|npy|npz|pkl|h5|exe|dll|so|msi|apk|ipa|"
    r"deb|rpm|whl|jar|java|cpp|hpp|cc|go|rs|rb|php|sql|db|sqlite|csv|tsv|pdf|docx?|xlsx?|pptx?|png|jpe?g|gif|svg|webp|ico|bmp|srt|lab|"
    r"service|lock|xml|key|pem|crt)"
)
_WORD_START: Final = r"(?<![A-Za-z0-9@._/-])"
_PATH: Final = r"[A-Za-z0-9._~%+-]"
_WIDE_PATH: Final = rf"[A-Za-z0-9._~%+{HAN}-]"


def address(text: str) -> str:
    """Reads an address sign by sign: words as words, digits one by one, signs by their names."""
    said = ""
    for part in _PART.findall(text):
        if part.isascii() and part.isdigit():
            said += digits(part)
        elif part.isascii() and part.isalpha():
            said += spelled(part) if part.lower() in _SPELLED else f" {part} "
        else:
            said += _SIGNS.get(part, "" if part.isascii() else part)
    return said


def _url(match: re.Match[str]) -> str:
    text = match[0]
    kept = text.rstrip(".,;:!?'\")-")
    if kept.endswith("/"):
        kept = kept[:-1]
    tail = text[len(kept) :].lstrip("/")
    return address(kept) + ("，" if tail[:1] in (",", ";") else "。" if tail[:1] in (".", "!", "?") else "")


def _ip(match: re.Match[str]) -> str | None:
    parts = match[1].split(".")
    if any(int(part) > 255 for part in parts):
        return None
    port = "冒号" + digits(match[2]) if match[2] else ""
    mask = "斜杠" + cardinal(match[3]) if match[3] else ""
    upto = "到" + digits(match[4]) if match[4] else ""
    return "点".join(digits(part) for part in parts) + port + mask + upto


def _ipv6(match: re.Match[str]) -> str | None:
    text = match[1]
    if text.count("::") > 1 or not (re.search(r"\d", text) or text == "::") or len(text) < 3:
        return None
    said = "".join(
        "冒号" if part == ":" else digits(part) if part.isdigit() else f" {part.upper()} "
        for part in re.findall(r"\d+|[A-Fa-f]+|:", text)
    )
    port = "冒号" + digits(match[2]) if match[2] else ""
    return said + port + ("斜杠" + cardinal(match[3]) if match[3] else "")


def _mac(match: re.Match[str]) -> str:
    pairs = re.split("[:-]", match[0])
    return "，".join(
        "".join(digits(char) if char.isdigit() else f" {char.upper()} " for char in pair) for pair in pairs
    )


RULES: Final[tuple[Rule, ...]] = (
    rule(
        "url", r"(?:https?|ftp|s?ftp|ssh|file|git|wss?|rtsp|rtmp)://[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]{1,500}", _url
    ),
    rule(
        "e-mail",
        r"(?:mailto:)?[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}(?::(?=[A-Za-z])[A-Za-z0-9._/-]{1,120})?",
        _url,
    ),
    rule(
        "number of a paper",
        r"(?i:(?<![A-Za-z])(doi|arxiv))[:：\s]\s?(\d{2,4}\.\d{4,5}(?:v\d)?(?:/[A-Za-z0-9._/-]{1,60})?)",
        lambda m: f" {m[1]} ，{address(m[2])}",
    ),
    rule("mac", r"(?<![0-9A-Za-z:-])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![0-9A-Za-z:-])", _mac),
    rule("mac with hyphens", r"(?<![0-9A-Za-z:-])(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}(?![0-9A-Za-z:-])", _mac),
    rule(
        "ipv6",
        r"(?<![\w:.])\[?((?=[0-9A-Fa-f:]*::|(?:[0-9A-Fa-f]{1,4}:){7})[0-9A-Fa-f:]{2,39})(?:\]:(\d{2,5})|\])?(?:/(\d{1,3}))?(?![\w:])",
        _ipv6,
    ),
    rule("ip", r"(?<![\d.])((?:\d{1,3}\.){3}\d{1,3})(?::(\d{2,5})|/(\d{1,2})|-(\d{1,3})(?!\.))?(?![\d.]\d)(?!\d)", _ip),
    rule("mask", r"(?<=[掩码段由络])\s?/(\d{1,2})(?![\d/.])", lambda m: "斜杠" + cardinal(m[1])),
    rule(
        "domain",
        rf"{_WORD_START}(?:[A-Za-z0-9-]{{1,63}}\.){{1,4}}(?<=[A-Za-z0-9]\.){_TLD}(?::\d{{2,5}})?(?:/{_PATH}{{1,80}}){{0,8}}"
        r"(?:\?[A-Za-z0-9=&%._-]{1,120}|:(?:latest|v?\d[A-Za-z0-9._-]{0,30}))?/?(?![A-Za-z0-9])",
        _url,
    ),
    rule(
        "host and port",
        rf"(?<![A-Za-z0-9.])(?:localhost|[a-z]{{1,20}}(?:-[a-z0-9]{{1,20}}){{1,4}}|(?:web|api|app|db|server|host|redis|mysql|postgres|nginx|gateway|registry)\d{{0,3}}):\d{{2,5}}(?!\d)(?:/{_PATH}{{1,80}}){{0,8}}",
        lambda m: address(m[0]),
    ),
    rule(
        "drive",
        rf"(?<![A-Za-z0-9.])(?:[A-Za-z]:|\.{{1,2}}(?=\\))(?:[\\/]{_WIDE_PATH}{{0,80}}){{1,12}}",
        lambda m: address(m[0].rstrip(".")),
    ),
    rule(
        "share",
        rf"(?<![A-Za-z0-9\\])\\\\[A-Za-z0-9._-]{{1,60}}(?:\\{_WIDE_PATH}{{1,80}}){{1,12}}",
        lambda m: address(m[0]),
    ),
    rule(
        "path",
        rf"(?<![A-Za-z0-9.:/\d])(?!/(?:{UNIT}|min|sec|hour|day|month|year|token)s?(?![A-Za-z/._-]))(?:~|\.{{1,2}})?(?:/(?=[A-Za-z._]{{2}}|[A-Za-z0-9._-]+/){_PATH}{{1,80}}){{1,12}}(?:/(?=\d){_PATH}{{1,80}})?/?",
        lambda m: address(re.sub(r"(?<=[A-Za-z0-9])[/.]+$", "", m[0])),
    ),
    rule(
        "path from here",
        rf"{_WORD_START}(?:[A-Za-z0-9_.-]{{1,60}}/){{1,10}}[A-Za-z0-9_.-]{{1,60}}\.{_EXTENSION}(?![A-Za-z0-9])",
        lambda m: address(m[0]),
    ),
    rule(
        "file",
        rf"(?<![A-Za-z0-9])[A-Za-z0-9_][A-Za-z0-9_-]{{0,60}}(?:\.[A-Za-z0-9_-]{{1,30}}){{0,3}}\.{_EXTENSION}(?:\?[A-Za-z0-9_]{{1,30}}=[A-Za-z0-9=&%._-]{{1,90}})?(?![A-Za-z0-9])",
        lambda m: address(m[0]),
    ),
    rule("files of a kind", rf"\*\.({_EXTENSION})(?![A-Za-z0-9])", lambda m: "星点" + address(m[1])),
    rule("file with a Chinese name", rf"(?<=[{HAN}])\.({_EXTENSION})(?![A-Za-z0-9])", lambda m: address(m[0])),
    rule(
        "account",
        r"(?:(?<=微信号)|(?<=用户名|登录名|登陆名)|(?<=[账帐]号|[账帐]户|昵称)|(?<=微信)|(?<=ID)|(?<=加我[Vv])|(?<=[Vv][Xx])|(?<=@))([是为:：]?\s?)([A-Za-z][A-Za-z0-9]{0,30}(?:[_-][A-Za-z0-9]{1,30}){1,4})(?![A-Za-z0-9])",
        lambda m: (m[1].strip(" :：") or ("，" if m[1].strip() else "")) + address(m[2]),
    ),
    rule(
        "ports of a container",
        r"(?<![^\s(（“\"`])-p\s(\d{2,5}):(\d{2,5})(?!\d)",
        lambda m: f"{address('-p')} {digits(m[1])}冒号{digits(m[2])}",
    ),
    rule(
        "option with a port",
        r"(?<![^\s(（“\"`])(-{1,2}[A-Za-z_-]{0,30}port|-[pP](?=\s\d{4}))([\s=]{1,2})(\d{2,5})(?!\d)",
        lambda m: f"{address(m[1])} {digits(m[3])}",
    ),
    rule(
        "ports",
        rf"(?<![\d.A-Za-z])\d{{2,5}}(?:\s?[、,，和及与或/]\s?\d{{2,5}}){{0,9}}(?=(?:/(?:tcp|udp|TCP|UDP))?\s?号?端口)|(?<=端口)[由从]\d{{2,5}}(?:改为|改成|调整为|变更为|变为|换成|换为|到)\d{{2,5}}(?!\d)|(?<=端口)(?:号?[是为:：]?\s?)\d{{2,5}}(?:[、和及与或/]\d{{2,5}}){{1,9}}(?![\d{HAN}])",
        lambda m: re.sub(r"\d+", lambda each: name_digits(each[0]), m[0].replace("/", "、")),
    ),
    rule(
        "letters of a command",
        r"((?<![A-Za-z0-9])(?:ls|ll|rm|cp|mv|tar|ps|df|du|grep|chmod|chown|netstat|ss|lsof|kill|curl|wget|ssh|scp|unzip|mkdir|tail|head|free|uname|top|find|sed|gcc|java|npm|pip|git|docker|kubectl|helm|psql|mysql|redis-cli|ffmpeg|ffplay)\s)-([A-Za-z]{2,5})(?![\w-])",
        lambda m: f"{m[1]}杠 {m[2]} ",
    ),
    rule("option of a word", r"(?<!\S)-([a-z]{4,12})(?=\s[+-]?\d)", lambda m: f"杠 {m[1]} "),
    rule(
        "option",
        r"(?<![^\s(（“\"`])--?(?=[A-Za-z])[A-Za-z][A-Za-z0-9]{0,30}(?:[-_][A-Za-z0-9]{1,30}){0,5}(?![A-Za-z0-9])",
        lambda m: _option(m[0]),
    ),
)
"""In this order: an address is recognised before its parts are."""


def _option(text: str) -> str | None:
    if not text.startswith("--") and len(text) > 2:
        return None
    return address(text)

"""What reaches the front end is anybody's text: this leaves only what can be read, in one width and one form."""

import re
import unicodedata
from typing import Final

from tts_service.text.numerals import cardinal, digits
from tts_service.text.tex import without_tex
from tts_service.text.traditional import simplified

_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in "！（），：；？"}
_FORMS: Final = str.maketrans(
    {
        "’": "'", "‘": "'", "＇": "'", "−": "-", "‐": "-", "‑": "-", "‒": "-", "–": "-", "～": "~", "〜": "~",
        "∼": "~", "㎡": "m²", "㎥": "m³", "㎏": "kg", "㎎": "mg", "㎞": "km", "㎝": "cm", "㎜": "mm", "㏄": "毫升",
        "㎖": "ml", "℉": "°F", "￥": "¥", "＄": "$", "％": "%", "﹪": "%", "\u3000": " ", "\xa0": " ", "\t": " ",
        "\r": "\n", "\u2028": "\n", "\u2029": "\n", "〇": "零", "№": "No.", "⁄": "/", "∕": "/", "∶": ":", "﹣": "-",
        "﹢": "+", "\u00b5": "\u03bc", "\u2126": "\u03a9", "˚": "°", "º": "°", "✕": "×", "✖": "×", "⨯": "×",
        "➗": "÷", "⩽": "≤", "⩾": "≥", "⋅": "·", "﹤": "<", "﹥": ">", "﹦": "=", "￡": "£", "㎐": "Hz", "㎑": "kHz",
        "㎒": "MHz", "㎓": "GHz", "㎾": "kW", "‧": "·", "㎍": "μg", "㎛": "μm", "㎚": "nm", "㏑": "ln", "㏒": "log",
        "㎧": "m/s", "⎓": " ", "￦": "₩", "〔": "（", "〕": "）",
    }
)  # fmt: skip
_BOX: Final = re.compile(r"(?:(?<=^)|(?<=[\s，。；：、（(\[【]))([√×])(?=\s?[\u4e00-\u9fff])(?!\s)", re.MULTILINE)
"""A tick or a cross in front of an item of a list."""
_TRIANGLE: Final = re.compile(r"△\s?(?=[A-Z]{3}(?![A-Za-z]))")
_CHANGE: Final = re.compile(r"△(?=[A-Za-z](?![A-Za-z]))")
_TICK_OR_CROSS: Final = re.compile(r"√\s?[/或]\s?×")
_TICK: Final = re.compile(r"(?<=[打画划])[“\"]?√[”\"]?")
_CROSS: Final = re.compile(r"(?<=[打画划])[“\"]?×[”\"]?")
_ARROWS: Final = ((re.compile(r"[↑⬆]\ufe0f?(?=\s?\d)"), "上升"), (re.compile(r"[↓⬇]\ufe0f?(?=\s?\d)"), "下降"))
_RAISED: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n")
_RAISED_RUN: Final = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ]+")
_LOWERED: Final = re.compile("(?<=[₀₁₂₃₄₅₆₇₈₉])(?=[0-9])")
_DROPPED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "So", "Mn", "Me", "Sk"})
_KEPT: Final = frozenset("\n^°℃`²³")
_WIDE_THOUSANDS: Final = re.compile("(?<=[０-９])，(?=[０-９]{3}(?![０-９]))")
_TOPIC: Final = re.compile(
    r"(?<!\w)#(?=[^#\n]{0,39}[\u4e00-\u9fff]|[A-Za-z][A-Za-z0-9]{1,19}#(?:[\s\u4e00-\u9fff]|$))([^#\n]{2,40})#(?![\d#])"
)
_FULL_COLON: Final = re.compile(r"(?<=\d)：(?=\d)")
_COLON: Final = re.compile(r"(?<=[\u4e00-\u9fff]):(?=\s?\d)")
"""Behind a Chinese word a colon is punctuation, whatever its width: 时间:8:00."""
_ITEM: Final = re.compile(r"(^|[。；;！？!?，,：:] ?)(\d{1,2})\.(?= ?[“《【（\u4e00-\u9fff])", re.MULTILINE)
"""The number before an item of a list: 1.打开电源。2.按下按钮。"""
_POINTED: Final = re.compile(r"<([^<>\s@]{1,64}@[^<>\s@]{1,100}|https?://[^<>\s]{1,300})>")
"""An address in angle brackets."""
_SUM: Final = r"[0-9A-Za-z.+×÷*/^√²³ -]{1,40}"
_BRACKETS: Final = re.compile(rf"（({_SUM})）(?=\s?[-+×÷*/=²³^])|(?<=[-+×÷*/=])（({_SUM})）")
"""Wide brackets of a formula."""
_SPACES: Final = re.compile(r"[ \f\v]+")
_KEYCAPS: Final = re.compile("(?:[0-9*#]\ufe0f?\u20e3)+")
"""Numbers as keys of a telephone: one alone stands in front of an item of a list."""
_LINES: Final = re.compile(r" ?\n[\n ]*")
_MARKUP: Final = re.compile(
    r"(?<!\*)\*\*(?=[^*\s])|(?<=[^*\s])\*\*(?!\*)|__(?=\S)|(?<=\S)__|^#{1,6} |^[-*+] \[[ xX]\] |```", re.MULTILINE
)
_LINK: Final = re.compile(r"!?\[([^\[\]\n]{1,200})\]\((?:https?://|[./#])[^()\s]{0,500}\)")
_TAG: Final = re.compile(
    r"</?(?:[abipu]|br|hr|div|span|strong|em|h[1-6]|[uo]l|li|table|t[rdh]|tbody|thead|img|code|pre|font|sub|sup|speak|small|mark)"
    r"(?:\s[^<>|\n]{0,200})?/?>"
)
_ENTITIES: Final = {"&nbsp;": " ", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&"}
_EMOTICON: Final = re.compile(
    r"(?<![A-Za-z0-9])[:;=][-']?(?:[)DPp](?![A-Za-z0-9])|\((?=[\s，。！？!?~]|$))|\^[_-]?\^|[→←]_[→←]|\(:3\[[^\]\w]{0,6}\]|(?<![A-Za-z0-9])[TQ][_^][TQ](?![A-Za-z0-9])|(?<![A-Za-z])[oO]_[oO](?![A-Za-z])"
)
_KAOMOJI: Final = re.compile(
    r"¯?\\?_?[(（]ツ[)）]_?/?¯?|[ヾヽ٩╰╮ლ¯]?[(（]。?(?:[^A-Za-z0-9\u4e00-\u9fff\u0370-\u03ff\u2150-\u218f\u2460-\u24ff\s()（）,.，。、!?！？=+%√]|[ωεσ皿人益]){2,20}。?[)）][ノﾉو۶ゞ✧╯╭ლ¯]?[ﾞ゛]?(?:o(?![A-Za-z]))?"
)
_FACES: Final = re.compile(
    r"[(（][^()（）\n]{0,4}(?:￣[^()（）\n]{1,3}￣|≧[^()（）\n]{1,3}≦|〃)[^()（）\n]{0,4}[)）][\u3040-\u30ff]{0,2}"
)
"""Kaomoji with a digit or a letter for a mouth."""
_STICKERS: Final = re.compile(
    r"\[(?:捂脸|微笑|笑哭|破涕为笑|撇嘴|发呆|流泪|大哭|害羞|呲牙|偷笑|坏笑|调皮|抓狂|白眼|翻白眼|尴尬|发怒|惊讶|擦汗|流汗|抠鼻"
    r"|鼓掌|鄙视|委屈|快哭了|阴险|亲亲|可怜|笑脸|嘿哈|奸笑|机智|皱眉|耶|吃瓜|旺柴|打脸|叹气|苦涩|裂开|爱心|心碎|拥抱|握手|抱拳|拳头|合十"
    r"|玫瑰|凋谢|烟花|爆竹|庆祝|强|弱|赞|胜利|doge|OK|Emm|666)\]",
    re.IGNORECASE,
)


def clean(text: str) -> str:
    """Makes text readable for the rules: half-width letters and digits, simplified characters, no emoji, no control
    characters, no lone surrogates, no private-use characters, no Markdown or HTML, accents folded (café → cafe), raised
    digits as powers (10⁶ → 10^6, m² stays), lowered ones as digits, runs of spaces and empty lines joined.

    Never raises; text without anything readable becomes ``""``.
    """
    text = _LOWERED.sub(" ", _WIDE_THOUSANDS.sub(",", text).translate(_WIDE).translate(_FORMS))
    text = without_tex(text)
    text = _TOPIC.sub(r" \1 ", _TAG.sub(" ", _POINTED.sub(r"\1", _LINK.sub(r"\1", text))))
    for entity, char in _ENTITIES.items():
        text = text.replace(entity, char)
    text = _KEYCAPS.sub(_keys, text)
    text = _RAISED_RUN.sub(_raised, text)
    text = _CHANGE.sub("Δ", _TRIANGLE.sub("三角形", _TICK_OR_CROSS.sub("对、错", text)))
    text = _BOX.sub(lambda box: "勾，" if box[1] == "√" else "叉，", _TICK.sub("勾", _CROSS.sub("叉", text)))
    for arrow, word in _ARROWS:
        text = arrow.sub(word, text)
    text = _FACES.sub("", _KAOMOJI.sub("", text))
    kept: list[str] = []
    before = ""
    for char in text:
        category = unicodedata.category(char)
        if before == "So" and char.isdigit() and kept and kept[-1].isdigit():
            kept.append(" ")
        before = category
        if " " <= char < "\x7f" or char in _KEPT:
            kept.append(char)
        elif category == "Zs":
            kept.append(" ")
        elif category in ("Nd", "Nl", "No"):
            mixed = bool(kept) and kept[-1].isdigit() and "/" in (plain := _number(char))
            kept.append("又" + plain if mixed else _number(char))
        elif category not in _DROPPED or "\u24b6" <= char <= "\u24e9":
            kept.append(_unaccented(char))
    text = _BRACKETS.sub(lambda part: f"({part[1] or part[2]})", _COLON.sub("：", _FULL_COLON.sub(":", "".join(kept))))
    text = _ITEM.sub(r"\1\2、", _EMOTICON.sub("", _STICKERS.sub("", _MARKUP.sub("", text))))
    return simplified(_LINES.sub("\n", _SPACES.sub(" ", text)).strip())


def _keys(match: re.Match[str]) -> str:
    plain = re.sub("[\ufe0f\u20e3]", "", match[0])
    if len(plain) > 2 and plain.isdigit():
        return digits(plain)
    return f"{plain}、" if plain.isdigit() else plain


def _raised(match: re.Match[str]) -> str:
    return match[0] if match[0] in ("²", "³") else "^" + match[0].translate(_RAISED)


def _number(char: str) -> str:
    """Writes a number's character with ASCII digits, Roman ones as Chinese: ٣ → 3, Ⅳ → 四, ½ → 1/2, ③ → 3、, ₂ → 2."""
    plain = unicodedata.normalize("NFKC", char).replace("⁄", "/")
    if "/" in plain or "\u2080" <= char <= "\u2089":
        return plain
    value = unicodedata.numeric(char, -1.0)
    if value < 0 or value != int(value):
        return ""
    if unicodedata.category(char) == "Nl":
        return cardinal(str(int(value)))
    return f"{int(value)}、" if unicodedata.category(char) == "No" else str(int(value))


def _unaccented(char: str) -> str:
    if char < "\x80" or char >= "\u2e80":
        return char
    folded = unicodedata.normalize("NFKD", char)
    return folded[0] if folded[0].isascii() and folded[0].isalpha() else char

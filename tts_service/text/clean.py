"""What reaches the front end is anybody's text: this leaves only what can be read, in one width and one form."""

import re
import unicodedata
from typing import Final

_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in "！（），：；？"}
_FORMS: Final = str.maketrans(
    {
        "’": "'", "‘": "'", "＇": "'", "−": "-", "‐": "-", "‑": "-", "–": "-", "～": "~", "〜": "~",  "∼": "~",
        "㎡": "m²", "㎥": "m³", "㎏": "kg", "㎎": "mg", "㎞": "km", "㎝": "cm", "㎜": "mm", "㏄": "毫升", "㎖": "ml",
        "½": "1/2", "⅓": "1/3", "¼": "1/4", "¾": "3/4", "⅔": "2/3", "℉": "°F", "￥": "¥", "＄": "$", "％": "%",
        "﹪": "%", "\u3000": " ", "\xa0": " ", "\t": " ", "\r": "\n", "\u2028": "\n", "\u2029": "\n", "〇": "零",
        "№": "No.", "⁄": "/", "∶": ":", "﹣": "-", "﹢": "+",
    }
)  # fmt: skip
_CIRCLED: Final = {0x2460 + index: f"{index + 1}、" for index in range(20)}
_ROMAN: Final = {0x2160 + index: str(index + 1) for index in range(12)}
_GREEK: Final = {
    "α": "阿尔法", "β": "贝塔", "γ": "伽马", "δ": "德尔塔", "ε": "艾普西隆", "θ": "西塔", "λ": "兰姆达", "μ": "缪",
    "π": "派", "σ": "西格玛", "φ": "斐", "ω": "欧米伽", "Δ": "德尔塔", "Σ": "西格玛", "Ω": "欧姆",
}  # fmt: skip
_DROPPED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "So", "Mn", "Me", "Sk"})
_KEPT: Final = frozenset("\n^°℃")
_FULL_COLON: Final = re.compile(r"(?<=\d)：(?=\d)")
_SPACES: Final = re.compile(r"[ \f\v]+")
_LINES: Final = re.compile(r" ?\n[\n ]*")


def clean(text: str) -> str:
    """Makes text readable for the rules: half-width letters and digits, no emoji, no control characters, no lone
    surrogates, no private-use characters, accents folded (café → cafe), runs of spaces and empty lines joined.

    Never raises; text without anything readable becomes ``""``.
    """
    text = text.translate(_WIDE).translate(_FORMS).translate(_CIRCLED).translate(_ROMAN)
    kept: list[str] = []
    for char in text:
        if char in _GREEK:
            kept.append(_GREEK[char])
        elif char in _KEPT:
            kept.append(char)
        elif (category := unicodedata.category(char)) not in _DROPPED:
            kept.append(" " if category == "Zs" else _unaccented(char))
    text = _FULL_COLON.sub(":", "".join(kept))
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def _unaccented(char: str) -> str:
    if char < "\x80" or char >= "\u2e80" or char in "²³":
        return char
    folded = unicodedata.normalize("NFKD", char)
    return folded[0] if folded[0].isascii() and folded[0].isalpha() else char

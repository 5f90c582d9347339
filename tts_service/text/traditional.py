"""Traditional characters → simplified ones: the word lists and rules know one form of each character."""

import re
from functools import lru_cache
from importlib import resources
from typing import Final

# Characters that simplified text has too, with another meaning; changed only where the text is traditional.
_PHRASES: Final = (
    (re.compile("瞭(?=解|如|然)"), "了"),
    (re.compile("甚(?=么)"), "什"),
    (re.compile("乾(?![坤隆卦嘉陵])"), "干"),
    (re.compile("(?<![土名专原编论译遗巨显卓昭执合拙])著(?![名作者称书述录译])"), "着"),
    (re.compile("於"), "于"),
)


def simplified(text: str) -> str:
    """Gives the same text in simplified characters; text without traditional ones comes back as it is."""
    changed = text.translate(_table())
    if changed != text:
        for pattern, character in _PHRASES:
            changed = pattern.sub(character, changed)
    return changed


@lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    text = resources.files("tts_service.text").joinpath("traditional.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {ord(pair[0]): pair[1] for line in lines for pair in line.split()}

"""The page's two languages: every text stands as a pair where it is used, this chooses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_ENGLISH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "清岚": "Qinglan ♀", "若溪": "Ruoxi ♀", "小禾": "Xiaohe ♀", "云峰": "Yunfeng ♂", "石磊": "Shilei ♂",
        "老周": "Laozhou ♂", "中性": "Neutral", "开心": "Happy", "悲伤": "Sad", "生气": "Angry", "严肃": "Serious",
        "温柔": "Gentle", "害怕": "Afraid", "厌恶": "Disgusted", "忧郁": "Melancholic", "惊讶": "Surprised",
        "平静": "Calm",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Language:
    """A language of the page: ``w("文字", "Text")`` gives the one it speaks. `tag` is HTML's name for it."""

    tag: str

    def __call__(self, zh: str, en: str) -> str:
        return en if self.tag == "en" else zh

    def label(self, name: str) -> str:
        """What a voice or an emotion of the engine is called on the page."""
        return _ENGLISH.get(name, name) if self.tag == "en" else name

    @property
    def list(self) -> Callable[[tuple[str, ...]], str]:
        """Joins words into a list."""
        return (", " if self.tag == "en" else "、").join


CHINESE: Final = Language("zh-CN")
ENGLISH: Final = Language("en")

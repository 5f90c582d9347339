"""The words of jieba's dictionary with their frequencies: where words are cut, and what a longer word is made of."""

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from tts_service.text import dictionary

_RARE: Final = 10
_USUAL: Final = 20


@lru_cache(maxsize=1)
def segmenter() -> Any:
    """jieba with its dictionary in our own form, see `dictionary`."""
    import logging  # noqa: PLC0415

    import jieba  # noqa: PLC0415 - only where Chinese is read

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    source = Path(jieba.__file__).with_name(jieba.DEFAULT_DICT_NAME)
    tokenizer.FREQ, tokenizer.total = dictionary.load(source, tokenizer.gen_pfdict, dictionary.private_cache("jieba"))
    tokenizer.initialized = True
    return tokenizer


def frequency(word: str) -> int:
    """Tells how often the dictionary has met a word; 0 for one that it doesn't hold."""
    return int(segmenter().FREQ.get(word) or 0)


def is_prefixed(word: str) -> bool:
    """Tells whether a word of three characters is one in front of a word of two: 总 + 导演, but 展览 + 馆."""
    return frequency(word[:2]) < _RARE and frequency(word[1:]) >= _USUAL

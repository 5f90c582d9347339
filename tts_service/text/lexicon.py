"""The lexicon: words whose reading is given, ours (`words.txt`) and the user's."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from tts_service.text.units import checked_reading


class LexiconProblem(ValueError):
    """A lexicon line can't be used; the text names the line and what is expected."""


@dataclass(frozen=True)
class Lexicon:
    """Words and their units. The longest word wins where several fit."""

    words: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """Finds the words in text, as one group; None for an empty lexicon."""
        if not self.words:
            return None
        longest_first = sorted(self.words, key=len, reverse=True)
        return re.compile("(" + "|".join(re.escape(word) for word in longest_first) + ")")

    @staticmethod
    def parse(lines: Iterable[str], *, name: str = "lexicon") -> "Lexicon":
        """Reads ``word reading`` lines (``重庆  chong2 qing4``, ``Qwen  qian1 wen4``); ``#`` begins a comment.

        Raises LexiconProblem with the line's number for a reading that the voice can't say.
        """
        words: dict[str, tuple[str, ...]] = {}
        for number, line in enumerate(lines, 1):
            word, _, reading = line.partition("#")[0].replace("\t", " ").strip().partition(" ")
            if not word:
                continue
            units = checked_reading(reading)
            if units is None:
                raise LexiconProblem(
                    f"{name} line {number}: {word[:40]!r} needs a reading in pinyin with tones (chong2 qing4) "
                    f"or ARPAbet (K UW1 D AH0), found {reading.strip()[:60]!r}"
                )
            words[word] = units
        return Lexicon(MappingProxyType(words))

    @staticmethod
    def load(path: Path) -> "Lexicon":
        """Reads a UTF-8 lexicon file; a file that isn't there is an empty lexicon. Raises LexiconProblem."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return Lexicon()
        except OSError as error:
            raise LexiconProblem(f"{path.name} can't be read: {error.strerror}") from error
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            number = data.count(b"\n", 0, error.start) + 1
            raise LexiconProblem(f"{path.name} line {number}: this is not UTF-8; save the file as UTF-8") from error
        return Lexicon.parse(text.splitlines(), name=path.name)


@lru_cache(maxsize=1)
def built_in() -> Lexicon:
    """Gives the words that general dictionaries read otherwise than people do: neutral tones, trade terms."""
    return _shipped("words.txt")


@lru_cache(maxsize=1)
def characters() -> Lexicon:
    """Gives the readings of characters that stand alone as a word."""
    return _shipped("characters.txt")


def _shipped(name: str) -> Lexicon:
    text = resources.files("tts_service.text").joinpath(name).read_text(encoding="utf-8")
    return Lexicon.parse(text.splitlines(), name=name)

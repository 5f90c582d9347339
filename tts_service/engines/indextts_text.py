"""Text for IndexTTS: it normalises by itself, so it gets what was written, with our readings in its own syntax."""

import re
from dataclasses import dataclass
from typing import Final

from tts_service.engines.base import RequestRefused
from tts_service.text.clean import clean
from tts_service.text.lexicon import Lexicon
from tts_service.text.markup import FIRST_MARK, MOST_MARKS, extract

_HAN: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SPOKEN: Final = re.compile(rf"{_HAN.pattern}|[A-Za-z0-9]|[{chr(FIRST_MARK)}-{chr(FIRST_MARK + MOST_MARKS - 1)}]")
_SENTENCE: Final = re.compile(r"(?<=[。！？!?\n])|(?<=\.)(?=\s)")
_CLAUSE: Final = re.compile(r"(?<=[，、；：,;:])")
_ROUNDED: Final = re.compile(r"^([JQX])U")

Reading = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Script:
    """A text to be said. Each place with a reading is one private-use character, so that no cut goes through it."""

    text: str
    readings: tuple[Reading, ...]
    unreadable: tuple[str, ...]

    @property
    def written(self) -> str:
        """The text without readings, as people read it."""
        return "".join(self._word(char) for char in self.text)

    @property
    def language(self) -> str:
        """``EN`` for a text without any Chinese character, else ``ZH``."""
        return "ZH" if _HAN.search(self.written) or not re.search("[A-Za-z]", self.written) else "EN"

    def pieces(self, longest: int) -> list[str]:
        """Cuts into pieces of at most `longest` characters: at ends of sentences, else at commas, else anywhere."""
        pieces: list[str] = []
        for sentence in _SENTENCE.split(self.text):
            for part in [sentence] if len(sentence) <= longest else _CLAUSE.split(sentence):
                for start in range(0, len(part), longest):
                    chunk = part[start : start + longest]
                    if pieces and len(pieces[-1]) + len(chunk) <= longest:
                        pieces[-1] += chunk
                    else:
                        pieces.append(chunk)
        return [piece.strip() for piece in pieces if _SPOKEN.search(piece)]

    def marked(self, piece: str, version: str) -> str:
        """Writes a piece's readings as this version of IndexTTS reads them."""
        return "".join(
            _marking(*self.readings[ord(char) - FIRST_MARK], version) if _is_mark(char) else char for char in piece
        )

    def _word(self, char: str) -> str:
        return self.readings[ord(char) - FIRST_MARK][0] if _is_mark(char) else char


def script(text: str, lexicon: Lexicon) -> Script:
    """Reads a user's text. Raises RequestRefused when nothing in it can be said.

    The sign that IndexTTS's own marks and special tokens are made with is taken out of everything else.
    """
    marked = extract(clean(text))
    readings: list[Reading] = list(marked.readings)

    def give(match: re.Match[str]) -> str:
        word = match[0]
        around = match.string[match.start() - 1 : match.start()] + match.string[match.end() : match.end() + 1]
        inside = word.isascii() and any(char.isascii() and char.isalpha() for char in around)
        if inside or len(readings) >= MOST_MARKS:
            return word
        readings.append((word, lexicon.words[word]))
        return chr(FIRST_MARK + len(readings) - 1)

    plain = marked.text.replace("|", " ")
    if lexicon.pattern:
        plain = lexicon.pattern.sub(give, plain)
    if not _SPOKEN.search(plain):
        raise RequestRefused(
            "没有可以朗读的内容：请输入汉字、数字或英文。",
            "There is nothing to read aloud: enter Chinese characters, digits or English.",
            "text",
        )
    return Script(plain, tuple(readings), marked.problems)


def _is_mark(char: str) -> bool:
    return FIRST_MARK <= ord(char) < FIRST_MARK + MOST_MARKS


def _marking(word: str, units: tuple[str, ...], version: str) -> str:
    """A word with its reading; version 2 knows pinyin alone, an English word stays as it is written there."""
    phones = [unit.removeprefix("en:") for unit in units if unit.startswith("en:")]
    if phones:
        if version == "2" or len(phones) < len(units):
            return word
        return f"<{word if word.isascii() else 'word'}|{' '.join(phones)}>"
    syllables = [_ROUNDED.sub(r"\1V", unit.upper()) for unit in units]
    if version == "2":
        return " ".join(syllables)
    characters = list(word) if len(word) == len(syllables) and all(map(_HAN.match, word)) else ["字"] * len(syllables)
    return "".join(f"<{char}|{syllable}>" for char, syllable in zip(characters, syllables, strict=True))

"""The door of the front end: text in, sentences of units out."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from tts_service.text import english, pinyin
from tts_service.text.clean import clean
from tts_service.text.lexicon import Lexicon
from tts_service.text.markup import Marked, extract
from tts_service.text.normalise import normalise
from tts_service.text.prosody import Spoken, breaths, phrase_breaks
from tts_service.text.sandhi import Syllable, spoken_tones
from tts_service.text.traditional import simplified
from tts_service.text.units import END, PAUSE, PHRASE, QUESTION, WORD

LONGEST_SENTENCE: Final = 80
"""Syllables after which a sentence is cut at its next pause, so that one utterance stays short."""
LONGEST_WORD: Final = 16
_SENTENCE: Final = re.compile(r"([。！？!?]+[”\"』」）)\]]*|\n|\.(?=\s|$))")
_HAN: Final = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN: Final = re.compile(
    rf"(?P<han>[{_HAN}]{{1,200}})|(?P<latin>[A-Za-z]{{1,40}}(?:'[A-Za-z]{{1,20}}){{0,3}})|(?P<mark>[\ue000-\uefff])|"
    r"(?P<pause>[，、；：,;:（）()【】\[\]{}「」『』…—|]+)|(?P<other>.)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Sentence:
    """One utterance: how it is spoken, in writing, and its units (they end with ``#4``, ``#?`` or ``#3``)."""

    text: str
    units: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """A whole text, ready to be said. `unreadable` names what had to be left out, once each, in order."""

    sentences: tuple[Sentence, ...]
    unreadable: tuple[str, ...]

    @property
    def normalised(self) -> str:
        """The text as it is spoken."""
        return "".join(sentence.text for sentence in self.sentences)


@dataclass(frozen=True)
class _Word:
    """One word: what is written, and its syllables (still with dictionary tones) or English phones."""

    text: str
    items: tuple[Syllable | str, ...]

    @property
    def syllables(self) -> int:
        return sum(isinstance(item, Syllable) or (item[0] != "#" and item[-1] in "012") for item in self.items)


class FrontEnd:
    """Reads text for the voice. Dictionaries load on first use (about 1.5 s, `warm` does it early)."""

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        given = (lexicon or Lexicon()).words
        self.lexicon = Lexicon({**given, **{simplified(word): reading for word, reading in given.items()}})

    def warm(self) -> None:
        """Loads the dictionaries."""
        self.read("你好，重新部署 hello。")

    def read(self, text: str) -> Reading:
        """Turns text into sentences of units; text without anything readable gives no sentence.

        Never raises for any string. Cost: about a millisecond per sentence once warm.
        """
        marked = extract(clean(text))
        said = normalise(marked.text)
        sentences: list[Sentence] = []
        unreadable: dict[str, None] = dict.fromkeys(marked.problems)
        parts = _SENTENCE.split(said)
        for body, end in zip(parts[::2], [*parts[1::2], ""], strict=True):
            closing = QUESTION if "?" in end or "？" in end else END
            sentences += self._sentence(body, closing, marked, unreadable)
        return Reading(tuple(sentences), tuple(unreadable))

    def _sentence(self, body: str, closing: str, marked: Marked, unreadable: dict[str, None]) -> Iterator[Sentence]:
        clauses = [piece for clause in self._clauses(body, marked, unreadable) for piece in _shortened(clause)]
        pending: list[list[_Word]] = []
        length = 0
        for index, clause in enumerate(clauses):
            pending.append(clause)
            length += sum(word.syllables for word in clause)
            last = index == len(clauses) - 1
            if last or length + sum(word.syllables for word in clauses[index + 1]) > LONGEST_SENTENCE:
                yield _utterance(pending, closing if last else PAUSE)
                pending, length = [], 0

    def _clauses(self, body: str, marked: Marked, unreadable: dict[str, None]) -> Iterator[list[_Word]]:
        clause: list[_Word] = []
        for match in _RUN.finditer(body):
            kind, run = match.lastgroup, match[0]
            if kind == "pause":
                yield clause
                clause = []
            elif kind == "han":
                clause += self._chinese(run, unreadable)
            elif kind == "latin":
                clause += self._latin(run)
            elif kind == "mark" and (reading := marked.reading(run)):
                clause.append(_Word(reading[0], _given(reading[1])))
            elif unicodedata.category(run)[0] in "LN":
                unreadable[run] = None
        yield clause

    def _latin(self, run: str) -> Iterator[_Word]:
        if given := self.lexicon.words.get(run):
            yield _Word(run, _given(given))
        elif spoken := english.pronounce(run):
            joined = [unit for word in spoken for unit in (WORD, *word)][1:]
            yield _Word(run, tuple(joined))

    def _chinese(self, run: str, unreadable: dict[str, None]) -> Iterator[_Word]:
        words = [piece for word in pinyin.segment(run, self.lexicon) for piece in self._pieces(word)]
        for word, syllables in zip(words, pinyin.syllables(words), strict=True):
            if given := self.lexicon.words.get(word):
                yield _Word(word, _given(given))
                continue
            if len(syllables) < len(word):
                read = {syllable.char for syllable in syllables}
                unreadable.update(dict.fromkeys(char for char in word if char not in read))
            if syllables:
                yield _Word(word, syllables)

    def _pieces(self, word: str) -> Iterator[str]:
        """Cuts a word that is longer than any word, such as 200 digits; a word of the user's stays whole."""
        step = len(word) if word in self.lexicon.words else LONGEST_WORD
        for start in range(0, len(word), step):
            yield word[start : start + step]


def _given(units: tuple[str, ...]) -> tuple[Syllable | str, ...]:
    """Makes items of a person's reading; its tones are final."""
    return tuple(unit if unit.startswith("en:") else Syllable("", unit[:-1], unit[-1], fixed=True) for unit in units)


def _spoken(clause: list[_Word]) -> list[Spoken]:
    return [Spoken(word.text, word.syllables) for word in clause]


def _shortened(clause: list[_Word]) -> Iterator[list[_Word]]:
    """Cuts a clause that nobody could say in one breath, at its phrases where it has any."""
    if sum(word.syllables for word in clause) <= LONGEST_SENTENCE:
        if clause:
            yield clause
        return
    breaks = phrase_breaks(_spoken(clause))
    piece: list[_Word] = []
    length = 0
    for index, word in enumerate(clause):
        piece.append(word)
        length += word.syllables
        if length >= LONGEST_SENTENCE or (length >= LONGEST_SENTENCE // 2 and index in breaks):
            yield piece
            piece, length = [], 0
    if piece:
        yield piece


def _breathed(clause: list[_Word]) -> Iterator[list[_Word]]:
    """Parts a clause where the voice breathes, though nothing is written there."""
    start = 0
    for place in sorted(breaths(_spoken(clause))):
        yield clause[start : place + 1]
        start = place + 1
    yield clause[start:]


def _utterance(clauses: list[list[_Word]], closing: str) -> Sentence:
    units: list[str] = []
    for stretch in (stretch for clause in clauses for stretch in _breathed(clause)):
        breaks = phrase_breaks(_spoken(stretch))
        group: list[_Word] = []
        for index, word in enumerate(stretch):
            group.append(word)
            if index in breaks or index == len(stretch) - 1:
                units += _group(group)
                units.append(PHRASE)
                group = []
        units[-1] = PAUSE
    units[-1] = closing
    written = "，".join(_written(clause) for clause in clauses)
    return Sentence(written + {QUESTION: "？", END: "。"}.get(closing, "，"), tuple(units))


def _group(words: list[_Word]) -> Iterator[str]:
    """Gives one phrase's units: tones as they are spoken, a word boundary between words."""
    stretches = groupby(
        ((index, item) for index, word in enumerate(words) for item in word.items),
        key=lambda pair: isinstance(pair[1], Syllable),
    )
    said_of = -1
    for _, stretch in stretches:
        numbered = [
            (index, replace(item, word=index) if isinstance(item, Syllable) else item) for index, item in stretch
        ]
        spoken = iter(spoken_tones([item for _, item in numbered if isinstance(item, Syllable)]))
        for index, item in numbered:
            if said_of not in (-1, index):
                yield WORD
            said_of = index
            yield next(spoken).unit if isinstance(item, Syllable) else item


def _written(clause: list[_Word]) -> str:
    text = ""
    for word in clause:
        apart = text[-1:].isascii() and text[-1:].isalpha() and word.text[:1].isascii()
        text += (" " if apart else "") + word.text
    return text

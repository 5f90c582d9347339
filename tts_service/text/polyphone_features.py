"""What the polyphone model looks at: a character's neighbours, its word, and what the phrase dictionary says.

Training and reading use this one description, so that weights always meet the features they were trained on. Every
feature is a text; `slots` turns the features of one candidate reading into places of the weight table by hashing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

from tts_service.text import readings
from tts_service.text.readings import Readings

TABLE_BITS: Final = 20
"""The weight table has 2 to the power of this many places."""
OWN_PHRASES: Final = Path(__file__).with_name("polyphones.txt")
LONGEST_PHRASE: Final = 8
"""Longer phrases of the dictionary are not looked for: proverbs, which their first characters already find."""
UNKNOWN: Final = "\0"
"""Stands in a run for text that an example leaves open."""
_CLAUSE: Final = "。"
_MARKS: Final = str.maketrans("", "", "[]" + _CLAUSE)
_EDGE_LEFT: Final = "^"
_EDGE_RIGHT: Final = "$"
_NUMERALS: Final = frozenset("零一二三四五六七八九十百千万亿两几数半每第")
_TRANSLITERATING: Final = frozenset(
    "阿埃艾安奥巴贝比彼宾波伯博布查达丹德登迪蒂丁多厄恩尔法菲费芬弗夫福盖冈戈格古哈汉赫亨霍基吉加杰金卡凯坎康考科克肯库夸拉"
    "莱兰朗勒雷里利列林隆卢鲁伦罗洛马玛迈麦曼梅米密明莫默姆纳奈内尼涅诺努帕派佩皮普奇齐乔切日瑞萨塞桑森莎舍圣施史什士斯丝司索苏"
    "塔泰坦特提廷图托陀瓦万威韦维文沃乌西希锡夏谢辛休雅亚耶伊因尤约扎泽赞芝治兹佐"
)
_SPREAD: Final = np.uint64(2654435761)
_WHOLE: Final = np.uint64(0xFFFFFFFF)
_SHIFT: Final = np.uint64(32 - TABLE_BITS)


@dataclass(frozen=True)
class Place:
    """One character of a run of Chinese characters: the run's words, and where the character stands in them."""

    words: tuple[str, ...]
    word: int
    offset: int

    @property
    def char(self) -> str:
        """The character itself."""
        return self.words[self.word][self.offset]

    @property
    def run(self) -> str:
        """The whole run."""
        return "".join(self.words)

    @property
    def position(self) -> int:
        """The character's index in the run."""
        return sum(len(word) for word in self.words[: self.word]) + self.offset


@dataclass(frozen=True)
class OwnPhrase:
    """An everyday phrase of ``polyphones.txt``: the reading of its character at `index`.

    A `clause` is all that somebody says between two pauses: it shows a character with what stands before and behind
    it up to the edges, and only teaches.
    """

    text: str
    index: int
    reading: str
    clause: bool = False


def own_phrases() -> tuple[OwnPhrase, ...]:
    """Reads ``polyphones.txt``: a character, its reading and phrases in each line, clauses with their ``。``."""
    found = []
    for line in OWN_PHRASES.read_text("utf-8").splitlines():
        char, reading, *phrases = line.partition("#")[0].split() or ("", "")
        for phrase in phrases:
            plain, given = phrase.translate(_MARKS), phrase.find("[")
            places = [given] if given >= 0 else [at for at, each in enumerate(plain) if each == char]
            found += [OwnPhrase(plain, at, reading, clause=phrase[-1] == _CLAUSE) for at in places]
    return tuple(found)


class PhraseBook:
    """Readings from a dictionary of phrases, one of characters and our own phrases, in tone-number spelling (``lv4``,
    ``de5``).
    """

    def __init__(self, readings: Readings, own: Sequence[OwnPhrase] = ()) -> None:
        self._readings = readings
        self._own = {(each.text, each.index): each for each in own}
        self._own_lengths = sorted({len(each.text) for each in own}, reverse=True)

    @staticmethod
    def shipped() -> "PhraseBook":
        """Gives pypinyin's dictionaries (about 47,000 phrases) and our own phrases."""
        return _shipped_book()

    def without_own(self) -> "PhraseBook":
        """Gives the dictionaries alone."""
        return PhraseBook(self._readings)

    def __contains__(self, phrase: str) -> bool:
        return bool(self._readings.phrase(phrase))

    def reading(self, phrase: str, index: int) -> str:
        """Gives the reading of the phrase's character at `index`; IndexError for a phrase that isn't there."""
        return self._readings.phrase(phrase)[index]

    def of_character(self, char: str) -> tuple[str, ...]:
        """Gives every reading of a character, the usual one first; empty for an unknown character."""
        return self._readings.character(char)

    def covering(self, run: str, position: int, hidden: frozenset[str] = frozenset()) -> tuple[str, int] | None:
        """Finds the longest phrase around a position of a run (the leftmost of equally long ones, none of `hidden`),
        and the character's index in it.
        """
        for length in range(min(LONGEST_PHRASE, len(run)), 1, -1):
            for start in range(max(0, position - length + 1), min(position, len(run) - length) + 1):
                if (phrase := run[start : start + length]) in self and phrase not in hidden:
                    return phrase, position - start
        return None

    def own(self, place: Place, hidden: frozenset[str] = frozenset()) -> tuple[OwnPhrase, bool] | None:
        """Finds the one of our own phrases, none of `hidden`, that stands around a place, and tells whether it begins
        and ends between words: such a phrase before all others, then the longest, then the leftmost.
        """
        run, position = place.run, place.position
        edges = {0, *accumulate(map(len, place.words))}
        across = None
        for length in self._own_lengths:
            for start in range(max(0, position - length + 1), min(position, len(run) - length) + 1):
                each = self._own.get((run[start : start + length], position - start))
                if each and each.text not in hidden:
                    if start in edges and start + length in edges:
                        return each, True
                    across = across or each
        return (across, False) if across else None


@lru_cache(maxsize=1)
def _shipped_book() -> PhraseBook:
    return PhraseBook(readings.shipped(), [each for each in own_phrases() if not each.clause])


def context(place: Place) -> list[str]:
    """Tells a character's surroundings, without any reading: neighbours up to three away, its word, the words beside.

    Where a neighbour is `UNKNOWN`, nothing is told that depends on it.
    """
    run, here = place.run, place.position
    left = [run[here - away] if here >= away else _EDGE_LEFT for away in (1, 2, 3)]
    right = [run[here + away] if here + away < len(run) else _EDGE_RIGHT for away in (1, 2, 3)]
    word, words = place.words[place.word], place.words
    first, last = place.offset == 0, place.offset == len(word) - 1
    before = words[place.word - 1] if place.word else _EDGE_LEFT
    behind = words[place.word + 1] if place.word + 1 < len(words) else _EDGE_RIGHT
    around = run[max(0, here - 3) : here] + run[here + 1 : here + 4]
    told = [
        "any",
        f"l1 {left[0]}",
        f"r1 {right[0]}",
        f"l2 {left[1]}",
        f"r2 {right[1]}",
        f"lr {left[0]}{right[0]}",
        f"ll {left[1]}{left[0]}",
        f"rr {right[0]}{right[1]}",
        f"lll {left[2]}{left[1]}{left[0]}",
        f"rrr {right[0]}{right[1]}{right[2]}",
        f"word {word}{place.offset}",
        f"shape {place.offset}/{len(word)}",
        f"before {before if first else ''}",
        f"behind {behind if last else ''}",
        f"count {left[0] in _NUMERALS}{right[0] in _NUMERALS}",
        f"foreign {sum(char in _TRANSLITERATING for char in around)}",
    ]
    return [each for each in told if UNKNOWN not in each]


def dictionary(
    place: Place, candidates: Sequence[str], book: PhraseBook, *, hidden: frozenset[str] = frozenset()
) -> list[list[str]]:
    """Tells what the book says of each candidate reading, the same number of things for each.

    `hidden` are phrases that are treated as unknown: training on a phrase of the book must not look the answer up.
    """
    char, word, run = place.char, place.words[place.word], place.run
    by_word = book.reading(word, place.offset) if word in book and word not in hidden else ""
    covering = book.covering(run, place.position, hidden)
    by_phrase = book.reading(*covering) if covering else ""
    own = book.own(place, hidden)
    ranks = {reading: rank for rank, reading in enumerate(book.of_character(char))}
    decided = bool(by_word or by_phrase)
    told = []
    for candidate in candidates:
        each = [f"rank {ranks.get(candidate, 9)} {decided}", f"neutral {candidate[-1] == '5'}"]
        if by_word:
            each.append(f"word {by_word == candidate} {min(len(word), 4)}")
        if covering:
            each.append(f"phrase {by_phrase == candidate} {min(len(covering[0]), 4)} {covering[0] == word}")
        if own:
            each.append(f"own {own[0].reading == candidate} {min(len(own[0].text), 4)} {own[1]}")
        told.append(each)
    return told


def slots(
    char: str, candidates: Sequence[str], surroundings: Sequence[str], told: Sequence[Sequence[str]]
) -> npt.NDArray[np.uint32]:
    """Gives the places in the weight table of every candidate's features, one row per candidate: those of the
    surroundings belong to this character and reading, those of the dictionary count for all characters and once more
    for this one.
    """
    shared = np.array([crc32(f"{char} {each}".encode()) for each in surroundings], np.uint64)
    readings = np.array([crc32(candidate.encode()) for candidate in candidates], np.uint64)
    mixed = ((shared[None, :] ^ readings[:, None]) * _SPREAD) & _WHOLE
    own = np.array(
        [[crc32(f"{of} {thing}".encode()) for of in ("!", f"!{char}") for thing in things] for things in told],
        np.uint64,
    )
    return (np.concatenate([mixed, own], axis=1) >> _SHIFT).astype(np.uint32)

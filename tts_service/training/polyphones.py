"""Train the polyphone model: ``python -m tts_service.training.polyphones --data DIR`` writes weights and manifest.

Three materials teach it, each for what the others lack:

- sentences in which one character's reading was marked by hand (`DIR/dev.sent`, `DIR/dev.lb`: the format of the CPP
  set, ``▁`` on both sides of the character, one reading per line);
- the phrases of pypinyin's dictionary, half of them with the phrase itself hidden from the dictionary features, so
  that the model learns from the parts of a word what to do with words that no dictionary holds;
- everyday words and phrases of our own (``text/polyphones.txt``): the sentences come from an encyclopaedia, which
  hardly ever says 还钱, 睡着 or 我得走.

The model is a softmax over a character's readings with hashed features, trained by AdaGrad with feature drop-out. A run
takes about a minute on one core; the seed makes it repeatable.
"""

import argparse
import hashlib
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
from pypinyin.constants import PHRASES_DICT

from tts_service.text import polyphone
from tts_service.text.clean import clean
from tts_service.text.lexicon import Lexicon
from tts_service.text.normalise import normalise
from tts_service.text.pinyin import segment
from tts_service.text.polyphone_features import (
    LONGEST_PHRASE,
    OWN_PHRASES,
    TABLE_BITS,
    UNKNOWN,
    PhraseBook,
    Place,
    context,
    dictionary,
    own_phrases,
    slots,
)
from tts_service.text.units import is_known

SEED: Final = 20261122
EPOCHS: Final = 12
_BATCH: Final = 256
_RATE: Final = 0.1
_SHRINK: Final = 1e-4
_DROPPED: Final = 0.2
_HIDDEN: Final = 0.5
_OWN_WEIGHT: Final = 0.5
_PHRASE_WEIGHT: Final = 0.03
_HAN_LEFT: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]*$")
_HAN_RIGHT: Final = re.compile(r"^[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]*")


@dataclass(frozen=True)
class Example:
    """A character in its surroundings and how it is read; `hidden` are phrases that the book must not give."""

    place: Place
    reading: str
    weight: float = 1.0
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Marked:
    """One sentence of the set: its text, the marked character's index in it, and the example made of it."""

    text: str
    index: int
    example: Example


def marked_sentences(folder: Path) -> list[Marked]:
    """Reads the set and brings every sentence into the form in which the front end meets it: normalised, cut into runs
    of Chinese characters and words.

    Raises ValueError naming the line that isn't as described above.
    """
    texts = (folder / "dev.sent").read_text("utf-8").splitlines()
    readings = (folder / "dev.lb").read_text("utf-8").split()
    found = []
    for number, (text, reading) in enumerate(zip(texts, readings, strict=True), 1):
        parts = text.split("▁")
        if len(parts) != 3 or len(parts[1]) != 1:
            raise ValueError(f"{folder / 'dev.sent'} line {number}: one character between two ▁ is expected")
        before, char, behind = parts
        place = _place(normalise(clean(before)) if before else "", char, normalise(clean(behind)) if behind else "")
        found.append(Marked(before + char + behind, len(before), Example(place, reading.replace("u:", "v"))))
    return found


def _place(before: str, char: str, behind: str) -> Place:
    left, right = _HAN_LEFT.search(before), _HAN_RIGHT.search(behind)
    start = left[0] if left else ""
    return _placed(segment(start + char + (right[0] if right else ""), Lexicon()), len(start))


def _placed(words: Sequence[str], position: int) -> Place:
    passed = 0
    for index, word in enumerate(words):
        if position < passed + len(word):
            return Place(tuple(words), index, position - passed)
        passed += len(word)
    raise ValueError(f"no character {position} in {words}")


def own_words() -> list[Example]:
    """Makes examples of our own phrases; what stands around a phrase stays open, but nothing stands around a clause."""
    rng = np.random.default_rng(SEED)
    examples = []
    for phrase in own_phrases():
        inside = _placed(segment(phrase.text, Lexicon()), phrase.index)
        if phrase.clause:
            examples.append(Example(inside, phrase.reading))
            continue
        place = Place((UNKNOWN, *inside.words, UNKNOWN), inside.word + 1, inside.offset)
        known = frozenset({phrase.text, place.words[place.word]})
        hidden = known if rng.random() < _HIDDEN else frozenset[str]()
        examples.append(Example(place, phrase.reading, _OWN_WEIGHT, hidden))
    return examples


def dictionary_phrases(book: PhraseBook, chars: Collection[str]) -> list[Example]:
    """Makes examples of every phrase of the book that has one of `chars`."""
    rng = np.random.default_rng(SEED)
    return [
        Example(
            Place((UNKNOWN, phrase, UNKNOWN), 1, offset),
            book.reading(phrase, offset),
            _PHRASE_WEIGHT,
            frozenset({phrase}) if rng.random() < _HIDDEN else frozenset(),
        )
        for phrase in sorted(PHRASES_DICT)
        if len(phrase) <= LONGEST_PHRASE and phrase in book
        for offset, char in enumerate(phrase)
        if char in chars
    ]


def choices(book: PhraseBook, chars: Iterable[str], examples: Iterable[Example]) -> dict[str, tuple[str, ...]]:
    """Lists the readings that each of `chars` may get: the dictionary's and those of the examples, as far as the voice
    can say them.
    """
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for example in examples:
        seen[example.place.char].add(example.reading)
    listed = {char: dict.fromkeys([*book.of_character(char), *sorted(seen[char])]) for char in sorted(set(chars))}
    return {char: tuple(filter(is_known, readings)) for char, readings in listed.items()}


@dataclass(frozen=True)
class Material:
    """Examples as numbers: per example its candidates' slots (candidates x features), the right one and its weight."""

    slots: tuple[npt.NDArray[np.uint32], ...]
    right: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float32]

    @staticmethod
    def of(examples: Iterable[Example], allowed: Mapping[str, Sequence[str]], book: PhraseBook) -> "Material":
        """Turns examples into numbers; those whose reading is not among the allowed ones, or has no rival, go."""
        tables, right, weight = [], [], []
        for example in examples:
            place, readings = example.place, allowed.get(example.place.char, ())
            if len(readings) < 2 or example.reading not in readings:
                continue
            told = dictionary(place, readings, book, hidden=example.hidden)
            tables.append(slots(place.char, readings, context(place), told))
            right.append(readings.index(example.reading))
            weight.append(example.weight)
        return Material(tuple(tables), np.array(right, np.int64), np.array(weight, np.float32))

    def __add__(self, other: "Material") -> "Material":
        return Material(
            self.slots + other.slots,
            np.concatenate([self.right, other.right]),
            np.concatenate([self.weight, other.weight]),
        )


def train(
    material: Material, *, seed: int = SEED, progress: Callable[[int], None] = lambda epoch: None
) -> npt.NDArray[np.int8]:
    """Fits the weights and rounds them to 8 bits. Calls `progress` with the number of each finished epoch."""
    rng = np.random.default_rng(seed)
    weights = np.zeros(1 << TABLE_BITS, np.float32)
    steepness = np.full(1 << TABLE_BITS, 1e-8, np.float32)
    for epoch in range(EPOCHS):
        order = rng.permutation(len(material.slots))
        for start in range(0, len(order), _BATCH):
            _step(material, order[start : start + _BATCH], weights, steepness, rng)
        progress(epoch + 1)
    scale = 127 / max(float(np.abs(weights).max()), 1e-6)
    return np.round(weights * scale).astype(np.int8)


def _step(
    material: Material,
    chosen: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float32],
    steepness: npt.NDArray[np.float32],
    rng: np.random.Generator,
) -> None:
    tables = [material.slots[index] for index in chosen]
    used = np.concatenate([table.ravel() for table in tables])
    features = np.concatenate([np.full(table.shape[0], table.shape[1]) for table in tables])
    candidates = np.array([table.shape[0] for table in tables])
    kept = (rng.random(len(used)) >= _DROPPED).astype(np.float32)
    first_feature = np.cumsum(features) - features
    first_candidate = np.cumsum(candidates) - candidates
    score = np.add.reduceat(weights[used] * kept, first_feature)
    score = np.exp(score - np.repeat(np.maximum.reduceat(score, first_candidate), candidates))
    error = score / np.repeat(np.add.reduceat(score, first_candidate), candidates)
    error[first_candidate + material.right[chosen]] -= 1
    error *= np.repeat(material.weight[chosen], candidates)
    touched, where = np.unique(used, return_inverse=True)
    slope = np.bincount(where, np.repeat(error, features) * kept, len(touched)).astype(np.float32)
    slope += _SHRINK * _BATCH * weights[touched]
    steepness[touched] += slope * slope
    weights[touched] -= _RATE * slope / np.sqrt(steepness[touched])


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains on all material and writes the model; prints where it lies and how large it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with dev.sent and dev.lb")
    parser.add_argument("--out", type=Path, default=Path(polyphone.__file__).parent, help="where the model goes")
    given = parser.parse_args(arguments)
    book = PhraseBook.shipped()
    sentences, own = [each.example for each in marked_sentences(given.data)], own_words()
    allowed = choices(book, (each.place.char for each in [*sentences, *own]), [*sentences, *own])
    phrases = dictionary_phrases(book, allowed)
    material = Material.of([*sentences, *own, *phrases], allowed, book)
    table = train(material, progress=lambda epoch: print(f"epoch {epoch} of {EPOCHS}", file=sys.stderr))
    made_of = {
        "sentences": len(sentences),
        "own": len(own),
        "own_sha256": hashlib.sha256(OWN_PHRASES.read_bytes()).hexdigest(),
        "phrases": len(phrases),
        "seed": SEED,
        "epochs": EPOCHS,
    }
    model = polyphone.Polyphones(table, MappingProxyType(allowed), book)
    path = polyphone.save(given.out, model, made_of)
    print(f"{path}: {path.stat().st_size} bytes, {len(allowed)} characters, {sum(map(len, allowed.values()))} readings")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Cross-validate the polyphone model: ``python -m benchmarks.polyphones --data DIR`` writes ``polyphones.json``.

The set (``dev.sent``, ``dev.lb``) is cut into ten folds, shuffled by a seed and stratified by character and
reading. What is learned from it is learned from nine folds and measured on the tenth; the readings to choose from come
from the dictionary and our own phrases alone. Labels are taken as they are, their mistakes included.
"""

import argparse
import json
import random
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from benchmarks import report
from tts_service.text import polyphone
from tts_service.text.lexicon import Lexicon
from tts_service.text.pinyin import segment, syllables
from tts_service.text.polyphone import Polyphones
from tts_service.text.polyphone_features import PhraseBook
from tts_service.training import polyphones as training
from tts_service.training.polyphones import Example, Marked, Material

FOLDS: Final = 10
SHARES: Final = (0.1, 0.25, 0.5, 0.75)
_CURVE_FOLDS: Final = 2
_TIMED: Final = 1000
_HAN: Final = re.compile(r"[\u3400-\u9fff]+")
Method = Callable[[Example], str | None]


@dataclass(frozen=True)
class Bench:
    """The set with its folds, and the material that is the same in every fold."""

    marked: tuple[Marked, ...]
    folds: tuple[int, ...]
    book: PhraseBook
    bare: PhraseBook
    choices: Mapping[str, tuple[str, ...]]
    extra: Material

    @staticmethod
    def of(folder: Path, seed: int) -> "Bench":
        """Reads the set from its folder and deals it out."""
        marked = tuple(training.marked_sentences(folder))
        book, own = PhraseBook.shipped(), training.own_words()
        chars = {each.example.place.char for each in marked} | {each.place.char for each in own}
        allowed = training.choices(book, chars, own)
        extra = Material.of([*own, *training.dictionary_phrases(book, allowed)], allowed, book)
        return Bench(marked, deal(marked, seed), book, book.without_own(), MappingProxyType(allowed), extra)

    def learning(self, fold: int, share: float = 1.0) -> list[Example]:
        """Gives the examples of the other folds, or a share of them."""
        examples = [each.example for each, at in zip(self.marked, self.folds, strict=True) if at != fold]
        return random.Random(fold).sample(examples, round(share * len(examples)))

    def held_out(self, fold: int) -> list[Marked]:
        """Gives the fold itself."""
        return [each for each, at in zip(self.marked, self.folds, strict=True) if at == fold]

    def model(self, examples: Sequence[Example], *, everything: bool = True) -> Polyphones:
        """Trains on examples of the set, with `everything` also on the dictionary and our own phrases."""
        book = self.book if everything else self.bare
        material = Material.of(examples, self.choices, book)
        return Polyphones(training.train(material + self.extra if everything else material), self.choices, book)


def deal(marked: Sequence[Marked], seed: int) -> tuple[int, ...]:
    """Deals sentences into folds: shuffled, then each character and reading in turn over all folds."""
    order = list(range(len(marked)))
    random.Random(seed).shuffle(order)
    order.sort(key=lambda index: (marked[index].example.place.char, marked[index].example.reading))
    folds = [0] * len(marked)
    for turn, index in enumerate(order):
        folds[index] = turn % FOLDS
    return tuple(folds)


def of_model(model: Polyphones) -> Method:
    """Reads with the model alone."""
    return lambda example: model.readings(example.place.words)[example.place.word][example.place.offset]


def of_front_end(model: Polyphones, listed: Lexicon | None = None) -> Method:
    """Reads as the front end does: word list, rules, model, dictionary."""

    def read(example: Example) -> str | None:
        place = example.place
        said = syllables(place.words, model=model, listed=listed)[place.word]
        return said[place.offset].unit if len(said) == len(place.words[place.word]) else None

    return read


def of_majority(examples: Sequence[Example]) -> Method:
    """Reads every character as the training sentences mostly do."""
    counts: dict[str, Counter[str]] = {}
    for example in examples:
        counts.setdefault(example.place.char, Counter())[example.reading] += 1
    return lambda example: max(counts.get(example.place.char, Counter({"": 1})).items(), key=lambda item: item[1])[0]


def by_pypinyin(each: Marked) -> str:
    """Reads the whole sentence with pypinyin and gives the marked character's reading."""
    from pypinyin import Style, pinyin

    unread: Any = lambda run: [[""] for _ in run]  # keeps the places of what is no Chinese  # noqa: E731
    read = pinyin(each.text, style=Style.TONE3, neutral_tone_with_five=True, errors=unread)
    return str(read[each.index][0])


def cross_validate(bench: Bench, progress: Callable[[str], None]) -> tuple[dict[str, list[int]], Counter[str]]:
    """Gives for each method the number of right readings per fold, and the front end's confusions."""
    nothing = Lexicon()
    dictionary_only = Polyphones(np.zeros(1, np.int8), {}, bench.bare)
    right: dict[str, list[int]] = {}
    confusions: Counter[str] = Counter()
    for fold in range(FOLDS):
        learning, test = bench.learning(fold), bench.held_out(fold)
        lean, full = bench.model(learning, everything=False), bench.model(learning)
        methods: dict[str, Method] = {
            "the set's usual reading of each character": of_majority(learning),
            "front end, no model, no word list": of_front_end(dictionary_only, nothing),
            "front end, no model, hand word list": of_front_end(dictionary_only),
            "model, trained on the set alone": of_model(lean),
            "model, all material": of_model(full),
            "front end with model, no word list": of_front_end(full, nothing),
            "front end with model and word list (shipped)": of_front_end(full),
        }
        right.setdefault("pypinyin alone", []).append(sum(by_pypinyin(each) == each.example.reading for each in test))
        for name, read in methods.items():
            answers = [(each.example, read(each.example)) for each in test]
            right.setdefault(name, []).append(sum(answer == example.reading for example, answer in answers))
        confusions.update(
            f"{example.place.char} {example.reading} read {answer}"
            for example, answer in answers
            if answer != example.reading
        )
        progress(f"fold {fold + 1} of {FOLDS}: {right[name][-1]} of {len(test)}")
    return right, confusions


def learning_curve(bench: Bench, progress: Callable[[str], None]) -> dict[str, float]:
    """Gives the model's accuracy on a few folds by the share of the training sentences it saw."""
    curve = {}
    for share in (0.0, *SHARES, 1.0):
        right = total = 0
        for fold in range(_CURVE_FOLDS):
            read = of_model(bench.model(bench.learning(fold, share)))
            test = [each.example for each in bench.held_out(fold)]
            right += sum(read(example) == example.reading for example in test)
            total += len(test)
        curve[f"{share:g}"] = round(right / total, 4)
        progress(f"{share:.0%} of the training sentences: {curve[f'{share:g}']:.2%}")
    return curve


def timing(marked: Sequence[Marked]) -> dict[str, float]:
    """Measures the shipped model: loading, and milliseconds for the polyphones of one sentence."""
    PhraseBook.shipped()
    folder = Path(polyphone.__file__).parent
    started = time.perf_counter()
    model = polyphone.load(folder)
    loading = time.perf_counter() - started
    spent = []
    for each in marked[:: max(1, len(marked) // _TIMED)]:
        runs = [segment(run, Lexicon()) for run in _HAN.findall(each.text)]
        started = time.perf_counter()
        for words in runs:
            model.readings(words)
        spent.append(1000 * (time.perf_counter() - started))
    return {
        "load_ms": round(1000 * loading, 1),
        "sentence_ms_median": round(statistics.median(spent), 2),
        "sentence_ms_p99": round(sorted(spent)[int(0.99 * len(spent))], 2),
        "sentence_characters_mean": round(statistics.mean(len(each.text) for each in marked), 1),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs everything, writes the figures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with dev.sent and dev.lb")
    parser.add_argument("--seed", type=int, default=1, help="of the folds")
    given = parser.parse_args(arguments)

    def progress(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    bench = Bench.of(given.data, given.seed)
    right, confusions = cross_validate(bench, progress)
    sizes = [len(bench.held_out(fold)) for fold in range(FOLDS)]
    methods: dict[str, dict[str, Any]] = {
        name: {
            "accuracy": round(sum(counts) / sum(sizes), 5),
            "folds": [round(count / size, 4) for count, size in zip(counts, sizes, strict=True)],
        }
        for name, counts in right.items()
    }
    folder = Path(polyphone.__file__).parent
    manifest = json.loads((folder / polyphone.MANIFEST).read_text("utf-8"))
    figures: dict[str, Any] = {
        "sentences": len(bench.marked),
        "characters": len({each.example.place.char for each in bench.marked}),
        "folds": FOLDS,
        "seed": given.seed,
        "methods": methods,
        "learning_curve": learning_curve(bench, progress),
        "learning_curve_folds": _CURVE_FOLDS,
        "model_bytes": manifest["size"],
        "trained_on": manifest["training"],
        "speed": timing(bench.marked),
        "confusions": dict(confusions.most_common(60)),
    }
    path = report.write("polyphones", figures)
    for name, figure in sorted(methods.items(), key=lambda item: sum(right[item[0]])):
        print(f"{figure['accuracy']:7.2%}  {name}")
    print("learning curve:", ", ".join(f"{share} {value:.2%}" for share, value in figures["learning_curve"].items()))
    print(f"{figures['model_bytes']} bytes; {figures['speed']}; {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How much written text is read right, class by class, and how long a sentence takes.

`python -m benchmarks.text` runs the cases of `tests/tts_service/text_cases/normalise.tsv`: what is written, and what a
careful newsreader or engineer says. A case is right when the words agree with one of its spoken forms (parted by
`;`); spaces, pauses and upper or lower case are no words. The file's first column is the batch a case came with: the
cases of a batch were written down, expected forms included, before any of them was tried, and what the rules scored
on a batch the first time is kept in `FIRST_TRY`, as an estimate for text that nobody has tried yet.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import report
from tts_service.text.clean import clean
from tts_service.text.frontend import FrontEnd
from tts_service.text.normalise import normalise

CASES: Final = report.HERE.parent / "tests" / "tts_service" / "text_cases" / "normalise.tsv"
TARGET: Final = 0.97
REPETITIONS: Final = 7
FIRST_TRY: Final = {
    "1": "545 of 661",
    "2": "148 of 151",
    "3": "140 of 145",
    "4": "150 of 156",
    "5": "134 of 140",
    "6": "135 of 137",
    "7": "118 of 120",
    "8": "432 of 474",
    "9": "440 of 470",
    "10": "425 of 460",
    "11": "388 of 418",
    "12": "123 of 135",
    "13": "58 of 62",
    "14": "55 of 56",
    "15": "286 of 302",
    "16": "279 of 296",
    "17": "226 of 238",
    "18": "165 of 175",
    "19": "241 of 247",
    "20": "247 of 257",
    "21": "269 of 287",
    "22": "141 of 147",
    "23": "255 of 264",
    "24": "146 of 157",
    "25": "143 of 150",
    "26": "190 of 214",
    "27": "207 of 213",
    "28": "183 of 201",
    "29": "139 of 152",
    "30": "191 of 197",
    "31": "123 of 124",
    "32": "95 of 105",
}
"""Right of all at the first run of a batch, before any rule was changed for it (batch 1 met the rules as they were
before; each later batch met the rules that had been made for those before it)."""


@dataclass(frozen=True)
class Case:
    """One written text and the ways it may be said."""

    batch: str
    kind: str
    written: str
    spoken: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """A case and what our rules made of it."""

    case: Case
    said: str

    @property
    def right(self) -> bool:
        return words(self.said) in {words(form) for form in self.case.spoken}


def read_cases(path: Path = CASES) -> list[Case]:
    """Reads the tab-separated cases: batch, class, written, spoken forms; the first line names the columns."""
    cases: list[Case] = []
    for line in path.read_text(encoding="utf-8").split("\n")[1:]:
        if line:
            batch, kind, written, spoken = line.split("\t")
            cases.append(Case(batch, kind, written, tuple(spoken.split(" ; "))))
    return cases


def words(text: str) -> str:
    """Leaves what is a word: no spaces, no punctuation, no difference of case."""
    return "".join(char for char in text.casefold() if unicodedata.category(char)[0] in "LN")


def results(cases: Iterable[Case]) -> list[Result]:
    """Reads every case."""
    return [Result(case, normalise(clean(case.written))) for case in cases]


def shares(found: Sequence[Result]) -> dict[str, dict[str, Any]]:
    """Counts per class: how many, how many right, and the share."""
    table: dict[str, dict[str, Any]] = {}
    for kind in dict.fromkeys(result.case.kind for result in found):
        of_kind = [result.right for result in found if result.case.kind == kind]
        table[kind] = {"cases": len(of_kind), "right": sum(of_kind), "share": round(sum(of_kind) / len(of_kind), 4)}
    return table


def speed(cases: Sequence[Case]) -> dict[str, float]:
    """Times the whole front end (text to units) on the mixed sentences, warm: milliseconds per sentence."""
    texts = [case.written for case in cases if case.kind == "mixed"]
    front_end = FrontEnd()
    for text in texts:
        front_end.read(text)
    whole, rules = [], []
    for _ in range(REPETITIONS):
        begun = time.process_time()
        for text in texts:
            front_end.read(text)
        between = time.process_time()
        for text in texts:
            normalise(clean(text))
        whole.append((between - begun) * 1000 / len(texts))
        rules.append((time.process_time() - between) * 1000 / len(texts))
    return {
        "sentences": len(texts),
        "front_end_ms": round(statistics.median(whole), 3),
        "of_it_normalisation_ms": round(statistics.median(rules), 3),
    }


def main() -> None:
    """Measure, print a table and the misses, write `benchmarks/results/text.json`; exit 1 below the target."""
    parser = argparse.ArgumentParser(description="written text: what is read right, and how fast")
    parser.add_argument("--cases", type=Path, default=CASES, help="another file of the same form")
    parser.add_argument("--batch", help="only the cases of this batch")
    parser.add_argument("--no-report", action="store_true", help="print only")
    asked = parser.parse_args()
    cases = [case for case in read_cases(asked.cases) if asked.batch in (None, case.batch)]
    found = results(cases)
    right = sum(result.right for result in found)
    table = shares(found)
    print(f"{'class':<14} {'cases':>5} {'right':>5} {'share':>7}")
    for kind, row in table.items():
        print(f"{kind:<14} {row['cases']:>5} {row['right']:>5} {row['share']:>7.1%}")
    print(f"{'all':<14} {len(found):>5} {right:>5} {right / len(found):>7.1%}   target {TARGET:.0%}")
    for miss in (result for result in found if not result.right):
        print(f"  {miss.case.kind}: {miss.case.written} → {miss.said}   (expected {' or '.join(miss.case.spoken)})")
    reached = right / len(found) >= TARGET
    if not asked.no_report:
        timing = speed(cases)
        print(f"front end {timing['front_end_ms']} ms a sentence, normalisation {timing['of_it_normalisation_ms']} ms")
        figures = {
            "cases": len(found),
            "right": right,
            "share": round(right / len(found), 4),
            "target": TARGET,
            "target_reached": reached,
            "first_try": FIRST_TRY,
            "classes": table,
            "speed": timing,
        }
        print(report.write("text", figures).relative_to(report.HERE.parent))
    sys.exit(not reached)


if __name__ == "__main__":
    main()

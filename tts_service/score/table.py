"""Scores as text: one line a sentence, the whole beneath, and what changed against an older run."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

_TEXT_WIDTH: Final = 24
Values = Mapping[str, Any]


def _fixed(digits: int) -> Callable[[Any], str]:
    return lambda value: f"{value:.{digits}f}"


_COLUMNS: Final[tuple[tuple[str, str, Callable[[Any], str]], ...]] = (
    ("s", "seconds", _fixed(2)),
    ("s/char", "seconds_per_character", _fixed(3)),
    ("DNSMOS", "dnsmos", _fixed(2)),
    ("P.808", "dnsmos_p808", _fixed(2)),
    ("PER %", "phone_error_percent", _fixed(1)),
    ("+tone %", "phone_error_percent_with_tone", _fixed(1)),
    ("silence", "silence_share", lambda value: f"{100 * value:.0f}%"),
    ("pause s", "longest_pause", _fixed(2)),
    ("clipped", "clipped", _fixed(0)),
    ("LUFS", "loudness_lufs", _fixed(1)),
    ("F0 Hz", "f0_low", _fixed(0)),
    ("to", "f0_high", _fixed(0)),
)
COMPARED: Final = tuple(
    (title, name, show) for title, name, show in _COLUMNS if name not in ("seconds", "longest_pause", "f0_low")
)


def width(text: str) -> int:
    """Columns that text takes on a terminal; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _cut(text: str, columns: int) -> str:
    kept = ""
    for character in text:
        if width(kept + character) > columns - 1:
            return kept + "…"
        kept += character
    return kept


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Aligns cells; the first `left` columns to the left, the others to the right."""
    widths = [max(width(row[index]) for row in (head, *rows)) for index in range(len(head))]
    lines = []
    for row in (head, *rows):
        cells = [
            cell + " " * (size - width(cell)) if index < left else " " * (size - width(cell)) + cell
            for index, (cell, size) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def _cells(values: Values) -> list[str]:
    return ["–" if values.get(name) is None else show(values[name]) for _, name, show in _COLUMNS]


def table(rows: Sequence[Values], whole: Values) -> str:
    """The table of rows (see `Row.as_json`) and of the whole (see `row.together`); problems stand below it."""
    head = ["sentence", "text", *(title for title, _, _ in _COLUMNS)]
    body = [[_cut(row["name"], 32), _cut(row["text"] or "", _TEXT_WIDTH), *_cells(row)] for row in rows]
    summary = [f"all {whole['sentences']}", "", *_cells(whole)]
    lines = _lines(head, [*body, summary], 2)
    lines.insert(-1, "-" * max(map(width, lines)))
    problems = [f"{row['name']}: {row['problem']}" for row in rows if row["problem"]]
    return "\n".join([*lines, *problems])


def comparison(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """What changed from an older run to a newer one (both as `report.document` makes them): new minus old.

    Where the two can't be compared (other sentences, another judge, another voice), the first lines say so.
    """
    before = {row["name"]: row for row in old["sentences"]}
    pairs = [(before[row["name"]], row) for row in new["sentences"] if row["name"] in before]
    head = ["sentence", *(title for title, _, _ in COMPARED)]
    body = [[_cut(later["name"], 32), *_changes(earlier, later)] for earlier, later in pairs]
    body.append([f"all {len(pairs)}", *_changes(old["all"], new["all"])])
    lines = [f"change against {old.get('date', 'an older run')} (new minus old)", *_lines(head, body, 1)]
    return "\n".join([*_warnings(old, new, len(pairs)), *lines])


def _changes(old: Values, new: Values) -> list[str]:
    cells = []
    for _, name, show in COMPARED:
        first, second = old.get(name), new.get(name)
        if first is None or second is None:
            cells.append("–")
            continue
        text = show(second - first)
        cells.append(text if text.startswith("-") else f"+{text}")
    return cells


def _warnings(old: Mapping[str, Any], new: Mapping[str, Any], pairs: int) -> list[str]:
    warnings = []
    for name, what in (
        ("sentence_set", "the sentences are others"),
        ("judge", "the judge is another, so phone errors can't be compared"),
        ("manner", "voice, emotion or speed are others"),
    ):
        if old.get(name) != new.get(name):
            warnings.append(f"NOTE: {what} ({old.get(name)} then, {new.get(name)} now)")
    if pairs < max(len(old["sentences"]), len(new["sentences"])):
        warnings.append(
            f"NOTE: {pairs} sentences are in both runs, of {len(old['sentences'])} then and "
            f"{len(new['sentences'])} now; the last line compares all of each"
        )
    return warnings

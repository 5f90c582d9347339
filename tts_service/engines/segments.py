"""Cuts a sentence's units into shorter ones where a speaker would pause, for a voice that is short of memory."""

from collections.abc import Sequence
from typing import Final

from tts_service.text.units import BOUNDARIES, PAUSE, PHRASE, WORD

SHORT: Final = 24
"""Spoken units (syllables, English phones) of a short segment: about five seconds."""


def segments(units: Sequence[str], longest: int = SHORT) -> list[tuple[str, ...]]:
    """Cuts so that no piece has more than `longest` spoken units: at the last pause within reach, else at a phrase,
    else at a word, else anywhere. Every piece but the last ends with a pause; nothing that is spoken is lost.
    """
    pieces: list[tuple[str, ...]] = []
    rest = list(units)
    while sum(unit not in BOUNDARIES for unit in rest) > longest:
        reach = _reach(rest, longest)
        cut = next((end for mark in (PAUSE, PHRASE, WORD) if (end := _last(rest, mark, reach))), reach)
        piece = rest[:cut]
        while piece and piece[-1] in BOUNDARIES:
            piece.pop()
        pieces.append((*piece, PAUSE))
        rest = rest[cut:]
    return [*pieces, tuple(rest)]


def _reach(units: Sequence[str], longest: int) -> int:
    """How many units hold `longest` spoken ones, with the boundaries after them."""
    spoken = 0
    for index, unit in enumerate(units):
        if unit in BOUNDARIES:
            continue
        if spoken == longest:
            return index
        spoken += 1
    return len(units)


def _last(units: Sequence[str], mark: str, reach: int) -> int:
    """The place behind the last `mark` within reach that something spoken precedes; 0 where there is none."""
    for end in range(reach, 1, -1):
        if units[end - 1] == mark and any(unit not in BOUNDARIES for unit in units[: end - 1]):
            return end
    return 0

"""Cuts one spoken line into cues that a viewer can read: where its sentences and phrases end, when that is heard.

Engines don't tell when a word is heard, but they pause where a sentence or a phrase ends. Each end in the text is
matched with the pause in the sound that comes nearest to where its share of the syllables puts it; an end without a
pause is placed by its share alone.
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tts_service.pauses import Clock, Pause, matched
from tts_service.subtitles import Cue
from tts_service.text.frontend import FrontEnd
from tts_service.text.preview import preview
from tts_service.text.units import BOUNDARIES

LONGEST: Final = 7.0
"""Seconds of a cue; longer only where a text can't be cut."""
WIDEST: Final = 40.0
"""Chinese characters of a cue, a Latin letter counts as half of one."""
SHORTEST: Final = 1.0
"""Seconds that a cue stays at least, where the text allows it."""
_SENTENCE, _PHRASE, _WORD = 3, 2, 1
_ENDS: Final = re.compile(
    r"(?P<sentence>(?:[。！？!?；;…]|\.(?=\s|$))+[”’」』）)\"']*)|(?P<phrase>[，、：—]+[”’」』]*|[,:](?!\d)[”’」』\"']*)"
)
_PHONE: Final = 0.4
"""What an English phone weighs against a Chinese syllable."""


@dataclass(frozen=True)
class Part:
    """A piece of the text, what it weighs in syllables, and how well it may end there."""

    text: str
    weight: float
    end: int


def cues(text: str, samples: NDArray[np.float32], rate: int, front_end: FrontEnd) -> tuple[Cue, ...]:
    """The cues of one line whose sound is `samples`: one after the other from 0 to the sound's end, none overlaps.

    A line that is short enough stays one cue.
    """
    seconds = len(samples) / rate
    whole = (Cue(0.0, seconds, text),)
    if width(text) <= WIDEST and seconds <= LONGEST:
        return whole
    parts = _parts(text, seconds, front_end)
    if len(parts) < 2:
        return whole
    times = _times(parts, Clock.of(samples, rate))
    ends = _grouped(parts, times)
    return tuple(
        Cue(times[first], times[last], "".join(part.text for part in parts[first:last]).strip())
        for first, last in zip([0, *ends], ends, strict=False)
    )


def width(text: str) -> float:
    """How wide a text is, in Chinese characters."""
    return sum(1.0 if unicodedata.east_asian_width(character) in "WFA" else 0.5 for character in text)


def _parts(text: str, seconds: float, front_end: FrontEnd) -> list[Part]:
    """The text in the smallest pieces that a cue may begin with; each has something to say."""
    phrases = [Part(phrase, _weight(phrase, front_end), end) for phrase, end in _phrases(text)]
    pace = seconds / max(1e-9, sum(part.weight for part in phrases))
    parts: list[Part] = []
    for phrase in phrases:
        many = math.ceil(max(width(phrase.text) / WIDEST, phrase.weight * pace / LONGEST))
        parts += _divided(phrase, many, front_end) if many > 1 else [phrase]
    return _spoken(parts)


def _phrases(text: str) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    at = 0
    for match in _ENDS.finditer(text):
        found.append((text[at : match.end()], _SENTENCE if match["sentence"] else _PHRASE))
        at = match.end()
    return [*found, (text[at:], _SENTENCE)] if text[at:] else found


def _weight(text: str, front_end: FrontEnd) -> float:
    units = [unit for sentence in front_end.read(text).sentences for unit in sentence.units]
    return sum(_PHONE if unit.startswith("en:") else 1.0 for unit in units if unit not in BOUNDARIES)


def _divided(phrase: Part, many: int, front_end: FrontEnd) -> list[Part]:
    """Cuts a phrase without punctuation into pieces of about the same length, between two words."""
    at, places = 0, []
    for segment in preview(front_end, phrase.text):
        for word in segment.words:
            found = phrase.text.find(word.text, at)  # not there where it is said otherwise than it is written
            if found > 0:
                places.append(found)
            at = found + len(word.text) if found >= 0 else at
    cuts: list[int] = []
    for index in range(1, many):
        wanted = index * len(phrase.text) / many
        place = min(places, key=lambda place: abs(place - wanted), default=0)
        if place > (cuts[-1] if cuts else 0):
            cuts.append(place)
    pieces = [phrase.text[first:last] for first, last in zip([0, *cuts], [*cuts, len(phrase.text)], strict=True)]
    weights = [_weight(piece, front_end) for piece in pieces]
    return [
        Part(piece, weight, phrase.end if index == len(cuts) else _WORD)
        for index, (piece, weight) in enumerate(zip(pieces, weights, strict=True))
    ]


def _spoken(parts: Sequence[Part]) -> list[Part]:
    """Joins what isn't said with what stands before it."""
    joined: list[Part] = []
    for part in parts:
        if joined and not (part.weight and joined[-1].weight):
            before = joined.pop()
            joined.append(Part(before.text + part.text, before.weight + part.weight, part.end))
        else:
            joined.append(part)
    return joined


def _times(parts: Sequence[Part], clock: Clock) -> list[float]:
    """When each part begins, in seconds, and at last the sound's end."""
    share = np.cumsum([0.0, *(part.weight for part in parts)])
    expected = share / share[-1] * clock.spoken
    pauses: list[Pause | None] = matched(expected, [part.end > _WORD for part in parts[:-1]], clock)
    known = [0, *(index for index, pause in enumerate(pauses, 1) if pause), len(parts)]
    heard = [0.0, *(pause.at for pause in pauses if pause), clock.spoken]
    placed = np.interp(expected, expected[known], heard)
    inner = [
        pause.turn if pause else clock.time(float(place)) for pause, place in zip(pauses, placed[1:-1], strict=True)
    ]
    return [0.0, *inner, clock.seconds]


def _grouped(parts: Sequence[Part], times: Sequence[float]) -> list[int]:
    """Behind which parts the cues end: as few cues as may be, no longer than they should be, at sentences' ends."""
    widths = [width(part.text) for part in parts]
    best: list[tuple[float, int]] = [(0.0, 0)]
    for last in range(1, len(parts) + 1):
        end = 0.0 if last == len(parts) else {_SENTENCE: 0.0, _PHRASE: 0.4, _WORD: 1.0}[parts[last - 1].end]
        options = []
        for first in range(last - 1, -1, -1):
            long = times[last] - times[first]
            wide = sum(widths[first:last])
            price = 1.0 + end + 3 * max(0.0, long - LONGEST) + max(0.0, wide - WIDEST) + 10 * max(0.0, SHORTEST - long)
            options.append((best[first][0] + price, first))
            if long > 2 * LONGEST and wide > 2 * WIDEST:
                break
        best.append(min(options))
    ends = [len(parts)]
    while (first := best[ends[-1]][1]) > 0:
        ends.append(first)
    return ends[::-1]

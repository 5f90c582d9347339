"""The pauses in a sound, and which of them belong to the ends of phrases in its text."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

_FRAME: Final = 0.01
_SHORTEST: Final = 0.06
"""Seconds of a pause; what is shorter may be the closure of a consonant."""
_QUIET: Final = 0.015
"""A pause is below this share of the loudest sample."""
_AHEAD: Final = 0.1
"""Seconds before the next sound when the turn of a pause is."""
_UNMATCHED: Final = 0.8
"""What it costs to place an end without a pause, in seconds of error."""
_WELCOME: Final = 0.15
"""What a pause where none ought to be is worth: a breath between two words is taken where it fits."""
_REACH: Final = 3.0
"""Seconds that a pause may lie away from where it is expected."""
_BACK: Final = 4
"""How many ends in a row may have no pause."""


@dataclass(frozen=True)
class Pause:
    """Silence from `start` to `end` seconds, with `at` seconds of sound before it."""

    start: float
    end: float
    at: float

    @property
    def turn(self) -> float:
        """When the next text should be shown: just before it is heard."""
        return max((self.start + self.end) / 2, self.end - _AHEAD)


@dataclass(frozen=True)
class Clock:
    """The sound's length in `seconds`, of which `spoken` are no pause, and the pauses inside it."""

    seconds: float
    spoken: float
    pauses: tuple[Pause, ...]
    lead: float

    @classmethod
    def of(cls, samples: NDArray[np.float32], rate: int) -> "Clock":
        """Listens to mono samples; silence at both ends counts neither as a pause nor as spoken."""
        step = max(1, int(_FRAME * rate))
        frames = np.abs(np.pad(samples, (0, -len(samples) % step))).reshape(-1, step).max(1)
        loud = np.flatnonzero(frames > _QUIET * max(1e-6, float(frames.max(initial=0.0))))
        seconds = len(samples) / rate
        if not len(loud):
            return cls(seconds, seconds, (), 0.0)
        pauses: list[Pause] = []
        silent = 0.0
        lead = float(loud[0]) * step / rate
        for before, after in pairwise(loud):
            start, end = float(before + 1) * step / rate, float(after) * step / rate
            if end - start >= _SHORTEST:
                pauses.append(Pause(start, end, start - lead - silent))
                silent += end - start
        last = min(seconds, float(loud[-1] + 1) * step / rate)
        return cls(seconds, last - lead - silent, tuple(pauses), lead)

    def time(self, spoken: float) -> float:
        """When so much has been spoken."""
        return self.lead + spoken + sum(pause.end - pause.start for pause in self.pauses if pause.at < spoken)


def matched(expected: Sequence[float] | NDArray[np.float64], real: Sequence[bool], clock: Clock) -> list[Pause | None]:
    """Finds for each end of a phrase its pause, in order; None where it has none.

    `expected` is where they are expected in seconds of sound, from 0 to `clock.spoken`, both included; `real` tells
    for those between whether there ought to be a pause. What counts is the distance from one end to the next: over a
    long text an estimate runs away, from phrase to phrase it doesn't.
    """
    count = len(expected) - 1
    ends: list[Pause | None] = [Pause(0.0, 0.0, 0.0), *clock.pauses, Pause(clock.seconds, clock.seconds, clock.spoken)]
    places = np.array([pause.at for pause in ends if pause])
    reach = max(_REACH, 0.15 * clock.spoken)
    best: dict[int, dict[int, tuple[float, int, int]]] = {0: {0: (0.0, 0, 0)}}
    for end in range(1, count + 1):
        best[end] = {}
        near = np.flatnonzero(np.abs(places - expected[end]) <= reach) if end < count else [len(places) - 1]
        for pause in map(int, near):
            if end < count and not 0 < pause < len(places) - 1:
                continue
            options = [
                (
                    before[0]
                    + abs((places[pause] - places[from_pause]) - (expected[end] - expected[from_end]))
                    + sum(_UNMATCHED if real[skipped - 1] else 0.0 for skipped in range(from_end + 1, end))
                    - (0.0 if end == count or real[end - 1] else _WELCOME),
                    from_end,
                    from_pause,
                )
                for from_end in range(0 if end == count else max(0, end - _BACK), end)
                for from_pause, before in best[from_end].items()
                if from_pause < pause
            ]
            if options:
                best[end][pause] = min(options)
    found: list[Pause | None] = [None] * (count - 1)
    at, pause = count, len(places) - 1
    while at:
        _, at, pause = best[at][pause]
        if at:
            found[at - 1] = ends[pause]
    return found

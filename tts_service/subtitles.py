"""Subtitles in SubRip's form (``.srt``): numbered cues with start and end, for players and video editors."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Cue:
    """One line of text and when it is heard, in seconds from the beginning of the sound."""

    start: float
    end: float
    text: str


def srt(cues: Iterable[Cue]) -> str:
    """Writes cues in the order given. A cue's text becomes one line: an empty line inside would end the cue."""
    return "\n".join(
        f"{number}\n{_clock(cue.start)} --> {_clock(cue.end)}\n{' '.join(cue.text.split())}\n"
        for number, cue in enumerate(cues, 1)
    )


def _clock(seconds: float) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02},{thousandths:03}"

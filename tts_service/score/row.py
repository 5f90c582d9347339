"""One scored sentence, and the figures of all of them together."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from statistics import fmean
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tts_service.models.symbols import encode
from tts_service.score.dnsmos import Dnsmos, Opinion
from tts_service.score.judge.judge import Judge, Verdict, verdict
from tts_service.score.judge.phones import phones_of_units
from tts_service.score.measures import Signal, measure
from tts_service.text.frontend import FrontEnd

LONGEST_SECONDS: Final = 60.0
SHORTEST_SECONDS: Final = 0.05
_SILENT_PEAK: Final = 1e-4


class Unusable(Exception):
    """A sound that can't be scored; the message says why."""


@dataclass(frozen=True)
class Recording:
    """A sound to score: its name, mono samples within ±1, their rate in Hz, and the text it should hold, if known."""

    name: str
    samples: npt.NDArray[np.float32]
    rate: int
    text: str | None = None


@dataclass(frozen=True)
class Row:
    """The figures of one sound. `problem` says why there are none, or what is wrong with the sound; "" = nothing.

    `characters` counts spoken syllables (a Chinese character is one); None without text.
    """

    name: str
    text: str | None
    problem: str = ""
    signal: Signal | None = None
    opinion: Opinion | None = None
    phones: Verdict | None = None
    characters: int | None = None

    @property
    def seconds_per_character(self) -> float | None:
        if self.signal is None or not self.characters:
            return None
        return self.signal.sounding_seconds / self.characters

    def as_json(self) -> dict[str, Any]:
        """Flat JSON values; what was not measured is null."""
        values: dict[str, Any] = {"name": self.name, "text": self.text, "problem": self.problem}
        opinion, phones = self.opinion, self.phones
        values |= {
            "dnsmos": opinion and opinion.whole,
            "dnsmos_speech": opinion and opinion.speech,
            "dnsmos_background": opinion and opinion.background,
            "dnsmos_p808": opinion and opinion.p808,
            "phones": phones and phones.phones,
            "phone_errors": phones and phones.wrong,
            "phone_errors_with_tone": phones and phones.wrong_toned,
            "phone_error_percent": phones and phones.percent,
            "phone_error_percent_with_tone": phones and phones.percent_toned,
            "characters": self.characters,
            "seconds_per_character": self.seconds_per_character,
        }
        signal = asdict(self.signal) if self.signal else dict.fromkeys(Signal.__dataclass_fields__)
        values |= {"loudness_lufs" if name == "loudness" else name: value for name, value in signal.items()}
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}


class Scorer:
    """Scores recordings; loads front end, judge and DNSMOS when they are first needed."""

    def __init__(self, *, with_dnsmos: bool = True) -> None:
        self._with_dnsmos = with_dnsmos

    @cached_property
    def judge(self) -> Judge:
        """The judge; raises JudgeError."""
        return Judge.load()

    @cached_property
    def dnsmos(self) -> Dnsmos | None:
        """DNSMOS; None when it is not installed or not wanted."""
        return Dnsmos.load() if self._with_dnsmos else None

    @cached_property
    def _front_end(self) -> FrontEnd:
        return FrontEnd()

    def score(self, recording: Recording) -> Row:
        """Takes every measure that can be taken of a recording; what can't be used becomes a row with the reason."""
        name, text = recording.name, recording.text
        try:
            samples = usable(recording)
        except Unusable as reason:
            return Row(name, text, str(reason))
        signal = measure(samples, recording.rate)
        opinion = self.dnsmos(samples, recording.rate) if self.dnsmos else None
        if text is None:
            return Row(name, text, signal=signal, opinion=opinion)
        units = [unit for sentence in self._front_end.read(text).sentences for unit in sentence.units]
        expected = phones_of_units(units)
        if not expected:
            return Row(name, text, "the text holds nothing to read aloud", signal, opinion)
        heard = verdict(self.judge.listen(samples, recording.rate), expected)
        return Row(name, text, "", signal, opinion, heard, syllables(units))


def syllables(units: Sequence[str]) -> int:
    """Spoken syllables: one for a Chinese character, one for each vowel of an English word."""
    encode(units)
    return sum(unit[0] != "#" and (not unit.startswith("en:") or unit[-1].isdigit()) for unit in units)


def usable(recording: Recording) -> npt.NDArray[np.float32]:
    """The recording's samples; raises Unusable for what holds no sound that could be scored."""
    samples = recording.samples
    seconds = len(samples) / recording.rate
    if len(samples) == 0:
        raise Unusable("holds no sound")
    if seconds < SHORTEST_SECONDS:
        raise Unusable(f"only {seconds:.3f} s long, at least {SHORTEST_SECONDS} s are needed")
    if seconds > LONGEST_SECONDS:
        raise Unusable(f"{seconds:.0f} s long, at most {LONGEST_SECONDS:.0f} s are scored; cut it into sentences")
    if not np.isfinite(samples).all():
        raise Unusable("holds samples that are no numbers")
    if np.abs(samples).max() < _SILENT_PEAK:
        raise Unusable("silent from beginning to end")
    return samples


_MEANS: Final = (
    "dnsmos",
    "dnsmos_speech",
    "dnsmos_background",
    "dnsmos_p808",
    "seconds_per_character",
    "silence_share",
    "loudness_lufs",
    "f0_low",
    "f0_median",
    "f0_high",
)


def together(rows: Sequence[Row]) -> dict[str, Any]:
    """The figures of all rows: means, phone errors over all phones, the worst pause, the sum of clipped samples."""
    flat = [row.as_json() for row in rows]

    def present(name: str) -> list[float]:
        return [values[name] for values in flat if values[name] is not None]

    def percent(errors: str) -> float | None:
        phones = sum(present("phones"))
        return round(100 * sum(present(errors)) / phones, 3) if phones else None

    return {
        "sentences": len(rows),
        "problems": sum(bool(row.problem) for row in rows),
        "seconds": round(math.fsum(present("seconds")), 2),
        **{name: round(fmean(found), 4) if (found := present(name)) else None for name in _MEANS},
        "phone_error_percent": percent("phone_errors"),
        "phone_error_percent_with_tone": percent("phone_errors_with_tone"),
        "longest_pause": max(present("longest_pause"), default=None),
        "peak": max(present("peak"), default=None),
        "clipped": sum(present("clipped")),
    }

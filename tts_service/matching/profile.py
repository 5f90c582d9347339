"""What is measured of a speaker: pitch, the colour of the voice, pace."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from tts_service.models.features import FRAME_RATE, MEL_BANDS, log_mel
from tts_service.training.pitch import track

Floats = npt.NDArray[np.floating[Any]]
_LOUDEST: Final = 95.0  # percentile of the level that counts as full
_SPEECH_RANGE: Final = 35.0  # dB below it that still belong to speech
_HIGHEST_PITCH: Final = 500.0  # Hz, of anybody who speaks
_SHORTEST_VOICED: Final = 20  # frames
_REACH: Final = 60.0  # dB below the strongest band where a recording ends
_NUCLEUS: Final = (12, 56)  # bands, about 300 to 3,400 Hz: where vowels are loud
_DIP: Final = 2.0  # dB between two syllables
DECIBEL: Final = 20.0 / np.log(10.0)
"""Decibels in one unit of a log mel amplitude."""


@dataclass(frozen=True)
class Profile:
    """How a speaker sounds, whatever is said.

    `pitch`: median over voiced frames, Hz. `colour` (80 mel bands, dB): the mean spectrum of voiced frames, its own
    mean taken off. `reach`: bands from 0 that the recording holds anything in (a telephone ends early). `pace`:
    syllable nuclei a second of speech, pauses left out.
    """

    pitch: float
    colour: Floats
    reach: int
    pace: float


def profile(sound: npt.NDArray[np.float32]) -> Profile | None:
    """Measures speech (mono, 22,050 Hz, within ±1); None where hardly anything has a pitch."""
    pitch = track(sound, highest=_HIGHEST_PITCH)
    bands = log_mel(torch.from_numpy(np.ascontiguousarray(sound))[None])[0].numpy() * DECIBEL
    bands, pitch = bands[: len(pitch)], pitch[: len(bands)]
    level = 10.0 * np.log10(np.sum(10.0 ** (bands / 10.0), axis=1))
    spoken = level > np.percentile(level, _LOUDEST) - _SPEECH_RANGE
    voiced = spoken & (pitch > 0)
    if np.count_nonzero(voiced) < _SHORTEST_VOICED:
        return None
    mean = 10.0 * np.log10(np.mean(10.0 ** (bands[voiced] / 10.0), axis=0))
    heard = np.flatnonzero(mean > mean.max() - _REACH)
    reach = int(heard[-1]) + 1
    return Profile(
        float(np.exp(np.median(np.log(pitch[voiced])))),
        mean - mean[:reach].mean(),
        reach,
        _nuclei(bands) / max(np.count_nonzero(spoken) / FRAME_RATE, 0.1),
    )


def _nuclei(bands: Floats) -> int:
    """Counts syllables: peaks of the smoothed level where vowels are loud, with a dip between two of them."""
    low, high = _NUCLEUS
    level = 10.0 * np.log10(np.sum(10.0 ** (bands[:, low:high] / 10.0), axis=1))
    window = np.hanning(9)
    smooth = np.convolve(level, window / window.sum(), mode="same")
    floor = np.percentile(smooth, _LOUDEST) - _SPEECH_RANGE * 0.6
    count, peak, dip, rising = 0, -np.inf, np.inf, True
    for value in smooth:
        if rising:
            peak = max(peak, value)
            if value < peak - _DIP:
                count += peak > floor
                dip, rising = value, False
        else:
            dip = min(dip, value)
            if value > dip + _DIP:
                peak, rising = value, True
    return count + bool(rising and peak > floor)


def colour_distance(one: Profile, other: Profile) -> float:
    """How far two colours lie apart: root mean square over the bands that both recordings hold, dB."""
    reach = min(one.reach, other.reach, MEL_BANDS)
    apart = one.colour[:reach] - other.colour[:reach]
    return float(np.sqrt(np.mean((apart - apart.mean()) ** 2)))


def semitones(from_hertz: float, to_hertz: float) -> float:
    """The interval between two pitches."""
    return float(12.0 * np.log2(to_hertz / from_hertz))

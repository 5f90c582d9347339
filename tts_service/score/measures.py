"""What the sound itself tells: length, pauses, level, clipping, range of the pitch."""

import math
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tts_service.models.features import SAMPLE_RATE
from tts_service.score.resample import resample
from tts_service.training.pitch import track

Floats = npt.NDArray[np.floating[Any]]
_FRAME: Final = 0.02
_QUIET: Final = 40.0
"""Decibel under the speech level from which a frame counts as silence."""
_FULL_SCALE: Final = 0.999
_CLIPPED_RUN: Final = 3
_LEAST_POWER: Final = 1e-12


@dataclass(frozen=True)
class Signal:
    """Measures of one recording.

    `seconds` in all, `sounding_seconds` from the first to the last sound; `silence_share` of the whole,
    `longest_pause` (s) between first and last sound; `peak` 0 to 1, `clipped` samples in runs of three or more at full
    scale; `loudness` integrated, in LUFS (ITU-R BS.1770-4; None for silence), `rms_dbfs` over the frames that sound;
    `f0_low`, `f0_median`, `f0_high` in Hz: 5th, 50th and 95th percentile, None where nothing is voiced.
    """

    seconds: float
    sounding_seconds: float
    silence_share: float
    longest_pause: float
    peak: float
    clipped: int
    loudness: float | None
    rms_dbfs: float | None
    f0_low: float | None
    f0_median: float | None
    f0_high: float | None


def _decibel(power: float) -> float:
    return 10 * math.log10(max(power, _LEAST_POWER))


def _biquad(hertz: Floats, rate: int, b: tuple[float, float, float], a: tuple[float, float, float]) -> Floats:
    """The power response of a biquad at `hertz`."""
    z = np.exp(-2j * np.pi * hertz / rate)
    result: Floats = np.abs((b[0] + b[1] * z + b[2] * z**2) / (a[0] + a[1] * z + a[2] * z**2))
    return result


def _k_weighting(hertz: Floats, rate: int) -> Floats:
    """The response of BS.1770's two filters at any rate: a shelf of 4 dB above 1.7 kHz, a high-pass at 38 Hz."""
    gain, quality = 10 ** (3.999843853973347 / 20), 0.7071752369554196
    k = math.tan(math.pi * 1681.974450955533 / rate)
    middle = gain**0.4996667741545416
    bottom = 1 + k / quality + k * k
    shelf = _biquad(
        hertz,
        rate,
        (gain + middle * k / quality + k * k, 2 * (k * k - gain), gain - middle * k / quality + k * k),
        (bottom, 2 * (k * k - 1), 1 - k / quality + k * k),
    )
    quality = 0.5003270373238773
    k = math.tan(math.pi * 38.13547087602444 / rate)
    bottom = 1 + k / quality + k * k
    high = _biquad(hertz, rate, (1, -2, 1), (bottom, 2 * (k * k - 1), 1 - k / quality + k * k))
    return shelf * high * bottom  # the standard's high-pass is not scaled to one


def loudness(sound: Floats, rate: int) -> float | None:
    """Integrated loudness of mono sound in LUFS, gated as in ITU-R BS.1770-4; None where nothing passes the gate.

    Sound shorter than the 0.4 s of a block counts as one block.
    """
    size = len(sound) + rate // 2  # room for the filters' tail
    weighted = np.fft.irfft(np.fft.rfft(sound, size) * _k_weighting(np.fft.rfftfreq(size, 1 / rate), rate), size)
    squares = np.square(weighted[: len(sound)])
    block, hop = round(0.4 * rate), round(0.1 * rate)
    if len(squares) < block:
        powers = np.array([squares.mean()])
    else:
        sums = np.concatenate([[0.0], np.cumsum(squares)])
        starts = np.arange(0, len(squares) - block + 1, hop)
        powers = (sums[starts + block] - sums[starts]) / block
    levels = -0.691 + 10 * np.log10(np.maximum(powers, _LEAST_POWER))
    passed = powers[levels > -70]
    if len(passed) == 0:
        return None
    gate = -0.691 + _decibel(float(passed.mean())) - 10
    passed = powers[(levels > -70) & (levels > gate)]
    return -0.691 + _decibel(float(passed.mean()))


def clipped_samples(sound: Floats) -> int:
    """Samples in runs of at least three that stay at full scale: the mark of an overdriven recording."""
    runs = ((full, sum(1 for _ in run)) for full, run in groupby((np.abs(sound) >= _FULL_SCALE).tolist()))
    return sum(length for full, length in runs if full and length >= _CLIPPED_RUN)


def measure(sound: Floats, rate: int) -> Signal:
    """Measures mono sound within ±1 at `rate` Hz, at least one sample of it."""
    frame = max(1, round(_FRAME * rate))
    padded = np.pad(sound.astype(np.float64), (0, -len(sound) % frame))
    powers = np.square(padded).reshape(-1, frame).mean(1)
    loud = float(np.percentile(powers, 95))
    sounding = powers > max(loud * 10 ** (-_QUIET / 10), _LEAST_POWER)
    where = np.flatnonzero(sounding)
    first, last = (int(where[0]), int(where[-1]) + 1) if len(where) else (0, 0)
    pauses = [sum(1 for _ in run) for sounds, run in groupby(sounding[first:last].tolist()) if not sounds]
    at_ours = resample(sound, rate, SAMPLE_RATE)
    peak = float(np.abs(sound).max())
    # the tracker's thresholds expect speech at a usual level
    pitch = track(at_ours * (0.5 / peak)) if peak > 0 else np.zeros(0)
    voiced = pitch[pitch > 0]
    low, middle, high = map(float, np.percentile(voiced, (5, 50, 95))) if len(voiced) else (None, None, None)
    return Signal(
        seconds=len(sound) / rate,
        sounding_seconds=(last - first) * frame / rate,
        silence_share=1 - len(where) / len(powers),
        longest_pause=max(pauses, default=0) * frame / rate,
        peak=peak,
        clipped=clipped_samples(sound),
        loudness=loudness(sound, rate),
        rms_dbfs=_decibel(float(powers[sounding].mean())) if len(where) else None,
        f0_low=low,
        f0_median=middle,
        f0_high=high,
    )

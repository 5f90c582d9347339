"""Another sampling rate, by way of the spectrum: exact for what both rates can hold."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]


def resample(sound: npt.NDArray[np.floating[Any]], rate: int, wanted: int) -> Samples:
    """Mono sound at `rate` Hz as sound at `wanted` Hz; the length is rounded up.

    The whole sound is one spectrum, cut or widened: no ripple, and linear phase. A tenth of a second of silence on both
    sides keeps the ends from meeting. Takes memory for the whole sound: for sentences, not for hours.
    """
    sound = np.asarray(sound, np.float32)
    if rate == wanted or len(sound) == 0:
        return sound
    common = math.gcd(rate, wanted)
    block, produced = rate // common, wanted // common
    margin = -(-rate // (10 * block)) * block
    length = -(-len(sound) // block) * block + 2 * margin
    padded = np.zeros(length)
    padded[margin : margin + len(sound)] = sound
    spectrum = np.fft.rfft(padded)
    size = length // block * produced
    fitted = np.zeros(size // 2 + 1, np.complex128)
    kept = min(len(fitted), len(spectrum))
    fitted[:kept] = spectrum[:kept]
    whole = np.fft.irfft(fitted, size) * (size / length)
    start = margin // block * produced
    return whole[start : start + -(-len(sound) * wanted // rate)].astype(np.float32)

"""Changes a sound's rate piece by piece, as a matrix product: quick on a CPU and without a seam between pieces."""

import functools
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
_REACH: Final = 32
"""Input samples to each side that an output sample is made of."""
_ROLL_OFF: Final = 0.94
"""Where the low-pass lies, as a share of the lower rate's half."""
_BETA: Final = 9.0
"""Of the Kaiser window: what lies beyond the band is 90 dB down."""


class Resampler:
    """From `rate` to `wanted` Hz. `feed` gives what is ready, `finish` the rest; in all as long as the sound was."""

    def __init__(self, rate: int, wanted: int) -> None:
        common = math.gcd(rate, wanted)
        self._step, self._made = rate // common, wanted // common
        self._rate, self._wanted = rate, wanted
        self._kernel = _kernel(self._step, self._made)
        self._waiting: Samples = np.zeros(_REACH, np.float32)  # silence before the beginning
        self._taken = self._given = 0

    def feed(self, samples: Samples) -> Samples:
        self._taken += len(samples)
        self._waiting = np.concatenate([self._waiting, samples.astype(np.float32, copy=False)])
        width = len(self._kernel)
        blocks = (len(self._waiting) - width) // self._step + 1
        if blocks < 1:
            return np.zeros(0, np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(self._waiting, width)[:: self._step][:blocks]
        made: Samples = (windows @ self._kernel).reshape(-1)
        self._waiting = self._waiting[blocks * self._step :]
        self._given += len(made)
        return made

    def finish(self) -> Samples:
        missing = round(self._taken * self._wanted / self._rate) - self._given
        taken = self._taken
        rest = self.feed(np.zeros(self._step + 2 * _REACH + len(self._waiting), np.float32))
        self._taken = taken
        return np.clip(rest[: max(missing, 0)], -1.0, 1.0)


@functools.lru_cache(maxsize=8)
def _kernel(step: int, made: int) -> NDArray[np.float32]:
    """What each of `made` output samples takes of the input around `step` samples: (step + 2 * reach, made)."""
    cutoff = _ROLL_OFF * min(1.0, made / step)
    source = np.arange(step + 2 * _REACH)[:, None] - _REACH
    distance = source - np.arange(made)[None, :] * step / made
    inside = np.abs(distance) <= _REACH
    window = np.i0(_BETA * np.sqrt(np.clip(1 - (distance / _REACH) ** 2, 0, None))) / np.i0(_BETA)
    kernel: NDArray[np.float32] = (cutoff * np.sinc(cutoff * distance) * window * inside).astype(np.float32)
    return kernel

"""A plain channel vocoder: the same phones and tones in another kind of sound, with nothing learned in it.

The judge shall hear phones and tones, not how a sound was made. A judge that only ever heard the teacher takes small
differences of the voicing for other tones, even where the pitch agrees to a tenth of a semitone. So a part of its
lessons comes from pulses and noise that are bent to the teacher's mel bands.
"""

import random
from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tts_service.models.acoustic import PITCH_CENTRE
from tts_service.models.features import HOP, MEL_BANDS, SAMPLE_RATE, log_mel, mel_filters
from tts_service.models.vocoder import pulses

_SIZE, _STEP = 512, 128
_BINS = _SIZE // 2 + 1
_ROUNDS = 3
_LOWEST = -9.0
_TOP_OF_HARMONICS = (2500.0, 7000.0)
"""Hertz: above a voiced frame's border there is noise only."""
_BREATH = (-32.0, -16.0)
"""Decibels: noise under the harmonics."""


@cache
def _spread() -> Tensor:
    """How much of each mel band each bin takes, in shares that add up to one: (MEL_BANDS, _BINS)."""
    weights = mel_filters(SAMPLE_RATE, _SIZE).T + 1e-9
    # bins outside of every band take the nearest one's value
    nearest = (torch.arange(MEL_BANDS)[:, None] == _nearest_band()[None]).float()
    weights = torch.where(weights.sum(0) > 1e-6, weights, nearest)
    return weights / weights.sum(0)


@cache
def _nearest_band() -> Tensor:
    centres = mel_filters(SAMPLE_RATE, _SIZE).argmax(0).float()
    return (torch.arange(_BINS)[:, None] - centres[None]).abs().argmin(1)


def _per_step(values: Tensor, steps: int) -> Tensor:
    """Values per frame (rows, frames) as values per step of the spectra: (rows, steps)."""
    repeated = values.repeat_interleave(HOP // _STEP, 1)
    return torch.nn.functional.pad(repeated[None], (0, steps - repeated.shape[1]), mode="replicate")[0]


@torch.no_grad()
def resynthesised(
    sound: npt.NDArray[np.float32], hertz: npt.NDArray[np.floating], voiced: npt.NDArray[np.floating], seed: int
) -> npt.NDArray[np.float32]:
    """Sounds the mel bands of `sound` (samples in [-1, 1]) anew.

    hertz and voiced are per frame, as in `corpus.Example`; seed decides the noise, how breathy the voice is and where
    its harmonics end. As long as the frames.
    """
    frames = len(hertz)
    if frames < _SIZE // HOP + 1:
        return sound[: frames * HOP]
    chance = random.Random(seed)
    wanted = log_mel(torch.from_numpy(sound[: frames * HOP])[None]).clamp(min=_LOWEST)
    pitch = torch.from_numpy(np.log(hertz).astype(np.float32) - PITCH_CENTRE)[None]
    sung = torch.from_numpy(voiced.astype(np.float32))[None]
    noise = torch.randn(1, frames * HOP, generator=torch.Generator().manual_seed(seed))
    window = torch.hann_window(_SIZE)
    spectra = torch.stft(torch.cat([pulses(pitch, sung), noise]), _SIZE, _STEP, window=window, return_complex=True)
    steps = spectra.shape[-1]
    border = chance.uniform(*_TOP_OF_HARMONICS) / (SAMPLE_RATE / 2) * _BINS
    harmonic = torch.sigmoid((border - torch.arange(_BINS)) / 6)[:, None] * _per_step(sung, steps)
    breath = 10 ** (chance.uniform(*_BREATH) / 20)
    source = spectra[0] * harmonic + spectra[1] * torch.maximum(1 - harmonic, torch.tensor(breath))
    bands = wanted
    for _ in range(_ROUNDS):
        envelope = _per_step(torch.exp(bands[0] @ _spread()).T, steps)
        made = torch.istft(source * envelope, _SIZE, _STEP, window=window, length=frames * HOP)
        bands = bands + (wanted - log_mel(made[None]).clamp(min=_LOWEST - 2)).clamp(-3, 3)
    sounded: npt.NDArray[np.float32] = made.numpy()
    return sounded

"""The vocoder: mel bands and pitch → sound, as a source and two learned filters.

A band-limited pulse train follows the pitch exactly, so that tones stay what the acoustic model drew, and noise
supplies breath and fricatives. ConvNeXt blocks read mel and pitch and predict, for every 128 samples, a complex
filter for the pulses and a real one for the noise; both are applied to short-time spectra and the sum goes back by
overlap-add.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts_service.models.acoustic import MEL_MEAN, MEL_SCALE, PITCH_CENTRE
from tts_service.models.features import HOP, MEL_BANDS, SAMPLE_RATE
from tts_service.models.layers import Stack

STEP = 128
SIZE = 512
BINS = SIZE // 2 + 1
_PER_FRAME = HOP // STEP
_MARGIN = (SIZE - STEP) // 2
_OVERLAP_GAIN = 1.5  # what squared Hann windows at a quarter's step add up to


@dataclass(frozen=True)
class VocoderConfig:
    """The vocoder's size."""

    channels: int = 224
    hidden: int = 560
    blocks: int = 5

    @property
    def context(self) -> int:
        """Frames on each side that can influence a frame, the overlap of the filters included."""
        return 3 * (self.blocks + 1) + 2


def _between(values: Tensor) -> tuple[Tensor, Tensor]:
    """Stretches of HOP samples from one frame's centre to the next: value at the start and change, (batch, frames + 1).

    The first and the last stretch reach half a frame beyond the utterance and are flat.
    """
    edged = torch.cat([values[:, :1], values, values[:, -1:]], 1)
    return edged[:, :-1, None], (edged[:, 1:] - edged[:, :-1])[..., None]


def _samples(stretches: Tensor) -> Tensor:
    """Stretches (batch, frames + 1, HOP) as samples (batch, frames * HOP)."""
    return stretches.flatten(1)[:, HOP // 2 : -HOP // 2]


def per_sample(values: Tensor) -> Tensor:
    """Values per frame (batch, frames), drawn straight from centre to centre: (batch, frames * HOP)."""
    start, change = _between(values)
    share = (torch.arange(HOP, device=values.device) + 0.5) / HOP
    return _samples(torch.addcmul(start, change, share))


def pulses(pitch: Tensor, voiced: Tensor) -> Tensor:
    """A pulse train without aliasing: (batch, frames * HOP).

    pitch is log F0 - PITCH_CENTRE per frame and continuous (also where nothing is voiced), voiced is 0 or 1. The
    closed form of a sum of equal cosines up to Nyquist; its power is one whatever the pitch.
    """
    start, change = _between(torch.exp(pitch + PITCH_CENTRE))
    count = torch.arange(1, HOP + 1, device=pitch.device, dtype=pitch.dtype)
    hertz = torch.addcmul(start, change, (count - 0.5) / HOP)
    # whole turns are dropped once per frame, in 64 bits; within a frame the phase is a parabola
    each = (start + change / 2)[..., 0].double() * (HOP / SAMPLE_RATE)
    before = each.cumsum(1) - each - each[:, :1] / 2  # half of the first stretch lies before the first sample
    before = (before - torch.floor(before)).to(pitch.dtype)[..., None]
    turns = torch.addcmul(before, start / SAMPLE_RATE, count)
    turns = torch.addcmul(turns, change / (2 * HOP * SAMPLE_RATE), count * count)
    half = torch.frac(turns) * torch.pi  # half the phase, within [0, pi)
    harmonics = torch.floor(0.5 * SAMPLE_RATE / hertz)
    below = torch.sin(half)
    every = 2 * harmonics + 1
    ratio = torch.where(below.abs() < 1e-4, every, torch.sin(every * half) / below)
    train = (ratio - 1) * torch.rsqrt(2 * harmonics)
    return _samples(train) * per_sample(voiced)


def _spectra(sound: Tensor, window: Tensor) -> Tensor:
    """Short-time spectra around every STEP samples: (batch, steps, BINS)."""
    padded = functional.pad(sound, (_MARGIN, _MARGIN))
    spectra: Tensor = torch.fft.rfft(padded.unfold(1, SIZE, STEP) * window)
    return spectra


def _overlap_add(frames: Tensor) -> Tensor:
    """Adds (batch, steps, SIZE) up to (batch, steps * STEP)."""
    batch, steps, _ = frames.shape
    parts = SIZE // STEP
    pieces = frames.reshape(batch, steps, parts, STEP)
    total = frames.new_zeros(batch, steps + parts - 1, STEP)
    for part in range(parts):
        total[:, part : part + steps] += pieces[:, :, part]
    return total.reshape(batch, -1)[:, _MARGIN : _MARGIN + steps * STEP]


class Vocoder(nn.Module):
    """See the module."""

    window: Tensor

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        self.config = config
        self.enter = nn.Conv1d(MEL_BANDS + 2, config.channels, 7, padding=3)
        self.stack = Stack(config.channels, config.hidden, config.blocks)
        self.leave = nn.Linear(config.channels, 3 * BINS * _PER_FRAME)
        self.register_buffer("window", torch.hann_window(SIZE), persistent=False)

    def filters(self, mel: Tensor, pitch: Tensor, voiced: Tensor) -> tuple[Tensor, Tensor]:
        """Filters for pulses (complex) and noise (real), each (batch, frames * 2, BINS)."""
        seen = torch.cat([(mel - MEL_MEAN) / MEL_SCALE, (pitch * voiced)[..., None], voiced[..., None]], -1)
        hidden = self.stack(self.enter(seen.transpose(1, 2)).transpose(1, 2))
        out = self.leave(hidden).reshape(len(mel), -1, 3 * BINS)
        level, phase, noise = out.split(BINS, -1)
        amplitude = torch.exp(level.clamp(max=6.0) - 4.0)
        pulse_filter = torch.complex(amplitude * torch.cos(phase), amplitude * torch.sin(phase))
        return pulse_filter, torch.exp(noise.clamp(max=6.0) - 5.0)

    def shape(self, mel: Tensor, pitch: Tensor, voiced: Tensor, train: Tensor, noise: Tensor) -> Tensor:
        """Filters a given source: `train` from `pulses` and white `noise`, both (batch, frames * HOP)."""
        pulse_filter, noise_filter = self.filters(mel, pitch, voiced)
        spectrum = _spectra(train, self.window) * pulse_filter + _spectra(noise, self.window) * noise_filter
        frames = torch.fft.irfft(spectrum, SIZE) * (self.window / _OVERLAP_GAIN)
        return _overlap_add(frames)

    def forward(self, mel: Tensor, pitch: Tensor, voiced: Tensor) -> Tensor:
        """mel (batch, frames, MEL_BANDS), pitch and voiced (batch, frames) → sound (batch, frames * HOP)."""
        train = pulses(pitch, voiced)
        return self.shape(mel, pitch, voiced, train, torch.randn_like(train))

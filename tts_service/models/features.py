"""The acoustic features that the two networks share: mel bands, pitch and voicing, 86 frames a second."""

import functools
from typing import Final

import torch

SAMPLE_RATE: Final = 22050
HOP: Final = 256
FFT_SIZE: Final = 1024
MEL_BANDS: Final = 80
FRAME_RATE: Final = SAMPLE_RATE / HOP
F0_MIN: Final = 50.0
F0_MAX: Final = 620.0
LOG_FLOOR: Final = 1e-5
"""Smallest mel amplitude; its logarithm, -11.5, is silence."""


def _hertz_to_mel(hertz: torch.Tensor) -> torch.Tensor:
    return 2595.0 * torch.log10(1.0 + hertz / 700.0)


@functools.cache
def mel_filters(sample_rate: int = SAMPLE_RATE, fft_size: int = FFT_SIZE, bands: int = MEL_BANDS) -> torch.Tensor:
    """Triangular filters on the mel scale over 0 Hz to Nyquist, each with area one: (fft_size // 2 + 1, bands)."""
    frequencies = torch.linspace(0.0, sample_rate / 2, fft_size // 2 + 1)
    top = float(_hertz_to_mel(torch.tensor(sample_rate / 2)))
    edges = 700.0 * (10.0 ** (torch.linspace(0.0, top, bands + 2) / 2595.0) - 1.0)
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    rising = (frequencies[:, None] - lower) / (centre - lower)
    falling = (upper - frequencies[:, None]) / (upper - centre)
    triangles = torch.clamp(torch.minimum(rising, falling), min=0.0)
    return triangles * (2.0 / (upper - lower)) * (sample_rate / fft_size)


@functools.cache
def _window(size: int) -> torch.Tensor:
    return torch.hann_window(size)


def amplitudes(spectrum: torch.Tensor) -> torch.Tensor:
    """The absolute values of a complex spectrum, in half the time of ``abs()``; zeros have a gradient of zero."""
    values: torch.Tensor = (spectrum.real.square() + spectrum.imag.square() + 1e-12).sqrt()
    return values


def log_mel(sound: torch.Tensor) -> torch.Tensor:
    """Log mel amplitudes of sound (batch, samples) in [-1, 1]: (batch, samples // HOP, MEL_BANDS), natural logarithm.

    Frame i is centred on sample i * HOP + HOP / 2.
    """
    frames = sound.shape[-1] // HOP
    margin = (FFT_SIZE - HOP) // 2
    padded = torch.nn.functional.pad(sound[..., : frames * HOP], (margin, margin))
    window = _window(FFT_SIZE).to(sound.device)
    spectrum = torch.stft(padded, FFT_SIZE, HOP, window=window, center=False, return_complex=True)
    amplitude = amplitudes(spectrum).transpose(1, 2) @ mel_filters().to(sound.device) / FFT_SIZE
    return torch.log(torch.clamp(amplitude, min=LOG_FLOOR))

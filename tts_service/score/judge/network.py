"""The judge's network: sound → mel bands and a picture of the pitch → ConvNeXt blocks → GRU → phones (CTC).

Mel bands alone tell the phones, and tones badly: the pitch of a low voice hides in a few neighbouring bands. So the
network also sees, 43 times a second, the autocorrelation at 64 lags evenly spaced in octaves from 50 to 620 Hz, where
a tone is a line that rises or falls; and the line itself, found as the smoothest path through that picture: how high
it is in this voice, and how it moves.
"""

import functools
import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts_service.models.features import F0_MAX, F0_MIN, HOP, MEL_BANDS, SAMPLE_RATE, amplitudes, log_mel
from tts_service.models.layers import Stack
from tts_service.models.symbols import TONES
from tts_service.score.judge.phones import PLAIN, PLAIN_OF_TONED, TONE_OF_TONED

STEP: Final = 2 * HOP
"""Samples from one decision to the next."""
LAGS: Final = 64
LINE: Final = 5
_PITCH_WINDOW: Final = 1536
_PITCH_FFT: Final = 2048
_PITCH_TOP: Final = 3000.0
_COMPRESSION: Final = 0.6
_MOVE_COST: Final = 0.03  # per lag
_FARTHEST: Final = 5  # lags in one step, more than the steepest tone needs
_CLEAR: Final = 0.2
_LEVEL: Final = 0.085
_AUDIBLE: Final = 10 ** (-35 / 20)
_FLOOR: Final = -9.5
_MEAN, _SCALE = -6.0, 2.5


def levelled(sound: Tensor) -> Tensor:
    """Brings sound (samples,) to a common level: the rms of the frames within 35 dB of the loudest. Silence stays."""
    whole = len(sound) // HOP * HOP
    if whole == 0:
        return sound
    power = sound[:whole].reshape(-1, HOP).square().mean(1)
    top = float(power.max())
    if top <= 0.0:
        return sound
    return sound * (_LEVEL / math.sqrt(float(power[power >= top * _AUDIBLE**2].mean())))


@functools.cache
def _lag_weights() -> Tensor:
    """Reads an autocorrelation at LAGS fractional lags: (_PITCH_FFT // 2 + 1, LAGS)."""
    hertz = F0_MIN * (F0_MAX / F0_MIN) ** (torch.arange(LAGS, dtype=torch.float64) / (LAGS - 1))
    lags = SAMPLE_RATE / hertz
    below = torch.floor(lags).long()
    weights = torch.zeros(_PITCH_FFT // 2 + 1, LAGS, dtype=torch.float64)
    columns = torch.arange(LAGS)
    weights[below, columns] = 1 - (lags - below)
    weights[below + 1, columns] = lags - below
    return weights.float()


@functools.cache
def _pitch_window() -> Tensor:
    return torch.hann_window(_PITCH_WINDOW)


@functools.cache
def _pitch_bins() -> Tensor:
    """Weights of the spectrum's bins: full up to 1.5 kHz, falling to nothing at 3 kHz, nothing under 40 Hz."""
    hertz = torch.arange(_PITCH_FFT // 2 + 1) * SAMPLE_RATE / _PITCH_FFT
    return ((_PITCH_TOP - hertz) / (_PITCH_TOP / 2)).clamp(0, 1) * (hertz > 40)


def pitch_picture(sound: Tensor) -> Tensor:
    """Autocorrelation of sound (batch, samples) at LAGS lags per STEP: (batch, samples // STEP, LAGS)."""
    steps = sound.shape[-1] // STEP
    margin = (_PITCH_WINDOW - STEP) // 2
    frames = functional.pad(sound[..., : steps * STEP], (margin, margin)).unfold(1, _PITCH_WINDOW, STEP)
    on = sound.device
    spectrum = amplitudes(torch.fft.rfft(frames * _pitch_window().to(on), _PITCH_FFT))
    # loud partials would hide the others, and with them the period
    flat = (spectrum + 1e-3).pow(_COMPRESSION) * _pitch_bins().to(on)
    correlation = torch.fft.irfft(flat, _PITCH_FFT)[..., : _PITCH_FFT // 2 + 1]
    picture: Tensor = (correlation @ _lag_weights().to(on)) / correlation[..., :1]
    return picture


def _smoothest(picture: Tensor) -> Tensor:
    """The path through a picture (batch, steps, LAGS) with the best sum of values, less a cost for each move."""
    cost = _MOVE_COST * torch.arange(-_FARTHEST, _FARTHEST + 1, device=picture.device).abs()
    total = picture[:, 0]
    back = []
    for step in range(1, picture.shape[1]):
        around = functional.pad(total, (_FARTHEST, _FARTHEST), value=-1e9).unfold(1, 2 * _FARTHEST + 1, 1)
        best, move = (around - cost).max(-1)
        back.append(move)
        total = best + picture[:, step]
    place = total.argmax(-1, keepdim=True)
    path = [place]
    for move in reversed(back):
        place = place + move.gather(1, place) - _FARTHEST
        path.append(place)
    return torch.cat(path[::-1], 1)


@torch.no_grad()
def pitch_line(picture: Tensor) -> Tensor:
    """The pitch in a picture (batch, steps, LAGS), about -1 to 1: (batch, steps, LINE).

    Octaves above the voice's own middle, how they change over two steps and over six, the absolute height, and how
    clear the pitch is.
    """
    path = _smoothest(picture)[..., None]
    before, at, after = (picture.gather(2, (path + shift).clamp(0, LAGS - 1))[..., 0] for shift in (-1, 0, 1))
    bend = (before - 2 * at + after).clamp(max=-1e-3)
    offset = (0.5 * (before - after) / bend).clamp(-0.5, 0.5)
    octaves = (path[..., 0] + offset) * (math.log2(F0_MAX / F0_MIN) / (LAGS - 1))
    clear = (at - _CLEAR).clamp(min=0.0)
    middle = (octaves * clear).sum(1, keepdim=True) / clear.sum(1, keepdim=True).clamp(min=1e-3)
    height = octaves - middle
    changes = []
    for reach in (1, 3):
        padded = functional.pad(octaves[:, None], (reach, reach), mode="replicate")[:, 0]
        changes.append(padded[:, 2 * reach :] - padded[:, : -2 * reach])
    return torch.stack([2 * height, 8 * changes[0], 4 * changes[1], octaves - 1.8, at], -1).clamp(-3, 3)


def mel_picture(sound: Tensor) -> Tensor:
    """Scaled log mel bands of sound (batch, samples), two frames per STEP."""
    whole = sound.shape[-1] // STEP * STEP
    return (log_mel(sound[..., :whole]).clamp(min=_FLOOR) - _MEAN) / _SCALE


@dataclass(frozen=True)
class ListenerConfig:
    """The network's size."""

    channels: int = 144
    hidden: int = 320
    blocks: int = 5
    kernel: int = 9
    memory: int = 88


class PhoneHead(nn.Module):
    """Scores of phones without and with tone.

    A toned phone scores what the phone and the tone score together: what a tone sounds like is learned once for all
    finals, and not for each of 38.
    """

    of_phone: Tensor
    of_tone: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.plain = nn.Linear(width, len(PLAIN))
        self.tone = nn.Linear(width, len(TONES))
        self.register_buffer("of_phone", torch.tensor(PLAIN_OF_TONED), persistent=False)
        self.register_buffer("of_tone", torch.tensor(TONE_OF_TONED), persistent=False)

    def forward(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """hidden (batch, steps, width) → scores (batch, steps, phones), in the order of PLAIN and of TONED."""
        plain = self.plain(hidden)
        tones = functional.pad(self.tone(hidden), (0, 1))
        return plain, plain[..., self.of_phone] + tones[..., self.of_tone]


class Listener(nn.Module):
    """See the module."""

    def __init__(self, config: ListenerConfig) -> None:
        super().__init__()
        self.config = config
        self.timbre = nn.Conv1d(MEL_BANDS, config.channels, 5, stride=2, padding=2)
        self.tune = nn.Linear(LAGS, config.channels)
        self.line = nn.Linear(LINE, config.channels)
        self.stack = Stack(config.channels, config.hidden, config.blocks, config.kernel)
        self.memory = nn.GRU(config.channels, config.memory, batch_first=True, bidirectional=True)
        self.head = PhoneHead(2 * config.memory)

    def trunk(self, mel: Tensor, picture: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Hidden values per step: (batch, steps, 2 * memory).

        mel (batch, 2 * steps, MEL_BANDS) and picture (batch, steps, LAGS) from `mel_picture` and `pitch_picture`;
        lengths (batch,) are the steps that are real, None when all are.
        """
        steps = picture.shape[1]
        entered = self.timbre(mel.transpose(1, 2)).transpose(1, 2)[:, :steps] + self.tune(picture)
        entered = entered + self.line(pitch_line(picture))
        if lengths is None:
            out: Tensor = self.memory(self.stack(entered))[0]
            return out
        mask = (torch.arange(steps, device=mel.device) < lengths[:, None])[..., None].float()
        return self.remembered(self.stack(entered, mask), lengths)

    def remembered(self, entered: Tensor, lengths: Tensor) -> Tensor:
        """The GRU over rows of several lengths; each row's way back begins at its own end.

        What a packed sequence does, but its gradient takes time by the square of the steps.
        """
        steps = torch.arange(entered.shape[1], device=entered.device)
        inside = steps < lengths[:, None]
        turned = torch.where(inside, lengths[:, None] - 1 - steps, steps)[..., None]
        weights = dict(self.memory.named_parameters())
        start = entered.new_zeros(1, len(entered), self.config.memory)
        ways = []
        for way, rows in (("", entered), ("_reverse", torch.take_along_dim(entered, turned, 1))):
            of_way = tuple(weights[f"{name}_l0{way}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
            ways.append(torch.gru(rows, start, of_way, True, 1, 0.0, False, False, True)[0])
        remembered: Tensor = torch.cat([ways[0], torch.take_along_dim(ways[1], turned, 1)], -1)
        return remembered * inside[..., None]

    def forward(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Scores of the phones without and with tone for sound (batch, samples): (batch, steps, phones) each."""
        scores: tuple[Tensor, Tensor] = self.head(self.trunk(mel_picture(sound), pitch_picture(sound)))
        return scores

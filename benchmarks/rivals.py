"""What the bundled voice is compared with, with random weights: speed does not depend on what they learned.

`hifi_gan_v2`: the generator alone, written from its published configuration. `vits`: the whole model from
`transformers` with its own defaults, which are those of the mms-tts checkpoints.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

MEL_BANDS = 80
_SLOPE = 0.1


class _Residual(nn.Module):
    """HiFi-GAN's residual block: for each dilation two convolutions, the second one undilated."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.wide = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel, dilation=d, padding=d * (kernel - 1) // 2) for d in dilations
        )
        self.plain = nn.ModuleList(nn.Conv1d(channels, channels, kernel, padding=(kernel - 1) // 2) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        for wide, plain in zip(self.wide, self.plain, strict=True):
            inner = wide(functional.leaky_relu(x, _SLOPE))
            x = x + plain(functional.leaky_relu(inner, _SLOPE))
        return x


class HifiGanGenerator(nn.Module):
    """HiFi-GAN's generator, mel (batch, 80, frames) → sound (batch, 1, frames * 256); weight norm already taken off."""

    def __init__(self, first: int) -> None:
        super().__init__()
        rates, kernels = (8, 8, 2, 2), (16, 16, 4, 4)
        self.enter = nn.Conv1d(MEL_BANDS, first, 7, padding=3)
        widths = [first // 2**stage for stage in range(len(rates) + 1)]
        self.up = nn.ModuleList(
            nn.ConvTranspose1d(wide, narrow, kernel, rate, padding=(kernel - rate) // 2)
            for wide, narrow, rate, kernel in zip(widths, widths[1:], rates, kernels, strict=False)
        )
        self.mix = nn.ModuleList(
            nn.ModuleList(_Residual(width, kernel, (1, 3, 5)) for kernel in (3, 7, 11)) for width in widths[1:]
        )
        self.leave = nn.Conv1d(widths[-1], 1, 7, padding=3)

    def forward(self, mel: Tensor) -> Tensor:
        x = self.enter(mel)
        for up, blocks in zip(self.up, self.mix, strict=True):
            x = up(functional.leaky_relu(x, _SLOPE))
            assert isinstance(blocks, nn.ModuleList)
            x = torch.stack([block(x) for block in blocks]).mean(0)
        return torch.tanh(self.leave(functional.leaky_relu(x)))


def hifi_gan_v2() -> HifiGanGenerator:
    """The small configuration V2: 128 channels at the entrance, 0.92 M parameters."""
    return HifiGanGenerator(128).eval().requires_grad_(False)


def parameters(model: nn.Module) -> int:
    """How many weights a model has."""
    return sum(weights.numel() for weights in model.parameters())


def vits(seconds: float) -> tuple[nn.Module, Callable[[], float]] | None:
    """VITS as in mms-tts and a call that speaks for about `seconds` and returns how many; None without transformers.

    With random weights the lengths of tokens are random too: as many tokens are given as make up that time.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    try:
        transformers = importlib.import_module("transformers")  # an optional group, without it there is no comparison
    except ImportError:
        return None
    torch.manual_seed(0)
    config = transformers.VitsConfig()
    model: nn.Module = transformers.VitsModel(config).eval().requires_grad_(False)
    size, rate = int(config.vocab_size), int(config.sampling_rate)

    def speak(tokens: int) -> float:
        torch.manual_seed(1)
        ids = torch.arange(tokens).remainder(size)[None]
        with torch.inference_mode():
            return float(model(input_ids=ids).waveform.shape[-1]) / rate

    tokens = 64
    for _ in range(4):
        tokens = max(1, round(tokens * seconds / speak(tokens)))
    return model, lambda: speak(tokens)

"""The one building block of both networks: a ConvNeXt block over time, fast on a CPU."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class DepthwiseConv(nn.Module):
    """Depthwise convolution over time of (batch, time, channels).

    Done as a channels-last 2-D convolution of height one: on a CPU that is some twenty times faster than Conv1d with
    groups, and the layout needs no copy.
    """

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, 1, 1, kernel) / kernel)
        self.bias = nn.Parameter(torch.zeros(channels))
        self.channels, self.kernel = channels, kernel

    def forward(self, x: Tensor) -> Tensor:
        image = x.transpose(1, 2).unsqueeze(2)
        out = functional.conv2d(image, self.weight, self.bias, padding=(0, self.kernel // 2), groups=self.channels)
        return out.squeeze(2).transpose(1, 2)


class Block(nn.Module):
    """ConvNeXt block: depthwise convolution, layer norm, two linear layers with SiLU between, scaled residual."""

    def __init__(self, channels: int, hidden: int, kernel: int = 7) -> None:
        super().__init__()
        self.mix = DepthwiseConv(channels, kernel)
        self.norm = nn.LayerNorm(channels)
        self.widen = nn.Linear(channels, hidden)
        self.narrow = nn.Linear(hidden, channels)
        self.scale = nn.Parameter(torch.full((channels,), 0.3))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """x is (batch, time, channels); mask (batch, time, 1) is 1 inside an utterance and 0 in its padding."""
        inside = x if mask is None else x * mask
        wide = self.widen(self.norm(self.mix(inside)))
        out = self.narrow(functional.silu(wide, inplace=not torch.is_grad_enabled()))
        return torch.addcmul(inside, self.scale, out)


class Stack(nn.Module):
    """Blocks in a row, closed by a layer norm."""

    def __init__(self, channels: int, hidden: int, count: int, kernel: int = 7) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(channels, hidden, kernel) for _ in range(count))
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        for block in self.blocks:
            x = block(x, mask)
        out: Tensor = self.norm(x)
        return out if mask is None else out * mask

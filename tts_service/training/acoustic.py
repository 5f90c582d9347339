"""Trains the acoustic model: ``python -m tts_service.training.acoustic --minutes 40 --hours 6``.

Durations, pitch and voicing are learned beside the mel bands; the decoder is given the teacher's durations and pitch.
"""

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tts_service.models.acoustic import MEL_SCALE, PITCH_CENTRE, AcousticConfig, AcousticModel, Spread, spread
from tts_service.models.position import FEATURES, positions
from tts_service.models.symbols import TOKENS
from tts_service.training.corpus import WORK, Example, load
from tts_service.training.loop import Loop, device
from tts_service.training.prosody import EMOTIONS, SPEAKERS

_SEED = 7
_POOL = 12  # batches are cut from a pool of this many, sorted by length, so that little is padding
_WINDOW = 128  # frames
_DURATION_WEIGHT, _PITCH_WEIGHT, _VOICING_WEIGHT = 1.0, 3.0, 0.2


def config() -> AcousticConfig:
    """The size that is trained."""
    return AcousticConfig(
        tokens=len(TOKENS),
        speakers=len(SPEAKERS),
        emotions=len(EMOTIONS),
        places=FEATURES,
    )


@dataclass(frozen=True)
class Batch:
    """Examples padded to one size."""

    ids: Tensor
    places: Tensor
    durations: Tensor
    pitch: Tensor
    voiced: Tensor
    mel: Tensor
    speaker: Tensor
    emotion: Tensor
    pace: Tensor


def batch(examples: Sequence[Example], on: torch.device) -> Batch:
    """Pads examples and moves them to a device."""
    tokens, frames = max(len(e.tokens) for e in examples), max(len(e.pitch) for e in examples)

    def padded(arrays: Sequence[np.ndarray], length: int) -> Tensor:
        out = np.zeros((len(arrays), length, *arrays[0].shape[1:]), np.float32)
        for row, array in zip(out, arrays, strict=True):
            row[: len(array)] = array
        return torch.from_numpy(out).to(on)

    return Batch(
        padded([e.tokens for e in examples], tokens).long(),
        padded([positions(e.tokens.tolist()) for e in examples], tokens),
        padded([e.durations for e in examples], tokens),
        padded([np.log(e.pitch) - PITCH_CENTRE for e in examples], frames),
        padded([e.voiced for e in examples], frames),
        padded([e.mel for e in examples], frames),
        torch.tensor([e.speaker for e in examples], device=on),
        functional.one_hot(torch.tensor([e.emotion for e in examples], device=on), len(EMOTIONS)).float(),
        torch.tensor([e.pace for e in examples], dtype=torch.float32, device=on),
    )


def window(over: Spread, starts: Tensor, width: int) -> tuple[Spread, Tensor]:
    """Cuts `width` frames out of each row of a spread, from `starts` (batch,); also returns the frames' indices."""
    index = starts[:, None] + torch.arange(width, device=starts.device)
    wide = index[..., None]
    features = torch.gather(over.features, 1, wide.expand(-1, -1, over.features.shape[-1]))
    mask = torch.ones_like(wide, dtype=torch.float32) if over.mask is None else torch.gather(over.mask, 1, wide)
    return Spread(torch.gather(over.token, 1, index), features, mask), index


def losses(model: AcousticModel, data: Batch, starts: Tensor, width: int) -> dict[str, Tensor]:
    """The weighted losses of a batch: durations of all tokens, the rest on a window of `width` frames of each row.

    Frames of one utterance resemble each other: more utterances with fewer frames teach faster.
    """
    encoded, durations = model.encode(data.ids, data.places, data.speaker, data.emotion, data.pace)
    known = (data.ids != 0).float()
    duration = ((durations - torch.log1p(data.durations)).abs() * known).sum() / known.sum()
    over, index = window(spread(data.durations, data.mel.shape[1]), starts, width)
    true_pitch, voiced = torch.gather(data.pitch, 1, index), torch.gather(data.voiced, 1, index)
    true_mel = torch.gather(data.mel, 1, index[..., None].expand(-1, -1, data.mel.shape[-1]))
    frames = model.expand(encoded, over)
    prosody = model.prosody(frames, over.mask)
    real = torch.ones_like(voiced) if over.mask is None else over.mask.squeeze(-1)
    pitch = ((prosody.pitch - true_pitch).abs() * voiced).sum() / voiced.sum().clamp(min=1.0)
    voicing = functional.binary_cross_entropy_with_logits(prosody.voicing, voiced, weight=real, reduction="sum")
    mel = model.decode(frames, true_pitch, voiced, over.mask)
    error = ((mel - true_mel).abs().mean(-1) * real).sum() / real.sum() / MEL_SCALE
    return {
        "duration": _DURATION_WEIGHT * duration,
        "pitch": _PITCH_WEIGHT * pitch,
        "voicing": _VOICING_WEIGHT * voicing / real.sum(),
        "mel": error,
    }


class Sampler:
    """Batches of similar length, in an order that a seed and the step decide."""

    def __init__(self, examples: Sequence[Example], size: int) -> None:
        self.examples, self.size = examples, size

    def __call__(self, step: int) -> list[Example]:
        chance = random.Random(_SEED * 1_000_003 + step // _POOL)
        pool = [self.examples[chance.randrange(len(self.examples))] for _ in range(self.size * _POOL)]
        pool.sort(key=lambda e: len(e.pitch))
        order = list(range(_POOL))
        chance.shuffle(order)
        at = order[step % _POOL] * self.size
        return pool[at : at + self.size]


def train(work: Path, *, minutes: float, hours: float, size: int, rate: float) -> None:
    """Trains and leaves ``acoustic.pt`` (checkpoint) in the work folder."""
    torch.manual_seed(_SEED)
    on = device()
    model = AcousticModel(config()).to(on)
    print(f"acoustic: {sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters on {on}", flush=True)
    sampler = Sampler(load(work / "corpus", hours), size)

    def step_losses(step: int) -> dict[str, Tensor]:
        examples = sampler(step)
        data = batch(examples, on)
        width = min(_WINDOW, data.mel.shape[1])
        chance = random.Random(step)
        starts = [chance.randrange(max(1, len(e.pitch) - width + 1)) for e in examples]
        return losses(model, data, torch.tensor(starts, device=on), width)

    Loop(model, work / "acoustic.pt", minutes=minutes, rate=rate).run(step_losses)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--work", type=Path, default=WORK)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train(arguments.work, minutes=arguments.minutes, hours=arguments.hours, size=arguments.batch, rate=arguments.rate)


if __name__ == "__main__":
    main()

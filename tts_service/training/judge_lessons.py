"""What the judge learns from: the teacher's sound, made harder, with the phone of every step."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tts_service.models.features import HOP, MEL_BANDS, SAMPLE_RATE
from tts_service.score.judge.network import STEP, levelled, mel_picture, pitch_picture
from tts_service.score.judge.phones import PHONE_OF_TOKEN, TONED
from tts_service.training.channel_vocoder import resynthesised
from tts_service.training.corpus import Example, load_shard

_PHONE_OF_TOKEN = np.array(PHONE_OF_TOKEN)
_FIRST_ENGLISH = next(place for place, phone in enumerate(TONED) if phone.startswith("en:"))
_LOWEST_BAND = -1.4  # the floor of `mel_picture`
_NARROW_BANDS = 48  # from here up a telephone or a 16 kHz file may hold nothing
_RESYNTHESISED = 0.35  # share of the lessons that the channel vocoder makes
_SPEED = 0.08
_SHIFT = 0.15 * SAMPLE_RATE


@dataclass(frozen=True)
class Lesson:
    """One utterance: sound int16, its pitch in Hz and voicing per frame, the phone (a place in TONED, 0 = none) and the
    end (in samples) of each token.
    """

    sound: npt.NDArray[np.int16]
    hertz: npt.NDArray[np.float32]
    voiced: npt.NDArray[np.float32]
    phones: npt.NDArray[np.int64]
    ends: npt.NDArray[np.float64]

    @property
    def english(self) -> bool:
        return bool((self.phones >= _FIRST_ENGLISH).any())


@dataclass(frozen=True)
class Batch:
    """Lessons made harder and padded: features, steps of each, phones one after the other, phones of every step."""

    mel: Tensor
    picture: Tensor
    steps: Tensor
    phones: Tensor
    counts: Tensor
    per_step: Tensor


def lesson(example: Example) -> Lesson:
    """Keeps of an example what the judge needs."""
    phones = _PHONE_OF_TOKEN[example.tokens]
    return Lesson(
        example.sound,
        example.pitch,
        example.voiced,
        phones,
        np.cumsum(example.durations.astype(np.float64)) * HOP,
    )


def read(folder: Path) -> list[Lesson]:
    """Reads all training shards of a corpus; raises FileNotFoundError when there is none."""
    paths = sorted(folder.glob("[0-9][0-9][0-9].npz"))
    if not paths:
        raise FileNotFoundError(f"{folder}: no training shards; make them with python -m tts_service.training.corpus")
    return [lesson(example) for path in paths for example in load_shard(path)]


def _harder(one: Lesson, chance: random.Random) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """The sound resynthesised, at another speed, with silence around it and noise over it; and its tokens' ends."""
    sound = one.sound.astype(np.float32) * np.float32(2**-15)
    if chance.random() < _RESYNTHESISED:
        sound = resynthesised(sound, one.hertz, one.voiced, chance.getrandbits(32))
    ends = one.ends
    if chance.random() < 0.4:
        factor = np.exp(chance.uniform(-_SPEED, _SPEED))
        sound = np.interp(np.arange(0, len(sound) - 1, factor), np.arange(len(sound)), sound).astype(np.float32)
        ends = ends / factor
    before, after = (int(chance.uniform(0, _SHIFT)) for _ in range(2))
    sound = np.pad(sound, (before, after + STEP))
    noise = np.random.default_rng(chance.getrandbits(32)).standard_normal(len(sound), np.float32)
    if chance.random() < 0.3:  # darker noise, as rooms and motors make it
        noise = np.convolve(noise, np.full(8, 0.35, np.float32), "same")
    active = float(np.sqrt(np.mean(np.square(sound[np.abs(sound) > 0.01])))) if np.any(np.abs(sound) > 0.01) else 0.01
    below = chance.uniform(22, 50) if chance.random() < 0.4 else chance.uniform(60, 90)
    return sound + noise * np.float32(active * 10 ** (-below / 20)), ends + before


def _coloured(mel: Tensor, chance: random.Random) -> Tensor:
    """Bends the spectrum of scaled mel bands: tilt, a slow ripple, a missing top."""
    bands = torch.arange(MEL_BANDS) / MEL_BANDS
    if chance.random() < 0.7:
        ripple = torch.cos(2 * torch.pi * (bands * chance.uniform(0.3, 2.0) + chance.random()))
        mel = mel + chance.uniform(-0.25, 0.25) * (bands - 0.3) * 2 + chance.uniform(0, 0.12) * ripple
    if chance.random() < 0.2:
        top = chance.randint(_NARROW_BANDS, MEL_BANDS)
        mel = mel.clone()
        mel[:, top:] = _LOWEST_BAND + 0.1 * torch.rand(len(mel), MEL_BANDS - top)
    return mel


def batch(lessons: Sequence[Lesson], chance: random.Random) -> Batch:
    """Makes lessons harder, each in its own way, and pads them to one length."""
    harder = [_harder(one, chance) for one in lessons]
    steps = [len(sound) // STEP for sound, _ in harder]
    sounds = torch.zeros(len(lessons), max(steps) * STEP)
    per_step = torch.zeros(len(lessons), max(steps), dtype=torch.long)
    for row, (one, (sound, ends)) in enumerate(zip(lessons, harder, strict=True)):
        level = levelled(torch.from_numpy(sound)) * 10 ** (chance.uniform(-3, 3) / 20)
        sounds[row, : steps[row] * STEP] = level[: steps[row] * STEP]
        first = ends[0] - one.ends[0]
        centres = (np.arange(steps[row]) + 0.5) * STEP
        owner = np.searchsorted(ends, centres, side="right")
        inside = (owner < len(ends)) & (centres >= first)
        found = np.where(inside, one.phones[np.minimum(owner, len(ends) - 1)], 0)
        per_step[row, : steps[row]] = torch.from_numpy(found)
    mel = mel_picture(sounds)
    mel = torch.stack([_coloured(one, chance) for one in mel])
    spoken = [one.phones[one.phones > 0] for one in lessons]
    return Batch(
        mel,
        pitch_picture(sounds),
        torch.tensor(steps),
        torch.from_numpy(np.concatenate(spoken)),
        torch.tensor([len(phones) for phones in spoken]),
        per_step,
    )

"""Makes the corpus: ``python -m tts_service.training.corpus --hours 10``.

Shards of a few hundred utterances in the work folder; a shard that is there is not made again. Every shard has its own
seed, so the same command makes the same utterances anywhere; eSpeak's noise differs from run to run. Shard
``dev`` is never trained on.
"""

import argparse
import multiprocessing
import os
import random
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from tts_service.models.features import HOP, SAMPLE_RATE, log_mel
from tts_service.models.symbols import TOKENS
from tts_service.training.pitch import track
from tts_service.training.prosody import EMOTIONS, SPEAKERS
from tts_service.training.teacher import Lesson, Mismatch, level_gain, speak
from tts_service.training.texts import sentence

WORK = Path(__file__).parent / "work"
DEV = "dev"
SHARD_SECONDS = 1800.0
DEV_SECONDS = 720.0
_EMOTION_NAMES, _SPEAKER_NAMES = tuple(EMOTIONS), tuple(SPEAKERS)

_VOICELESS = {"b", "p", "f", "d", "t", "g", "k", "h", "j", "q", "x", "zh", "ch", "sh", "z", "c", "s"} | {
    f"en:{phone}" for phone in ("P", "T", "K", "F", "S", "SH", "CH", "HH", "TH")
}
_MAYBE_VOICED = {f"en:{phone}" for phone in ("B", "D", "DH", "G", "JH", "V", "Z", "ZH")}
_SILENT = {"<sil>", "#1", "#2", "#3", "#4", "#?"}
_AUDIBLE = 0.012


@dataclass(frozen=True)
class Example:
    """One utterance of the corpus, ready for training.

    tokens (tokens,), durations in frames with fractions (tokens,), pitch in Hz per frame (continuous: interpolated
    where nothing is voiced), voiced 0/1 per frame, mel (frames, bands), sound int16; speaker and emotion are indices,
    pace is the logarithm of the factor on durations.
    """

    tokens: npt.NDArray[np.int16]
    durations: npt.NDArray[np.float32]
    pitch: npt.NDArray[np.float32]
    voiced: npt.NDArray[np.float32]
    mel: npt.NDArray[np.float16]
    sound: npt.NDArray[np.int16]
    speaker: int
    emotion: int
    pace: float


def pitch_and_voicing(lesson: Lesson, speaker: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Tracks pitch with what the alignment knows: vowels are voiced, pauses and voiceless consonants are not."""
    frames = len(lesson.sound) // HOP
    ends = np.cumsum(lesson.durations)
    owner = np.minimum(np.searchsorted(ends, np.arange(frames) + 0.5, side="right"), len(ends) - 1)
    names = np.array([TOKENS[token] for token in lesson.tokens])[owner]
    silent = np.isin(names, list(_SILENT | _VOICELESS))
    doubtful = np.isin(names, list(_MAYBE_VOICED))
    level = np.sqrt(np.mean(lesson.sound.reshape(frames, HOP) ** 2, axis=1))
    certain = ~silent & ~doubtful & (level > _AUDIBLE)
    tracked = track(lesson.sound, ~silent, certain, SPEAKERS[speaker].lowest, SPEAKERS[speaker].highest)
    voiced = ~silent & ((tracked > 0) | certain)
    known = np.flatnonzero(tracked > 0)
    if len(known) == 0:
        return np.full(frames, 150.0, np.float32), np.zeros(frames, np.float32)
    pitch = np.exp(np.interp(np.arange(frames), known, np.log(tracked[known])))
    return pitch.astype(np.float32), voiced.astype(np.float32)


def taught(units: Sequence[str], *, speaker: str, emotion: str, pace: float, gain: float) -> Example:
    """Has the teacher speak units: an example. Raises Mismatch where it says something else than it was told."""
    lesson = speak(units, speaker=speaker, emotion=emotion, length=float(np.exp(pace)), gain=gain)
    pitch, voiced = pitch_and_voicing(lesson, speaker)
    mel = log_mel(torch.from_numpy(lesson.sound)[None])[0].numpy()
    sound = np.round(lesson.sound * 32767).astype(np.int16)
    return Example(
        lesson.tokens,
        lesson.durations,
        pitch,
        voiced,
        mel.astype(np.float16),
        sound,
        _SPEAKER_NAMES.index(speaker),
        _EMOTION_NAMES.index(emotion),
        pace,
    )


def example(chance: random.Random, gains: dict[str, float]) -> Example:
    """Draws an utterance, a speaker, an emotion and a pace, and has the teacher speak it."""
    while True:
        units = sentence(chance)
        speaker = chance.choice(_SPEAKER_NAMES)
        emotion = chance.choice((*_EMOTION_NAMES, _EMOTION_NAMES[0]))
        pace = chance.uniform(-0.42, 0.42) if chance.random() < 0.6 else 0.0
        try:
            return taught(units, speaker=speaker, emotion=emotion, pace=pace, gain=gains[speaker])
        except Mismatch:
            continue


def _seed(name: str) -> int:
    return 900_000 if name == DEV else 1_000 + int(name)


def make_shard(folder: Path, name: str, seconds: float) -> None:
    """Makes one shard, aside first and then renamed; does nothing when it is there."""
    path = folder / f"{name}.npz"
    if path.exists():
        return
    chance = random.Random(_seed(name))
    gains = {speaker: level_gain(speaker) for speaker in SPEAKERS}
    examples: list[Example] = []
    total = 0.0
    started = time.monotonic()
    while total < seconds:
        examples.append(example(chance, gains))
        total += len(examples[-1].sound) / SAMPLE_RATE
    arrays = {
        "tokens": np.concatenate([e.tokens for e in examples]),
        "durations": np.concatenate([e.durations for e in examples]),
        "token_counts": np.array([len(e.tokens) for e in examples]),
        "pitch": np.concatenate([e.pitch for e in examples]),
        "voiced": np.concatenate([e.voiced for e in examples]),
        "mel": np.concatenate([e.mel for e in examples]),
        "sound": np.concatenate([e.sound for e in examples]),
        "frame_counts": np.array([len(e.pitch) for e in examples]),
        "speaker": np.array([e.speaker for e in examples]),
        "emotion": np.array([e.emotion for e in examples]),
        "pace": np.array([e.pace for e in examples], np.float32),
    }
    aside = path.with_suffix(".part.npz")
    np.savez(aside, **arrays)  # type: ignore[arg-type]
    aside.rename(path)
    print(
        f"shard {name}: {len(examples)} utterances, {total:.0f} s of speech in {time.monotonic() - started:.0f} s",
        flush=True,
    )


def load_shard(path: Path) -> list[Example]:
    """Reads a shard back."""
    with np.load(path) as file:
        data = {name: file[name] for name in file.files}
    tokens, frames = np.cumsum(data["token_counts"])[:-1], np.cumsum(data["frame_counts"])[:-1]
    columns = zip(
        np.split(data["tokens"], tokens),
        np.split(data["durations"], tokens),
        np.split(data["pitch"], frames),
        np.split(data["voiced"], frames),
        np.split(data["mel"], frames),
        np.split(data["sound"], frames * HOP),
        data["speaker"].tolist(),
        data["emotion"].tolist(),
        data["pace"].tolist(),
        strict=True,
    )
    return [Example(*column) for column in columns]


def load(folder: Path, hours: float) -> list[Example]:
    """Reads the training shards of a corpus of `hours`."""
    return [e for name in shard_names(hours) for e in load_shard(folder / f"{name}.npz")]


def shard_names(hours: float) -> list[str]:
    """Names of the training shards that make up `hours`."""
    return [f"{number:03d}" for number in range(max(1, round(hours * 3600 / SHARD_SECONDS)))]


def make(folder: Path, hours: float) -> None:
    """Makes what is missing of a corpus of `hours` and its dev shard."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    make_shard(folder, DEV, DEV_SECONDS)
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        made = [pool.submit(make_shard, folder, name, SHARD_SECONDS) for name in shard_names(hours)]
        for future in made:
            future.result()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--work", type=Path, default=WORK)
    arguments = parser.parse_args()
    make(arguments.work / "corpus", arguments.hours)


if __name__ == "__main__":
    main()

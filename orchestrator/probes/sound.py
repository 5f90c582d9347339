"""Measuring a sound file, and saying whether it can be speech. Only the child process imports this (numpy)."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from orchestrator.probes.limits import SpeechLimits

MAX_BYTES = 200_000_000
FULL_SCALE = 0.999
_WINDOW_SECONDS = 0.02
_QUIET = 10 ** (-50 / 20)  # -50 dB of full scale


class NoSound(ValueError):
    """The file holds no sound that can be measured."""


@dataclass(frozen=True)
class Sound:
    """A sound's figures, as in `SpeechResult`."""

    seconds: float
    rms: float
    peak: float
    clipped: float
    silence: float
    sample_rate: int


def measure(path: Path) -> Sound:
    """The figures of a sound file. Raises NoSound for what is none, is empty, or holds no numbers."""
    if path.stat().st_size > MAX_BYTES:
        raise NoSound(f"the file is larger than {MAX_BYTES} bytes")
    try:
        samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise NoSound(f"the file is no sound: {error}") from error
    if samples.size == 0:
        raise NoSound("the sound is empty")
    if not np.isfinite(samples).all():
        raise NoSound("the sound holds values that are no numbers")
    sizes = np.abs(samples)
    return Sound(
        seconds=round(len(samples) / rate, 4),
        rms=_rounded(np.sqrt(np.mean(samples**2))),
        peak=_rounded(sizes.max()),
        clipped=_rounded(np.mean(sizes >= FULL_SCALE)),
        silence=_rounded(_silence(samples, rate)),
        sample_rate=int(rate),
    )


def faults(sound: Sound, rtf: float | None, limits: SpeechLimits) -> list[str]:
    """Why this can't be speech, in words with figures; empty when it can."""
    found = []
    if sound.seconds < limits.min_seconds:
        found.append(f"too short: {sound.seconds:.2f} s, at least {limits.min_seconds:g} s")
    if sound.seconds > limits.max_seconds:
        found.append(f"too long: {sound.seconds:.1f} s, at most {limits.max_seconds:g} s")
    if sound.rms < limits.min_rms:
        found.append(f"too quiet: loudness {sound.rms:.4f}, at least {limits.min_rms:g}")
    if sound.peak > limits.max_peak:
        found.append(f"too loud: peak {sound.peak:.3f}, at most {limits.max_peak:g}")
    if sound.clipped > limits.max_clipped:
        found.append(f"clipped: {sound.clipped:.2%} of the samples, at most {limits.max_clipped:.2%}")
    if sound.silence > limits.max_silence:
        found.append(f"silent for {sound.silence:.0%} of the time, at most {limits.max_silence:.0%}")
    if sound.sample_rate < limits.min_sample_rate:
        found.append(f"sample rate {sound.sample_rate} Hz, at least {limits.min_sample_rate} Hz")
    if limits.max_rtf is not None and rtf is not None and rtf > limits.max_rtf:
        found.append(f"too slow: {rtf:.2f} s of computing for a second of sound, at most {limits.max_rtf:g}")
    return found


def keep_as_wav(source: Path, target: Path) -> None:
    """Leaves the sound as a WAV file: as it is where it is one, else as 16 bit. Written aside, then renamed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    with source.open("rb") as file:
        head = file.read(12)
    if head[:4] == b"RIFF" and head[8:] == b"WAVE":
        shutil.copyfile(source, part)
    else:
        samples, rate = soundfile.read(source, dtype="float64", always_2d=True)
        soundfile.write(part, samples, rate, format="WAV", subtype="PCM_16")
    part.replace(target)


def _silence(samples: np.ndarray[Any, np.dtype[np.float64]], rate: int) -> float:
    window = max(1, round(rate * _WINDOW_SECONDS))
    count = max(1, len(samples) // window)
    loudness = [np.sqrt(np.mean(samples[start * window : (start + 1) * window] ** 2)) for start in range(count)]
    return float(np.mean(np.array(loudness) < _QUIET))


def _rounded(value: Any) -> float:
    return round(float(value), 5)

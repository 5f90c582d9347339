"""The teacher: units + speaker + emotion + speed → sound with the exact length of every token.

Wraps eSpeak (`espeak`, `phones`) with our prosody rules (`prosody`), cuts the pauses to length, applies the emotion's
level and tilt, and turns phoneme events into one duration per token.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tts_service.models.features import HOP, SAMPLE_RATE
from tts_service.models.prosody import Delivery, Group, deliver, groups
from tts_service.models.symbols import SILENCE, encode
from tts_service.training.espeak import Phoneme, Utterance, espeak
from tts_service.training.phones import english_phonemes, syllable_phonemes
from tts_service.training.prosody import EMOTIONS, SPEAKERS, pause_seconds

Floats = npt.NDArray[np.floating[Any]]
LEAD_FRAMES = 5
TAIL_FRAMES = 10
_SEMITONES_PER_STEP = 0.177  # eSpeak's P parameter, measured between 30 and 90
_PLAIN_RATE = 190  # eSpeak's words a minute at length 1
_RMS = 0.085  # every speaker's level in voiced speech at 0 dB
_FADE = int(0.012 * SAMPLE_RATE)


class Mismatch(Exception):
    """eSpeak said something else than it was told: the utterance is no use for training."""


@dataclass(frozen=True)
class Lesson:
    """One utterance to learn from.

    ``tokens`` begin and end with silence; ``durations`` are frames of HOP samples per token, with fractions, and add
    up to the length of ``sound`` (float32 in [-1, 1]).
    """

    tokens: npt.NDArray[np.int16]
    durations: Floats
    sound: Floats


def _script(spoken: Sequence[Group], delivery: Sequence[Delivery], speaker: str, emotion: str, length: float) -> str:
    """Writes the utterance for eSpeak: one bracket per group, commands before it, a comma or stop at pauses."""
    feeling, voice = EMOTIONS[emotion], SPEAKERS[speaker]
    parts = [f"\x01{feeling.range}R"]
    for group, how in zip(spoken, delivery, strict=True):
        semitones = voice.semitones + feeling.semitones + how.semitones * (0.5 + feeling.range / 100)
        pitch = int(np.clip(round(50 + semitones / _SEMITONES_PER_STEP), 1, 99))
        rate = int(np.clip(round(_PLAIN_RATE / (length * feeling.length * how.length)), 80, 400))
        level = int(np.clip(round(100 * 10 ** (how.decibel / 20)), 20, 120))
        if group.english:
            body = f"_^_en-us {english_phonemes([unit[3:] for unit in group.units])[1]} _^_cmn"
        else:
            body = syllable_phonemes(group.units[0], full_third=how.full_third)[1]
        parts.append(f"\x01{pitch}P\x01{rate}S\x01{level}A[[{body}]]")
        if group.after in ("#3", "#4", "#?"):
            parts[-1] += "," if group.after == "#3" else "."
    return " ".join(parts)


def _is_pause(phoneme: Phoneme) -> bool:
    return phoneme.mnemonic.startswith(("_", "(")) or phoneme.mnemonic == ""


def _same(heard: str, expected: str) -> bool:
    """Whether eSpeak said what it was told; it may choose a variant of a phoneme, and reads @ before r as 3."""
    return heard[:1] == expected[:1] or (heard, expected) == ("3", "@")


def _stretches(said: Utterance, spoken: Sequence[Group], delivery: Sequence[Delivery]) -> list[list[tuple[int, int]]]:
    """The samples [from, to) of each token of each group, pauses left out; raises Mismatch."""
    ends = [p.start for p in said.phonemes[1:]] + [len(said.samples)]
    sounding = [
        (p.mnemonic.lstrip("',"), p.start, end)
        for p, end in zip(said.phonemes, ends, strict=True)
        if not _is_pause(p) and p.mnemonic != ";"  # a glide that eSpeak puts between English vowels
    ]
    result = []
    place = 0
    for group, how in zip(spoken, delivery, strict=True):
        if group.english:
            expected = english_phonemes([unit[3:] for unit in group.units])[0]
            sizes = [1] * len(expected)
        else:
            expected = syllable_phonemes(group.units[0], full_third=how.full_third)[0]
            tokens = len(encode(group.units))
            sizes = [len(expected)] if tokens == 1 else [1, len(expected) - 1]
        heard = sounding[place : place + len(expected)]
        if len(heard) < len(expected) or not all(_same(h[0], e) for h, e in zip(heard, expected, strict=True)):
            raise Mismatch(f"{group.units}: expected {expected}, heard {[h[0] for h in heard]}")
        at = place
        spans = []
        for size in sizes:
            spans.append((sounding[at][1], sounding[at + size - 1][2]))
            at += size
        result.append(spans)
        place = at
    if place != len(sounding):
        raise Mismatch(f"{len(sounding) - place} phonemes too many")
    return result


def _tilt(sound: Floats, decibel: float) -> Floats:
    """Raises or lowers what lies above 1 kHz, in full from 4 kHz on."""
    if decibel == 0.0:
        return sound
    spectrum = np.fft.rfft(sound)
    frequency = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    ramp = np.clip(np.log2(np.maximum(frequency, 1.0) / 1000) / 2, 0.0, 1.0)
    return np.fft.irfft(spectrum * 10 ** (decibel * ramp / 20), len(sound)).astype(np.float32)


def speak(units: Sequence[str], *, speaker: str, emotion: str, length: float, gain: float = 1.0) -> Lesson:
    """Speaks units as `speaker` (a key of SPEAKERS) with `emotion` (a key of EMOTIONS), all durations times `length`.

    ``gain`` levels the speakers against each other (see `corpus`). Raises Mismatch when eSpeak said something else,
    ValueError for an unknown unit.
    """
    spoken = groups(units)
    delivery = deliver(spoken)
    script = _script(spoken, delivery, speaker, emotion, length)
    said = espeak().say(script, f"cmn-latn-pinyin+{SPEAKERS[speaker].variant}")
    spans = _stretches(said, spoken, delivery)
    source = said.samples.astype(np.float32) / 32768
    feeling = EMOTIONS[emotion]

    pieces: list[Floats] = [np.zeros(LEAD_FRAMES * HOP, np.float32)]
    tokens = [SILENCE]
    edges = [LEAD_FRAMES * HOP]  # where each token ends, in samples of the new sound
    position = edges[0]
    cursor = spans[0][0][0] if spans else 0
    for index, (group, places) in enumerate(zip(spoken, spans, strict=True)):
        tokens += encode(group.units)
        for _, end in places:
            pieces.append(source[cursor:end])
            position += end - cursor
            cursor = end
            edges.append(position)
        if not group.after:
            continue
        tokens += encode([group.after])
        last = index == len(spoken) - 1
        following = len(said.samples) if last else spans[index + 1][0][0]
        pause = 0 if last else int(pause_seconds(group.after, length * feeling.length) * SAMPLE_RATE)
        if group.after == "#1":
            pause = 0
        elif group.after == "#2":
            pieces.append(np.zeros(pause, np.float32))
        else:
            # the tail of the last sound fades into the pause; the silence itself is made to measure
            tail = source[cursor : min(following, cursor + min(_FADE, pause))]
            faded = tail * np.linspace(1, 0, len(tail), dtype=np.float32)
            pieces += [faded, np.zeros(max(pause - len(tail), 0), np.float32)]
            pause = max(pause, len(tail))
            cursor = following
        position += pause
        edges.append(position)
    tail = source[cursor : cursor + _FADE]
    pieces += [tail * np.linspace(1, 0, len(tail), dtype=np.float32), np.zeros(TAIL_FRAMES * HOP, np.float32)]
    tokens.append(SILENCE)
    frames = np.array(edges) / HOP
    total = round(frames[-1]) + TAIL_FRAMES
    sound = np.concatenate(pieces)[: total * HOP]
    sound = np.pad(sound, (0, total * HOP - len(sound)))
    sound = _tilt(sound, feeling.tilt) * (gain * 10 ** (feeling.decibel / 20))
    peak = float(np.max(np.abs(sound), initial=1e-9))
    if peak > 0.95:
        sound = sound * np.float32(0.95 / peak)
    durations = np.diff(np.concatenate([[0], frames, [total]]))
    return Lesson(np.array(tokens, np.int16), durations.astype(np.float32), sound.astype(np.float32))


def level_gain(speaker: str) -> float:
    """The factor that brings a speaker to the common level, measured on one plain sentence."""
    units = ["ni3", "hao3", "#1", "wo3", "men5", "#1", "zai4", "ce4", "shi4", "yu3", "yin1", "#2", "fu2", "wu4", "#4"]
    sound = speak(units, speaker=speaker, emotion="中性", length=1.0).sound
    loud = np.abs(sound) > 0.01
    return float(_RMS / np.sqrt(np.mean(sound[loud] ** 2)))

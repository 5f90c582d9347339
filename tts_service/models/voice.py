"""The bundled voice: units in, sound out."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Required, TypedDict, Unpack

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tts_service.models.acoustic import PITCH_CENTRE, AcousticModel, spread
from tts_service.models.features import HOP, MEL_BANDS
from tts_service.models.int8 import available, quantise
from tts_service.models.position import positions
from tts_service.models.store import ACOUSTIC, VOCODER, VoiceDescription, read_description, read_weights, verify
from tts_service.models.symbols import BOUNDARIES, SILENCE, encode
from tts_service.models.vocoder import Vocoder, per_sample, pulses

Sound = npt.NDArray[np.float32]
SLOWEST: Final = 0.5
FASTEST: Final = 2.0
_TRAINED_PACE: Final = 0.42  # beyond it durations are scaled, see training/corpus.py
CHUNK: Final = 96
"""Frames of an ordinary piece of a stream, about a second."""
_FIRST_CHUNK, _WIDEST_CHUNK = 24, 384
_KNEE, _CEILING = 0.85, 0.99
_SILENT: Final = frozenset([SILENCE, *encode(BOUNDARIES)])
_WIDEST_SHIFT: Final = 12.0
_PAUSE_EDGE = 1  # frames of a pause that still carry the neighbouring sound


class Manner(TypedDict, total=False):
    """How an utterance is said.

    speaker and emotion are names from the voice's `speakers` and `emotions`; instead of one emotion, weights of several
    that add up to one. speed 0.5 to 2 times (1); intensity 0 (neutral) to 1.5 of the emotion (1); semitones -12 to 12
    moves the register (0).
    """

    speaker: Required[str]
    emotion: Required[str | Mapping[str, float]]
    speed: float
    intensity: float
    semitones: float


@dataclass(frozen=True)
class Score:
    """An utterance as the acoustic model sees it, one row per frame (86 a second), ready to be sounded.

    `bands(first, last)` gives the mel bands of a stretch of frames, (1, last - first, bands); they are computed when
    they are asked for, so that a stream needn't wait for the end of the sentence. pitch and voiced (1, frames), open
    (1, frames) is 0 inside pauses; durations holds frames per token.
    """

    bands: Callable[[int, int], Tensor]
    pitch: Tensor
    voiced: Tensor
    open: Tensor
    durations: Tensor

    @property
    def frames(self) -> int:
        return self.pitch.shape[1]


def _limit(sound: Tensor) -> Tensor:
    """A limiter without memory: linear up to the knee, then bent so that the ceiling is never reached."""
    room = _CEILING - _KNEE
    over = (sound.abs() - _KNEE).clamp(min=0.0)
    return torch.where(over > 0, torch.sign(sound) * (_KNEE + room * torch.tanh(over / room)), sound)


class Voice:
    """A loaded voice; safe to use from several threads, it keeps no state between calls."""

    def __init__(
        self,
        description: VoiceDescription,
        acoustic: AcousticModel,
        vocoder: Vocoder,
        device: str,
        precision: str = "float32",
    ) -> None:
        self.acoustic, self.vocoder, self._device = acoustic, vocoder, torch.device(device)
        self.precision = precision
        self.description = description
        self.sample_rate = description.sample_rate
        self.speakers = description.speakers
        self.emotions = description.emotions

    @classmethod
    def load(cls, folder: Path, device: str = "cpu", precision: str | None = None) -> "Voice":
        """Loads and verifies a voice's folder; touches no network.

        `precision` is ``float32`` or, on a CPU, ``int8``: the same sound in three quarters of the time (see `int8`).
        None takes int8 where that is possible.

        Raises VoiceError when a file is missing, altered or made for another version.
        """
        verify(folder)
        description = read_description(folder)
        acoustic, vocoder = AcousticModel(description.acoustic), Vocoder(description.vocoder)
        acoustic.load_state_dict(read_weights(folder / ACOUSTIC))
        vocoder.load_state_dict(read_weights(folder / VOCODER))
        for model in (acoustic, vocoder):
            model.eval().requires_grad_(False).to(device)
        chosen = precision or ("int8" if device == "cpu" and available() else "float32")
        if chosen == "int8":
            quantise(acoustic.decoder)
            quantise(vocoder.stack)
        return cls(description, acoustic, vocoder, device, chosen)

    def _choose(self, kind: str, name: str, known: Sequence[str]) -> int:
        if name not in known:
            raise ValueError(f"unknown {kind} {name[:40]!r}: expected one of {' '.join(known)}")
        return list(known).index(name)

    def _feeling(self, emotion: str | Mapping[str, float], intensity: float) -> Tensor:
        """Weights of the emotions: the first (neutral) and the chosen one share one, unless weights are given."""
        if not 0.0 <= intensity <= 1.5:
            raise ValueError(f"intensity {intensity}: expected 0 to 1.5")
        given = {emotion: 1.0} if isinstance(emotion, str) else emotion
        weights = torch.zeros(len(self.emotions))
        weights[0] = 1.0 - intensity
        for name, weight in given.items():
            weights[self._choose("emotion", name, self.emotions)] += intensity * weight
        return weights.to(self._device)

    @torch.inference_mode()
    def score(self, units: Sequence[str], **manner: Unpack[Manner]) -> Score:
        """Runs the acoustic model only; raises ValueError as `synthesize` does."""
        speaker, emotion = manner["speaker"], manner["emotion"]
        speed, semitones = manner.get("speed", 1.0), manner.get("semitones", 0.0)
        if not units:
            raise ValueError("nothing to say: no units")
        if not SLOWEST <= speed <= FASTEST:  # also refuses NaN
            raise ValueError(f"speed {speed}: expected {SLOWEST} to {FASTEST}")
        if not -_WIDEST_SHIFT <= semitones <= _WIDEST_SHIFT:
            raise ValueError(f"semitones {semitones}: expected -{_WIDEST_SHIFT:g} to {_WIDEST_SHIFT:g}")
        spoken = [SILENCE, *encode(units), SILENCE]
        who = torch.tensor([self._choose("speaker", speaker, self.speakers)], device=self._device)
        feeling = self._feeling(emotion, manner.get("intensity", 1.0))[None]
        wanted = -math.log(speed)
        pace = min(max(wanted, -_TRAINED_PACE), _TRAINED_PACE)

        ids = torch.tensor([spoken], device=self._device)
        places = torch.from_numpy(positions(spoken))[None].to(self._device)
        encoded, logarithms = self.acoustic.encode(ids, places, who, feeling, torch.tensor([pace], device=self._device))
        durations = torch.expm1(logarithms).clamp(min=0.0) * math.exp(wanted - pace)
        over = spread(durations)
        frames = self.acoustic.expand(encoded, over)
        prosody = self.acoustic.prosody(frames, over.mask)

        owner = over.token[0].cpu().numpy()
        silent = np.array([token in _SILENT for token in spoken])[owner]
        voiced = (prosody.voicing[0].cpu().numpy() > 0) & ~silent
        pitch = prosody.pitch[0].cpu().numpy() + semitones * math.log(2) / 12
        if voiced.any():
            # between voiced stretches the pitch runs straight, as it did in training
            pitch = np.interp(np.arange(len(pitch)), np.flatnonzero(voiced), pitch[voiced])
        gate = np.ones(len(owner), np.float32)
        gate[_PAUSE_EDGE:-_PAUSE_EDGE] = ~(silent[2:] & silent[1:-1] & silent[:-2])
        gate[0] = gate[-1] = 0.0
        tune, sung, opened = (
            torch.from_numpy(x.astype(np.float32))[None].to(self._device) for x in (pitch, voiced, gate)
        )
        context = self.acoustic.config.context

        def bands(first: int, last: int) -> Tensor:
            begin, end = max(first - context, 0), min(last + context, frames.shape[1])
            mel = self.acoustic.decode(frames[:, begin:end], tune[:, begin:end], sung[:, begin:end], None)
            return mel[:, first - begin : last - begin]

        return Score(bands, tune, sung, opened, durations[0])

    @torch.inference_mode()
    def sound(self, score: Score, *, seed: int = 0, chunk: int | None = None) -> Iterator[Sound]:
        """Sounds a score in pieces that join without a seam: a short first one, then from `chunk` frames on ever longer
        ones, since every piece computes its surroundings again; None = in one.
        """
        train = pulses(score.pitch, score.voiced)
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(train.shape, generator=generator).to(self._device)
        gate = (2 * per_sample(score.open) - 1).clamp(min=0.0)  # shut from the first to the last sample of a shut frame
        context = self.vocoder.config.context
        mel = score.pitch.new_zeros(1, 0, MEL_BANDS)
        begin, size = 0, score.frames if chunk is None else min(_FIRST_CHUNK, chunk)
        while begin < score.frames:
            end = min(begin + size, score.frames)
            size = min(2 * size, _WIDEST_CHUNK) if begin else chunk or size
            first, last = max(begin - context, 0), min(end + context, score.frames)
            frames, samples = slice(first, last), slice(first * HOP, last * HOP)
            mel = torch.cat([mel, score.bands(mel.shape[1], last)], 1)
            made = self.vocoder.shape(
                mel[:, frames],
                score.pitch[:, frames],
                score.voiced[:, frames],
                train[:, samples],
                noise[:, samples],
            )
            inner = slice((begin - first) * HOP, (end - first) * HOP)
            piece = _limit(made[0, inner] * gate[0, begin * HOP : end * HOP])
            yield piece.cpu().numpy()
            begin = end

    @torch.inference_mode()
    def copy(
        self, mel: npt.NDArray[np.floating], hertz: npt.NDArray[np.floating], voiced: npt.NDArray[np.floating]
    ) -> Sound:
        """Sounds given mel bands (frames, bands), pitch in Hz and voicing (frames,): what the vocoder alone can do."""
        bands = torch.from_numpy(mel.astype(np.float32))[None].to(self._device)
        pitch = torch.from_numpy(np.log(hertz).astype(np.float32) - PITCH_CENTRE)[None].to(self._device)
        gate = torch.from_numpy(voiced.astype(np.float32))[None].to(self._device)
        made: Sound = _limit(self.vocoder(bands, pitch, gate))[0].cpu().numpy()
        return made

    def synthesize(self, units: Sequence[str], *, seed: int = 0, **manner: Unpack[Manner]) -> Sound:
        """Speaks one utterance: mono float32 in [-1, 1] at `sample_rate`.

        units as in `symbols`; seed decides the noise, the same arguments give the same sound. Raises ValueError for
        anything unknown or out of range.
        """
        return next(self.sound(self.score(units, **manner), seed=seed))

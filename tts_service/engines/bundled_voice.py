"""The bundled voice, loaded and short of nothing: what it computes with changes when memory runs out."""

import contextlib
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from tts_service.engines.base import SynthesisRequest
from tts_service.engines.emotions import voice_weights
from tts_service.engines.ladder import FREED, HALVED, ON_CPU, SHORTER, Ladder
from tts_service.engines.segments import segments
from tts_service.matching.matcher import Matcher
from tts_service.models.voice import CHUNK, Voice

Samples = NDArray[np.float32]


class LoadedVoice:
    """A voice from its folder, on `device` (``cpu`` or ``cuda``); only the thread that computes calls `sounds`.

    `low_memory` starts on a lower rung of the ladder: short segments, and half precision on a GPU. Raises VoiceError.
    """

    def __init__(
        self, folder: Path, device: str, *, low_memory: bool = False, say: Callable[[str], None] = print
    ) -> None:
        self._folder, self.device = folder, device
        self.voice = Voice.load(folder, device)
        self.matcher = Matcher(self.voice)
        effects: dict[str, Callable[[], None]] = {FREED: _free, SHORTER: lambda: None}
        if device == "cuda":
            effects |= {HALVED: lambda: halve(self.voice), ON_CPU: self._to_cpu}
        standing = [step for step in (SHORTER, HALVED) if low_memory and step in effects]
        for step in standing:
            effects[step]()
        self._ladder = Ladder(effects, standing=standing, say=say)

    @property
    def precision(self) -> str:
        """``int8`` on most CPUs, else ``float32``; ``float16`` where half precision is in effect."""
        return "float16" if self._halved else self.voice.precision

    @property
    def measures(self) -> tuple[str, ...]:
        """What was done since loading because memory ran out."""
        return self._ladder.measures

    def sounds(self, units: Sequence[str], request: SynthesisRequest, taken: list[str]) -> Iterator[Samples]:
        """Speaks a sentence in pieces. When memory runs out, `taken` receives what was done, and it is spoken on from
        where it was. Raises EngineFailed when nothing is left to do.
        """
        sent = 0
        while True:
            try:
                for piece in _behind(self._attempt(units, request), sent):
                    sent += len(piece)
                    yield piece
                return
            except (RuntimeError, MemoryError) as error:
                problem: Exception = error
            self._ladder.take(problem, taken)  # outside the handler, which would keep the failed attempt alive

    @property
    def _halved(self) -> bool:
        return self.device == "cuda" and HALVED in self._ladder

    def _attempt(self, units: Sequence[str], request: SynthesisRequest) -> Iterator[Samples]:
        feeling = voice_weights(request, self.voice.emotions)
        for part in segments(units) if SHORTER in self._ladder else [units]:
            pieces = self._spoken(part, request, feeling)
            while True:
                with self._precision():  # not around the yield: other requests compute in between
                    piece = next(pieces, None)
                if piece is None:
                    break
                yield piece

    def _spoken(
        self, units: Sequence[str], request: SynthesisRequest, feeling: Mapping[str, float]
    ) -> Iterator[Samples]:
        if request.reference is not None:
            yield from self.matcher.stream(
                request.reference, units, emotion=feeling, speed=request.speed, seed=request.seed
            )
            return
        score = self.voice.score(units, speaker=request.voice or "", emotion=feeling, speed=request.speed)
        yield from self.voice.sound(score, seed=request.seed, chunk=CHUNK)

    def _precision(self) -> contextlib.AbstractContextManager[object]:
        return torch.autocast("cuda", dtype=torch.float16) if self._halved else contextlib.nullcontext()

    def _to_cpu(self) -> None:
        self.voice = Voice.load(self._folder, "cpu")
        self.matcher = Matcher(self.voice)
        self.device = "cpu"
        _free()


def halve(voice: Voice) -> None:
    """Prepares a voice for autocast: behind its last layer the vocoder computes with complex numbers, which half
    precision isn't made for.
    """
    voice.vocoder.leave.register_forward_hook(lambda layer, given, made: made.float())


def _behind(pieces: Iterator[Samples], samples: int) -> Iterator[Samples]:
    """The pieces without the first `samples`, which were heard already."""
    for piece in pieces:
        rest = piece[samples:]
        samples = max(0, samples - len(piece))
        if len(rest):
            yield rest


def _free() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()

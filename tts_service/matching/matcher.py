"""A loaded voice that matches: profiles of its speakers, made when the first recording comes, and the bending."""

import functools
import math
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from tts_service.engines.base import EngineFailed, Reference
from tts_service.matching.match import VoiceMatch, match, warping
from tts_service.matching.profile import DECIBEL, Profile, profile
from tts_service.models.features import LOG_FLOOR
from tts_service.models.voice import CHUNK, FASTEST, SLOWEST, Score, Voice

_REMEMBERED: Final = 64

# 今天天气不错，我们一起去公园散步吧。服务器昨晚已经升级完毕，大家可以放心。
_SAID: Final = (
    "jin1 tian1 tian1 qi4 #1 bu2 cuo4 #3 wo3 men5 #1 yi4 qi3 #1 qu4 #2 gong1 yuan2 #1 san4 bu4 #1 ba5 #4",
    "fu2 wu4 qi4 #1 zuo2 wan3 #2 yi3 jing1 #1 sheng1 ji2 #1 wan2 bi4 #3 da4 jia1 #1 ke2 yi3 #2 fang4 xin1 #4",
)


class Matcher:
    """Finds and remembers matches for one voice; safe to call from several threads."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._lock = threading.Lock()
        self._profiles: dict[str, Profile] = {}
        self._known: OrderedDict[str, VoiceMatch] = OrderedDict()

    def match(self, reference: Reference) -> VoiceMatch:
        """Gives the match for a recording. The first call measures all speakers, which takes some seconds.

        Raises RequestRefused for a recording that nothing can be matched to, EngineFailed for a broken voice.
        """
        with self._lock:
            if not reference.path.exists():  # deleted since, perhaps because the consent was withdrawn
                self._known.pop(reference.sha256, None)
            if reference.sha256 not in self._known:
                if not self._profiles:
                    self._profiles = {name: self._measured(name) for name in self._voice.speakers}
                self._known[reference.sha256] = match(reference, self._profiles)
                if len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
            return self._known[reference.sha256]

    def stream(
        self, reference: Reference, units: Sequence[str], *, emotion: str | Mapping[str, float], speed: float, seed: int
    ) -> Iterator[npt.NDArray[np.float32]]:
        """Speaks with the matched voice, in pieces; the arguments are those of `Voice.score` and `Voice.sound`."""
        found = self.match(reference)
        score = self._voice.score(
            units,
            speaker=found.voice,
            emotion=emotion,
            speed=min(max(speed * found.speed, SLOWEST), FASTEST),
            semitones=found.semitones,
        )
        yield from self._voice.sound(bend(score, found), seed=seed, chunk=CHUNK)

    def _measured(self, speaker: str) -> Profile:
        spoken = [self._said(units, speaker) for units in _SAID]
        measured = profile(np.concatenate(spoken))
        if measured is None:
            raise EngineFailed(f"the voice {speaker} can't be measured: nothing in its speech has a pitch")
        return measured

    def _said(self, units: str, speaker: str) -> npt.NDArray[np.float32]:
        return self._voice.synthesize(units.split(), speaker=speaker, emotion=self._voice.emotions[0])


def bend(score: Score, found: VoiceMatch) -> Score:
    """The score with the formants and the colour of the match; frame by frame, so it streams like any other."""
    matrix, gains = _bending(found)

    def bands(first: int, last: int) -> torch.Tensor:
        mel = score.bands(first, last)
        return (mel @ matrix.to(mel.device) + gains.to(mel.device)).clamp(min=math.log(LOG_FLOOR))

    return replace(score, bands=bands)


@functools.lru_cache(maxsize=8)
def _bending(found: VoiceMatch) -> tuple[torch.Tensor, torch.Tensor]:
    gains = np.asarray(found.gains) / DECIBEL
    return torch.from_numpy(warping(found.warp).T.copy()), torch.from_numpy(gains.astype(np.float32))

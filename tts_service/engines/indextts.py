"""IndexTTS2 and 2.5 as an engine: in their own process and environment, spoken to over HTTP, never imported.

It clones the voice of a recording. Without one there is no voice: the operator provides some (`indextts_voices`), users
bring theirs with a declaration. What it can't do like the bundled engine: a seed has no effect, and version 2 has one
speed.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tts_service.engines.base import (
    Capabilities,
    EngineFailed,
    Health,
    Reference,
    RequestRefused,
    Speech,
    SpeechStream,
    SynthesisRequest,
)
from tts_service.engines.emotions import MIXTURES, emotion_vector
from tts_service.engines.indextts_text import script
from tts_service.engines.indextts_upstream import IndexTTSSettings, Sound, Upstream, Utterance
from tts_service.engines.indextts_voices import OWN, no_reference, provided_voices
from tts_service.text.lexicon import Lexicon, LexiconProblem

SAMPLE_RATE: Final = 22050
_WHOLE: Final = 200
"""Characters of one call, cut at the end of a sentence: a failure then costs one call."""
_STREAMED: Final = 80
_BETWEEN: Final = 0.2
"""Seconds of silence between two calls' sounds, as IndexTTS puts between its own segments."""


class IndexTTSEngine:
    """Speaks with IndexTTS2 or 2.5, one call at a time, in the voice of a recording."""

    name = "indextts"

    def __init__(self, shared: Path, settings: IndexTTSSettings, *, say: Callable[[str], None] = print) -> None:
        self._shared, self._settings, self._say = shared, settings, say
        self._upstream = Upstream(shared, settings, say)
        self._lexicon = Lexicon()
        self._voices: dict[str, Reference] = {}
        self._prepared = False

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``; ``unknown`` for a page that somebody else runs: it doesn't tell."""
        return self._upstream.device

    @property
    def capabilities(self) -> Capabilities:
        """The voices are those of the operator's recordings, then `OWN`; version 2 has the one speed."""
        offered = Capabilities((*self._voices, OWN), tuple(MIXTURES), SAMPLE_RATE, cloning=True)
        return offered if self._upstream.paced else replace(offered, slowest=1.0, fastest=1.0)

    def prepare(self) -> None:
        """Reads lexicon and voices, without IndexTTS; raises EngineFailed for a lexicon line that can't be used."""
        self.reload_lexicon()
        if self._settings.voices:
            self._voices = provided_voices(self._settings.voices, self._shared, self._say)
        if not self._voices:
            self._say("IndexTTS has no voice of the operator's: only requests with a reference recording can be spoken")
        self._prepared = True

    def load(self) -> None:
        """Reads lexicon and voices, starts the process where there is a checkout, and asks the page for its inputs.

        Takes as long as IndexTTS loads (a minute or more). Raises EngineFailed.
        """
        if not self._prepared:
            self.prepare()
        form = self._upstream.connect()
        self._say(f"IndexTTS {form.version} answers at {self._upstream.url}")

    def reload_lexicon(self) -> None:
        """Reads the user's lexicon again; raises EngineFailed for a line that can't be used, the one before stays."""
        try:
            self._lexicon = Lexicon.load(self._shared / "lexicon.txt")
        except LexiconProblem as error:
            raise EngineFailed(str(error)) from error

    def close(self) -> None:
        """Ends the process, if it is ours."""
        self._upstream.close()

    def health(self) -> Health:
        """Tells how it is, within 3 s and without speaking; a process of ours that has died is started again."""
        return self._upstream.health()

    def synthesize(self, request: SynthesisRequest) -> Speech:
        """Speaks. Refuses a request without a voice to take; raises EngineFailed with cause and remedy."""
        request, said = self._read(request)
        taken: list[str] = []
        sounds = list(self._upstream.calls(said, _WHOLE, taken))
        return Speech(
            samples=_joined(sounds),
            sample_rate=sounds[0].rate,
            compute_seconds=sum(sound.seconds for sound in sounds),
            text=said.text.written,
            voice=request.voice or OWN,
            emotion=request.emotion or "",
            speed=request.speed,
            unreadable=said.text.unreadable,
            measures=tuple(taken),
            engine=self.name,
            reference=said.reference,
        )

    def stream(self, request: SynthesisRequest) -> SpeechStream:
        """Speaks sentence by sentence: IndexTTS gives a sound when it is whole, so a piece is a call."""
        request, said = self._read(request)
        taken: list[str] = []
        return SpeechStream(
            chunks=self._chunks(said, taken),
            sample_rate=SAMPLE_RATE,
            text=said.text.written,
            voice=request.voice or OWN,
            emotion=request.emotion or "",
            speed=request.speed,
            unreadable=said.text.unreadable,
            measures=taken,
            engine=self.name,
            reference=said.reference,
        )

    def _read(self, request: SynthesisRequest) -> tuple[SynthesisRequest, Utterance]:
        if request.reference is not None:
            request = replace(request, voice=OWN)
        if not self._upstream.paced and request.speed != 1.0:
            raise RequestRefused(
                "IndexTTS 2 只有一种语速：请把语速设为 1，或使用 2.5 版。",
                "IndexTTS 2 has one speed: set it to 1, or use version 2.5.",
                "speed",
            )
        request = request.checked(self.capabilities)
        reference = request.reference or self._voices.get(request.voice or "")
        if reference is None:
            raise no_reference()
        return request, Utterance(
            script(request.text, self._lexicon), emotion_vector(request), request.speed, reference
        )

    def _chunks(self, said: Utterance, taken: list[str]) -> Iterator[NDArray[np.float32]]:
        for index, sound in enumerate(self._upstream.calls(said, _STREAMED, taken)):
            if sound.rate != SAMPLE_RATE:
                raise EngineFailed(f"IndexTTS's sound has {sound.rate} Hz, {SAMPLE_RATE} Hz were promised")
            if index:
                yield np.zeros(int(_BETWEEN * sound.rate), np.float32)
            yield sound.samples


def _joined(sounds: list[Sound]) -> NDArray[np.float32]:
    silence = np.zeros(int(_BETWEEN * sounds[0].rate), np.float32)
    return np.concatenate([part for sound in sounds for part in (silence, sound.samples)][1:])

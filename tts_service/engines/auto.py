"""The engine ``auto``: IndexTTS while it is well, else the bundled one; every answer says which of them spoke."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from tts_service.engines.base import (
    Capabilities,
    Engine,
    EngineFailed,
    Health,
    Speech,
    SpeechStream,
    SynthesisRequest,
)
from tts_service.engines.emotions import emotion_vector
from tts_service.engines.indextts_voices import OWN, no_reference

FRESH: Final = 5.0
"""Seconds for which the first engine's health counts as known."""


class LexiconEngine(Engine, Protocol):
    """An engine that reads the user's lexicon."""

    def reload_lexicon(self) -> None:
        """Reads it again; raises EngineFailed."""
        ...


class FirstEngine(LexiconEngine, Protocol):
    """An engine that loads slowly and may have a process of its own."""

    def prepare(self) -> None:
        """Makes its capabilities known, quickly; raises EngineFailed."""
        ...

    def close(self) -> None:
        """Ends what it has started."""
        ...


class AutoEngine:
    """Lets `first` speak what it can while it is well, else `second`, which must always be there.

    It is decided for each request. A request that names a voice of `second` goes there. When `first` fails while it
    speaks, `second` says the whole text, unless part of it was already handed out. What `second` has no name for is
    turned into what comes nearest: its first voice, a vector for the emotion; a reference recording goes over only
    where `second` can at least match it. `first` loads in the background.
    """

    name = "auto"

    def __init__(
        self,
        first: FirstEngine,
        second: LexiconEngine,
        *,
        fresh: float = FRESH,
        clock: Callable[[], float] = time.monotonic,
        say: Callable[[str], None] = print,
    ) -> None:
        self._first, self._second = first, second
        self._fresh, self._clock, self._say = fresh, clock, say
        self._asking = threading.Lock()
        self._known: tuple[float, str] | None = None
        self._loading: threading.Thread | None = None

    @property
    def device(self) -> str:
        """That of the engine which would speak, as far as that is known: nothing is asked for it."""
        known = self._known
        return self._first.device if known is not None and not known[1] else self._second.device

    @property
    def capabilities(self) -> Capabilities:
        """What at least one of the two can do."""
        first, second = self._first.capabilities, self._second.capabilities
        provided = [voice for voice in first.voices if voice != OWN]
        return Capabilities(
            voices=(*dict.fromkeys((*provided, *second.voices)), OWN),
            emotions=tuple(dict.fromkeys((*second.emotions, *first.emotions))),
            sample_rate=second.sample_rate,
            slowest=min(first.slowest, second.slowest),
            fastest=max(first.fastest, second.fastest),
            longest_text=max(first.longest_text, second.longest_text),
            cloning=first.cloning,
            matching=second.matching,
        )

    def load(self) -> None:
        """Loads the second engine, and begins to load the first. Raises EngineFailed for what would fail the second."""
        self._first.prepare()
        self._second.load()
        self._loading = threading.Thread(target=self._load_first, name="first-engine", daemon=True)
        self._loading.start()

    def loaded(self, timeout: float | None = None) -> bool:
        """Waits until loading the first engine has ended, well or not; False after `timeout` seconds."""
        if self._loading is not None:
            self._loading.join(timeout)
            return not self._loading.is_alive()
        return False

    def health(self) -> Health:
        """The health of the engine which would speak now; `detail` says why the first can't, where the second does."""
        why_not = self._why_not()
        if not why_not:
            return self._first.health()
        health = self._second.health()
        return replace(health, detail=health.detail or f"{self._second.name} speaks: {why_not}")

    def synthesize(self, request: SynthesisRequest) -> Speech:
        """Speaks; `engine` of the answer says who did, and `note` why it wasn't the first."""
        why_not = self._unfit(request)
        if not why_not:
            try:
                return replace(self._first.synthesize(request), engine=self._first.name)
            except EngineFailed as failed:
                why_not = self._failed(failed)
        speech = self._second.synthesize(self._translated(request, why_not))
        return replace(speech, engine=self._second.name, note=why_not, emotion=request.emotion or speech.emotion)

    def stream(self, request: SynthesisRequest) -> SpeechStream:
        """Speaks in pieces. The first piece is made before this returns: until then the second can still take over."""
        why_not = self._unfit(request)
        if not why_not:
            try:
                stream = self._first.stream(request)
                beginning = next(stream.chunks, None)
            except EngineFailed as failed:
                why_not = self._failed(failed)
            else:
                return replace(stream, engine=self._first.name, chunks=_continued(beginning, stream.chunks))
        stream = self._second.stream(self._translated(request, why_not))
        return replace(stream, engine=self._second.name, note=why_not, emotion=request.emotion or stream.emotion)

    def reload_lexicon(self) -> None:
        """Reads the user's lexicon again, for both; raises EngineFailed for a line that can't be used."""
        self._second.reload_lexicon()
        self._first.reload_lexicon()

    def close(self) -> None:
        """Ends what the first engine has started."""
        self._first.close()

    def _load_first(self) -> None:
        try:
            self._first.load()
        except EngineFailed as failed:
            self._say(f"{self._first.name}: {failed}")
        with self._asking:
            self._known = None

    def _unfit(self, request: SynthesisRequest) -> str:
        """Why the first engine won't speak this, "" if it will. Raises RequestRefused for what neither can do."""
        checked = request.checked(self.capabilities)
        first, second = self._first.capabilities, self._second.capabilities
        named = request.voice or ""
        if request.reference is None:
            if named == OWN:
                raise no_reference()
            if named in second.voices and named not in first.voices:
                return f"the voice belongs to {self._second.name}"
            if not named and first.voices[0] == OWN:
                return f"{self._first.name} has no voice of the operator's"
            if not first.slowest <= checked.speed <= first.fastest:
                return f"{self._first.name} can't speak at this speed"
        return self._why_not()

    def _translated(self, request: SynthesisRequest, why_not: str) -> SynthesisRequest:
        """The request in the second engine's words."""
        second = self._second.capabilities
        if request.reference is not None and not second.matching:
            raise EngineFailed(f"a reference recording needs {self._first.name}, which can't speak now: {why_not}")
        if request.voice and request.voice not in second.voices:
            request = replace(request, voice=None)
        if request.emotion and request.emotion not in second.emotions and request.vector is None:
            request = replace(request, vector=emotion_vector(request))
        return replace(request, emotion=request.emotion if request.emotion in second.emotions else None)

    def _why_not(self) -> str:
        """The first engine's complaint, "" when it is well; asked at most every few seconds, and by one at a time."""
        with self._asking:
            if self._known is None or self._clock() - self._known[0] >= self._fresh:
                if self._loading is not None and self._loading.is_alive():
                    self._known = (self._clock(), f"{self._first.name} is being loaded")
                else:
                    health = self._first.health()
                    self._known = (
                        self._clock(),
                        "" if health.ok else health.detail or f"{self._first.name} is not well",
                    )
            return self._known[1]

    def _failed(self, failed: EngineFailed) -> str:
        self._say(f"{self._first.name} failed, {self._second.name} speaks: {failed}")
        with self._asking:
            self._known = None
        return str(failed)


def _continued(
    beginning: NDArray[np.float32] | None, rest: Iterator[NDArray[np.float32]]
) -> Iterator[NDArray[np.float32]]:
    if beginning is not None:
        yield beginning
        yield from rest

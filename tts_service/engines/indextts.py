"""IndexTTS2 and 2.5 as an engine: in their own process and environment, spoken to over HTTP, never imported.

It clones the voice of a recording. Without one there is no voice: the operator provides some (`indextts_voices`), users
bring theirs with a declaration. What it can't do like the bundled engine: a seed has no effect, and version 2 has one
speed.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
from tts_service.engines.indextts_app import IndexTTSApp
from tts_service.engines.indextts_failures import Kind, UpstreamFailed, explain
from tts_service.engines.indextts_form import Form, Order
from tts_service.engines.indextts_process import Checkout, Worker
from tts_service.engines.indextts_text import Script, script
from tts_service.engines.indextts_voices import OWN, no_reference, provided_voices
from tts_service.text.lexicon import Lexicon, LexiconProblem

SAMPLE_RATE: Final = 22050
SHORT: Final = 40
"""Characters of one call when memory is short."""
_WHOLE: Final = 200
"""Characters of one call otherwise, cut at the end of a sentence: a failure then costs one call."""
_STREAMED: Final = 80
FREED: Final = "freed cache"
SHORTER: Final = "short segments"
HALVED: Final = "half precision"
_BETWEEN: Final = 0.2
"""Seconds of silence between two calls' sounds, as IndexTTS puts between its own segments."""
_PER_CHARACTER: Final = 0.6
_HEALTH_WAIT: Final = 3.0
_STUCK_FOR: Final = 60.0
"""Seconds for which a page that didn't come to an end counts as ill: whoever asks would wait again."""


@dataclass(frozen=True)
class IndexTTSSettings:
    """Where IndexTTS is: the page's `url`, or a `checkout` that is started and ended with the service.

    `voices` is the folder of the operator's recordings. `patience` in seconds is what one call may take, plus 0.6 s for
    each character; `loading` what a start may take.
    """

    url: str = ""
    checkout: Checkout | None = None
    voices: Path | None = None
    low_memory: bool = False
    patience: float = 180.0
    loading: float = 1200.0


@dataclass(frozen=True)
class _Call:
    """One call's sound, and the seconds that it took."""

    samples: NDArray[np.float32]
    rate: int
    seconds: float


class IndexTTSEngine:
    """Speaks with IndexTTS2 or 2.5, one call at a time.

    When memory runs out it goes down a ladder and stays there: a fresh process (its memory is never given back
    otherwise) with texts of at most 40 characters, then half precision, then it gives up. At a page that somebody else
    runs it can only shorten the texts.
    """

    name = "indextts"

    def __init__(self, shared: Path, settings: IndexTTSSettings, *, say: Callable[[str], None] = print) -> None:
        if bool(settings.url) == (settings.checkout is not None):
            raise EngineFailed("IndexTTS needs either the address of its page or the folder of its checkout")
        self._shared, self._settings, self._say = shared, settings, say
        self._worker = (
            Worker(settings.checkout, shared, patience=settings.loading, say=say) if settings.checkout else None
        )
        self._url = settings.url
        self._lexicon = Lexicon()
        self._voices: dict[str, Reference] = {}
        self._form: Form | None = None
        self._turn = threading.Lock()
        self._longest = SHORT if settings.low_memory else _WHOLE
        self._measures: tuple[str, ...] = ()
        self._stuck_until = 0.0

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``; ``unknown`` for a page that somebody else runs: it doesn't tell."""
        return self._worker.device if self._worker else "unknown"

    @property
    def capabilities(self) -> Capabilities:
        """The voices are those of the operator's recordings, then `OWN`; version 2 has the one speed."""
        paced = self._form is None or self._form.paced
        return Capabilities(
            (*self._voices, OWN),
            tuple(MIXTURES),
            SAMPLE_RATE,
            slowest=0.5 if paced else 1.0,
            fastest=2.0 if paced else 1.0,
            cloning=True,
        )

    def prepare(self) -> None:
        """Reads lexicon and voices, without IndexTTS; raises EngineFailed for a lexicon line that can't be used."""
        self.reload_lexicon()
        if self._settings.voices:
            self._voices = provided_voices(self._settings.voices, self._shared, self._say)
        if not self._voices:
            self._say("IndexTTS has no voice of the operator's: only requests with a reference recording can be spoken")

    def load(self) -> None:
        """Reads lexicon and voices, starts the process where there is a checkout, and asks the page for its inputs.

        Takes as long as IndexTTS loads (a minute or more). Raises EngineFailed.
        """
        self.prepare()
        with self._turn:
            form = self._connect()
        self._say(f"IndexTTS {form.version} answers at {self._url}")

    def reload_lexicon(self) -> None:
        """Reads the user's lexicon again; raises EngineFailed for a line that can't be used, the one before stays."""
        try:
            self._lexicon = Lexicon.load(self._shared / "lexicon.txt")
        except LexiconProblem as error:
            raise EngineFailed(str(error)) from error

    def close(self) -> None:
        """Ends the process, if it is ours."""
        if self._worker:
            self._worker.close()

    def health(self) -> Health:
        """Asks the page for its inputs, at most 3 s, without speaking. A process of ours that has died is started again
        in the background.
        """
        detail = self._detail()
        precision = self._worker.precision if self._worker else "unknown"
        return Health(not detail, detail, self.device, precision, self._measures)

    def synthesize(self, request: SynthesisRequest) -> Speech:
        """Speaks. Refuses a request without a voice to take; raises EngineFailed with cause and remedy."""
        request, text, reference = self._read(request)
        taken: list[str] = []
        calls = list(self._calls(text, request, reference, self._longest, taken))
        return Speech(
            samples=_joined(calls),
            sample_rate=calls[0].rate,
            compute_seconds=sum(call.seconds for call in calls),
            text=text.written,
            voice=request.voice or OWN,
            emotion=request.emotion or "",
            speed=request.speed,
            unreadable=text.unreadable,
            measures=tuple(taken),
            engine=self.name,
            reference=reference,
        )

    def stream(self, request: SynthesisRequest) -> SpeechStream:
        """Speaks sentence by sentence: IndexTTS gives a sound when it is whole, so a piece is a call."""
        request, text, reference = self._read(request)
        return SpeechStream(
            chunks=self._chunks(text, request, reference),
            sample_rate=SAMPLE_RATE,
            text=text.written,
            voice=request.voice or OWN,
            emotion=request.emotion or "",
            speed=request.speed,
            unreadable=text.unreadable,
            engine=self.name,
            reference=reference,
        )

    def _read(self, request: SynthesisRequest) -> tuple[SynthesisRequest, Script, Reference]:
        if request.reference is not None:
            request = replace(request, voice=OWN)
        if self._form and not self._form.paced and request.speed != 1.0:
            raise RequestRefused(
                "IndexTTS 2 只有一种语速：请把语速设为 1，或使用 2.5 版。",
                "IndexTTS 2 has one speed: set it to 1, or use version 2.5.",
                "speed",
            )
        request = request.checked(self.capabilities)
        reference = request.reference or self._voices.get(request.voice or "")
        if reference is None:
            raise no_reference()
        return request, script(request.text, self._lexicon), reference

    def _chunks(self, text: Script, request: SynthesisRequest, reference: Reference) -> Iterator[NDArray[np.float32]]:
        calls = self._calls(text, request, reference, min(_STREAMED, self._longest), [])
        for index, call in enumerate(calls):
            if call.rate != SAMPLE_RATE:
                raise EngineFailed(f"IndexTTS's sound has {call.rate} Hz, {SAMPLE_RATE} Hz were promised")
            if index:
                yield np.zeros(int(_BETWEEN * call.rate), np.float32)
            yield call.samples

    def _calls(
        self, text: Script, request: SynthesisRequest, reference: Reference, longest: int, taken: list[str]
    ) -> Iterator[_Call]:
        """Speaks piece by piece, each in its turn; a piece that memory doesn't suffice for is said in shorter ones.

        `taken` receives the measures.
        """
        waiting = text.pieces(longest)[::-1]
        while waiting:
            piece = waiting.pop()
            if len(piece) > self._longest:  # the ladder was gone down meanwhile
                waiting += _pieces(text, piece, self._longest)[::-1]
                continue
            with self._turn:
                call = self._patiently(text, piece, request, reference, taken)
            if call is None:
                waiting += _pieces(text, piece, SHORT)[::-1]
            else:
                yield call

    def _patiently(
        self, text: Script, piece: str, request: SynthesisRequest, reference: Reference, taken: list[str]
    ) -> _Call | None:
        """Speaks one piece, down the ladder where needed; None when it must be cut first."""
        renewed = False
        while True:
            mark = self._worker.mark() if self._worker else 0
            try:
                return self._call(text, piece, request, reference)
            except UpstreamFailed as failed:
                problem = self._cause(failed, mark)
                self._say(f"IndexTTS: {problem}")
                if problem.kind is Kind.MEMORY:
                    taken += self._lower(problem)
                    if len(piece) > SHORT:
                        return None
                elif problem.kind is Kind.UNTOLD and len(piece) > SHORT:
                    taken.append(SHORTER)  # its memory, most likely; a shorter text costs little
                    return None
                elif self._worker and problem.kind in (Kind.BROKEN, Kind.GONE) and not renewed:
                    renewed = True
                    self._form = self._worker.ensure(fresh=True)
                else:
                    self._after(problem)
                    raise problem from failed

    def _lower(self, problem: UpstreamFailed) -> list[str]:
        """Takes the next step of the ladder and names it; raises `problem` at the ladder's end."""
        if self._longest > SHORT:
            self._longest = SHORT
            measures = [SHORTER]
            if self._worker:
                self._form = self._worker.ensure(fresh=True)
                measures = [FREED, SHORTER]
        elif self._worker and not self._worker.half:
            self._form = self._worker.ensure(half=True)
            measures = [HALVED]
        else:
            self._renew_later()
            raise problem
        self._measures = (*self._measures, *measures)
        return measures

    def _call(self, text: Script, piece: str, request: SynthesisRequest, reference: Reference) -> _Call:
        form = self._form or self._connect()
        app = IndexTTSApp(self._address())
        begun = time.perf_counter()
        try:
            uploaded = app.upload(form, reference.path, f"{reference.sha256[:32]}.wav")
            order = Order(
                text.marked(piece, form.version), uploaded, emotion_vector(request), 1 / request.speed, text.language
            )
            samples, rate = app.speak(form, order, self._settings.patience + _PER_CHARACTER * len(piece))
        except OSError as error:
            raise UpstreamFailed(Kind.OTHER, f"the reference recording can't be read: {error}") from error
        finally:
            app.close()
        return _Call(samples, rate, time.perf_counter() - begun)

    def _cause(self, failed: UpstreamFailed, mark: int) -> UpstreamFailed:
        """The failure as its log explains it: over HTTP, Gradio doesn't tell why."""
        if self._worker is None:
            return explain(str(failed)) or failed
        if failed.kind in (Kind.UNTOLD, Kind.GONE, Kind.OTHER) and (told := explain(self._worker.since(mark))):
            return told
        return failed

    def _after(self, problem: UpstreamFailed) -> None:
        """Sees to it that what is stuck or lost isn't asked again at once."""
        if problem.kind is Kind.STUCK:
            self._stuck_until = time.monotonic() + _STUCK_FOR
        if problem.kind in (Kind.GONE, Kind.STUCK, Kind.BROKEN):
            self._form = None
            self._renew_later()

    def _renew_later(self) -> None:
        if self._worker and not self._worker.starting:
            threading.Thread(target=self._renew, name="indextts-start", daemon=True).start()

    def _renew(self) -> None:
        if self._worker is None:
            return
        try:
            self._form = self._worker.ensure(fresh=True)
            self._stuck_until = 0.0
        except UpstreamFailed as failed:
            self._say(f"IndexTTS: {failed}")

    def _connect(self) -> Form:
        if self._worker:
            self._form = self._worker.ensure()
            self._url = self._worker.url
            return self._form
        app = IndexTTSApp(self._url)
        try:
            self._form = app.form()
        finally:
            app.close()
        return self._form

    def _address(self) -> str:
        return self._worker.url if self._worker else self._url

    def _detail(self) -> str:
        """Why it can't speak now, "" if it can."""
        if self._worker:
            if self._worker.starting:
                return self._worker.detail or "IndexTTS is being started again"
            if not self._worker.running:
                self._renew_later()
                return self._worker.detail or "IndexTTS has ended"
        if self._turn.locked():
            return ""  # it speaks: while it does, its page may take long to answer
        if time.monotonic() < self._stuck_until:
            return "IndexTTS did not come to an end of its last call"
        app = IndexTTSApp(self._address())
        try:
            self._form = app.form(timeout=_HEALTH_WAIT)
        except UpstreamFailed as failed:
            self._form = None
            return str(failed)
        finally:
            app.close()
        return ""


def _joined(calls: list[_Call]) -> NDArray[np.float32]:
    silence = np.zeros(int(_BETWEEN * calls[0].rate), np.float32)
    return np.concatenate([part for call in calls for part in (silence, call.samples)][1:])


def _pieces(text: Script, piece: str, longest: int) -> list[str]:
    return replace(text, text=piece).pieces(longest)

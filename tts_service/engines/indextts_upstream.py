"""IndexTTS as it is reached: somebody else's page or a process of ours; one call at a time, helped over failures.

When memory runs out, a fresh process is tried first (it never gives any back otherwise), then texts of at most 40
characters, then half precision; then it gives up. At somebody else's page texts can only be shortened.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tts_service.engines.base import EngineFailed, Health, Reference
from tts_service.engines.indextts_app import IndexTTSApp
from tts_service.engines.indextts_failures import Kind, UpstreamFailed, explain
from tts_service.engines.indextts_form import Form, Order
from tts_service.engines.indextts_process import Checkout, Worker
from tts_service.engines.indextts_text import Script
from tts_service.engines.ladder import FREED, HALVED, SHORTER, Ladder

SHORT: Final = 40
"""Characters of one call when memory is short."""
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
class Utterance:
    """What is to be said and how: text, eight emotion values, speed, and whose voice."""

    text: Script
    vector: tuple[float, ...]
    speed: float
    reference: Reference


@dataclass(frozen=True)
class Sound:
    """One call's samples (mono, within ±1), their rate, and the seconds that the call took."""

    samples: NDArray[np.float32]
    rate: int
    seconds: float


class Upstream:
    """The way to IndexTTS. Its methods may be called from several threads; calls take turns."""

    def __init__(self, shared: Path, settings: IndexTTSSettings, say: Callable[[str], None]) -> None:
        if bool(settings.url) == (settings.checkout is not None):
            raise EngineFailed("IndexTTS needs either the address of its page or the folder of its checkout")
        self._settings, self._say = settings, say
        self._worker = (
            Worker(settings.checkout, shared, patience=settings.loading, say=say) if settings.checkout else None
        )
        self._form: Form | None = None
        self._turn = threading.Lock()
        self._stuck_until = 0.0
        self._asked = 0
        effects: dict[str, Callable[[], None]] = {SHORTER: lambda: None}  # being in effect is all there is to it
        if self._worker:
            effects |= {FREED: self._restart, HALVED: lambda: self._restart(half=True)}
        self._ladder = Ladder(effects, standing=(SHORTER, HALVED) if settings.low_memory else (), say=say)

    @property
    def url(self) -> str:
        """Where its page answers."""
        return self._worker.url if self._worker else self._settings.url

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``; ``unknown`` for somebody else's page: it doesn't tell."""
        return self._worker.device if self._worker else "unknown"

    @property
    def paced(self) -> bool:
        """Whether it can speak faster or slower; assumed until the page was seen."""
        return self._form is None or self._form.paced

    def connect(self) -> Form:
        """Starts the process where it is ours, and reads the page's inputs. Raises UpstreamFailed."""
        with self._turn:
            return self._connect()

    def close(self) -> None:
        """Ends the process, if it is ours."""
        if self._worker:
            self._worker.close()

    def health(self) -> Health:
        """Asks the page for its inputs, at most 3 s. A process of ours that has died is started again meanwhile."""
        detail = self._complaint()
        precision = self._worker.precision if self._worker else "unknown"
        return Health(not detail, detail, self.device, precision, self._ladder.measures)

    def calls(self, said: Utterance, longest: int, taken: list[str]) -> Iterator[Sound]:
        """Speaks in pieces of at most `longest` characters, each in its turn; a piece that memory doesn't suffice for
        is said in shorter ones. `taken` receives the measures. Raises EngineFailed.
        """
        waiting = said.text.pieces(longest)[::-1]
        while waiting:
            piece = waiting.pop()
            sound = None
            if len(piece) <= SHORT or SHORTER not in self._ladder:
                with self._turn:
                    sound = self._patiently(said, piece, taken)
            if sound is None:
                waiting += replace(said.text, text=piece).pieces(SHORT)[::-1]
            else:
                yield sound

    def _patiently(self, said: Utterance, piece: str, taken: list[str]) -> Sound | None:
        """Speaks one piece, down the ladder where needed; None when it must be cut first."""
        renewed = False
        while True:
            mark = self._worker.mark() if self._worker else 0
            try:
                return self._call(said, piece)
            except UpstreamFailed as failed:
                problem = self._cause(failed, mark)
                self._say(f"IndexTTS: {problem}")
                if problem.kind is Kind.MEMORY:
                    self._save_memory(problem, taken)
                    if len(piece) > SHORT and SHORTER in self._ladder:
                        return None
                elif problem.kind is Kind.UNTOLD and len(piece) > SHORT:
                    taken.append(SHORTER)  # its memory, most likely; a shorter text costs little
                    return None
                elif self._worker and problem.kind in (Kind.BROKEN, Kind.GONE) and not renewed:
                    renewed = True
                    self._restart()
                else:
                    self._after(problem)
                    raise problem from failed

    def _call(self, said: Utterance, piece: str) -> Sound:
        form = self._form or self._connect()
        if self._worker:
            self._asked = self._worker.started
        app = IndexTTSApp(self.url)
        begun = time.perf_counter()
        try:
            uploaded = app.upload(form, said.reference.path, f"{said.reference.sha256[:32]}.wav")
            text = said.text.marked(piece, form.version)
            order = Order(text, uploaded, said.vector, 1 / said.speed, said.text.language)
            samples, rate = app.speak(form, order, self._settings.patience + _PER_CHARACTER * len(piece))
        except OSError as error:
            raise UpstreamFailed(Kind.OTHER, f"the reference recording can't be read: {error}") from error
        finally:
            app.close()
        return Sound(samples, rate, time.perf_counter() - begun)

    def _cause(self, failed: UpstreamFailed, mark: int) -> UpstreamFailed:
        """The failure as its log explains it: over HTTP, Gradio doesn't tell why."""
        if self._worker is None:
            return explain(str(failed)) or failed
        if failed.kind not in (Kind.UNTOLD, Kind.GONE, Kind.OTHER):
            return failed
        log = self._worker.since(mark)
        if failed.kind is Kind.UNTOLD and log.strip():
            failed = UpstreamFailed(
                Kind.UNTOLD, f"IndexTTS failed: {log.strip().splitlines()[-1][:200]}; see {self._worker.log}"
            )
        return explain(log) or failed

    def _save_memory(self, problem: UpstreamFailed, taken: list[str]) -> None:
        """Takes the ladder's next step; at its end the process is renewed for whoever comes next."""
        try:
            self._ladder.take(MemoryError(str(problem)), taken)
        except EngineFailed:
            self._renew_later()
            raise

    def _after(self, problem: UpstreamFailed) -> None:
        """Sees to it that what is stuck or lost isn't asked again at once."""
        if problem.kind is Kind.STUCK:
            self._stuck_until = time.monotonic() + _STUCK_FOR
        if problem.kind in (Kind.GONE, Kind.STUCK, Kind.BROKEN):
            self._form = None
            self._renew_later()

    def _restart(self, *, half: bool = False) -> None:
        """Replaces the process that the last call was sent to."""
        if self._worker:
            self._form = self._worker.ensure(half=half, instead_of=self._asked)

    def _renew_later(self) -> None:
        if self._worker and not self._worker.starting:
            arguments = (self._worker, self._worker.started)
            threading.Thread(target=self._renew, args=arguments, name="indextts-start", daemon=True).start()

    def _renew(self, worker: Worker, old: int) -> None:
        try:
            self._form = worker.ensure(instead_of=old)
            self._stuck_until = 0.0
        except UpstreamFailed as failed:
            self._say(f"IndexTTS: {failed}")

    def _connect(self) -> Form:
        if self._worker:
            self._form = self._worker.ensure()
            return self._form
        app = IndexTTSApp(self.url)
        try:
            self._form = app.form()
        finally:
            app.close()
        return self._form

    def _complaint(self) -> str:
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
        app = IndexTTSApp(self.url)
        try:
            self._form = app.form(timeout=_HEALTH_WAIT)
        except UpstreamFailed as failed:
            self._form = None
            return str(failed)
        finally:
            app.close()
        return ""

"""Speaks for the page: through the door, told to the meter, marked and on record; as a whole or while it is made."""

import secrets
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tts_service.app.admission import Busy, Draining
from tts_service.app.health import About
from tts_service.app.stopping import Door, Stop, Stopped
from tts_service.audit import audit_speech
from tts_service.engines.base import RequestRefused, Speech, SynthesisRequest
from tts_service.history import Entry, History
from tts_service.marking import new_mark, pcm16, sealed, wav_head

CHANNEL: Final = "webui"
"""What the audit file calls the page."""
_STALE: Final = 600.0
_BETWEEN: Final = 0.4
"""Seconds between two notices of new sound: every one of them costs the browser some work."""


@dataclass(frozen=True)
class Live:
    """Sound in the making: raw 16-bit samples in `path`, `size` bytes of them by now; a name for this sound."""

    name: str
    path: Path
    size: int
    rate: int


@dataclass(frozen=True)
class Done:
    """Sound that is whole, or as far as it was made when the visitor stopped it: its history entry and wav, the speech
    with its figures, and the seconds until the first piece was there.
    """

    name: str
    entry: Entry
    path: Path
    speech: Speech
    first_seconds: float

    @property
    def stopped(self) -> bool:
        return self.entry.stopped


@dataclass(frozen=True)
class MarkedWav:
    """A wav with the mark of synthetic speech: all before its samples, and the samples."""

    head: bytes
    pcm: bytes

    @property
    def data(self) -> bytes:
        """The file."""
        return self.head + self.pcm


def speak_whole(about: About, request: SynthesisRequest, inside: AbstractContextManager[None]) -> Speech:
    """Speaks at once, `inside` the door. Raises what the engine and the door raise."""
    with _metered(about, Stop()), inside:
        speech = about.engine.synthesize(request)
        about.meter.spoken(speech.seconds, speech.compute_seconds, speech.measures)
        return speech


def marked_wav(about: About, request: SynthesisRequest, speech: Speech) -> MarkedWav:
    """Marks a sound, and puts it on record where a person's recording is behind it; raises AuditError."""
    pcm = pcm16(speech.samples)
    engine = speech.engine or about.engine.name
    reference = speech.reference or request.reference
    mark = new_mark(engine=engine, voice=speech.voice, reference=reference, matching=speech.matching)
    wav = MarkedWav(wav_head(speech.sample_rate, sealed(mark, pcm), len(pcm)), pcm)
    if reference is not None:
        audit_speech(
            about.shared,
            reference,
            request=mark.produce_id,
            sound=wav.data,
            channel=CHANNEL,
            engine=engine,
            voice=speech.voice,
            characters=len(request.text),
            matching=speech.matching,
        )
    return wav


def speak(
    about: About, request: SynthesisRequest, history: History, visitor: str, folder: Path, *, door: Door, stop: Stop
) -> Iterator[Live | Done]:
    """Speaks piece by piece into a file in `folder`, then keeps the whole. Raises what the engine and the door raise.

    After `stop` was asked it ends at the next piece and keeps what was made; Stopped is raised where that is nothing.
    Where a person's recording is behind the voice, nothing is heard before it is on record: there are no pieces then.
    A dropped iterator ends the work at the next piece; the file of pieces goes some minutes later.
    """
    name = secrets.token_hex(12)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    sweep(folder)
    path = folder / f"{name}.pcm"
    pieces: list[np.ndarray] = []
    spent = first = due = 0.0
    size = 0
    stopped = False
    with _metered(about, stop), door.enter(stop), path.open("wb", buffering=0) as file:
        begun = time.perf_counter()
        stream = about.engine.stream(request)
        secret = stream.reference is not None or request.reference is not None
        try:
            with _closed(stream.chunks) as chunks:
                for piece in chunks:
                    if about.admission.over:
                        raise Draining
                    spent += time.perf_counter() - begun
                    if not pieces:
                        first = spent
                        about.meter.first_chunk(first)
                    pieces.append(piece)
                    if not secret:
                        size += file.write(pcm16(piece)) or 0
                        if time.perf_counter() > due:
                            yield Live(name, path, size, stream.sample_rate)
                            due = time.perf_counter() + _BETWEEN
                    if stopped := stop.asked:
                        break
                    begun = time.perf_counter()
        finally:
            about.meter.spoken(sum(map(len, pieces)) / stream.sample_rate, spent, stream.measures)
        samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    speech = stream.spoken(samples, spent)
    wav = marked_wav(about, request, speech)
    entry = history.add(
        visitor,
        wav.data,
        text=request.text,
        voice=speech.voice,
        emotion=speech.emotion,
        intensity=request.intensity,
        vector=request.vector,
        speed=speech.speed,
        stopped=stopped,
        seconds=round(speech.seconds, 3),
        rate=speech.sample_rate,
        skip=len(wav.head),
        size=len(wav.pcm),
    )
    yield Done(name, entry, history.path(visitor, entry), speech, first)


@contextmanager
def _closed(chunks: Iterator[np.ndarray]) -> Iterator[Iterator[np.ndarray]]:
    """Ends the engine's work with the block; where the chunks are no generator there is none to end."""
    try:
        yield chunks
    finally:
        if close := getattr(chunks, "close", None):
            close()


@contextmanager
def _metered(about: About, stop: Stop) -> Iterator[None]:
    """Tells the meter how a request ended; who stops it has gone."""
    outcome = "failed"
    try:
        yield
        outcome = "gone" if stop.asked else "ok"
    except Busy:
        outcome = "busy"
        raise
    except RequestRefused:
        outcome = "refused"
        raise
    except (GeneratorExit, Stopped):
        outcome = "gone"
        raise
    finally:
        about.meter.ended("page", outcome)


def sweep(folder: Path) -> None:
    """Removes pieces and handed-out wavs that nobody can be waiting for any more."""
    oldest = time.time() - _STALE
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()

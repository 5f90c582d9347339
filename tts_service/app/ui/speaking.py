"""Speaks for the page: sound that can be played while it is made, then a marked wav in the visitor's history."""

import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tts_service.app.health import About
from tts_service.audit import audit_speech
from tts_service.engines.base import Speech, SynthesisRequest
from tts_service.history import Entry, History
from tts_service.marking import new_mark, pcm16, sealed, wav_head

_STALE: Final = 600.0


@dataclass(frozen=True)
class Live:
    """Sound in the making: raw 16-bit samples in `path`, `size` bytes of them by now; a name for this sound."""

    name: str
    path: Path
    size: int
    rate: int


@dataclass(frozen=True)
class Done:
    """Sound that is whole: its history entry and wav, the speech with its figures, and the seconds until the first
    piece was there.
    """

    name: str
    entry: Entry
    path: Path
    speech: Speech
    first_seconds: float


def speak(
    about: About, request: SynthesisRequest, history: History, visitor: str, folder: Path, *, shared: Path
) -> Iterator[Live | Done]:
    """Speaks piece by piece into a file in `folder`, then keeps the whole. Raises what the engine and the door raise.

    With a reference recording nothing is heard before it is on record in the audit file of `shared`, so there are no
    pieces then. A dropped iterator ends the work at the next piece; the file of pieces goes some minutes later.
    """
    name = secrets.token_hex(12)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _sweep(folder)
    path = folder / f"{name}.pcm"
    pieces: list[np.ndarray] = []
    spent = first = 0.0
    with about.admission.enter(), path.open("wb", buffering=0) as file:
        begun = time.perf_counter()
        stream = about.engine.stream(request)
        size = 0
        for piece in stream.chunks:
            spent += time.perf_counter() - begun
            first = first or spent
            pieces.append(piece)
            size += file.write(pcm16(piece)) or 0
            if request.reference is None:
                yield Live(name, path, size, stream.sample_rate)
            begun = time.perf_counter()
    speech = Speech(
        samples=np.concatenate(pieces) if pieces else np.zeros(0, np.float32),
        sample_rate=stream.sample_rate,
        compute_seconds=spent,
        text=stream.text,
        voice=stream.voice,
        emotion=stream.emotion,
        speed=stream.speed,
        unreadable=stream.unreadable,
    )
    yield _kept(about, request, speech, history, visitor, name, first, shared)


def _sweep(folder: Path) -> None:
    """Removes pieces that nobody can be playing any more."""
    oldest = time.time() - _STALE
    for path in folder.glob("*.pcm"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()


def _kept(
    about: About,
    request: SynthesisRequest,
    speech: Speech,
    history: History,
    visitor: str,
    name: str,
    first: float,
    shared: Path,
) -> Done:
    """Marks a sound, puts it on record where it has a reference, and into the visitor's history."""
    pcm = pcm16(speech.samples)
    mark = new_mark(engine=about.engine.name, voice=speech.voice, reference=request.reference)
    head = wav_head(speech.sample_rate, sealed(mark, pcm), len(pcm))
    if request.reference is not None:
        audit_speech(
            shared,
            request.reference,
            request=mark.produce_id,
            sound=head + pcm,
            channel="webui",
            engine=about.engine.name,
            voice=speech.voice,
            characters=len(request.text),
        )
    entry = history.add(
        visitor,
        head + pcm,
        text=request.text,
        voice=speech.voice,
        emotion=speech.emotion,
        intensity=request.intensity,
        speed=speech.speed,
        seconds=round(speech.seconds, 3),
        rate=speech.sample_rate,
        skip=len(head),
        size=len(pcm),
    )
    return Done(name, entry, history.path(visitor, entry), speech, first)

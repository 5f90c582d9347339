"""Speech as the bytes of a file: wav, raw PCM, FLAC, MP3 or Opus, whole or growing while it is spoken.

Every file carries its mark (`marking`). FLAC, MP3 and Opus are written by libsndfile where its build can.
"""

import functools
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from tts_service import marking
from tts_service.marking import Mark
from tts_service.resample import Resampler

Samples = NDArray[np.float32]
PCM_RATE: Final = 24_000
"""Hz of raw PCM (16-bit little-endian, mono): what clients of OpenAI's API expect, samples alone can't tell it."""
_OPUS_RATE: Final = 24_000
_MP3_QUALITY: Final = 0.5
"""Of libsndfile's scale; at 22,050 Hz a constant 80 kbit/s."""


@dataclass(frozen=True)
class Format:
    """One way to hand out sound. `rate` in Hz, None for the engine's own; `open_ended`: a stream of it is as good as a
    whole file, since it tells no length at its beginning.
    """

    name: str
    media_type: str
    rate: int | None = None
    open_ended: bool = True


FORMATS: Final = {
    each.name: each
    for each in (
        Format("wav", "audio/wav", open_ended=False),
        Format("pcm", "audio/pcm", PCM_RATE),
        Format("flac", "audio/flac", open_ended=False),
        Format("mp3", "audio/mpeg"),
        Format("opus", "audio/ogg; codecs=opus", _OPUS_RATE),
    )
}


class Encoder(Protocol):
    """Turns samples into a file's bytes while they come. `close` may be called at any time, also twice."""

    def feed(self, samples: Samples) -> bytes:
        """Takes mono samples within ±1, gives what of the file is ready (perhaps nothing)."""
        ...

    def finish(self) -> bytes:
        """Gives the rest of the file."""
        ...

    def close(self) -> None:
        """Frees what a file that was never finished holds."""
        ...


@functools.cache
def available() -> tuple[str, ...]:
    """Names of the formats that this machine's libsndfile can write, and those that need none."""
    try:
        import soundfile  # noqa: PLC0415 - loads a C library
    except (ImportError, OSError):
        return ("wav", "pcm")
    can = {"mp3": ("MP3", "MPEG_LAYER_III"), "opus": ("OGG", "OPUS"), "flac": ("FLAC", "PCM_16")}
    formats = soundfile.available_formats()
    return tuple(
        name for name in FORMATS if name not in can or (can[name][0] in formats and soundfile.check_format(*can[name]))
    )


def encoder(name: str, rate: int, mark: Mark) -> Encoder:
    """Makes an encoder for a stream of `rate` Hz whose end isn't known; `name` is one of `available`."""
    makers: dict[str, Callable[[], Encoder]] = {
        "wav": lambda: _Plain(marking.wav_head(rate, mark)),
        "pcm": lambda: _Plain(b""),
        "flac": lambda: _Growing(rate, "FLAC", "PCM_16", mark),
        "mp3": lambda: _Mp3(rate, mark),
        "opus": lambda: _Growing(_OPUS_RATE, "OGG", "OPUS", mark),
    }
    made = makers[name]()
    wanted = FORMATS[name].rate or rate
    return made if wanted == rate else _Resampled(made, Resampler(rate, wanted))


def encode(name: str, samples: Samples, rate: int, mark: Mark) -> bytes:
    """The whole file at once, with lengths and sums where the format has them."""
    if name == "wav":
        return marking.write_wav(samples, rate, mark)
    if name == "flac":
        growing = _Growing(rate, "FLAC", "PCM_16", mark)
        growing.feed(samples)
        growing.finish()
        return growing.whole
    made = encoder(name, rate, mark)
    return made.feed(samples) + made.finish()


class _Plain:
    """16-bit samples behind a head."""

    def __init__(self, head: bytes) -> None:
        self._head = head

    def feed(self, samples: Samples) -> bytes:
        head, self._head = self._head, b""
        return head + marking.pcm16(samples)

    def finish(self) -> bytes:
        return self._head

    def close(self) -> None:
        """Nothing is held."""


class _Resampled:
    """Another rate in front of an encoder."""

    def __init__(self, inner: Encoder, resampler: Resampler) -> None:
        self._inner, self._resampler = inner, resampler

    def feed(self, samples: Samples) -> bytes:
        return self._inner.feed(self._resampler.feed(samples))

    def finish(self) -> bytes:
        return self._inner.feed(self._resampler.finish()) + self._inner.finish()

    def close(self) -> None:
        self._inner.close()


class _Growing:
    """A file that libsndfile writes into memory; handed out as it grows (what it rewrites at the end is lost there)."""

    def __init__(self, rate: int, kind: str, subtype: str, mark: Mark | None, **how: Any) -> None:
        import soundfile  # noqa: PLC0415 - loads a C library

        self._bytes = io.BytesIO()
        self._given = 0
        self._file = soundfile.SoundFile(
            self._bytes, "w", samplerate=rate, channels=1, format=kind, subtype=subtype, **how
        )
        for name, text in (marking.tags(mark) if mark else {}).items():
            setattr(self._file, name, text)

    def feed(self, samples: Samples) -> bytes:
        self._file.write(samples)
        return self._grown()

    def finish(self) -> bytes:
        self._file.close()
        return self._grown()

    def close(self) -> None:
        self._file.close()

    @property
    def whole(self) -> bytes:
        return self._bytes.getvalue()

    def _grown(self) -> bytes:
        view = self._bytes.getbuffer()
        try:
            fresh = bytes(view[self._given :])
            self._given = len(view)
        finally:
            view.release()
        return fresh


class _Mp3(_Growing):
    """MP3 of a constant rate, so that players tell its length without a table at its head: LAME leaves an empty first
    frame for that table, which could only be filled in at the end; it is dropped.
    """

    def __init__(self, rate: int, mark: Mark) -> None:
        super().__init__(rate, "MP3", "MPEG_LAYER_III", None, bitrate_mode="CONSTANT", compression_level=_MP3_QUALITY)
        self._tag, self._begin = marking.id3(mark), b""

    def feed(self, samples: Samples) -> bytes:
        return self._beheaded(super().feed(samples))

    def finish(self) -> bytes:
        rest = self._beheaded(super().finish())
        return rest or self._tag

    def _beheaded(self, fresh: bytes) -> bytes:
        if not self._tag:
            return fresh
        self._begin += fresh
        empty = not self._begin[4:8].strip(b"\0")
        first = self._begin.find(b"\xff", 4) if empty else 0
        if first < 0 or len(self._begin) < 8:
            return b""
        given, self._tag = self._tag + self._begin[first:], b""
        return given

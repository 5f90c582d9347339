"""Recordings from files: wav, flac, ogg, mp3, and the text beside them."""

from pathlib import Path

import numpy as np
import soundfile

from tts_service.score.row import LONGEST_SECONDS, Recording, Unusable

_LONGEST_TEXT = 4000


def read(path: Path, text: str | None = None) -> Recording:
    """Reads a sound file, channels mixed to one; the text is the given one or that of a ``.txt`` of the same name.

    Raises Unusable: no such file, no sound in it, far too long, a text that can't be read.
    """
    if not path.is_file():
        raise Unusable("no such file")
    if path.stat().st_size == 0:
        raise Unusable("the file is empty")
    try:
        with soundfile.SoundFile(path) as file:
            rate = int(file.samplerate)
            if file.frames > 2 * LONGEST_SECONDS * rate:  # refused before it fills the memory
                raise Unusable(f"{file.frames / rate:.0f} s long, at most {LONGEST_SECONDS:.0f} s are scored")
            samples = file.read(dtype="float32", always_2d=True).mean(axis=1, dtype=np.float32)
    except (soundfile.SoundFileError, OSError) as error:
        raise Unusable(f"no sound file: {error}") from error
    return Recording(path.name, samples, rate, text if text is not None else _text_beside(path))


def _text_beside(path: Path) -> str | None:
    beside = path.with_suffix(".txt")
    if not beside.is_file():
        return None
    try:
        text = beside.read_text("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"{beside.name} can't be read as UTF-8 text: {error}") from error
    if len(text) > _LONGEST_TEXT:
        raise Unusable(f"{beside.name} holds {len(text)} characters, at most {_LONGEST_TEXT} are one recording's text")
    return text or None

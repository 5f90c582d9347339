"""Reads the mark back from a sound file: what `tts-service mark show` prints."""

import hashlib
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_LARGEST_TEXT: Final = 1 << 20


@dataclass(frozen=True)
class FoundMark:
    """A mark in a file: `aigc` its seven standard fields, `told` all of it, and whether the samples are those marked.

    `intact` is None where that can't be told: no sum in the mark (a stream), or a format that changes samples.
    """

    aigc: dict[str, str]
    told: dict[str, Any]
    intact: bool | None


def read_mark(path: Path) -> FoundMark | None:
    """Finds our mark in a wav, FLAC, OGG or MP3 file; None where there is none.

    Raises OSError for a file that can't be read.
    """
    with path.open("rb") as file:
        begin = file.read(12)
    if begin[:4] == b"RIFF" and begin[8:] == b"WAVE":
        return _wav_mark(path)
    if begin[:3] == b"ID3":
        return _found(_id3_texts(path).get("MARK", ""), None)
    return _found(_comment(path), None)


def _wav_mark(path: Path) -> FoundMark | None:
    """The mark in the INFO text, or only the standard's chunk, with the sum of the samples."""
    text, aigc, digest = "", "", ""
    for name, body in _chunks(path):
        if name == b"LIST" and body[:4] == b"INFO":
            text = dict(_pieces(body[4:])).get(b"ICMT", b"").rstrip(b"\0").decode("utf-8", "replace")
        elif name == b"AIGC":
            aigc = body.decode("utf-8", "replace")
        elif name == b"data":
            digest = hashlib.sha256(body).hexdigest()
    found = _found(text, None) or _found(aigc, None)
    if found is None:
        return None
    code = str(found.aigc.get("ReservedCode1", ""))
    return FoundMark(found.aigc, found.told, code == f"sha256:{digest}" if code.startswith("sha256:") else None)


def _chunks(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a wav; the last one may be shorter than it says (a stream, a cut file)."""
    with path.open("rb") as file:
        file.seek(12)
        while len(head := file.read(8)) == 8:
            size = struct.unpack("<I", head[4:])[0]
            yield head[:4], file.read(size)
            file.seek(size % 2, 1)


def _pieces(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(body):
        size = struct.unpack("<I", body[at + 4 : at + 8])[0]
        yield body[at : at + 4], body[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _id3_texts(path: Path) -> dict[str, str]:
    """The TXXX texts of an ID3v2.4 tag in UTF-8, by their names."""
    with path.open("rb") as file:
        head = file.read(10)
        body = file.read(min(_number(head[6:10]), _LARGEST_TEXT)) if head[3:4] == b"\x04" else b""
    texts, at = {}, 0
    while at + 10 <= len(body):
        size = _number(body[at + 4 : at + 8])
        text = body[at + 10 : at + 10 + size]
        if body[at : at + 4] == b"TXXX" and text[:1] == b"\x03":
            name, _, value = text[1:].decode("utf-8", "replace").rstrip("\0").partition("\0")
            texts[name] = value
        at += 10 + size
    return texts


def _number(syncsafe: bytes) -> int:
    number = 0
    for byte in syncsafe:
        number = number << 7 | byte & 0x7F
    return number


def _comment(path: Path) -> str:
    import soundfile  # noqa: PLC0415 - only where a library has to read the tags

    try:
        with soundfile.SoundFile(path) as file:
            return str(file.comment)
    except (soundfile.SoundFileError, RuntimeError):
        return ""


def _found(text: str, intact: bool | None) -> FoundMark | None:
    try:
        told = json.loads(text)
        aigc = told["AIGC"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return FoundMark(aigc, told, intact) if isinstance(aigc, dict) else None

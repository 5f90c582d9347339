"""The mark that every exported sound carries: made by a machine, by which service, and what was declared for it.

A wav has it twice: as the chunk ``AIGC`` (the seven fields of GB 45438-2025, appendix E, as JSON) and as LIST/INFO
texts that people see in players; FLAC and OGG as tags (`tags`), MP3 as an ID3v2.4 tag (`id3`), raw samples in HTTP
headers (`headers`). What each of them looks like: docs/voices-and-consent.md.
"""

import functools
import hashlib
import json
import os
import re
import struct
import tempfile
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tts_service.app.release import version
from tts_service.engines.base import Reference

TITLE: Final = "AI 合成语音 (synthetic speech)"
NOTICE: Final = "本音频由人工智能合成，非真人录音。Synthetic speech made by a machine, not a human recording."
PRODUCER: Final = "tts-service"
"""Names the service in the mark where the operator has set no `TTS_PRODUCER`."""
_PLAIN: Final = re.compile(r"[!#-\[\]-~]{1,64}")
"""What the standard allows in its values: visible ASCII but quote and backslash."""
_UNKNOWN_SIZE: Final = 0xFFFFFFFF


@dataclass(frozen=True)
class Mark:
    """What a sound says about itself.

    `produce_id` numbers this sound (also the `request` of its audit record); `producer` names the service; `made` is
    UTC; `matching` tells what was bent to come near a reference, `reference` is that recording with its declaration;
    `pcm_sha256` is that of the 16-bit samples, "" where they weren't known when the mark was written (streams).
    """

    produce_id: str
    producer: str
    made: str
    software: str
    engine: str
    voice: str
    matching: str = ""
    reference: Reference | None = None
    pcm_sha256: str = ""

    def aigc(self) -> str:
        """The seven fields of the standard as compact JSON: 1 = made by AI; the first propagator is the producer."""
        fields = {
            "Label": "1",
            "ContentProducer": self.producer,
            "ProduceID": self.produce_id,
            "ReservedCode1": f"sha256:{self.pcm_sha256}" if self.pcm_sha256 else "",
            "ContentPropagator": self.producer,
            "PropagateID": self.produce_id,
            "ReservedCode2": "",
        }
        return _compact({"AIGC": fields})

    def document(self) -> str:
        """All of it as compact JSON: the seven fields, and what only we know."""
        told: dict[str, Any] = json.loads(self.aigc())
        told |= {"made": self.made, "software": self.software, "engine": self.engine, "voice": self.voice}
        if self.matching:
            told["matching"] = self.matching
        if self.reference is not None:
            stated = self.reference.declaration
            told["declaration"] = {"source": stated.source, "consent": stated.consent, "purpose": stated.purpose}
            told["reference_sha256"] = self.reference.sha256
        return _compact(told)

    def sentence(self) -> str:
        """The notice for people, with the declaration."""
        if self.reference is None:
            return NOTICE
        stated = self.reference.declaration
        return f"{NOTICE} 参考音频来源：{stated.source}；本人同意：{stated.consent}；用途：{stated.purpose}。"


def new_mark(
    *, engine: str, voice: str, reference: Reference | None = None, matching: str = "", produce_id: str | None = None
) -> Mark:
    """Makes the mark of one sound; `produce_id` is made up when none is given.

    The producer is `TTS_PRODUCER` from the environment, for operators who have a code of their own. Raises ValueError
    for a producer or number that the standard's values can't hold.
    """
    producer = os.environ.get("TTS_PRODUCER") or PRODUCER
    number = produce_id or uuid.uuid4().hex
    for name, value in (("TTS_PRODUCER", producer), ("produce_id", number)):
        if not _PLAIN.fullmatch(value):
            raise ValueError(f"{name} {value[:80]!r}: 1 to 64 visible ASCII characters, no quote, backslash or blank")
    made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Mark(number, producer, made, _software(), engine, voice, matching, reference)


@functools.cache
def _software() -> str:
    return f"tts-service {version()}"


def pcm16(samples: npt.NDArray[np.float32]) -> bytes:
    """Samples within ±1 as 16-bit little-endian."""
    return np.round(np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()


def sealed(mark: Mark, pcm: bytes) -> Mark:
    """The mark with the SHA-256 of the samples that it belongs to."""
    return replace(mark, pcm_sha256=hashlib.sha256(pcm).hexdigest())


def wav_head(rate: int, mark: Mark, size: int | None = None) -> bytes:
    """Everything of a 16-bit mono wav before its samples; `size` in bytes, None for a stream that has no end yet."""
    info = [("INAM", TITLE), ("ICMT", mark.document()), ("ICOP", mark.sentence()), ("ISFT", mark.software)]
    info += [("ICRD", mark.made[:10]), ("IART", mark.voice)]
    listed = b"INFO" + b"".join(_chunk(name, text.encode() + b"\0") for name, text in info)
    form = _chunk("fmt ", struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16))
    before = b"WAVE" + form + _chunk("LIST", listed) + _chunk("AIGC", mark.aigc().encode("ascii"))
    if size is None:
        whole = data = _UNKNOWN_SIZE
    else:
        data, whole = size, len(before) + 8 + size + size % 2
    return b"RIFF" + struct.pack("<I", whole) + before + b"data" + struct.pack("<I", data)


def write_wav(samples: npt.NDArray[np.float32], rate: int, mark: Mark) -> bytes:
    """A marked 16-bit mono wav of samples within ±1."""
    pcm = pcm16(samples)
    return wav_head(rate, sealed(mark, pcm), len(pcm)) + pcm


def write_wav_file(samples: npt.NDArray[np.float32], rate: int, mark: Mark, folder: Path) -> Path:
    """Writes a marked wav with a name of its own into `folder` (made if need be): what a page hands out as a file."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f"{mark.produce_id[:12]}-", suffix=".wav", dir=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(write_wav(samples, rate, mark))
    return Path(name)


def tags(mark: Mark) -> dict[str, str]:
    """The mark for `soundfile.SoundFile` (set each as an attribute before writing FLAC, OGG Vorbis or Opus).

    Not for MP3: libsndfile writes UTF-8 there as if it were Latin-1, see `id3`.
    """
    return {
        "title": TITLE,
        "artist": mark.voice,
        "comment": mark.document(),
        "copyright": mark.sentence(),
        "date": mark.made[:10],
        "software": mark.software,
    }


def id3(mark: Mark) -> bytes:
    """The mark as an ID3v2.4 tag in UTF-8, to be sent before the first MP3 frame."""
    texts = [("TIT2", TITLE), ("TPE1", mark.voice), ("TCOP", mark.sentence()), ("TDRC", mark.made[:10])]
    texts += [("TSSE", mark.software), ("TXXX", f"AIGC\0{mark.aigc()}"), ("TXXX", f"MARK\0{mark.document()}")]
    frames = b""
    for name, text in texts:
        body = b"\x03" + text.encode() + b"\0"
        frames += name.encode("ascii") + _syncsafe(len(body)) + b"\0\0" + body
    return b"ID3\x04\0\0" + _syncsafe(len(frames)) + frames


def headers(mark: Mark) -> dict[str, str]:
    """The mark as HTTP headers, for answers that are raw samples and for those who don't open the file."""
    return {"X-AIGC": mark.aigc(), "X-Produce-Id": mark.produce_id}


def _chunk(name: str, body: bytes) -> bytes:
    return name.encode("ascii") + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _syncsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

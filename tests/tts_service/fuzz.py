"""Requests that nobody would send on purpose, and some that everybody does: the same ones for the same seed."""

import base64
import io
import json
import math
import random
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_TEXTS = (
    "你好", "今天是2026年11月22日，气温-3℃。", "RTX 4090 has 24GB", "", " ", "\n\n", "😀🎉", "👩\u200d👧", "\x00",
    "\x1b[31m",
    "\ud800", "好\udfff了", "\u202e反", "\ufeff", "<行|XING2>", "<行|", "||||", "a" * 3000, "好" * 2001, "１２３",
    "http://a.b/c?d=e", "x@y.zz", "¥1,299.00", "3/4", "12:30", "½", "é", "かな", "한국", "עברית", "<script>", "'; --",
    "\\u0000", "\u2028", "ａｂｃ", "99999999999999999999", "1e400", "-" * 200, "。" * 200, "1." * 100, "𠮷", "İ", "ß",
    "%s%n", "Ⅷ", "①", "\U0010ffff",
)  # fmt: skip
_NUMBERS: tuple[Any, ...] = (
    0, 1, -1, 0.5, 2.0, 2.0001, 4, 0.25, 1e308, -1e308, math.nan, math.inf, -math.inf, 10**400, 2**31 - 1, 2**31, 2**63,
    "1", "fast", "", True, False, None, [], [1.0], {}, 1e-320, 1.0, 1.0, 1.2,
)  # fmt: skip
_NAMES: tuple[Any, ...] = (
    "清岚", "若溪", "云峰", "alloy", "onyx", "中性", "开心", "happy", "愤怒", "", None, 0, [], {}, {"id": "清岚"},
    "\ud800", "a" * 5000, "../../etc/passwd", "清岚\n", "__class__", {"id": []},
)  # fmt: skip
_FORMATS: tuple[Any, ...] = ("wav", "pcm", "pcm", "wav", "flac", "mp3", "opus", "aac", "", "WAV", 3, None, [], {"a": 1})
_KINDS = (
    "application/json", "application/json", "APPLICATION/JSON; charset=utf-8", "text/plain", "", "multipart/form-data",
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=", "image/png",
)  # fmt: skip
_PATHS = (
    "/v1/audio/voices", "/v1/models", "/v1/models/tts-1", "/v1/models/%00", "/v1/audio", "/v1", "/v1/", "/healthz",
    "/v1/audio/speech/", "/v1/models/" + "a" * 2000, "/v1/../healthz", "/v1/audio/speech?x=1", "/v1/音",
)  # fmt: skip
_METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH")


@dataclass(frozen=True)
class Odd:
    """One request."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str]


def requests(count: int, seed: int) -> Iterator[Odd]:
    """Gives `count` requests."""
    chance = random.Random(seed)
    for _ in range(count):
        kind = chance.random()
        if kind < 0.7:
            yield _speech(json.dumps(_fields(chance)).encode(), "application/json")
        elif kind < 0.82:
            yield _speech(_damaged(chance, json.dumps(_fields(chance)).encode()), chance.choice(_KINDS))
        elif kind < 0.92:
            yield _form(chance)
        else:
            yield Odd(chance.choice(_METHODS), chance.choice(_PATHS), b"", {})


def _speech(body: bytes, kind: str) -> Odd:
    return Odd("POST", "/v1/audio/speech", body, {"content-type": kind} if kind else {})


def _fields(chance: random.Random) -> dict[str, Any]:
    fields: dict[str, Any] = {"input": _text(chance), "response_format": chance.choice(("wav", "pcm"))}
    odd = {
        "model": ("tts-1", "gpt-4o-mini-tts", "gpt-5", "", 1, [], None),
        "voice": _NAMES,
        "emotion": _NAMES,
        "speed": _NUMBERS,
        "intensity": _NUMBERS,
        "seed": _NUMBERS,
        "response_format": _FORMATS,
        "stream_format": ("audio", "sse", "x", None, 1),
        "instructions": ("whisper", None, 1),
        "reference_audio": ("", "####", "AAAA", "data:audio/wav;base64,AAAA", 1, [], None),
        "declaration": (
            "",
            "{",
            {},
            [],
            {"source": 1},
            {"source": "本人", "consent": "同意", "purpose": "内部测试"},
            None,
        ),
        "input": (None, 1, [], {}, True),
    }
    for name in chance.sample(sorted(odd), chance.choice((0, 0, 1, 1, 2, 3, 12))):
        fields[name] = chance.choice(odd[name])
    if chance.random() < 0.1:
        fields["emotion_vector"] = [chance.choice(_NUMBERS) for _ in range(chance.choice((0, 7, 8, 8, 9)))]
    if chance.random() < 0.05:
        fields["".join(chance.choices("ab[]\n\x00é声", k=5))] = chance.choice(_NUMBERS)
    return fields


def _text(chance: random.Random) -> str:
    if chance.random() < 0.7:
        return chance.choice(_TEXTS)
    ranges = ((0x4E00, 0x9FFF), (0x20, 0x7E), (0, 0xFFFF), (0, 0x10FFFF), (0x1F300, 0x1FAFF), (0xFF00, 0xFFEF))
    text = "".join(chr(chance.randint(*chance.choice(ranges))) for _ in range(chance.randint(1, 12)))
    return text.replace("坏", "")  # at which the tone engine breaks


def _damaged(chance: random.Random, body: bytes) -> bytes:
    how = chance.randrange(5)
    if how == 0:
        return body[: chance.randrange(len(body) + 1)]
    if how == 1:
        return chance.randbytes(chance.randrange(64))
    if how == 2:
        return b"[" * chance.randrange(1, 5000) + body
    if how == 3:
        place = chance.randrange(len(body))
        return body[:place] + chance.randbytes(3) + body[place + 3 :]
    return body.decode().encode("utf-16")


def _form(chance: random.Random) -> Odd:
    """A form with a recording that is none, too short, too long, or fine; sometimes cut."""
    boundary = "b0undary"
    parts: list[tuple[str, bytes, str | None]] = [("input", _text(chance).encode("utf-8", "replace"), None)]
    parts.append(("response_format", b"pcm", None))
    if chance.random() < 0.5:
        parts.append(("speed", str(chance.choice(_NUMBERS)).encode(), None))
    parts.append(("reference_audio", chance.choice(_recordings()), "x.wav"))
    for name, value in (("source", "本人录音"), ("consent", "本人同意"), ("purpose", "内部测试")):
        if chance.random() < 0.8:
            parts.append((f"declaration[{name}]", value.encode(), None))
    body = b""
    for name, value_, file in parts:
        tail = f'; filename="{file}"' if file else ""
        body += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{tail}\r\n\r\n'.encode() + value_ + b"\r\n"
        )
    body += f"--{boundary}--\r\n".encode()
    if chance.random() < 0.3:
        body = (
            _damaged(chance, base64.b64encode(body)) if chance.random() < 0.2 else body[: chance.randrange(len(body))]
        )
    return _speech(body, f"multipart/form-data; boundary={boundary}")


_KEPT: list[bytes] = []


def _recordings() -> list[bytes]:
    if not _KEPT:
        _KEPT.extend([b"", b"no sound", b"RIFF\0\0\0\0WAVE", b"fLaC" + b"\0" * 40, b"OggS" * 20, b"ID3" + b"\0" * 100])
        _KEPT.extend([noise(0.1), noise(2.0)[:1000], noise(16.0, rate=8000), b"\xff\xfb" * 500])
    return _KEPT


def noise(seconds: float, *, rate: int = 22050, channels: int = 1, width: int = 2) -> bytes:
    """A wav of noise."""
    chance = random.Random(seconds)
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(chance.randbytes(int(seconds * rate) * channels * width))
    return target.getvalue()

"""Reference recordings: nothing is taken without a declaration, nothing is stored that isn't a short clear recording.

What is admitted lies in ``references/`` of the shared folder under the SHA-256 of the file that came, as a mono 16-bit
wav at 22,050 Hz, readable by the service's own user only, and stands in the audit file.
"""

import hashlib
import io
import os
import re
import tempfile
import time
import unicodedata
import wave
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from tts_service.audit import AuditError, AuditLog, audit_file
from tts_service.engines.base import Declaration, Reference, RequestRefused
from tts_service.score.resample import resample

PURPOSE: Final = "内部测试"
"""The only purpose that a reference recording may be used for."""
SHORTEST: Final = 1.0
LONGEST: Final = 15.0
"""Seconds of a recording."""
LARGEST: Final = 20 * 1024 * 1024
"""Bytes of a file."""
LONGEST_STATEMENT: Final = 200
"""Characters of source and of consent."""
SAMPLE_RATE: Final = 22050
"""Of the stored recording."""
_RATES: Final = (8_000, 192_000)
_FORMATS: Final = frozenset(["WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3"])
_QUIET: Final = 10 ** (-50 / 20)
_HEARD: Final = 0.5  # seconds that must be louder
_NO_ANSWER: Final = frozenset(
    [
        "没有",
        "没有同意",
        "没同意",
        "无同意",
        "未知",
        "不知道",
        "不清楚",
        "暂无",
        "无无",
        "不同意",
        "未同意",
        "未经同意",
        "no",
        "none",
        "null",
        "nil",
        "unknown",
        "na",
        "undefined",
    ]
)
"""Letters and digits of statements that state nothing, or the contrary; blanks and signs don't count."""
_PART: Final = ".part-"
_WRITING: Final = 60.0
"""Seconds that storing a recording takes at the very most."""
_CHANNEL: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_ALLOWED_ZH: Final = "参考音频须为 1 至 15 秒、单声道或立体声的 WAV、FLAC、MP3 或 OGG 文件，不超过 20 MB。"
_ALLOWED_EN: Final = (
    "A reference recording is a WAV, FLAC, MP3 or OGG file of 1 to 15 seconds, mono or stereo, at most 20 MB."
)

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Recording:
    samples: Samples  # mono, as recorded
    rate: int
    channels: int
    encoding: str


def admit(data: bytes, declaration: Declaration, *, shared: Path, channel: str) -> Reference:
    """Takes in a reference recording: checks declaration and sound, stores the recording, puts both on record.

    `data` is the file as it came (its name is of no interest); stereo, 8-bit and any rate from 8 to 192 kHz are
    converted. `channel` names the way it came: ``api``, ``webui``, ``cli``. The same file may come again, each time is
    a record of its own. Raises RequestRefused with what is allowed, AuditError when it can't be put on record (then
    nothing is kept).
    """
    if not _CHANNEL.fullmatch(channel):
        raise ValueError(f"{channel!r} is no channel: small letters, digits, dots and dashes")
    stated = checked_declaration(declaration)
    recording = _decoded(data)
    drop_leftovers(shared)
    sound = resample(recording.samples, recording.rate, SAMPLE_RATE)
    digest = hashlib.sha256(data).hexdigest()
    path = reference_file(shared, digest)
    new = not path.exists()
    try:
        _store(path, sound)
    except OSError as error:
        raise AuditError(f"the reference recording can't be stored in {path.parent}: {error}") from error
    try:
        AuditLog(audit_file(shared)).append(
            "reference.admitted",
            sha256=digest,
            source=stated.source,
            consent=stated.consent,
            purpose=stated.purpose,
            channel=channel,
            seconds=round(len(recording.samples) / recording.rate, 3),
            rate=recording.rate,
            channels=recording.channels,
            encoding=recording.encoding,
        )
    except AuditError:
        if new:
            path.unlink(missing_ok=True)
        raise
    return Reference(path, stated, digest)


@contextmanager
def admitted(data: bytes, declaration: Declaration, *, shared: Path, channel: str) -> Iterator[Reference]:
    """Admits a recording, as `admit` does, for what is spoken inside the block.

    If that is refused (no voice can be heard in it, for example), a recording that came for the first time is deleted
    again, and the audit file says so.
    """
    new = not reference_file(shared, hashlib.sha256(data).hexdigest()).exists()
    reference = admit(data, declaration, shared=shared, channel=channel)
    try:
        yield reference
    except RequestRefused as refused:
        if new:
            with suppress(FileNotFoundError):
                forget(reference.sha256, shared=shared, reason=f"refused: {refused.en}"[:LONGEST_STATEMENT])
        raise


def forget(sha256: str, *, shared: Path, reason: str) -> None:
    """Deletes a stored recording and puts that on record; what was said about it before stays on record.

    `reason` is one line, such as a withdrawn consent. Raises ValueError for a reason that says nothing, OSError or
    AuditError when it can't be done.
    """
    try:
        said = _statement(reason, "删除原因", "the reason")
    except RequestRefused as refused:
        raise ValueError(refused.en) from refused
    reference_file(shared, sha256).unlink()
    AuditLog(audit_file(shared)).append("reference.deleted", sha256=sha256, reason=said)


def reference_file(shared: Path, sha256: str) -> Path:
    """Where the recording with this SHA-256 (of the file as it came) lies in a shared folder."""
    return shared / "references" / f"{sha256}.wav"


def checked_declaration(declaration: Declaration) -> Declaration:
    """Gives the declaration with outer blanks removed; raises RequestRefused for one that is missing or says
    nothing.
    """
    source = _statement(declaration.source, "来源", "the source")
    consent = _statement(declaration.consent, "本人同意", "the person's consent")
    if not isinstance(declaration.purpose, str) or declaration.purpose.strip() != PURPOSE:
        raise RequestRefused(
            f"参考音频只能用于“{PURPOSE}”，请把用途声明为“{PURPOSE}”。",
            f"A reference recording may only be used for internal tests: declare the purpose as {PURPOSE}.",
            "declaration",
        )
    return Declaration(source, consent, PURPOSE)


def _statement(value: object, zh: str, en: str) -> str:
    text = unicodedata.normalize("NFC", value).strip() if isinstance(value, str) else ""
    said = "".join(character for character in text.lower() if character.isalnum())
    if len(said) < 2 or said in _NO_ANSWER:
        raise RequestRefused(
            f"使用参考音频前，请声明{zh}。须声明：录音来源、本人同意、用途“{PURPOSE}”。",
            f"Declare {en} of the reference recording. Needed are its source, the person's consent, and the purpose "
            f"{PURPOSE}.",
            "declaration",
        )
    if len(text) > LONGEST_STATEMENT:
        raise RequestRefused(
            f"{zh}的声明太长：{len(text)} 字，最多 {LONGEST_STATEMENT} 字。",
            f"The statement of {en} has {len(text)} characters, at most {LONGEST_STATEMENT} are allowed.",
            "declaration",
        )
    if any(unicodedata.category(character)[0] == "C" or character in "\u2028\u2029" for character in text):
        raise RequestRefused(
            f"{zh}的声明里有控制字符，请写成一行普通文字。",
            f"The statement of {en} has control characters in it: write one line of plain text.",
            "declaration",
        )
    return text


def _refused(zh: str, en: str) -> RequestRefused:
    return RequestRefused(f"{zh}{_ALLOWED_ZH}", f"{en} {_ALLOWED_EN}", "reference")


def _decoded(data: bytes) -> _Recording:
    """Reads the sound; never more of it than the longest recording allows, whatever the header promises."""
    import soundfile  # noqa: PLC0415 - loads a C library, only where there is a recording

    if not data:
        raise _refused("没有收到参考音频。", "The reference recording is empty.")
    if len(data) > LARGEST:
        raise _refused(f"文件太大：{len(data) / 2**20:.1f} MB。", f"The file has {len(data) / 2**20:.1f} MB.")
    if not _looks_like_sound(data):
        raise _refused("这不是可识别的音频文件。", "This is not a sound file that can be read.")
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate, channels = int(file.samplerate), int(file.channels)
            _check_format(str(file.format), rate, channels)
            if int(file.frames) > LONGEST * rate:
                _check_length(int(file.frames) / rate)
            wanted = int(LONGEST * rate) + 1
            sound = file.read(wanted, dtype="float32", always_2d=True)
            encoding = f"{file.format}/{file.subtype}"
    except RequestRefused:
        raise
    except (soundfile.SoundFileError, RuntimeError, ValueError, TypeError, OverflowError, MemoryError) as error:
        raise _refused("音频文件已损坏或不完整。", "The sound file is damaged or incomplete.") from error
    _check_length(len(sound) / rate)
    if not np.isfinite(sound).all():
        raise _refused(
            "音频含有无效数值（NaN 或无穷大）。", "The sound holds values that are no numbers (NaN or infinite)."
        )
    mono = _mono(sound)
    _check_heard(mono, rate)
    return _Recording(mono, rate, channels, encoding)


def _looks_like_sound(data: bytes) -> bool:
    """The beginning of a wav, FLAC, OGG or MP3 file: what has none of them isn't shown to a decoder."""
    return (
        (data[:4] in (b"RIFF", b"RF64") and data[8:12] == b"WAVE")
        or data[:4] in (b"fLaC", b"OggS")
        or data[:3] == b"ID3"
        or (len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0)
    )


def _check_format(kind: str, rate: int, channels: int) -> None:
    if kind not in _FORMATS:
        raise _refused(f"不支持 {kind} 格式。", f"{kind} files are not supported.")
    if channels not in (1, 2):
        raise _refused(f"音频有 {channels} 个声道。", f"The sound has {channels} channels.")
    if not _RATES[0] <= rate <= _RATES[1]:
        raise _refused(
            f"采样率为 {rate} Hz，须在 8 至 192 kHz 之间。",
            f"The sampling rate is {rate} Hz; 8 to 192 kHz are allowed.",
        )


def _check_length(seconds: float) -> None:
    if seconds < SHORTEST:
        raise _refused(f"音频太短：{seconds:.2f} 秒。", f"The recording is too short: {seconds:.2f} s.")
    if seconds > LONGEST:
        raise _refused(
            f"音频太长：{seconds:.1f} 秒，请先剪短。", f"The recording is too long: {seconds:.1f} s, cut it."
        )


def _mono(sound: Samples) -> Samples:
    """The mean of the channels; where they cancel each other out, the louder one."""
    mixed = sound.mean(axis=1, dtype=np.float64)
    powers = np.square(sound, dtype=np.float64).mean(axis=0)
    if np.square(mixed, dtype=np.float64).mean() < 0.01 * powers.max():
        mixed = sound[:, int(powers.argmax())].astype(np.float64)
    peak = float(np.abs(mixed).max())
    scaled: Samples = (mixed / peak if peak > 1.0 else mixed).astype(np.float32)
    return scaled


def _check_heard(mono: Samples, rate: int) -> None:
    size = rate // 50
    blocks = mono[: len(mono) // size * size].reshape(-1, size)
    levels = np.sqrt(np.square(blocks - blocks.mean(axis=1, keepdims=True), dtype=np.float64).mean(axis=1))
    if np.count_nonzero(levels > _QUIET) * size / rate < _HEARD:
        raise _refused("音频里几乎没有声音。", "There is hardly any sound in the recording.")


def drop_leftovers(shared: Path) -> None:
    """Deletes what a kill or a power cut left of a recording that was just being stored: nobody admitted that, and no
    record tells of it.
    """
    oldest = time.time() - _WRITING
    for part in (shared / "references").glob(f"{_PART}*"):
        with suppress(OSError):  # another process was quicker
            if part.stat().st_mtime < oldest:
                part.unlink()


def _store(path: Path, sound: Samples) -> None:
    """Writes the wav beside its place and renames it; an earlier copy of the same recording is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(prefix=_PART, dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as target:
            with wave.open(target, "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(SAMPLE_RATE)
                file.writeframes(np.round(np.clip(sound, -1.0, 1.0) * 32767).astype("<i2").tobytes())
            target.flush()
            os.fsync(target.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

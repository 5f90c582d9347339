"""Many lines at once: a text file (one line each) or JSON Lines become one wav each, one joined wav, and subtitles."""

import hashlib
import json
import re
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tts_service.app.admission import Busy, Draining
from tts_service.app.stopping import Stop, Stopped
from tts_service.engines.base import Capabilities, Reference, RequestRefused, Speech, SynthesisRequest
from tts_service.marking import new_mark, pcm16, wav_head
from tts_service.subtitles import Cue, srt

MOST_LINES: Final = 200
MOST_CHARACTERS: Final = 10_000
"""Of all lines together."""
LARGEST_FILE: Final = 1024 * 1024
"""Bytes of an uploaded file."""
LONGEST_PAUSE: Final = 3.0
"""Seconds between two lines of the joined wav."""
KEPT: Final = 3600.0
"""Seconds that the files of a batch are kept."""
ROOM: Final = 1024**3
"""Bytes of all batches together."""
_FIELDS: Final = ("text", "voice", "emotion", "speed", "intensity", "emotion_vector")
_ATTEMPTS: Final = 3
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Line:
    """One line to speak: its number in the file, and the checked request."""

    number: int
    request: SynthesisRequest


@dataclass(frozen=True)
class Spoken:
    """What came of a line: its wav, when it is heard in the joined one (seconds) and its subtitles there, or why it was
    left out.
    """

    line: Line
    file: str = ""
    start: float = 0.0
    end: float = 0.0
    cues: tuple[Cue, ...] = ()
    compute_seconds: float = 0.0
    refused: RequestRefused | None = None


@dataclass(frozen=True)
class Files:
    """The files of a finished batch."""

    wavs: tuple[Path, ...]
    joined: Path
    subtitles: Path
    archive: Path

    @property
    def shared(self) -> tuple[Path, Path, Path]:
        """What is handed out: the archive with everything, the joined wav, the subtitles."""
        return self.archive, self.joined, self.subtitles


@dataclass(frozen=True)
class Progress:
    """How far a batch is; `files` comes with the last one, unless it was `stopped` before a line was done."""

    spoken: tuple[Spoken, ...]
    total: int
    files: Files | None = None
    stopped: bool = False


def decoded(data: bytes) -> str:
    """Reads an uploaded file: UTF-8, or the GB 18030 that Windows' editor writes. Raises RequestRefused."""
    if len(data) > LARGEST_FILE:
        raise RequestRefused(
            f"文件太大：最多 {LARGEST_FILE // 1024} KB。", f"The file is too large: at most {LARGEST_FILE // 1024} KB."
        )
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise RequestRefused("这不是文本文件，请使用 UTF-8 编码的 txt 或 jsonl。", "This is no text file: use UTF-8.")


def parse(text: str, capabilities: Capabilities, defaults: SynthesisRequest) -> tuple[Line, ...]:
    """Reads lines: plain text, or JSON objects with `text` and, if wanted, `voice emotion speed intensity
    emotion_vector` (what a line doesn't say is taken from `defaults`). Empty lines are passed over.

    Raises RequestRefused with the line's number for whatever can't be done; nothing has been spoken by then.
    """
    # Not `splitlines`: U+2028 and the like may stand inside a JSON string, and editors don't count them as lines.
    numbered = [(number, line.strip()) for number, line in enumerate(_LINE_END.split(text), 1) if line.strip()]
    if not numbered:
        raise RequestRefused("请输入要合成的文字，每行一句。", "Enter the lines to speak, one on each line.")
    if len(numbered) > MOST_LINES:
        raise RequestRefused(
            f"一批最多 {MOST_LINES} 行，现在有 {len(numbered)} 行。",
            f"At most {MOST_LINES} lines in a batch, these are {len(numbered)}.",
        )
    as_json = numbered[0][1].startswith("{")
    lines = tuple(_line(number, line, as_json, capabilities, defaults) for number, line in numbered)
    characters = sum(len(line.request.text) for line in lines)
    if characters > MOST_CHARACTERS:
        raise RequestRefused(
            f"一批最多 {MOST_CHARACTERS} 字，现在有 {characters} 字。",
            f"At most {MOST_CHARACTERS} characters in a batch, these are {characters}.",
        )
    return lines


def _line(number: int, line: str, as_json: bool, capabilities: Capabilities, defaults: SynthesisRequest) -> Line:
    try:
        wanted = replace(defaults, **_fields(line)) if as_json else replace(defaults, text=line)
        return Line(number, wanted.checked(capabilities))
    except RequestRefused as refused:
        raise RequestRefused(f"第 {number} 行：{refused.zh}", f"Line {number}: {refused.en}") from refused


def _fields(line: str) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, Mapping):
        raise RequestRefused(
            '不是有效的 JSON 对象，例如 {"text": "你好", "emotion": "开心"}。',
            'This is no JSON object such as {"text": "你好", "emotion": "开心"}.',
        )
    if unknown := [str(key)[:20] for key in told if key not in _FIELDS]:
        raise RequestRefused(
            f"不认识的字段：{'、'.join(unknown[:5])}。可用：{'、'.join(_FIELDS)}。",
            f"Unknown fields: {', '.join(unknown[:5])}. Allowed: {', '.join(_FIELDS)}.",
        )
    said = {"text": ""} | {key: value for key, value in told.items() if value is not None}
    if "emotion_vector" in said:
        said["vector"] = said.pop("emotion_vector")
    elif "emotion" in said or "intensity" in said:
        said["vector"] = None  # else a vector for all lines would take the place of what this one says
    return said


def checked_pause(pause: object) -> float:
    """Gives the pause between two lines in seconds; raises RequestRefused."""
    if isinstance(pause, int | float) and not isinstance(pause, bool) and 0 <= pause <= LONGEST_PAUSE:
        return float(pause)
    raise RequestRefused(
        f"句间停顿须在 0 到 {LONGEST_PAUSE:g} 秒之间。", f"The pause must lie between 0 and {LONGEST_PAUSE:g} seconds."
    )


def run(
    lines: tuple[Line, ...],
    speak: Callable[[SynthesisRequest], Speech],
    wav: Callable[[SynthesisRequest, Speech], bytes],
    cues: Callable[[SynthesisRequest, Speech], tuple[Cue, ...]],
    folder: Path,
    *,
    pause: float,
    engine: str,
    stop: Stop,
) -> Iterator[Progress]:
    """Speaks the lines into `folder` (made here), telling after each how far it is; `wav` makes a sound's marked file,
    `cues` its subtitles, which begin at 0.

    A line that can't be read aloud is left out and said so; a busy service is asked again a few times. When `stop` is
    asked, the line that is being spoken is the last. Raises what `speak` raises beyond that. Memory stays that of one
    line: the joined wav grows on disk.
    """
    folder.mkdir(parents=True, mode=0o700)
    spoken: list[Spoken] = []
    wavs: list[Path] = []
    joined = folder / "joined.pcm"
    digest = hashlib.sha256()
    rate = size = 0
    reference: Reference | None = None
    with joined.open("wb") as sound:
        for index, line in enumerate(lines, 1):
            try:
                speech = _patiently(speak, line.request, stop)
            except Stopped:
                break
            except RequestRefused as refused:
                spoken.append(Spoken(line, refused=refused))
                yield Progress(tuple(spoken), len(lines))
                continue
            pcm = pcm16(speech.samples)
            rate = speech.sample_rate
            silence = bytes(2 * int(pause * rate)) if size else b""
            start = (size + len(silence)) / 2 / rate
            path = folder / f"{index:03}.wav"
            path.write_bytes(wav(line.request, speech))
            reference = reference or speech.reference
            for part in (silence, pcm):
                sound.write(part)
                digest.update(part)
                size += len(part)
            wavs.append(path)
            heard = tuple(
                replace(cue, start=start + cue.start, end=start + cue.end) for cue in cues(line.request, speech)
            )
            spoken.append(Spoken(line, path.name, start, size / 2 / rate, heard, speech.compute_seconds))
            yield Progress(tuple(spoken), len(lines))
    stopped = len(spoken) < len(lines)
    if not wavs and stopped:
        shutil.rmtree(folder)
        yield Progress(tuple(spoken), len(lines), stopped=True)
        return
    if not wavs:
        first = spoken[0].refused
        raise RequestRefused(
            f"没有一行可以朗读。{first.zh if first else ''}", f"No line can be read aloud. {first.en if first else ''}"
        )
    voices = "、".join(dict.fromkeys(item.line.request.voice or "" for item in spoken if item.file))
    mark = replace(new_mark(engine=engine, voice=voices, reference=reference), pcm_sha256=digest.hexdigest())
    files = _finished(folder, joined, wav_head(rate, mark, size), tuple(spoken), tuple(wavs))
    yield Progress(tuple(spoken), len(lines), files, stopped)


def _patiently(speak: Callable[[SynthesisRequest], Speech], request: SynthesisRequest, stop: Stop) -> Speech:
    for _ in range(_ATTEMPTS - 1):
        if stop.asked:
            raise Stopped
        try:
            return speak(request)
        except Draining:
            raise
        except Busy as busy:
            stop.wait(busy.retry_after)
    if stop.asked:
        raise Stopped
    return speak(request)


def _finished(folder: Path, sound: Path, head: bytes, spoken: tuple[Spoken, ...], wavs: tuple[Path, ...]) -> Files:
    joined = folder / "joined.wav"
    with joined.open("wb") as file, sound.open("rb") as source:
        file.write(head)
        shutil.copyfileobj(source, file)
    sound.unlink()
    subtitles = folder / "subtitles.srt"
    subtitles.write_text(srt(cue for item in spoken for cue in item.cues), encoding="utf-8")
    archive = folder / "batch.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for path in (*wavs, joined, subtitles):
            packed.write(path, path.name)
        packed.writestr("lines.jsonl", "".join(json.dumps(told(item), ensure_ascii=False) + "\n" for item in spoken))
    return Files(wavs, joined, subtitles, archive)


def told(item: Spoken) -> dict[str, Any]:
    """What came of a line, for programs and for ``lines.jsonl``."""
    request = item.line.request
    facts: dict[str, Any] = {
        "line": item.line.number,
        "text": request.text,
        "voice": request.voice,
        "emotion": request.emotion,
        "intensity": request.intensity,
        "speed": request.speed,
    }
    if request.vector is not None:
        facts["emotion_vector"] = list(request.vector)
    if item.refused is not None:
        return facts | {"refused": str(item.refused)}
    return facts | {"file": item.file, "start": round(item.start, 3), "end": round(item.end, 3)}


def sweep(root: Path, *, kept: float = KEPT, room: int = ROOM, now: float | None = None) -> None:
    """Deletes the folders of batches that are older than `kept` seconds, and the oldest beyond `room` bytes in all."""
    oldest = (time.time() if now is None else now) - kept
    found = [(changed, size, folder) for folder in root.glob("*/") for changed, size in _measured(folder)]
    for changed, size, folder in sorted(found, reverse=True):
        room -= size
        if room < 0 or changed < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def _measured(folder: Path) -> list[tuple[float, int]]:
    """When a folder was changed and the bytes in it; nothing where another batch swept it, or put its files together,
    in the same moment.
    """
    try:
        return [(folder.stat().st_mtime, sum(path.stat().st_size for path in folder.iterdir()))]
    except FileNotFoundError:
        return []

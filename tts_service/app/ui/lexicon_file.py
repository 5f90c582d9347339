"""The user's lexicon as the page edits it: the whole file at once, checked line by line, never half written."""

import codecs
import fcntl
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tts_service.engines.base import RequestRefused
from tts_service.text.lexicon import Lexicon, LexiconProblem
from tts_service.text.units import checked_reading

NAME: Final = "lexicon.txt"
LARGEST: Final = 256 * 1024
"""Bytes of the file."""
MOST_LINES: Final = 5000
_UNREADABLE: Final = "unreadable"
"""The version of a file that this user may not read."""


@dataclass(frozen=True)
class LexiconText:
    """What lies in the file, and its version: who saves must have seen that one.

    `problem` says why the service can't use it as it is: somebody has put it there by hand.
    """

    text: str
    version: str
    problem: RequestRefused | None = None

    @property
    def words(self) -> int:
        """How many words are in it; asked only where there is no problem."""
        return len(Lexicon.parse(self.text.splitlines()).words)


def read(shared: Path) -> LexiconText:
    """Reads the lexicon of a shared folder; a file that isn't there is an empty one.

    A file in the encoding of Windows is read as such, with a problem: once saved from here, it is UTF-8.
    """
    try:
        data = (shared / NAME).read_bytes()
    except FileNotFoundError:
        data = b""
    except OSError as error:
        why = f"{NAME}: {error.strerror}"
        return LexiconText(
            "", _UNREADABLE, RequestRefused(f"词典文件无法读取（{why}）。", f"The lexicon can't be read ({why}).")
        )
    version = hashlib.sha256(data).hexdigest()
    try:
        text = data.decode("utf-8-sig")
        check(text)
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        zh = f"词典文件 {NAME} 不是 UTF-8 编码（第 {number} 行），因此没有生效。请检查下面的文字，然后点“保存全部”。"
        en = f"{NAME} is not UTF-8 (line {number}) and not in effect. Look through the text below, then save it all."
        return LexiconText(_guessed(data), version, RequestRefused(zh, en))
    except RequestRefused as problem:
        return LexiconText(text, version, problem)
    return LexiconText(text, version)


def save(shared: Path, text: str, version: str) -> LexiconText:
    """Puts `text` in the file's place if it is still at `version`; the file before stays as ``lexicon.txt.before``.

    Raises RequestRefused: a line that can't be used (with its number), too much, or somebody saved in between.
    """
    text = "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")
    text += "\n" if text else ""
    check(text)
    shared.mkdir(parents=True, exist_ok=True)
    with (shared / f".{NAME}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = read(shared)
        if before.version != version:
            raise RequestRefused(
                "词典刚被别人改过，请先点“重新载入”，再修改。",
                "Somebody else changed the lexicon meanwhile: load it again, then make your changes.",
            )
        if before.version == _UNREADABLE and before.problem is not None:
            raise before.problem
        if before.text:
            _replace(shared / f"{NAME}.before", (shared / NAME).read_bytes())
        _replace(shared / NAME, text.encode())
    return read(shared)


def check(text: str) -> None:
    """Raises RequestRefused for the first line that can't be used, naming it, and for too much text."""
    lines = text.splitlines()
    if len(text.encode("utf-8", "replace")) > LARGEST or len(lines) > MOST_LINES:
        raise RequestRefused(
            f"词典太大：最多 {MOST_LINES} 行、{LARGEST // 1024} KB。",
            f"The lexicon is too large: at most {MOST_LINES} lines, {LARGEST // 1024} KB.",
        )
    for number, line in enumerate(lines, 1):
        try:
            Lexicon.parse([line])
            line.encode()
        except (LexiconProblem, UnicodeEncodeError):
            raise RequestRefused(
                f"第 {number} 行不能用：“{line.strip()[:40]}”。每行写“词 读音”，如“重庆 chong2 qing4”。",
                f"Line {number} can't be used: {line.strip()[:40]!r}. Write a word and its reading, "
                "such as 重庆 chong2 qing4.",
            ) from None


def with_word(text: str, word: str, reading: str) -> str:
    """Gives the lexicon's text with a word's reading added, or put in the place of the one before.

    Raises RequestRefused for a word with blanks or signs of the file's own in it, and for a reading that can't be said.
    """
    word, reading = word.strip(), " ".join(reading.split())
    if not word or len(word) > 40 or any(char.isspace() or char == "#" for char in word):
        raise RequestRefused(
            "请填写一个词（不含空格和 #，最多 40 字）。", "Enter one word: no blanks, no #, at most 40 characters."
        )
    if checked_reading(reading) is None:
        raise RequestRefused(
            f"“{reading[:40]}”不是可用的读音，请写带声调数字的拼音，如 chong2 qing4。",
            f"{reading[:40]!r} is no reading: write pinyin with tone digits, such as chong2 qing4.",
        )
    kept = [line for line in text.splitlines() if line.partition("#")[0].split()[:1] != [word]]
    return "\n".join([*kept, f"{word}  {reading}"]).strip("\n") + "\n"


def _guessed(data: bytes) -> str:
    """The text of a file that isn't UTF-8: what editors on a Chinese Windows save, else with signs that stand out."""
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "gb18030"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def _replace(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

"""A file that is on its way: `<name>.part` beside its place, with a note of where it comes from."""

import errno
import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import IO, Final

from tts_service.hub.manifest import ASIDE, NOTE, PART, CacheHubError

_BLOCK: Final = 1 << 20
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Note:
    """What is known of a part: its source, that source's validator for ``If-Range``, the hub's own SHA-256.

    `boot` names the boot in which it was written: after a power cut the end of a part may hold anything. `adopted`
    is the size of a file that lay in the target's place, was too short, and became the beginning of this part.
    """

    source: str = ""
    validator: str = ""
    sha256: str = ""
    boot: str = ""
    adopted: int = 0


class Part:
    """Takes the bytes of one file, hashes them on their way, and survives the end of the process at any moment."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + PART)
        self._note = target.with_name(target.name + NOTE)
        self._written: tuple[int, str] | None = None
        self.resumed = True
        """False once the part was begun from nothing in this process: then every byte came from one source."""

    @property
    def size(self) -> int:
        """Bytes that are here already."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    @property
    def note(self) -> Note:
        """What was noted; an empty note when there is none to read."""
        try:
            return Note(**json.loads(self._note.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return Note()

    @property
    def same_boot(self) -> bool:
        """Tells whether the bytes were written since this machine started."""
        return self.note.boot == boot_id()

    @contextmanager
    def writing(self, note: Note, *, resume: bool, expected: int | None) -> Iterator["Writer"]:
        """Opens the part: at its end with `resume`, else empty.

        `expected` is the whole file's size, where known; too little space is found before the first byte. Raises
        CacheHubError when the disk can't take it: no other source would help then.
        """
        digest = hashlib.sha256()
        self._written, self.resumed = None, resume
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not resume and self.note.adopted and self.path.exists():
                self.give_back()
            _check_space(self.path.parent, (expected or 0) - (self.size if resume else 0))
            if resume:
                with self.path.open("rb") as old:
                    digest = hashlib.file_digest(old, "sha256")
            adopted = self.note.adopted if resume else 0
            self._note.write_text(json.dumps(asdict(replace(note, boot=boot_id(), adopted=adopted))), encoding="utf-8")
            file = self.path.open("ab" if resume else "wb", buffering=0)
        except OSError as error:
            raise disk_error(self.path, error) from error
        with file:
            writer = Writer(file, digest.copy(), self.path, self.size if resume else 0)
            yield writer
            writer.sync()
        self._written = writer.size, writer.sha256

    def measured(self) -> tuple[int, str]:
        """Gives size and SHA-256 of what is here; of a part written just now without reading it again."""
        if self._written is None:
            with self.path.open("rb") as file:
                self._written = self.size, hashlib.file_digest(file, "sha256").hexdigest()
        return self._written

    def adopt(self) -> None:
        """Makes the file in the target's place, which is too short, the beginning of this part."""
        size = self.target.stat().st_size
        self.reject()
        self._note.write_text(json.dumps(asdict(Note(adopted=size))), encoding="utf-8")
        self.target.replace(self.path)

    def give_back(self) -> None:
        """Puts the adopted beginning aside as it was: it is no beginning of the right file."""
        os.truncate(self.path, self.note.adopted)
        self.path.replace(aside(self.target))
        self._note.unlink(missing_ok=True)

    def reject(self) -> None:
        """Throws away what came from a source and is wrong; an adopted beginning is put aside as it was."""
        self._written = None
        if self.note.adopted and self.path.exists():
            self.give_back()
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def finish(self) -> None:
        """Renames the part into its place. Raises CacheHubError when the disk refuses."""
        try:
            self.path.replace(self.target)
            folder = os.open(self.target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise disk_error(self.target, error) from error
        with suppress(OSError):
            self._note.unlink(missing_ok=True)


class Writer:
    """The open end of a part."""

    def __init__(self, file: FileIO, digest: "hashlib._Hash", path: Path, size: int) -> None:
        self._file, self._digest, self._path = file, digest, path
        self.size = size

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, block: bytes) -> None:
        """Takes a block; raises CacheHubError when the disk doesn't."""
        self._digest.update(block)
        rest = memoryview(block)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise disk_error(self._path, error) from error
        self.size += len(block)

    def sync(self) -> None:
        """Brings everything to the disk."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise disk_error(self._path, error) from error


def boot_id() -> str:
    """Names this boot of the machine, "" where the kernel doesn't tell."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def aside(target: Path) -> Path:
    """Gives a free name beside `target` for what lies there and must not be destroyed."""
    stem = f"{target.name}{ASIDE}{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    names = (target.with_name(stem + (f"-{number}" if number else "")) for number in itertools.count())
    return next(name for name in names if not os.path.lexists(name))


def blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Reads a file in blocks of 1 MiB."""
    while block := file.read(_BLOCK):
        yield block


def disk_error(path: Path, error: OSError) -> CacheHubError:
    """Tells in words why the disk refused."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CacheHubError(f"no space left for {path}: make room and start again, what is here is kept")
    return CacheHubError(f"can't write {path}: {error.strerror or error}. Check rights and space")


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise CacheHubError(
            f"{needed:,} bytes are needed below {folder}, only {free:,} are free: make room and start again"
        )

"""The audit file: who declared which reference recording, and what was spoken with it.

JSON Lines, one record a line, only ever appended to. Each record holds its number, the SHA-256 of the record before it
and its own, so that a line that was changed, removed, inserted or moved breaks the chain at that place; beside it lies
a small file with the last record's number and hash, which tells a cut end. Whoever can write both files can rewrite
them from some line on: against that an operator keeps a hash elsewhere (``tts-service audit verify --expect-head``).
"""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tts_service.engines.base import Reference

START: Final = "0" * 64
"""What the first record names as the hash before it."""
TORN: Final = "audit.torn"
"""Kind of the record that accounts for a line that a crash left incomplete."""
LONGEST_LINE: Final = 16 * 1024
"""Bytes of one record."""
_KIND: Final = re.compile(r"[a-z]+(\.[a-z]+)*")

Value = str | int | float | bool | None


class AuditError(RuntimeError):
    """Nothing may be done that must be on record: the audit file can't be written, or it was altered."""


@dataclass(frozen=True)
class Record:
    """One line: number from 1, UTC time, kind such as ``reference.admitted``, its facts, hash before, own hash."""

    seq: int
    time: str
    kind: str
    fields: dict[str, Value]
    prev: str
    hash: str

    def to_line(self) -> bytes:
        """The record as it lies in the file, without the line's end."""
        return _canonical(asdict(self))


@dataclass(frozen=True)
class Head:
    """The last record's number and hash: the anchor of a chain."""

    seq: int
    hash: str


def audit_file(shared: Path) -> Path:
    """Where the audit file lies in a host's shared folder."""
    return shared / "audit" / "audit.jsonl"


def head_file(path: Path) -> Path:
    """Where the number and hash of the last record lie."""
    return path.with_suffix(".head")


def hash_of(record: Record) -> str:
    """SHA-256 over everything in a record but its own hash."""
    return hashlib.sha256(_canonical({k: v for k, v in asdict(record).items() if k != "hash"})).hexdigest()


def record_of(line: bytes) -> Record | None:
    """Reads one line; None unless it is a record written by us, byte for byte (its hash may still be wrong)."""
    try:
        record = Record(**json.loads(line))
        whole = isinstance(record.seq, int) and isinstance(record.fields, dict) and record.to_line() == line
    except (ValueError, TypeError, RecursionError):
        return None
    return record if whole else None


def torn_account(torn: bytes) -> dict[str, Value]:
    """What a record of kind `TORN` says of the bytes that a crash left."""
    return {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}


def records(path: Path) -> Iterator[Record]:
    """The records of a file in order, proved or not; none where there is no file."""
    if path.exists():
        with path.open("rb") as file:
            yield from (record for record in (record_of(line.rstrip(b"\n")) for line in file) if record)


def read_head(path: Path) -> Head | None:
    """Reads the anchor beside an audit file; None when there is none. Raises AuditError for one that isn't readable."""
    try:
        number, digest = head_file(path).read_text(encoding="ascii").split()
        return Head(int(number), digest)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise AuditError(f"{head_file(path)} can't be read as the audit file's head: {error}") from error


class AuditLog:
    """An audit file that several processes and threads append to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, kind: str, **fields: Value) -> Record:
        """Appends one record and returns it once it is on the disk.

        Raises AuditError when the file can't be written, when its last record or its head shows that it was altered, or
        ValueError for a kind or fields that no record can hold. An incomplete last line (a crash while writing) stays
        where it is, and a record of kind ``audit.torn`` with its length and SHA-256 accounts for it.
        """
        if not _KIND.fullmatch(kind):
            raise ValueError(f"{kind!r} is no kind of record: small letters and dots")
        try:
            with self._locked() as file:
                last, torn = self._end(file)
                if torn:
                    last = self._write(file, last, TORN, torn_account(torn), before=b"\n")
                return self._write(file, last, kind, fields)
        except OSError as error:
            raise AuditError(f"the audit file {self.path} can't be written: {error}") from error

    @contextmanager
    def _locked(self) -> Iterator[int]:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)

    def _end(self, file: int) -> tuple[Record | None, bytes]:
        """The last whole record, and what a crash left after it; refuses an end that isn't ours."""
        size = os.fstat(file).st_size
        start = max(0, size - 4 * LONGEST_LINE)
        tail = os.pread(file, size - start, start)
        last, end = None, len(tail)
        while last is None and (end := tail.rfind(b"\n", 0, end)) >= 0:
            found = record_of(tail[tail.rfind(b"\n", 0, end) + 1 : end])
            last = found if found and hash_of(found) == found.hash else None
        if last is None and start > 0:
            raise AuditError(f"{self.path} does not end in a record: run tts-service audit verify")
        self._settle_head(last)
        return last, tail[end + 1 :]

    def _settle_head(self, last: Record | None) -> None:
        """Refuses a file whose end was cut. A head may be one record behind, after a crash or with a full disk; it is
        brought up before anything is appended, else it would fall two behind and look like an altered file's.
        """
        head = read_head(self.path)
        if last is None and head is None:
            return
        begun = last is not None and last.seq == 1 and head is None
        if last is None or not (begun or (head is not None and head.hash in (last.hash, last.prev))):
            raise AuditError(f"the end of {self.path} does not agree with its head: run tts-service audit verify")
        if head is None or head.hash != last.hash:
            self._write_head(last)

    def _write(
        self, file: int, last: Record | None, kind: str, fields: dict[str, Value], before: bytes = b""
    ) -> Record:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        seq, prev = (last.seq + 1, last.hash) if last else (1, START)
        record = Record(seq, now, kind, fields, prev, "")
        record = Record(seq, now, kind, fields, prev, hash_of(record))
        line = before + record.to_line() + b"\n"
        if len(line) > LONGEST_LINE:
            raise ValueError(f"a record of {len(line)} bytes is too long for the audit file")
        if os.write(file, line) != len(line):
            raise AuditError(f"{self.path} took only a part of a record: is the disk full?")
        os.fsync(file)
        self._write_head(record)
        return record

    def _write_head(self, record: Record) -> None:
        path = head_file(self.path)
        part = path.with_suffix(".head.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(f"{record.seq} {record.hash}\n".encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def audit_speech(
    shared: Path,
    reference: Reference,
    *,
    request: str,
    sound: bytes,
    channel: str,
    engine: str,
    voice: str,
    characters: int,
    matching: str = "",
) -> Record:
    """Puts on record that speech was made with a reference recording; call it before the sound leaves the service.

    `request` is the request's number (the mark's `produce_id`), `sound` the file or samples as they are handed out (for
    a stream: all of it, or what had been sent), `channel` such as ``api`` or ``webui``, `characters` the length of the
    text (the text itself stays out), `matching` what the engine did (`VoiceMatch.told`). Raises AuditError.
    """
    return AuditLog(audit_file(shared)).append(
        "speech.made",
        request=request,
        output_sha256=hashlib.sha256(sound).hexdigest(),
        reference_sha256=reference.sha256,
        source=reference.declaration.source,
        consent=reference.declaration.consent,
        purpose=reference.declaration.purpose,
        channel=channel,
        engine=engine,
        voice=voice,
        characters=characters,
        matching=matching,
    )


def _canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("utf-8")

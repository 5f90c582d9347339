"""Proves an audit file: every record in its place and unaltered, and the end where the head says it is."""

import fcntl
from dataclasses import dataclass, field
from pathlib import Path

from tts_service.audit import START, TORN, AuditError, Head, Record, hash_of, read_head, record_of, torn_account


@dataclass(frozen=True)
class Report:
    """What a check found. `ok`; `problem`: the first thing that is wrong, with the line's number (from 1) in `line`, 0
    where it is no line. `records` were proved before it; `notes` tell what is unusual but in order; `head` is the last
    proved record: the hash to keep elsewhere.
    """

    ok: bool
    records: int
    problem: str = ""
    line: int = 0
    head: Head | None = None
    notes: tuple[str, ...] = ()


@dataclass
class _Chain:
    """The way through the file: the last record that was right, and a broken piece that waits for its account."""

    last: Record | None = None
    torn: bytes | None = None
    notes: list[str] = field(default_factory=list)
    hashes: set[str] = field(default_factory=set)


def verify(path: Path, expected: str = "") -> Report:
    """Checks an audit file against itself, its head file, and `expected`: a hash that was noted down earlier.

    `expected` may be that of any record: all up to it is then as it was on that day. An empty file, or none, is in
    order unless the head or `expected` says otherwise. Raises OSError for a file that can't be read.
    """
    chain = _Chain()
    data, head = _read(path)
    lines = data.split(b"\n")
    rest = lines.pop()  # behind the last line's end
    torn_at = 0
    for number, line in enumerate(lines, 1):
        torn_at = torn_at if chain.torn is not None else number
        problem = _follow(chain, line, lines[number:])
        if problem:
            return _report(chain, f"line {torn_at}: {problem}", torn_at)
    rest = rest if chain.torn is None else chain.torn + b"\n" + rest
    if rest:
        chain.notes.append(
            f"the file ends in {len(rest)} bytes that are no record, as after a crash while writing; the next record "
            "will account for them"
        )
    problem = _end(chain, head)
    if problem and chain.torn is not None:
        return _report(chain, f"line {torn_at}: {_TEAR}", torn_at)
    return _report(chain, problem or _kept(chain, expected), 0)


_TEAR = "it is no record: changed, or written by somebody else"


def _read(path: Path) -> tuple[bytes, Head | str | None]:
    """File and head of one moment, so that a check while the service writes sees no half."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            data = file.read()
            return data, _head(path)
    except FileNotFoundError:
        return b"", _head(path)


def _head(path: Path) -> Head | str | None:
    try:
        return read_head(path)
    except AuditError as error:
        return str(error)


def _follow(chain: _Chain, line: bytes, later: list[bytes]) -> str:
    """Takes one line into the chain; says what is wrong with it, "" if nothing."""
    record = record_of(line)
    if record is None:
        chain.torn = line if chain.torn is None else chain.torn + b"\n" + line
        return ""
    if chain.torn is not None:
        if record.kind != TORN or record.fields != torn_account(chain.torn):
            return _TEAR
        chain.notes.append(f"record {record.seq} accounts for {len(chain.torn)} bytes that a crash left")
        chain.torn = None
    if hash_of(record) != record.hash:
        return f"record {record.seq} was changed: its content does not give its hash"
    wanted = chain.last.seq + 1 if chain.last else 1
    if record.seq != wanted:
        return _misplaced(record, wanted, later)
    if record.prev != (chain.last.hash if chain.last else START):
        return f"record {record.seq} does not follow the one before it: one of the two was rewritten or inserted"
    chain.last = record
    chain.hashes.add(record.hash)
    return ""


def _misplaced(record: Record, wanted: int, later: list[bytes]) -> str:
    if record.seq < wanted:
        return f"record {record.seq} stands here a second time or in a wrong place: inserted or moved"
    known = {found.seq for found in map(record_of, later) if found}
    if wanted in known:
        return f"record {wanted} belongs here and stands further down: the order was changed"
    missing = f"record {wanted} is" if record.seq == wanted + 1 else f"records {wanted} to {record.seq - 1} are"
    return f"{missing} missing before record {record.seq}: removed"


def _end(chain: _Chain, head: Head | str | None) -> str:
    """Compares the end with the head. A head one record behind is a crash between the two writes."""
    last = chain.last
    if isinstance(head, str):
        return head
    if head is None:
        if last is None:
            return ""
        if last.seq == 1:
            chain.notes.append("the head file is missing, as after a crash with the first record")
            return ""
        return "the head file is missing: the end can't be proved"
    if last is not None and head == Head(last.seq, last.hash):
        return ""
    if last is not None and head == Head(last.seq - 1, last.prev):
        chain.notes.append("the head is one record behind, as after a crash between the two writes")
        return ""
    count = last.seq if last else 0
    if head.seq > count:
        return f"the file ends with record {count}, the head names record {head.seq}: the end was cut off"
    return f"the head names another record {head.seq} than the file: one of the two was replaced"


def _kept(chain: _Chain, expected: str) -> str:
    if not expected or expected.lower() in chain.hashes:
        return ""
    return "no record has the expected hash: the file was rewritten, cut or replaced since that hash was noted"


def _report(chain: _Chain, problem: str, line: int) -> Report:
    last = chain.last
    head = Head(last.seq, last.hash) if last else None
    return Report(not problem, last.seq if last else 0, problem, line, head, tuple(chain.notes))

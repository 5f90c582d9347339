"""``tts-service audit verify | show``: proves the audit file, shows its last records."""

import argparse
import sys
import unicodedata
from pathlib import Path

from tts_service.app.folders import shared_folder
from tts_service.audit import Record, audit_file, head_file, records
from tts_service.audit_verify import verify
from tts_service.mark_command import plain

_SHOWN = {
    "reference.admitted": ("source", "consent", "seconds", "channel", "sha256"),
    "reference.deleted": ("sha256", "reason"),
    "speech.made": ("voice", "characters", "matching", "source", "channel", "request"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the two commands and their options."""
    commands = parser.add_subparsers(dest="command", required=True)
    for name, help_text in (("verify", "prove that no record was changed"), ("show", "the last records as a table")):
        command = commands.add_parser(name, help=help_text, description=help_text)
        command.add_argument(
            "--file", type=Path, help="the audit file (default: audit/audit.jsonl in the shared folder)"
        )
        if name == "verify":
            command.add_argument(
                "--expect-head", default="", metavar="HASH", help="a hash that was printed earlier and kept elsewhere"
            )
        else:
            command.add_argument("-n", "--last", type=int, default=20, metavar="N", help="how many (default 20)")


def run(options: argparse.Namespace) -> int:
    """Runs the command: 0 when all is in order, 1 when the file was altered or can't be read."""
    path = options.file or audit_file(shared_folder())
    try:
        return _verify(path, options.expect_head) if options.command == "verify" else _show(path, options.last)
    except OSError as error:
        print(f"ERROR: {path} can't be read: {error.strerror}", file=sys.stderr)
        return 1


def _verify(path: Path, expected: str) -> int:
    if not path.exists() and not head_file(path).exists():
        print(f"{path}: no audit file yet, nothing was recorded")
        return 1 if expected else 0
    report = verify(path, expected)
    for note in report.notes:
        print(f"note: {note}")
    if not report.ok:
        print(f"ALTERED: {path}: {report.problem}. {report.records} records before it are in order.")
        return 1
    print(f"OK: {path}: {report.records} records, none changed, removed, inserted or moved")
    if report.head:
        print(f"head: {report.head.hash} (record {report.head.seq}; keep it elsewhere, check it with --expect-head)")
    return 0


def _show(path: Path, last: int) -> int:
    rows = [_row(record) for record in list(records(path))[-max(last, 0) :]]
    if not rows:
        print("no records")
        return 0
    table = [("no.", "time (UTC)", "kind", "facts"), *rows]
    widths = [max(_width(row[column]) for row in table) for column in range(3)]
    for row in table:
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=False)]
        print("  ".join([*cells, row[3]]))
    return 0


def _row(record: Record) -> tuple[str, str, str, str]:
    names = _SHOWN.get(record.kind, tuple(record.fields))
    facts = " ".join(f"{name}={_short(record.fields.get(name))}" for name in names if record.fields.get(name) != "")
    return str(record.seq), plain(record.time[:19]).replace("T", " "), record.kind, facts


def _short(value: object) -> str:
    text = plain(value)
    return text if len(text) <= 40 else f"{text[:12]}…" if text.isascii() else f"{text[:39]}…"


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)

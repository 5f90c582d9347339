"""``tts-service reference list | forget``: which recordings lie here, and the way out when a consent is withdrawn."""

import argparse
import sys
from pathlib import Path

from tts_service.app.folders import shared_folder
from tts_service.audit import AuditError, Record, audit_file, records
from tts_service.mark_command import plain

_SHORTEST_NAME = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the two commands."""
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="recordings that lie in the shared folder, with what was declared for them")
    forget = commands.add_parser("forget", help="delete a recording, for example because the consent was withdrawn")
    forget.add_argument("sha256", help=f"its SHA-256, or at least {_SHORTEST_NAME} digits of it")
    forget.add_argument("--reason", required=True, help="goes on record, one line")


def run(options: argparse.Namespace) -> int:
    """Runs the command; 1 when there is no such recording, or it can't be deleted or put on record."""
    shared = shared_folder()
    try:
        return _list(shared) if options.command == "list" else _forget(shared, options.sha256.lower(), options.reason)
    except (AuditError, OSError, ValueError) as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1


def _stored(shared: Path) -> list[Path]:
    return sorted((shared / "references").glob("*.wav"))


def _list(shared: Path) -> int:
    declared: dict[object, Record] = {}
    for record in records(audit_file(shared)):
        if record.kind == "reference.admitted":
            declared[record.fields.get("sha256")] = record
    for path in _stored(shared):
        found = declared.get(path.stem)
        said = (
            f"{plain(found.time[:19])}  {plain(found.fields.get('source'))}  {plain(found.fields.get('consent'))}"
            if found
            else "NOT IN THE AUDIT FILE"
        )
        print(f"{path.stem[:16]}  {said}")
    return 0


def _forget(shared: Path, name: str, reason: str) -> int:
    from tts_service.references import forget  # noqa: PLC0415 - imports numpy

    found = [path.stem for path in _stored(shared) if len(name) >= _SHORTEST_NAME and path.stem.startswith(name)]
    if len(found) != 1:
        print(f"{len(found)} recordings begin with {plain(name)!r}: see tts-service reference list", file=sys.stderr)
        return 1
    forget(found[0], shared=shared, reason=reason)
    print(f"deleted {found[0]}")
    return 0

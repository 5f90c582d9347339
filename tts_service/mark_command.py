"""``tts-service mark show FILE``: what a sound file says about where it comes from."""

import argparse
import sys
from pathlib import Path

from tts_service.mark_reading import FoundMark, read_mark

_SAID = {True: "the samples are those that were marked", False: "THE SAMPLES WERE CHANGED since", None: "not told"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the command and its files."""
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("show", help="what a sound file says about itself")
    show.add_argument("files", nargs="+", type=Path, metavar="FILE", help="wav, FLAC, OGG or MP3")


def run(options: argparse.Namespace) -> int:
    """Prints the mark of each file; 1 when a file has none, was changed, or can't be read."""
    return max(_show(path) for path in options.files)


def _show(path: Path) -> int:
    try:
        found = read_mark(path)
    except OSError as error:
        print(f"ERROR: {path} can't be read: {error.strerror}", file=sys.stderr)
        return 1
    if found is None:
        print(f"{path}: no mark")
        return 1
    print(f"{path}: AI-generated (AIGC Label {plain(found.aigc.get('Label', '?'))})")
    for name, value in _lines(found):
        print(f"  {name:<12} {plain(value)}")
    return 1 if found.intact is False else 0


def plain(value: object) -> str:
    """Text from a file as one line that can't steer a terminal."""
    return "".join(character if character.isprintable() else "\ufffd" for character in str(value)[:2000])


def _lines(found: FoundMark) -> list[tuple[str, object]]:
    lines: list[tuple[str, object]] = [("number", found.aigc.get("ProduceID", ""))]
    lines += [("producer", found.aigc.get("ContentProducer", ""))]
    lines += [
        (name, found.told[name]) for name in ("made", "software", "engine", "voice", "matching") if name in found.told
    ]
    stated = found.told.get("declaration")
    if isinstance(stated, dict):
        lines += [(name, stated.get(name, "")) for name in ("source", "consent", "purpose")]
        lines += [("reference", found.told.get("reference_sha256", ""))]
    return [*lines, ("intact", _SAID[found.intact])]

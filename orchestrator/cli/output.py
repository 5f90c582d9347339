"""Data on standard output, people's text on standard error."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What a terminal obeys instead of showing it: colours, titles, clipboards, text that runs backwards."""


def printable(text: str) -> str:
    """A text that may hold a ticket's or a host's words, so that a terminal only shows it."""
    return _COMMANDS.sub("\ufffd", text)


def data(value: Any, *, as_json: bool) -> None:
    """Print a result: JSON where asked for, else its text."""
    if as_json:
        text = json.dumps(value, ensure_ascii=False, indent=2)
        text = _COMMANDS.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
    else:
        text = printable(str(value))
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def tell(text: str) -> None:
    """Say something to the person."""
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()


def console(*, stderr: bool = True) -> Console:
    """A rich console; plain text where the stream is no terminal."""
    from rich.console import Console  # noqa: PLC0415 - rich costs 50 ms that `--json` needn't pay

    return Console(stderr=stderr, highlight=False, soft_wrap=True)

"""Data on standard output, people's text on standard error."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def data(value: Any, *, as_json: bool) -> None:
    """Print a result: JSON where asked for, else its text."""
    sys.stdout.write((json.dumps(value, ensure_ascii=False, indent=2) if as_json else str(value)) + "\n")
    sys.stdout.flush()


def tell(text: str) -> None:
    """Say something to the person."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def console(*, stderr: bool = True) -> Console:
    """A rich console; plain text where the stream is no terminal."""
    from rich.console import Console  # noqa: PLC0415 - rich costs 50 ms that `--json` needn't pay

    return Console(stderr=stderr, highlight=False, soft_wrap=True)

"""What tests look at while an engine works (the lines that its steps wrote, that something happens at last), and its
records, which they may change.
"""

import contextlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def lines(log: str) -> list[str]:
    path = Path(log)
    return path.read_text().splitlines() if path.exists() else []


def until(condition: Callable[[], Any], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def edit(data: Path, statement: str, *values: str) -> None:
    """Changes the records of the engine on `data` behind its back."""
    with contextlib.closing(sqlite3.connect(data / "engine.sqlite", timeout=30, isolation_level=None)) as connection:
        connection.execute(statement, values)

"""What tests look at while an engine works: the lines that its steps wrote, and that something happens at last."""

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

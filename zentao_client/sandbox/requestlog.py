"""What was asked of the sandbox, for tests and benchmarks that count requests."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class LoggedRequest:
    """One request: ``at`` is ``time.monotonic()`` when it came, ``status`` is 0 while or if no answer was sent."""

    number: int
    method: str
    path: str
    query: str
    token: str
    at: float
    status: int = 0

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


class RequestLog:
    """All requests but those to the sandbox's own control routes, oldest first."""

    def __init__(self) -> None:
        self._entries: list[LoggedRequest] = []
        self._lock = threading.Lock()

    def begin(self, method: str, path: str, query: str, token: str, at: float) -> int:
        with self._lock:
            number = len(self._entries)
            self._entries.append(LoggedRequest(number, method, path, query, token, at))
        return number

    def finish(self, number: int, status: int) -> None:
        with self._lock:
            if number < len(self._entries):
                entry = self._entries[number]
                self._entries[number] = LoggedRequest(**{**asdict(entry), "status": status})

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def matching(self, pattern: str = "", *, method: str = "", token: str = "") -> list[LoggedRequest]:
        """Entries whose ``/path?query`` contains the regular expression."""
        with self._lock:
            entries = list(self._entries)
        return [
            entry
            for entry in entries
            if re.search(pattern, entry.target) and method in ("", entry.method) and token in ("", entry.token)
        ]

    def count(self, pattern: str = "", *, method: str = "", token: str = "") -> int:
        return len(self.matching(pattern, method=method, token=token))

    def __iter__(self) -> Any:
        return iter(self.matching())

    def __len__(self) -> int:
        return self.count()

"""Things that go wrong on purpose: rules by method, path and count, changed while the server runs."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

Kind = Literal[
    "timeout-after-commit",  # the change is made, the answer never comes
    "late-commit",  # nothing happens until the client gave up; `seconds` later the change is made
    "slow",  # the request is carried out `seconds` late
    "empty",  # the change is made, the answer is 200 with nothing
    "login-page",  # 200 with the HTML login page instead of the call
    "two-documents",  # the change is made, the answer carries a second JSON document
    "error-500",  # 500 with an HTML stack trace instead of the call
    "reset",  # the connection is cut instead of the call
    "reset-after-commit",  # the change is made, then the connection is cut
]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True)
class Fault:
    """One rule. ``path`` is a regular expression searched in ``/path?query``; ``count`` < 0 means until removed."""

    id: int
    kind: Kind
    path: str = ""
    method: str = ""
    count: int = 1
    seconds: float = 5.0

    def matches(self, method: str, target: str) -> bool:
        return self.count != 0 and self.method in ("", method) and bool(re.search(self.path, target))


@dataclass
class Faults:
    """The rules in force. Thread-safe; the first rule that matches is used and counted down."""

    history_delay: float = 0.0  # seconds between a webhook and the history rows of its action
    _rules: list[Fault] = field(default_factory=list)
    _next: int = 1
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: Kind, path: str = "", *, method: str = "", count: int = 1, seconds: float = 5.0) -> Fault:
        """Switch a fault on. An unknown kind or a bad pattern raises ``ValueError``."""
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r}; known: {', '.join(KINDS)}")
        try:
            re.compile(path)
        except re.error as error:
            raise ValueError(f"bad path pattern {path!r}: {error}") from error
        with self._lock:
            fault = Fault(self._next, kind, path, method.upper(), count, seconds)
            self._next += 1
            self._rules.append(fault)
        return fault

    def remove(self, fault_id: int) -> None:
        with self._lock:
            self._rules = [rule for rule in self._rules if rule.id != fault_id]

    def clear(self) -> None:
        """No faults at all, no delay before history rows."""
        with self._lock:
            self._rules.clear()
            self.history_delay = 0.0

    def take(self, method: str, target: str) -> Fault | None:
        """The fault for this request, counted down."""
        with self._lock:
            for index, rule in enumerate(self._rules):
                if rule.matches(method, target):
                    if rule.count > 0:
                        self._rules[index] = replace(rule, count=rule.count - 1)
                    return rule
        return None

    def listed(self) -> dict[str, Any]:
        with self._lock:
            return {"history_delay": self.history_delay, "faults": [asdict(rule) for rule in self._rules]}

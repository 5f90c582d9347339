"""How long to leave a server alone that doesn't answer."""

from __future__ import annotations

import random
from time import monotonic


class Backoff:
    """Doubling pauses with jitter, from `first` to `longest` seconds; one success ends them.

    The jitter keeps several daemons from asking a server that comes back in the same moment.
    """

    def __init__(self, first: float, longest: float = 300.0) -> None:
        self._first = first
        self._longest = longest
        self._until = 0.0
        self.failures = 0

    def failed(self, *, at_least: float = 0.0) -> float:
        """Note a failure; returns the pause in seconds, never shorter than `at_least`."""
        pause = min(self._longest, self._first * 2.0 ** min(self.failures, 20))
        pause = max(at_least, pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load, guards nothing
        self.failures += 1
        self._until = monotonic() + pause
        return pause

    def succeeded(self) -> None:
        """Forget the failures."""
        self.failures = 0
        self._until = 0.0

    @property
    def waiting(self) -> bool:
        """Whether the pause is still on."""
        return monotonic() < self._until

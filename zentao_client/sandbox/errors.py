"""Why the sandbox's domain says no; the three front ends word it each in their own way."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """ZenTao refuses: ``message`` is a text, a list of texts or ``{field: text or texts}``."""

    def __init__(self, message: Any) -> None:
        super().__init__(str(message))
        self.message: Any = message


class Missing(Exception):
    """The object does not exist (or, in v2, is deleted)."""


class Invisible(Exception):
    """The object lies in an execution or product that the caller can't see."""


class Denied(Exception):
    """The caller lacks a function privilege."""

    def __init__(self, module: str, method: str) -> None:
        super().__init__(f"{module}-{method}")
        self.module = module
        self.method = method


class Crash(Exception):
    """PHP dies here: HTTP 500 with an HTML stack trace."""


class Nothing(Exception):
    """ZenTao answers with a 2xx and an empty body: nothing happened."""

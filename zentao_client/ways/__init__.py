"""The ways in which one thing can be done on one kind of server; `capabilities` puts them in order.

A way that can't do it raises `Unsupported` before it has sent anything, and the next one is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from zentao_client.errors import Unsupported

W = TypeVar("W")
R = TypeVar("R")


def first(ways: Iterable[W], use: Callable[[W], R]) -> R:
    """What the first way that can do it returns. Raises the last one's `Unsupported` if none can."""
    refusal = Unsupported("this server offers no way to do it")
    for way in ways:
        try:
            return use(way)
        except Unsupported as error:
            refusal = error
    raise refusal

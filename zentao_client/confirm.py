"""Every write is looked at afterwards: ZenTao's answer alone proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from zentao_client.errors import Rejected, WriteUnknown, ZentaoError

T = TypeVar("T")


def confirmed(what: str, send: Callable[[], object], look: Callable[[], T | None]) -> T:
    """Send a write and return what `look` finds of it.

    A refusal is looked at too, because 18.x refuses what it has just done if the account may not see it.
    Raises `WriteUnknown` if the write can't be seen and was not refused.
    """
    failure: Rejected | WriteUnknown | None = None
    try:
        send()
    except (Rejected, WriteUnknown) as error:
        failure = error
    try:
        found = look()
    except ZentaoError as error:
        raise WriteUnknown(f"{what}: can't be read back: {error}") from (failure or error)
    if found is not None:
        return found
    if failure is not None:
        raise failure
    raise WriteUnknown(f"{what}: the server accepted it, and it does not show")

"""Server time: UTC inside, the server's own zone in what ZenTao stores and shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

LOCAL = "%Y-%m-%d %H:%M:%S"
EMPTY_TIME = "0000-00-00 00:00:00"


class Clock:
    """Wall clock of the sandbox. ``now`` may be replaced to move time (locks, the 30-second rule)."""

    def __init__(self, zone: str, now: Callable[[], datetime] | None = None) -> None:
        self.zone = ZoneInfo(zone)
        self.zone_name = zone
        self.now = now or (lambda: datetime.now(UTC))

    def local(self) -> str:
        """Now, server-local, as ZenTao stores it."""
        return self.now().astimezone(self.zone).strftime(LOCAL)

    def today(self) -> str:
        return self.local()[:10]

    def stamp(self) -> float:
        return self.now().timestamp()

    def parse(self, text: str) -> datetime:
        """A stored local time as an aware ``datetime``; raises ``ValueError`` for anything else."""
        return datetime.strptime(text, LOCAL).replace(tzinfo=self.zone)

    def utc(self, text: str | None) -> str | None:
        """A stored local time as v1 prints it (``2026-11-22T05:36:17Z``); empty times are ``None``."""
        if not text or text.startswith("0000"):
            return None
        try:
            return self.parse(_complete(text)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        except ValueError:
            return None

    def seconds_since(self, text: str) -> float:
        return self.stamp() - self.parse(_complete(text)).timestamp()


def _complete(text: str) -> str:
    return text + {10: " 00:00:00", 13: ":00:00", 16: ":00"}.get(len(text), "")


def stored(text: str) -> str | None:
    """A time as a caller sent it, as MySQL keeps it: an ISO ``…Z`` is taken as if it were local (8 hours off)."""
    plain = text.strip().replace("T", " ").rstrip("Z")
    if not plain:
        return None
    return _complete(plain)[:19]

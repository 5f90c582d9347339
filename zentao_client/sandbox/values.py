"""Values as callers send them, made into what is stored."""

from __future__ import annotations


def number(value: object, default: int = 0) -> int:
    """An integer; what is none counts as ``default``."""
    try:
        return int(str(value)) if value not in (None, "") else default
    except ValueError:
        return default


def hours(value: object) -> float:
    """Hours as a number; what is none counts as 0."""
    try:
        return float(str(value)) if value not in (None, "") else 0.0
    except ValueError:
        return 0.0


def day(value: object) -> str:
    """The day of a date or time, ``""`` without one."""
    return str(value or "").strip()[:10]


def joined(value: object) -> str:
    """A list as a comma list."""
    if isinstance(value, list):
        return ",".join(str(one) for one in value if one)
    return str(value or "")

"""The two ZenTao generations that the sandbox speaks, as a list of named differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

VersionName = Literal["18.8", "22.4"]


@dataclass(frozen=True)
class Dialect:
    """What one ZenTao version does differently. Every trap that depends on the version has a name here."""

    version: str
    four_byte_text: bool  # utf8mb4 tables: emoji survive
    serialises_sessions: bool  # PHP session lock: requests with one token queue up
    v1_checks_privileges: bool
    api_token_opens_pages: bool
    refuses_twin_titles: bool  # the 30-second check
    hours_are_text: bool
    history_is_display_text: bool
    stores_data_images: bool
    v1_takes_any_file: bool
    start_keeps_assignee: bool
    start_needs_hours: bool  # otherwise `start` without `left` finishes the task
    entry_key_is_token: bool
    has_v2: bool


EIGHTEEN = Dialect(
    version="18.8",
    four_byte_text=False,
    serialises_sessions=True,
    v1_checks_privileges=False,
    api_token_opens_pages=True,
    refuses_twin_titles=True,
    hours_are_text=False,
    history_is_display_text=False,
    stores_data_images=False,
    v1_takes_any_file=False,
    start_keeps_assignee=True,
    start_needs_hours=False,
    entry_key_is_token=True,
    has_v2=False,
)

TWENTY_TWO = Dialect(
    version="22.4",
    four_byte_text=True,
    serialises_sessions=False,
    v1_checks_privileges=True,
    api_token_opens_pages=False,
    refuses_twin_titles=False,
    hours_are_text=True,
    history_is_display_text=True,
    stores_data_images=True,
    v1_takes_any_file=True,
    start_keeps_assignee=False,
    start_needs_hours=True,
    entry_key_is_token=False,
    has_v2=True,
)


def dialect_for(version: str) -> Dialect:
    """The dialect of ``"18.8"`` or ``"22.4"``; anything else raises ``ValueError``."""
    for dialect in (EIGHTEEN, TWENTY_TWO):
        if dialect.version == version:
            return dialect
    raise ValueError(f"the sandbox speaks 18.8 and 22.4, not {version!r}")

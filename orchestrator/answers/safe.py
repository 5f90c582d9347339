"""Text from anywhere → text that may stand in a ZenTao comment.

A log holds colours, progress bars, control characters, passwords and any Unicode; ZenTao cuts a comment at 65,535 bytes
and (18.8) destroys characters of four bytes. Escaping is the templates' business, everything else is done here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import escape

MAX_VALUE = 2000
"""The longest single value in a text, in characters; logs have their own limit."""

_ESCAPE_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,256}(?:\x07|\x1b\\)?"
    r"|[PX^_][^\x1b]{0,256}\x1b\\|[ -/]{0,4}[0-~])?"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]")
_FOUR_BYTES = re.compile(r"[\U00010000-\U0010ffff\ud800-\udfff]")
_URL_PASSWORD = re.compile(r"(://[^/\s:@]{0,64}):[^/\s@]{1,256}@")
HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Tail:
    """The last lines of a log and how many lines stand before them."""

    text: str
    omitted: int


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets: each, also percent-encoded, and each line of a longer one, becomes ``***``.

    Passwords inside of URLs are hidden whether they are listed or not. Secrets of fewer than four characters are left
    alone, because hiding them would hide half of the log.
    """
    words: set[str] = set()
    for secret in secrets:
        words.update(part.strip() for part in (secret, quote(secret, safe=""), *secret.splitlines()))
    for word in sorted((word for word in words if len(word) >= 4), key=len, reverse=True):
        text = text.replace(word, HIDDEN)
    return _URL_PASSWORD.sub(rf"\1:{HIDDEN}@", text)


def clean_log(text: str) -> str:
    """A log as a terminal would leave it: no colours, a progress bar's last state only, no control characters."""
    text = _ESCAPE_SEQUENCE.sub("", text).replace("\r\n", "\n")
    if "\r" in text:
        text = "\n".join(_last_state(line) for line in text.split("\n"))
    return bmp(_CONTROL.sub("", text))


def clean_value(text: str) -> str:
    """One value for a sentence or a table cell: printable, at most :data:`MAX_VALUE` characters."""
    text = bmp(_CONTROL.sub("", _ESCAPE_SEQUENCE.sub("", text[: MAX_VALUE * 4])))
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"


def bmp(text: str) -> str:
    """Characters that ZenTao would turn into ``????`` written out: a smiling face becomes ``[smiling face]``."""
    return _FOUR_BYTES.sub(lambda found: _named(found.group()), text)


def tail(text: str, limit: int) -> Tail:
    """The end of a cleaned log whose escaped form fits into ``limit`` bytes; a line too long loses its beginning."""
    lines = clean_log(text).rstrip("\n").split("\n")
    kept: list[str] = []
    left = limit
    for line in reversed(lines):
        size = _escaped_bytes(line) + 1
        if size > left:
            if not kept and left > 8:
                kept.append(_end_of(line, left - 4))
            break
        kept.append(line)
        left -= size
    return Tail("\n".join(reversed(kept)), len(lines) - len(kept))


def _last_state(line: str) -> str:
    states = [state for state in line.split("\r") if state.strip()]
    return states[-1] if states else ""


def _named(char: str) -> str:
    name = unicodedata.name(char, "")
    if not name or "IDEOGRAPH" in name:
        return f"[U+{ord(char):04X}]"
    return f"[{name.lower()}]"


def _escaped_bytes(text: str) -> int:
    return len(str(escape(text)).encode("utf-8", "replace"))


def _end_of(line: str, limit: int) -> str:
    end = line[-limit:]
    while _escaped_bytes(end) > limit:
        end = end[len(end) // 8 + 1 :]
    return "…" + end

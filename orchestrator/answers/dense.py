"""HTML without the line breaks of its templates.

ZenTao 22 shows texts with `white-space: pre-wrap`: there each line break between two tags is a gap that people see.
"""

from __future__ import annotations

import re

_PRE = re.compile(r"(<pre\b[^>]*>.*?</pre>)", re.DOTALL)
_END_OF_PRE = re.compile(r"\s+</pre>$")
_BLOCK = r"</?(?:p|table|tr|td|ul|ol|li|h\d|div|hr|br|pre)\b[^<>]*>"
_ENDS_IN_BLOCK = re.compile(rf"{_BLOCK}$")
_BEGINS_WITH_BLOCK = re.compile(_BLOCK)


def dense(html: str) -> str:
    """The same text with no line break outside of `<pre>`.

    Next to a tag that begins a line anyway, and next to Chinese characters, nothing takes its place; elsewhere a blank.
    """
    parts = _PRE.split(html)
    return "".join(
        _END_OF_PRE.sub("</pre>", part) if number % 2 else _joined(part) for number, part in enumerate(parts)
    )


def _joined(part: str) -> str:
    text = ""
    for line in filter(None, (line.strip() for line in part.split("\n"))):
        text += (" " if text and _need_blank(text, line) else "") + line
    return text


def _need_blank(before: str, after: str) -> bool:
    last_tag = before[before.rfind("<") :] if before.endswith(">") else ""
    if _ENDS_IN_BLOCK.match(last_tag) or _BEGINS_WITH_BLOCK.match(after):
        return False
    return not (_is_wide(before[-1]) or _is_wide(after[0]))


def _is_wide(char: str) -> bool:
    return ord(char) >= 0x2E80

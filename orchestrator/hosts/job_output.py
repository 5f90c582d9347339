"""Read what a job wrote: its `name=value` file and the bytes of its log. Pure; all of it is untrusted."""

from __future__ import annotations

import re

MAX_OUTPUT_BYTES = 64 * 1024
MAX_OUTPUTS = 100
MAX_VALUE = 4096

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def parse_outputs(data: bytes) -> dict[str, str]:
    """The `name=value` lines of a job's output file; a later line with the same name wins, blank lines don't count.

    ValueError, with the line's number, for anything else: a name that isn't one, a control character, more than
    `MAX_OUTPUTS` names, `MAX_VALUE` characters or `MAX_OUTPUT_BYTES` bytes.

    >>> parse_outputs(b"commit=abc\\noutcome=reused\\n")
    {'commit': 'abc', 'outcome': 'reused'}
    """
    if len(data) > MAX_OUTPUT_BYTES:
        raise ValueError(f"more than {MAX_OUTPUT_BYTES} bytes of outputs")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError("the outputs are not UTF-8") from error
    outputs: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line:
            continue
        name, separator, value = line.partition("=")
        if not separator or not _NAME.fullmatch(name):
            raise ValueError(f"line {number} of the outputs is not name=value")
        if len(value) > MAX_VALUE:
            raise ValueError(f"line {number} of the outputs is longer than {MAX_VALUE} characters")
        if not value.isprintable():
            raise ValueError(f"line {number} of the outputs holds a control character")
        outputs[name] = value
        if len(outputs) > MAX_OUTPUTS:
            raise ValueError(f"more than {MAX_OUTPUTS} outputs")
    return outputs


def decode_chunk(data: bytes, *, final: bool) -> tuple[str, int]:
    """The text of a log's next bytes, and how many of them it covers.

    A character cut in two at the end is left for the next chunk, except where `final`; bytes that are no UTF-8
    become U+FFFD.

    >>> decode_chunk("部署".encode()[:4], final=False)
    ('部', 3)
    """
    used = len(data) if final else len(data) - _cut_tail(data)
    return data[:used].decode("utf-8", "replace"), used


def _cut_tail(data: bytes) -> int:
    """How many bytes at the end begin a character whose rest is missing (0–3)."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        need = 2 if 0xC2 <= byte <= 0xDF else 3 if 0xE0 <= byte <= 0xEF else 4 if 0xF0 <= byte <= 0xF4 else 0
        return back if need > back else 0
    return 0

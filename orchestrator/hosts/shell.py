"""Build what a host's shell reads. Pure: everything untrusted is quoted here, once.

A *program* is shell text that reaches `/bin/sh` through its standard input, never through its arguments: so
nothing in it shows in the host's process list, its length is unlimited, and no shell start-up file of the
account is read by it. It is wrapped in a function that is called on the last line, so a program whose text
was cut off by a broken connection does nothing by halves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")

BASE = '"$HOME/.zentao-deploy"'
"""The folder of our lock, generation number and jobs on a host, as a shell word."""

STDIN_SHELL = "exec /bin/sh -s"
"""The command that runs a program given on its standard input."""


def quote(value: str) -> str:
    """`value` as exactly one literal shell word. ValueError for what no shell word can hold (NUL, half characters)."""
    if "\0" in value:
        raise ValueError("a NUL character can't be passed to a shell")
    value.encode("utf-8")
    return "'" + value.replace("'", "'\\''") + "'"


def checked_id(value: str, what: str = "job id") -> str:
    """`value` if it can be a job's or run's id, which becomes a file name: 1–128 of `A-Za-z0-9._-`, not `.` or `..`."""
    if not _ID.fullmatch(value) or value.strip(".") == "":
        raise ValueError(f"not a valid {what}: {value!r}")
    return value


def exports(env: Mapping[str, str]) -> str:
    """Lines that set and export `env`; ValueError for a name that isn't a shell variable's."""
    lines = []
    for name, value in env.items():
        if not _ENV_NAME.fullmatch(name):
            raise ValueError(f"not a valid environment variable name: {name!r}")
        lines.append(f"export {name}={quote(value)}\n")
    return "".join(lines)


def shell_command(command: str) -> str:
    """The command line for `command` under `/bin/sh`, whatever the account's login shell is."""
    return f"exec /bin/sh -c {quote(command)}"


def program(body: str) -> bytes:
    """The bytes of a program with the given body, for the standard input of `STDIN_SHELL`."""
    return f"main() {{\n{body}\n}}\nmain </dev/null\n".encode()

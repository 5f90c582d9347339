"""Where in a shell script a quoted word may stand.

A value that was quoted for the shell is safe only where the shell starts reading a word. Inside quotes that the
author opened himself (`"{{ ref }}"`) its own quotes would close them, and `$(…)` in the value would run. So the
text around each placeholder is followed with a small model of the shell's quoting, and a placeholder anywhere
else is refused when the playbook is loaded. What the model doesn't cover (backticks, here-documents, quotes
inside `${…}`) is refused as well, rather than guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

_WORD_CHARACTER = re.compile(r"[A-Za-z0-9_]")
_WORD_BREAKS = frozenset(" \t\n;&|()<>")
_UNKNOWN = "\0"
"""As the character before: it depends on what the template leaves out."""
_OPEN_WORDS = {"'": "single quotes", '"': "double quotes", "$'": "$'…' quotes", "${": "${…}", "((": "arithmetic ((…))"}


class ShellContextError(ValueError):
    """The script can't be followed, or a placeholder stands where quoting can't protect it."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class ShellScan:
    """Reads a script piece by piece; `line` in errors is the script's own, from 1."""

    def __init__(self) -> None:
        self._open: list[str] = []  # of ' " $' ${ ( (( #
        self._before = "\n"  # the character before; "}" stands for a placeholder
        self._held = ""  # the character before a backslash
        self._word = ""  # the word being read, to notice `case`
        self._line = 1

    def text(self, text: str, line: int) -> None:
        """A piece of the author's own text."""
        self._line = line
        for character in text:
            self._step(character)
            self._line += character == "\n"

    def hole(self, line: int) -> None:
        """A placeholder. Raises ShellContextError where a quoted word would not stay one."""
        self._line = line
        inside = "((" if "((" in self._open else self._top()
        if inside in _OPEN_WORDS:
            raise self._error(f"a placeholder inside {_OPEN_WORDS[inside]}: put it outside, it is quoted by itself")
        if self._before in ("\\", "$"):
            raise self._error(f"a placeholder right after `{self._before}` would change its quoting")
        self._before, self._word = "}", ""

    def end(self, line: int) -> None:
        """The script's end: everything opened must be closed."""
        self._line = line
        if self._top() == "#":
            self._open.pop()
        if self._open:
            raise self._error(f"`{self._open[-1]}` is opened but not closed")
        if self._before == "\\":
            raise self._error("ends with a backslash")

    @contextmanager
    def branch(self, line: int) -> Iterator[None]:
        """A part that the template may leave out or repeat: it must end in the state in which it began."""
        self._line = line
        self._settled()
        before = list(self._open)
        yield
        self._settled()
        if self._open != before:
            raise self._error("quotes and brackets must be closed in the same part of an {% if %} or {% for %}")

    def _settled(self) -> None:
        if self._before in ("\\", "$", "<", "("):
            raise self._error(f"`{self._before}` right before a {{% … %}}")
        self._before, self._word = _UNKNOWN, ""

    def _top(self) -> str:
        return self._open[-1] if self._open else ""

    def _step(self, character: str) -> None:
        before, top = self._before, self._top()
        self._before = character
        if character == "\\" and before != "\\":
            self._held = before
        if top == "'":
            if character == "'":
                self._open.pop()
        elif top == "#":
            if character == "\n":
                self._open.pop()
        elif before == "\\":
            # A continued line is as if backslash and line end weren't there.
            self._before = self._held if character == "\n" else "x"
            self._word += "" if character == "\n" else "x"
        elif top == "$'":
            if character == "'":
                self._open.pop()
        elif top == "${":
            self._in_braces(character, before)
        elif top == '"':
            self._in_double(character, before)
        else:
            self._plain(character, before)
        if character == before == "$" and top not in ("'", "#"):
            self._before = "x"  # `$$` is a word of its own: what follows isn't `$'` or `$(`

    def _plain(self, character: str, before: str) -> None:
        if character == "`":
            raise self._error("write $(…) instead of backticks")
        if character == "<" and before == "<":
            raise self._error("here-documents and `<<` are not supported: use printf")
        if character == "#" and before == _UNKNOWN:
            raise self._error("`#` right after a {% … %}: put a blank or a line before it")
        if character == "#" and before in _WORD_BREAKS:
            self._open.append("#")
        elif character == "'":
            self._open.append("$'" if before == "$" else "'")
        elif character == '"':
            self._open.append('"')
        elif character == "{" and before == "$":
            self._open.append("${")
        elif character == "(":
            self._bracket(before)
        elif character == ")" and self._top() in ("(", "(("):
            self._open.pop()
        self._notice_case(character)

    def _bracket(self, before: str) -> None:
        if before == "(" and self._top() == "(":
            self._open[-1] = "(("
            self._open.append("((")
        else:
            self._open.append("(")

    def _notice_case(self, character: str) -> None:
        if character == "\\":
            return
        if _WORD_CHARACTER.match(character):
            self._word += character
            return
        if self._word == "case" and "(" in self._open:
            raise self._error("`case` inside (…) is not supported: put it into a function")
        self._word = ""

    def _in_double(self, character: str, before: str) -> None:
        if character == '"':
            self._open.pop()
        elif character == "`":
            raise self._error("write $(…) instead of backticks")
        elif before == "$" and character == "(":
            self._open.append("(")
            self._word = ""
        elif before == "$" and character == "{":
            self._open.append("${")

    def _in_braces(self, character: str, before: str) -> None:
        if character == "}":
            self._open.pop()
        elif character == "{" and before == "$":
            self._open.append("${")
        elif character in "'\"`\\()\n":
            raise self._error("quotes, brackets and backslashes inside ${…} are not supported")

    def _error(self, message: str) -> ShellContextError:
        return ShellContextError(message, self._line)

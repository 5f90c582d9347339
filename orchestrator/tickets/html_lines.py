"""A description's HTML → the lines that a person sees.

ZenTao's editors, Word and people produce anything: nested spans, ``&nbsp;``, tables in cells, conditional comments.
This reader looks at each character once, whatever the input (the standard library's parser needs minutes for a megabyte
of ``<a<a<a``), and it never raises on bad HTML: what a browser would not show is not a line here either.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

MAX_HTML_BYTES = 512 * 1024
"""Above this nothing is parsed at all."""
MAX_TEXT_BYTES = 64 * 1024
"""More visible text than this is no deployment ticket."""

_BLOCKS = frozenset(
    (
        *("p", "div", "br", "ul", "ol", "li", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "hr"),
        *("blockquote", "table", "thead", "tbody", "tfoot", "tr", "caption", "section", "article", "header"),
        *("footer", "form", "fieldset", "center", "address", "figure"),
    )
)
_SILENT = frozenset(("script", "style", "head", "title", "template", "textarea", "select", "noscript", "xml"))
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_NAME_END = re.compile(r"[\s/>]")
_ATTRIBUTE_STOP = re.compile(r"[>=]")


class TextTooLong(ValueError):
    """The description holds more than :data:`MAX_TEXT_BYTES` of text or :data:`MAX_HTML_BYTES` of HTML."""


@dataclass(frozen=True, slots=True)
class Line:
    """One visible line, or one row of a table."""

    number: int
    """From 1, blank lines not counted."""
    text: str
    """Blanks collapsed; a row's cells are joined by `` | ``."""
    cells: tuple[str, ...] = ()
    """The cells of a row with at least two of them, in order, empty ones kept; empty for an ordinary line."""
    table: int = 0
    """Which table a row belongs to, from 1; 0 outside of tables."""


@dataclass
class _Cell:
    lines: list[str] = field(default_factory=list)


@dataclass
class _Row:
    table: int
    cells: list[_Cell] = field(default_factory=list)


class _Page:
    """Collects text and turns it into lines; knows rows and cells, nothing of keys."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.rows: list[_Row] = []
        self.tables: list[int] = []
        self.table_count = 0
        self.pre = 0
        self.saw_block = False
        self._text: list[str] = []
        self._bytes = 0

    def text(self, raw: str) -> None:
        if not raw:
            return
        value = _unescape(raw)
        self._bytes += len(value.encode("utf-8", "replace"))
        if self._bytes > MAX_TEXT_BYTES:
            raise TextTooLong
        if self.pre:
            first, *rest = value.splitlines() or [value]
            self._text.append(first)
            for line in rest:
                self.end_line()
                self._text.append(line)
            if value.endswith("\n"):
                self.end_line()
        else:
            self._text.append(value)

    def end_line(self) -> None:
        joined = "".join(self._text)
        self._text.clear()
        text = _collapse(joined)
        if not text:
            return
        if self.rows and self.rows[-1].cells:
            self.rows[-1].cells[-1].lines.append(text)
        else:
            self._add(text)

    def _add(self, text: str, cells: tuple[str, ...] = (), table: int = 0) -> None:
        self.lines.append(Line(len(self.lines) + 1, text, cells, table))

    def start(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.end_line()
            if not self.rows or self.rows[-1].table != self._table:
                self.rows.append(_Row(self._table))
            self.rows[-1].cells.append(_Cell())
        elif tag in _BLOCKS:
            self.end_line()
            self.saw_block = True
            if tag == "table":
                self.table_count += 1
                self.tables.append(self.table_count)
            elif tag == "tr":
                self._end_row_of(self._table)
                self.rows.append(_Row(self._table))
            elif tag == "pre":
                self.pre += 1

    def end(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.end_line()
        elif tag in _BLOCKS:
            self.end_line()
            if tag == "tr":
                self._end_row_of(self._table)
            elif tag == "table" and self.tables:
                self._end_row_of(self._table)
                self.tables.pop()
            elif tag == "pre":
                self.pre = max(0, self.pre - 1)

    @property
    def _table(self) -> int:
        return self.tables[-1] if self.tables else 0

    def _end_row_of(self, table: int) -> None:
        if self.rows and self.rows[-1].table == table:
            self._end_row()

    def _end_row(self) -> None:
        """Turn the innermost row into lines. A table inside a cell ends first, so its rows come before that cell's."""
        row = self.rows.pop()
        if len(row.cells) == 1:
            for text in row.cells[0].lines:
                self._add(text)
        elif any(cell.lines for cell in row.cells):
            cells = tuple("\n".join(cell.lines) for cell in row.cells)
            self._add(" | ".join(cell.replace("\n", " ") for cell in cells if cell), cells, row.table)

    def close(self) -> None:
        self.end_line()
        while self.rows:
            self._end_row()


def html_to_lines(description: str) -> tuple[Line, ...]:
    """The visible lines of a description, in order.

    Newlines in HTML are blanks, as in a browser; only a description without any block element (one sent as plain text
    through the API) is split at its newlines. Raises :class:`TextTooLong`.
    """
    if len(description) > MAX_HTML_BYTES or len(description.encode("utf-8", "replace")) > MAX_HTML_BYTES:
        raise TextTooLong
    page = _read(description, preformatted=False)
    if not page.saw_block and "\n" in description:
        page = _read(description, preformatted=True)
    return tuple(page.lines)


def _read(source: str, *, preformatted: bool) -> _Page:
    page = _Page()
    page.pre = int(preformatted)
    at, size = 0, len(source)
    while at < size:
        opening = source.find("<", at)
        if opening < 0:
            page.text(source[at:])
            break
        following = source[opening + 1 : opening + 2]
        if not (following.isascii() and following.isalpha()) and following not in ("/", "!", "?"):
            page.text(source[at : opening + 1])
            at = opening + 1
            continue
        page.text(source[at:opening])
        at = _after_declaration(source, opening) if following in "!?" else _tag(source, opening, page)
    page.close()
    return page


def _after_declaration(source: str, opening: int) -> int:
    ending = "-->" if source.startswith("<!--", opening) else ">"
    found = source.find(ending, opening + 2)
    return len(source) if found < 0 else found + len(ending)


def _tag(source: str, opening: int, page: _Page) -> int:
    closing = source[opening + 1] == "/"
    begin = opening + 1 + closing
    stop = _NAME_END.search(source, begin)
    if stop is None:
        return len(source)
    name = source[begin : stop.start()].lower()
    after = _after_attributes(source, stop.start())
    if closing:
        page.end(name)
        return after
    page.start(name)
    if name in _SILENT and source[after - 2 : after] != "/>":
        return _after_silent(source, after, name)
    return after


def _after_attributes(source: str, at: int) -> int:
    """The position behind the tag's ``>``; a ``>`` inside a quoted value is no end. Unclosed: the rest is unseen."""
    while stop := _ATTRIBUTE_STOP.search(source, at):
        if stop.group() == ">":
            return stop.end()
        at = stop.end()
        while source[at : at + 1].isspace():
            at += 1
        quote = source[at : at + 1]
        if quote in ('"', "'") and quote:
            found = source.find(quote, at + 1)
            if found < 0:
                return len(source)
            at = found + 1
    return len(source)


def _after_silent(source: str, at: int, name: str) -> int:
    """Skip what a browser doesn't show. Without an end tag nothing more is shown, as in a browser."""
    end = re.compile(rf"</{re.escape(name)}", re.IGNORECASE).search(source, at)
    return len(source) if end is None else _after_attributes(source, end.end())


def _unescape(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # a character reference with thousands of digits
        return text


def _collapse(text: str) -> str:
    return " ".join(text.translate(_INVISIBLE).split())

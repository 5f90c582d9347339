"""Reads a multipart form that is in memory already: no temporary files, few fields."""

import logging
from typing import Any, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

_MOST: Final = 32
"""Parts of a form."""
logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns of every odd form that anybody sends


class FormProblem(ValueError):
    """A form that can't be read."""


def parsed(content_type: str, data: bytes) -> dict[str, str | bytes]:
    """Gives the fields: those with a file name as bytes, the others as text. Raises FormProblem."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise FormProblem("no boundary")
    reader = _Reader()
    try:
        parser = MultipartParser(boundary, reader.callbacks)
        parser.write(data)
        parser.finalize()
    except FormParserError as error:
        raise FormProblem(str(error)) from error
    if not reader.ended:
        raise FormProblem("the form has no end")
    return reader.fields


class _Reader:
    def __init__(self) -> None:
        self.fields: dict[str, str | bytes] = {}
        self.ended = False
        self._parts = 0
        self._name, self._value, self._disposition = b"", b"", b""
        self._data = bytearray()

    @property
    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST:
            raise FormProblem(f"more than {_MOST} fields")
        self._name, self._value, self._disposition = b"", b"", b""
        self._data = bytearray()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value
        self._name, self._value = b"", b""

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]

    def _part_end(self) -> None:
        options = parse_options_header(self._disposition)[1]
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if not name:
            raise FormProblem("a field without a name")
        content = bytes(self._data)
        self.fields[name] = content if b"filename" in options else content.decode("utf-8", "replace")

    def _end(self) -> None:
        self.ended = True

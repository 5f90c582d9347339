"""The CMU dictionary as the bytes of its file, with an index of beginnings: a fifth of what a dict of it takes."""

import re
from typing import Final

_LINE: Final = re.compile(rb"\n(..)", re.DOTALL)


class PhoneBook:
    """Phones of English words, the first pronunciation of each. Asked with small letters: `get` and ``in``."""

    def __init__(self, file: bytes) -> None:
        self._file = b"\n" + file
        self._runs: dict[bytes, list[tuple[int, int]]] = {}
        before, begin = b"", 0
        for line in _LINE.finditer(self._file):
            if line[1] != before:
                self._runs.setdefault(before, []).append((begin, line.start() + 1))
                before, begin = line[1], line.start()
        self._runs.setdefault(before, []).append((begin, len(self._file)))

    def get(self, word: str) -> str | None:
        """Gives the phones, parted by spaces, or None for a word that isn't there."""
        key = word.encode("utf-8", "surrogatepass") + b" "
        for begin, end in self._runs.get(key[:2], ()):
            place = self._file.find(b"\n" + key, begin, end)
            if place >= 0:
                return self._line(place)[len(key) :].partition(b"#")[0].strip().decode("ascii")
        return None

    def __contains__(self, word: str) -> bool:
        return self.get(word) is not None

    def _line(self, place: int) -> bytes:
        end = self._file.find(b"\n", place + 1)
        return self._file[place + 1 : end if end >= 0 else len(self._file)]

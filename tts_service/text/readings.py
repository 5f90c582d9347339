"""pypinyin's dictionaries in a twentieth of the memory: sorted hashes and one run of bytes instead of Python lists.

pypinyin reads its two dictionaries whenever it is imported, which takes half a second and 55 MB. Ours hold the same
readings in the spelling of our units, are read in milliseconds, and lie beside jieba's words in a folder of this user
alone; a file that is damaged or belongs to another release of pypinyin is made again.
"""

import contextlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from tts_service.text.dictionary import Words, keep, private_cache, sorted_table

_CHARACTER_MARK: Final = "@"
"""Stands before a character's own entry, which lists all its readings."""
_END: Final = b"\n"


class Readings:
    """What pypinyin's dictionaries say, in tone-number spelling (``lv4``, ``de5``)."""

    def __init__(self, table: NDArray[np.int64], text: bytes, longest: int) -> None:
        """`table` tells where in `text` an entry's line begins; `longest` is the length of the longest phrase."""
        self._places, self._text, self._longest = Words(table), text, longest

    def phrase(self, phrase: str) -> tuple[str, ...]:
        """Gives one reading per character of a phrase; nothing for a phrase that isn't there."""
        return self._entry(phrase) if len(phrase) > 1 else ()

    def character(self, char: str) -> tuple[str, ...]:
        """Gives every reading of a character, the usual one first; nothing for an unknown character."""
        return self._entry(_CHARACTER_MARK + char)

    def word(self, word: str) -> list[str]:
        """Reads a word by the longest phrases from its beginning on; "" for a character that nobody reads."""
        read: list[str] = []
        while len(read) < len(word):
            rest = word[len(read) :]
            for length in range(min(self._longest, len(rest)), 1, -1):
                if found := self.phrase(rest[:length]):
                    read += found
                    break
            else:
                read.append(next(iter(self.character(rest[0])), ""))
        return read

    def _entry(self, key: str) -> tuple[str, ...]:
        place = self._places.get(key)
        if place is None:
            return ()
        return tuple(self._text[place : self._text.index(_END, place)].decode().split())


def _installed() -> Path:
    """A file of pypinyin that every release replaces, found without importing it."""
    spec = find_spec("pypinyin")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pypinyin is not installed; install the requirements of this release again")
    return Path(spec.origin)


@lru_cache(maxsize=1)
def shipped() -> Readings:
    """Gives the dictionaries of the installed pypinyin: from our file, else made from its own in about two seconds."""
    return load(private_cache("pypinyin"))


def load(folder: Path) -> Readings:
    """Gives the dictionaries, kept in `folder` for the next time."""
    about = _installed().stat()
    path = folder / f"readings-{about.st_size}-{about.st_mtime_ns}.npz"
    with contextlib.suppress(OSError, ValueError, EOFError, KeyError, BadZipFile):
        return _read(path)
    from pypinyin.constants import PHRASES_DICT, PINYIN_DICT  # noqa: PLC0415 - half a second and 55 MB

    entries = entries_of(PHRASES_DICT, PINYIN_DICT)
    table, text, longest = _packed(entries)

    def write(file: BinaryIO) -> None:
        np.savez(file, table=table, text=np.frombuffer(text, np.uint8), longest=np.int64(longest))

    with contextlib.suppress(OSError):  # a full disk costs two seconds at the next start, no more
        keep(path, write)
    return Readings(table, text, longest)


def made_of(phrases: Mapping[str, Iterable[str]], characters: Mapping[str, Iterable[str]]) -> Readings:
    """Makes dictionaries of given readings, in the spelling of our units."""
    entries = {phrase: " ".join(readings) for phrase, readings in phrases.items()}
    entries |= {_CHARACTER_MARK + char: " ".join(readings) for char, readings in characters.items()}
    return Readings(*_packed(entries))


def entries_of(phrases: Mapping[str, list[list[str]]], characters: Mapping[int, str]) -> dict[str, str]:
    """Spells pypinyin's entries as ours: readings with tone numbers, parted by spaces.

    A phrase that lists more or fewer readings than it has characters (those with a comma) is left out.
    """
    entries = {
        phrase: " ".join(numbered(each[0]) for each in readings)
        for phrase, readings in phrases.items()
        if len(phrase) > 1 and len(readings) == len(phrase)
    }
    for code, listed in characters.items():
        spelt = dict.fromkeys(numbered(each) for each in listed.split(",") if each)
        entries[_CHARACTER_MARK + chr(code)] = " ".join(spelt)
    return entries


@lru_cache(maxsize=4096)
def numbered(marked: str) -> str:
    """Spells a syllable with a tone mark as our units are spelt: ``lǜ`` → ``lv4``, ``de`` → ``de5``."""
    from pypinyin.contrib.tone_convert import to_tone3  # noqa: PLC0415

    return str(to_tone3(marked, neutral_tone_with_five=True)).replace("ü", "v")


def _packed(entries: Mapping[str, str]) -> tuple[NDArray[np.int64], bytes, int]:
    """The table of hashes and places, the text they point into, and the length of the longest phrase.

    Equal readings share one place: there are 70,000 entries and 40,000 different ones.
    """
    text, places, shared = bytearray(), {}, dict[str, int]()
    for key, readings in entries.items():
        if readings not in shared:
            shared[readings] = len(text)
            text += readings.encode() + _END
        places[key] = shared[readings]
    return sorted_table(places), bytes(text), max(map(len, entries), default=0)


def _read(path: Path) -> Readings:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        table, text, longest = stored["table"], stored["text"].tobytes(), int(stored["longest"])
    if table.dtype != np.int64 or table.ndim != 2 or len(table) != 2 or not 0 < table[1].max() < len(text):
        raise ValueError(f"{path}: not one of our files")
    return Readings(table, text, longest)

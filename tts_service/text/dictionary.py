"""jieba's dictionary in a tenth of the memory: sorted hashes in a mapped file instead of half a million strings.

jieba itself keeps a cache that it unmarshals without a check, which takes a second and 70 MB. Ours is plain numbers,
is read in a millisecond, and lies in a folder of this user alone; a file that is damaged or belongs to another
dictionary is made again.
"""

import contextlib
import os
import tempfile
from bisect import bisect_left
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

_KEPT: Final = 4096


class Words:
    """Counts of words, 0 for what only begins one: what jieba asks of its own dictionary (``in``, ``[]``, `get`)."""

    def __init__(self, table: NDArray[np.int64]) -> None:
        """`table` as `sorted_table` makes it."""
        self._hashes, self._counts = table[0].view(np.uint64).data, table[1].data
        self._size = len(self._hashes)
        self._recent: dict[str, int | None] = {}

    def get(self, word: str, default: Any = None) -> Any:
        count = self._found(word)
        return default if count is None else count

    def __contains__(self, word: str) -> bool:
        return self._found(word) is not None

    def __getitem__(self, word: str) -> int:
        count = self._found(word)
        if count is None:
            raise KeyError(word)
        return count

    def _found(self, word: str) -> int | None:
        recent = self._recent
        if word in recent:
            return recent[word]
        wanted = _hash(word)
        place = bisect_left(self._hashes, wanted)
        found = place < self._size and self._hashes[place] == wanted
        if len(recent) >= _KEPT:
            recent.clear()
        recent[word] = count = int(self._counts[place]) if found else None
        return count


def _hash(word: str) -> int:
    """64 bits: that two of all Chinese words ever written meet in one is less likely than a broken disk."""
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def load(source: Path, read: Callable[[BinaryIO], tuple[dict[str, int], int]], folder: Path) -> tuple[Words, int]:
    """Gives the words of jieba's dictionary file `source` and the sum of their counts.

    `read` is jieba's own reader, used where `folder` holds nothing that fits: about a second.
    """
    about = source.stat()
    path = folder / f"words-{about.st_size}-{about.st_mtime_ns}.npy"
    with contextlib.suppress(OSError, ValueError, EOFError):
        table = np.load(path, mmap_mode="r", allow_pickle=False)
        if table.dtype == np.int64 and table.ndim == 2 and len(table) == 2 and table.shape[1] > 1:
            return _words(table)
    with source.open("rb") as file:
        counts, total = read(file)
    table = np.concatenate([[[0], [total]], sorted_table(counts)], axis=1)
    with contextlib.suppress(OSError):  # a full disk costs a second at the next start, no more
        keep(path, lambda file: np.save(file, table, allow_pickle=False))
    return _words(table)


def sorted_table(numbers: Mapping[str, int]) -> NDArray[np.int64]:
    """Two rows: the sorted hashes of the keys (as signed numbers) and their numbers, for `Words`."""
    hashes = np.fromiter((_hash(word) for word in numbers), np.uint64, len(numbers))
    order = np.argsort(hashes)
    return np.stack([hashes[order].view(np.int64), np.fromiter(numbers.values(), np.int64, len(numbers))[order]])


def _words(table: NDArray[np.int64]) -> tuple[Words, int]:
    return Words(table[:, 1:]), int(table[1, 0])


def private_cache(name: str) -> Path:
    """A folder of this user alone that outlives the process; where home can't be written, one of this process."""
    folder = Path.home() / ".cache" / "zentao-deploy" / name
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return Path(tempfile.mkdtemp(prefix=f"{name}-"))
    return folder


def keep(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Writes a file aside and renames it, so that nobody reads half of it; raises OSError."""
    handle, name = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

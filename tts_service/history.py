"""What visitors had spoken: a few sounds each, in folders whose names only their own browser knows."""

import hashlib
import json
import re
import secrets
import shutil
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

PER_VISITOR: Final = 20
"""Sounds that one visitor keeps; the oldest goes."""
BYTES_IN_ALL: Final = 300 * 1024 * 1024
"""Of all visitors together; the oldest goes."""
KEPT: Final = 24 * 3600.0
"""Seconds that a sound is kept."""
_VISITOR: Final = re.compile(r"[A-Za-z0-9_-]{32}")
_ID: Final = re.compile(r"\d{13}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Entry:
    """One sound: its name, when it was made (UNIX seconds), what was asked for, and what came of it.

    `skip` is the place of the samples in the wav, `size` their bytes, `rate` in Hz; `stopped` where the visitor ended
    it before the text's end; `vector` the eight values of a mix, which stood in the emotion's place.
    """

    id: str
    made: float
    text: str
    voice: str
    emotion: str
    intensity: float
    speed: float
    seconds: float
    rate: int
    skip: int
    size: int
    stopped: bool = False
    vector: tuple[float, ...] | None = None


class History:
    """Keeps sounds under `root`, one folder per visitor, within the limits above. Safe to use from several threads.

    There is no login: who knows a visitor's token sees that visitor's sounds, nobody else does. The token is made here
    and lives in the visitor's browser; on disk lies only its hash.
    """

    def __init__(
        self,
        root: Path,
        *,
        per_visitor: int = PER_VISITOR,
        bytes_in_all: int = BYTES_IN_ALL,
        kept: float = KEPT,
    ) -> None:
        self._root, self._per_visitor, self._bytes_in_all, self._kept = root, per_visitor, bytes_in_all, kept
        self._lock = threading.Lock()
        self._newest = 0

    @staticmethod
    def visitor(token: object) -> str:
        """Gives the token back if it is one of ours, else a new one."""
        if isinstance(token, str) and _VISITOR.fullmatch(token):
            return token
        return secrets.token_urlsafe(24)

    def add(self, visitor: str, wav: bytes, **facts: Any) -> Entry:
        """Keeps a sound; `facts` are `Entry`'s fields but `id` and `made`. What is too old or too much goes."""
        folder = self._folder(visitor)
        with self._lock:
            made = time.time()
            self._newest = max(int(made * 1000), self._newest + 1)  # the order stays when the clock is set back
            entry = Entry(id=f"{self._newest:013}-{secrets.token_hex(6)}", made=made, **facts)
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = folder / f"{entry.id}.wav"
            try:
                path.write_bytes(wav)
                facts_ = json.dumps(asdict(entry), ensure_ascii=False)
                path.with_suffix(".json").write_text(facts_, encoding="utf-8")
            except OSError:  # a full disk: what is cut would be in the way of all others
                _remove(path)
                raise
            self._tidy(folder, path)
        return entry

    def entries(self, visitor: str) -> tuple[Entry, ...]:
        """A visitor's sounds, the newest first."""
        oldest = time.time() - self._kept
        found = (_entry(path) for path in sorted(self._folder(visitor).glob("*.json"), reverse=True))
        return tuple(entry for entry in found if entry is not None and entry.made >= oldest)

    def entry(self, visitor: str, name: object) -> Entry | None:
        """One of a visitor's sounds, None when it is gone or never was this visitor's."""
        if not isinstance(name, str) or not _ID.fullmatch(name):
            return None
        return _entry(self._folder(visitor) / f"{name}.json")

    def path(self, visitor: str, entry: Entry) -> Path:
        """Where the wav of a visitor's sound lies."""
        return self._folder(visitor) / f"{entry.id}.wav"

    def clear(self, visitor: str) -> None:
        """Deletes all of a visitor's sounds."""
        with self._lock:
            shutil.rmtree(self._folder(visitor), ignore_errors=True)

    def _folder(self, visitor: str) -> Path:
        return self._root / hashlib.sha256(visitor.encode()).hexdigest()[:40]

    def _tidy(self, folder: Path, newest: Path) -> None:
        """Removes what is too old or too much, never `newest`: others may come from before a clock was set back."""
        others = sorted((path for path in folder.glob("*.wav") if path != newest), reverse=True)
        for path in others[self._per_visitor - 1 :]:
            _remove(path)
        oldest = time.time() - self._kept
        room = self._bytes_in_all
        everything = ((path, path.stat()) for path in self._root.glob("*/*.wav"))
        for path, state in sorted(everything, key=lambda pair: pair[1].st_mtime, reverse=True):
            room -= state.st_size
            if path != newest and (room < 0 or state.st_mtime < oldest):
                _remove(path)


def _entry(path: Path) -> Entry | None:
    try:
        return Entry(**json.loads(path.read_text(encoding="utf-8"))) if path.with_suffix(".wav").exists() else None
    except (OSError, ValueError, TypeError):
        return None


def _remove(wav: Path) -> None:
    wav.unlink(missing_ok=True)
    wav.with_suffix(".json").unlink(missing_ok=True)

"""The weights' home on a host: `cache_hub/` keeps what was fetched once, proves it at every start, never deletes it.

A set of weights is described by a *manifest* (path, size and SHA-256 of each file) and lies in
``cache_hub/<kind>/<name>/<first 12 digits of the manifest's SHA-256>/``, so that two versions of the service, or a
roll-back, find each its own. A file is written beside its place as ``.part``, verified, then renamed; a lock keeps two
starts from doing so at once. A file that is missing, cut or altered is fetched again from the source.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, Protocol

MANIFEST: Final = "manifest.json"
_BLOCK: Final = 1 << 20


class CacheHubError(RuntimeError):
    """Weights are missing or damaged and can't be put right; the text names the file and what to do."""


@dataclass(frozen=True)
class Entry:
    """One file: POSIX path below the folder, size in bytes, SHA-256 in hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a set of weights consists of."""

    files: tuple[Entry, ...]

    @property
    def digest(self) -> str:
        """Names this exact set: SHA-256 over its entries."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Writes the manifest as it lies beside the files."""
        files = {entry.path: {"size": entry.size, "sha256": entry.sha256} for entry in self.files}
        return json.dumps({"files": files}, indent=2) + "\n"

    @staticmethod
    def load(folder: Path) -> "Manifest":
        """Reads ``manifest.json`` of a folder: ``{"files": {path: {"size": …, "sha256": …}}}``.

        Raises CacheHubError for a file that is missing, is no manifest, or names a path outside the folder.
        """
        path = folder / MANIFEST
        try:
            files = json.loads(path.read_text(encoding="utf-8"))["files"]
            entries = tuple(
                Entry(str(name), int(file["size"]), str(file["sha256"])) for name, file in sorted(files.items())
            )
        except FileNotFoundError as error:
            raise CacheHubError(f"no {MANIFEST} in {folder}: the release is incomplete, fetch it again") from error
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            raise CacheHubError(f"{path} is no manifest ({error}): fetch the release again") from error
        for entry in entries:
            parts = PurePosixPath(entry.path)
            if parts.is_absolute() or ".." in parts.parts or not parts.parts:
                raise CacheHubError(f"{path} names a file outside its folder: {entry.path!r}")
        if not entries:
            raise CacheHubError(f"{path} lists no files: fetch the release again")
        return Manifest(entries)


class Source(Protocol):
    """Where files come from. A hub, a mirror or an archive can stand beside the folder."""

    def open(self, entry: Entry) -> BinaryIO:
        """Opens a file for reading; raises OSError when it can't."""
        ...

    @property
    def name(self) -> str:
        """Names the source in messages."""
        ...


@dataclass(frozen=True)
class FolderSource:
    """Files that lie in a folder, for example the weights shipped with the release."""

    folder: Path

    @property
    def name(self) -> str:
        return str(self.folder)

    def open(self, entry: Entry) -> BinaryIO:
        return (self.folder / entry.path).open("rb")


def sha256_of(path: Path) -> str:
    """Gives a file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_intact(folder: Path, entry: Entry) -> bool:
    """Tells whether a file lies there with its size and SHA-256."""
    path = folder / entry.path
    try:
        return path.stat().st_size == entry.size and sha256_of(path) == entry.sha256
    except OSError:
        return False


def ensure(
    manifest: Manifest, source: Source, hub: Path, *, kind: str, name: str, say: Callable[[str], None] = print
) -> Path:
    """Gives the folder in `hub` with every file of the manifest in it, intact; fetches what is missing or damaged.

    `hub` is the host's ``cache_hub``; `say` hears one line per fetched file and one when all was there. Waits while
    another process fills the same folder. Raises CacheHubError when a file can't be had intact.
    """
    folder = hub / kind / name / manifest.digest[:12]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CacheHubError(f"can't make {folder}: {error.strerror}. Check rights and space") from error
    with _locked(folder):
        missing = [entry for entry in manifest.files if not is_intact(folder, entry)]
        for entry in missing:
            state = "damaged" if (folder / entry.path).exists() else "missing"
            say(f"cache_hub: {name}/{entry.path} {state}, fetching {entry.size:,} bytes from {source.name}")
            _fetch(folder, entry, source)
        if not missing:
            say(f"cache_hub: {name} verified, {len(manifest.files)} files, nothing to fetch")
        _write_manifest(folder, manifest)
    return folder


def _fetch(folder: Path, entry: Entry, source: Source) -> None:
    target = folder / entry.path
    part = target.with_name(target.name + ".part")
    digest, size = hashlib.sha256(), 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open(entry) as reader, part.open("wb") as writer:
            while block := reader.read(_BLOCK):
                digest.update(block)
                size += len(block)
                writer.write(block)
            writer.flush()
            os.fsync(writer.fileno())
    except OSError as error:
        raise CacheHubError(f"can't fetch {entry.path} from {source.name}: {error.strerror or error}") from error
    if size != entry.size or digest.hexdigest() != entry.sha256:
        raise CacheHubError(
            f"{entry.path} from {source.name} is damaged: {size:,} bytes, sha256 {digest.hexdigest()[:12]}…, "
            f"expected {entry.size:,} bytes, {entry.sha256[:12]}…. Fetch the release again"
        )
    part.replace(target)


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    path, text = folder / MANIFEST, manifest.to_json()
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    part = path.with_name(MANIFEST + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Holds the folder's lock; the kernel gives it back when the process ends, however it ends."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

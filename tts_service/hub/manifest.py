"""What a set of weights consists of, where it can be had, and under which licence."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

MANIFEST: Final = "manifest.json"
RECORDED: Final = "recorded.json"
LOCK: Final = ".lock"
PART: Final = ".part"
NOTE: Final = ".part.json"
ASIDE: Final = ".altered-"
SOURCE_KINDS: Final = ("hub", "mirror", "folder", "tarball")

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class CacheHubError(RuntimeError):
    """Weights are missing or damaged and can't be put right; the text names the file and what to do."""


@dataclass(frozen=True)
class Entry:
    """One file: POSIX path below the folder, size in bytes, SHA-256 in hex.

    Size and SHA-256 are None where the manifest's writer could not know them; they are recorded at the first fetch.
    """

    path: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Licence:
    """What the operator has to accept before the first byte is fetched."""

    name: str
    url: str
    summary: str

    @property
    def digest(self) -> str:
        """Names this wording: another one has to be accepted anew."""
        return hashlib.sha256(json.dumps([self.name, self.url, self.summary]).encode()).hexdigest()


@dataclass(frozen=True)
class SourceSpec:
    """Where files can be had.

    ``hub``: `where` is ``owner/name`` on a hub with Hugging Face's URLs, `revision` a branch, tag or commit;
    ``mirror``: a base URL; ``folder``: a path; ``tarball``: a path or URL, its files below `inside`.
    """

    kind: str
    where: str
    revision: str = "main"
    inside: str = ""

    @staticmethod
    def parse(text: str) -> "SourceSpec":
        """Reads ``KIND:WHERE`` of the command line; a hub's revision follows an @. Raises CacheHubError."""
        kind, colon, where = text.partition(":")
        if not colon or kind not in SOURCE_KINDS or not where:
            raise CacheHubError(
                f"{text!r} is no source: hub:OWNER/NAME[@REVISION], mirror:URL, folder:PATH or tarball:PATH-OR-URL"
            )
        if kind == "hub":
            where, _, revision = where.partition("@")
            return SourceSpec(kind, where, revision or "main")
        return SourceSpec(kind, where)


@dataclass(frozen=True)
class Manifest:
    """A set of weights. Those that ship with the release have files alone; named ones also say where they come from."""

    files: tuple[Entry, ...]
    name: str = ""
    version: str = ""
    licence: Licence | None = None
    sources: tuple[SourceSpec, ...] = ()
    home: Path = Path()
    """The folder of the manifest's file: relative folders and tarballs are meant from there."""

    @property
    def digest(self) -> str:
        """Names this exact set: SHA-256 over its entries, and over its version where it has one."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Writes the manifest as it lies beside the files."""
        files = {entry.path: {"size": entry.size, "sha256": entry.sha256} for entry in self.files}
        content = {"files": files} | ({"version": self.version} if self.version else {})
        return json.dumps(content, indent=2) + "\n"

    @staticmethod
    def load(place: Path) -> "Manifest":
        """Reads a manifest: a file, or ``manifest.json`` of a folder.

        ``{"files": {path: {"size": …, "sha256": …}}}``, and for a set that is fetched from elsewhere also ``name``,
        ``version``, ``licence`` (name, url, summary) and ``sources`` (kind, where, revision, inside), in the order in
        which they are tried. Raises CacheHubError for a file that is missing, is no manifest, or names a path outside
        the folder.
        """
        path = place if place.suffix == ".json" else place / MANIFEST
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            return _manifest(raw, path)
        except FileNotFoundError as error:
            raise CacheHubError(
                f"no {path.name} in {path.parent}: the release is incomplete, fetch it again"
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            raise CacheHubError(f"{path} is no manifest ({error}): fetch the release again") from error


def _manifest(raw: Mapping[str, Any], path: Path) -> Manifest:
    entries = tuple(_entry(str(name), file, path) for name, file in sorted(raw["files"].items()))
    if not entries:
        raise CacheHubError(f"{path} lists no files: fetch the release again")
    name = str(raw.get("name", ""))
    if name and not _NAME.fullmatch(name):
        raise ValueError(f"no name for a folder: {name!r}")
    licence = raw.get("licence")
    return Manifest(
        files=entries,
        name=name,
        version=str(raw.get("version", "")),
        licence=None if licence is None else Licence(licence["name"], licence["url"], licence["summary"]),
        sources=tuple(_source(source) for source in raw.get("sources", ())),
        home=path.parent,
    )


def _entry(name: str, file: Mapping[str, Any], path: Path) -> Entry:
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or not parts or str(PurePosixPath(name)) != name or "\0" in name:
        raise CacheHubError(f"{path} names a file outside its folder: {name!r}")
    if name in (MANIFEST, RECORDED) or parts[-1] == LOCK or name.endswith((PART, NOTE)) or ASIDE in name:
        raise CacheHubError(f"{path} names a file that cache_hub keeps for itself: {name!r}")
    size, sha256 = file["size"], file["sha256"]
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
        raise ValueError(f"no size: {size!r}")
    if sha256 is not None and not (isinstance(sha256, str) and _SHA256.fullmatch(sha256)):
        raise ValueError(f"no SHA-256: {sha256!r}")
    return Entry(name, size, sha256)


def _source(raw: Mapping[str, Any]) -> SourceSpec:
    source = SourceSpec(**raw)
    if source.kind not in SOURCE_KINDS:
        raise ValueError(f"no kind of source: {source.kind!r}")
    return source

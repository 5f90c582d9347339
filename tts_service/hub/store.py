"""Fills a folder of `cache_hub/` from its sources and proves what lies there."""

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tts_service.hub import licence
from tts_service.hub.lock import locked
from tts_service.hub.manifest import MANIFEST, CacheHubError, Entry, Manifest, SourceSpec
from tts_service.hub.part import Part, aside, disk_error
from tts_service.hub.progress import Progress
from tts_service.hub.recorded import BY_HUB, ON_TRUST, Records, suspicion
from tts_service.hub.source import FolderSource, Source, Wanted
from tts_service.hub.tarball import RemoteTarSource, TarSource
from tts_service.hub.web import WebSource, hub_source

NAMED: Final = "weights"
"""The folder of `cache_hub/` for sets that are fetched by name."""
INTACT, MISSING, DAMAGED, UNRECORDED = "intact", "missing", "damaged", "unrecorded"


@dataclass(frozen=True)
class State:
    """How one file is found: ``intact``, ``missing``, ``damaged``, or ``unrecorded`` (there, but nothing proves it)."""

    entry: Entry
    state: str


def sha256_of(path: Path) -> str:
    """Gives a file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def state_of(folder: Path, entry: Entry) -> str:
    """Tells how a file lies there: its size first, its SHA-256 only when that agrees."""
    path = folder / entry.path
    if not os.path.lexists(path):
        return MISSING
    try:
        if not path.is_file() or (entry.size is not None and path.stat().st_size != entry.size):
            return DAMAGED
        if entry.sha256 is None:
            return UNRECORDED
        return INTACT if sha256_of(path) == entry.sha256 else DAMAGED
    except OSError:
        return DAMAGED


def folder_of(manifest: Manifest, hub: Path, kind: str, name: str) -> Path:
    """Gives the folder in which this exact set lies."""
    return hub / kind / name / manifest.digest[:12]


def verify(manifest: Manifest, folder: Path) -> list[State]:
    """Reads every file and tells its state; changes nothing."""
    records = Records(folder)
    entries = [records.completed(entry) for entry in manifest.files]
    return [State(entry, state_of(folder, entry)) for entry in entries]


def ensure(
    manifest: Manifest,
    source: Source | Sequence[Source],
    hub: Path,
    *,
    kind: str,
    name: str,
    say: Callable[[str], None] = print,
) -> Path:
    """Gives the folder in `hub` with every file of the manifest in it, intact; fetches what is missing or damaged.

    `hub` is the host's ``cache_hub``; the sources are tried in their order. `say` hears one line per fetched file,
    one per failure, and one when all was there. Waits while another process fills the same folder. What lies in a
    damaged file's place is renamed aside, never destroyed. Raises CacheHubError when a file can't be had intact, with
    the reason of every source; LicenceNotAccepted before anything is fetched under a licence that nobody accepted.
    """
    folder = folder_of(manifest, hub, kind, name)
    sources = tuple(source) if isinstance(source, Sequence) else (source,)
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(folder, name, say))
        except OSError as error:
            _serve_as_it_is(manifest, folder, name, say, error)
            return folder
        _fill(manifest, sources, folder, hub, name, say)
    return folder


def ensure_named(
    manifest: Manifest, hub: Path, *, first: Sequence[SourceSpec] = (), say: Callable[[str], None] = print
) -> Path:
    """Gives the folder of a manifest that knows its own sources; those in `first` are tried before them."""
    scratch = folder_of(manifest, hub, NAMED, manifest.name) / ".archives"
    specs = (*first, *manifest.sources)
    sources = [source_of(spec, manifest.home, scratch) for spec in specs]
    return ensure(manifest, sources, hub, kind=NAMED, name=manifest.name, say=say)


def source_of(spec: SourceSpec, home: Path, scratch: Path) -> Source:
    """Makes a source; relative paths are meant from `home`, an archive from the net is kept in `scratch` meanwhile."""
    remote = spec.where.startswith(("http://", "https://"))
    if spec.kind == "hub":
        return hub_source(spec)
    if spec.kind == "mirror":
        if not remote:
            raise CacheHubError(f"a mirror is an http or https URL, not {spec.where!r}")
        return WebSource(spec.where)
    if spec.kind == "folder":
        return FolderSource(home / spec.where)
    return RemoteTarSource(spec.where, scratch, spec.inside) if remote else TarSource(home / spec.where, spec.inside)


def _serve_as_it_is(manifest: Manifest, folder: Path, name: str, say: Callable[[str], None], error: OSError) -> None:
    """A folder that can't be written serves as long as nothing has to be fetched: a read-only disk, another owner."""
    if not all(found.state == INTACT for found in verify(manifest, folder)):
        raise CacheHubError(f"can't write below {folder}: {error.strerror}. Check rights and space") from error
    say(f"cache_hub: {name} verified, {len(manifest.files)} files, nothing to fetch (the folder is read-only)")


def _fill(
    manifest: Manifest,
    sources: Sequence[Source],
    folder: Path,
    hub: Path,
    name: str,
    say: Callable[[str], None],
) -> None:
    records = Records(folder)
    missing: dict[Entry, str] = {}
    for entry in map(records.completed, manifest.files):
        state = state_of(folder, entry)
        if state == UNRECORDED:
            state = _record_found(records, folder, entry, name, say)
        if state != INTACT:
            missing[entry] = state
    if not missing:
        say(f"cache_hub: {name} verified, {len(manifest.files)} files, nothing to fetch")
    else:
        licence.require(hub, manifest)
        _Fetch(folder, name, records, say).all(missing, sources)
    _write_manifest(folder, manifest)


def _record_found(records: Records, folder: Path, entry: Entry, name: str, say: Callable[[str], None]) -> str:
    path = folder / entry.path
    size = path.stat().st_size
    if why := suspicion(path, size):
        say(f"cache_hub: {name}/{entry.path} is not the real file: {why}")
        return DAMAGED
    sha256 = sha256_of(path)
    records.add(entry, size, sha256, source="found in its place", vouched_by="whoever put it there")
    say(f"cache_hub: {name}/{entry.path} was put there by hand, recorded: {size:,} bytes, sha256 {sha256[:12]}…")
    return INTACT


class _Fetch:
    """One round of fetching into one folder."""

    def __init__(self, folder: Path, name: str, records: Records, say: Callable[[str], None]) -> None:
        self._folder, self._name, self._records, self._say = folder, name, records, say
        self._reasons: dict[Entry, list[str]] = {}

    def all(self, missing: dict[Entry, str], sources: Sequence[Source]) -> None:
        """Tries the sources in order until nothing is missing; raises CacheHubError with every reason."""
        left = list(missing)
        self._reasons = {entry: [] for entry in left}
        for entry, state in missing.items():
            self._set_aside(entry, state)
        for source in sources:
            left = self._from(source, left, missing)
            if not left:
                return
        lines = [
            f"{entry.path}: " + ("; ".join(self._reasons[entry]) or "its manifest names no source") for entry in left
        ]
        raise CacheHubError(f"can't fetch {len(left)} of the files of {self._name} intact:\n  " + "\n  ".join(lines))

    def _from(self, source: Source, entries: list[Entry], states: dict[Entry, str]) -> list[Entry]:
        """Asks one source; a part that continued other bytes and came out wrong is fetched once more from nothing."""
        left: list[Entry] = []
        again: list[Entry] = []
        for rest in (entries, again):
            if not rest:
                break
            for delivery in source.deliver([self._wanted(entry, source, states[entry]) for entry in rest]):
                entry, part = delivery.wanted.entry, delivery.wanted.part
                problem = delivery.problem or self._settle(source, entry, part)
                if not problem:
                    continue
                if rest is entries and not delivery.problem and part.resumed:
                    self._say(f"cache_hub: {self._name}/{entry.path}: {problem}; once more from its beginning")
                    again.append(entry)
                    continue
                left.append(entry)
                self._reasons[entry].append(f"{source.name}: {problem}")
                self._say(f"cache_hub: {self._name}/{entry.path} not from {source.name}: {problem}")
        return [entry for entry in entries if entry in left]

    def _wanted(self, entry: Entry, source: Source, state: str) -> Wanted:
        title, part = f"{self._name}/{entry.path}", Part(self._folder / entry.path)

        def begin() -> None:
            size = "" if entry.size is None else f" {entry.size:,} bytes"
            here = f" ({part.size:,} are here)" if part.size else ""
            self._say(f"cache_hub: {title} {state}, fetching{size} from {source.name}{here}")

        return Wanted(entry, part, Progress(title, self._say), begin)

    def _settle(self, source: Source, entry: Entry, part: Part) -> str:
        """Proves a whole part and renames it into its place; tells what is wrong with it, "" when nothing is."""
        size, sha256 = part.measured()
        vouched = entry.sha256 or part.note.sha256
        if (entry.size is not None and size != entry.size) or (vouched and sha256 != vouched):
            part.reject()
            wanted = f"{entry.size:,} bytes, " if entry.size is not None else ""
            return f"damaged: {size:,} bytes, sha256 {sha256[:12]}…, expected {wanted}{vouched[:12]}…"
        if entry.sha256 is None:
            if why := suspicion(part.path, size):
                part.reject()
                return why
            by = BY_HUB if vouched else ON_TRUST
            self._records.add(entry, size, sha256, source=source.name, vouched_by=by)
            self._say(
                f"cache_hub: {self._name}/{entry.path} has no sha256 in its manifest; recorded {size:,} bytes, "
                f"sha256 {sha256[:12]}…, by {by}"
            )
        part.finish()
        return ""

    def _set_aside(self, entry: Entry, state: str) -> None:
        """Makes room for a damaged file: a cut one becomes the beginning of its part, any other is renamed."""
        target = self._folder / entry.path
        part = Part(target)
        try:
            if state != DAMAGED:
                return
            cut = entry.sha256 is not None and entry.size is not None and target.is_file() and not target.is_symlink()
            if cut and 0 < target.stat().st_size < (entry.size or 0) and part.size < target.stat().st_size:
                part.adopt()
            else:
                kept = aside(target)
                target.rename(kept)
                self._say(f"cache_hub: {self._name}/{entry.path} is not what it was; kept aside as {kept.name}")
        except OSError as error:
            raise disk_error(target, error) from error


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    path, text = folder / MANIFEST, manifest.to_json()
    try:
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return
        part = path.with_name(MANIFEST + ".part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise disk_error(path, error) from error

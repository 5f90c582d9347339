"""What the manifest could not know: size and SHA-256 of a file as it came at its first fetch.

Trust on first use, said openly: from then on a cut or altered file is found, but that the first one was right rests on
the source alone (and on the hub's own SHA-256 where it tells one).
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tts_service.hub.manifest import RECORDED, CacheHubError, Entry
from tts_service.hub.part import disk_error

_LFS: Final = b"version https://git-lfs.github.com/spec/"
BY_HUB: Final = "the hub's own sha256"
ON_TRUST: Final = "trust in the first fetch"


@dataclass(frozen=True)
class Record:
    """One file as it came: size, SHA-256, from where, when (UTC), and what vouches for it."""

    size: int
    sha256: str
    source: str
    at: str
    vouched_by: str


class Records:
    """The records of one folder, in ``recorded.json``."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / RECORDED
        self._records: dict[str, Record] = {}
        try:
            raw = json.loads(self._path.read_text(encoding="utf-8"))["files"]
            self._records = {path: Record(**record) for path, record in raw.items()}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CacheHubError(
                f"{self._path} can't be read ({error}): what was recorded is all that proves these files. "
                "Restore it from a backup, or move it aside to trust the files that lie there"
            ) from error

    def completed(self, entry: Entry) -> Entry:
        """Gives the entry with what was recorded in the place of what its manifest does not say."""
        record = self._records.get(entry.path)
        if record is None or entry.sha256 is not None:
            return entry
        return Entry(entry.path, record.size, record.sha256)

    def add(self, entry: Entry, size: int, sha256: str, *, source: str, vouched_by: str) -> None:
        """Records a file; before it is renamed into its place, so that no unproved file ever lies there."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        self._records[entry.path] = Record(size, sha256, source, at, vouched_by)
        part = self._path.with_name(RECORDED + ".part")
        files = {path: asdict(record) for path, record in sorted(self._records.items())}
        try:
            part.write_text(json.dumps({"files": files}, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            part.replace(self._path)
        except OSError as error:
            raise disk_error(self._path, error) from error


def suspicion(path: Path, size: int) -> str:
    """Tells why a file that nothing vouches for is surely not the real one, "" when nothing speaks against it."""
    if size == 0:
        return "it is empty"
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith(_LFS):
        return "it is only the Git LFS pointer to the file (fetch it with git lfs pull there)"
    if head.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")) and path.name.find(".html") < 0:
        return "it is a web page (a login or an error?)"
    return ""

"""A licence is accepted once, by somebody, and that is written down."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tts_service.hub.manifest import CacheHubError, Licence, Manifest
from tts_service.hub.part import disk_error

FOLDER: Final = "licences"
_LONGEST: Final = 200


class LicenceNotAccepted(CacheHubError):
    """Nobody on this host has accepted the licence of these weights; the text says how to."""


@dataclass(frozen=True)
class Acceptance:
    """Who accepted which licence of which weights, when (UTC), under which version of the manifest."""

    name: str
    licence: str
    url: str
    licence_sha256: str
    manifest_version: str
    manifest_sha256: str
    accepted_by: str
    accepted_at: str


def accepted(hub: Path, manifest: Manifest) -> Acceptance | None:
    """Gives the record of the licence's acceptance in this hub; None when there is none for this wording."""
    licence = _licence(manifest)
    path = _path(hub, manifest.name, licence)
    try:
        found = Acceptance(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise CacheHubError(
            f"{path} can't be read ({error}): put it right, or move it aside and accept again"
        ) from error
    return found if found.licence_sha256 == licence.digest else None


def require(hub: Path, manifest: Manifest) -> None:
    """Raises LicenceNotAccepted when the weights have a licence that nobody accepted yet."""
    if manifest.licence is None or accepted(hub, manifest):
        return
    licence = manifest.licence
    raise LicenceNotAccepted(
        f"{manifest.name} comes under the licence {licence.name} ({licence.url}), which nobody has accepted on this "
        f"host yet. {licence.summary} To accept it: python -m tts_service.cache_hub accept {manifest.name} --by WHO"
    )


def accept(hub: Path, manifest: Manifest, by: str) -> Acceptance:
    """Writes down that `by` accepted the licence; an earlier acceptance of the same wording stays as it is.

    Raises CacheHubError for a name that is none, and for weights without a licence.
    """
    licence, who = _licence(manifest), by.strip()
    if not who or len(who) > _LONGEST or not who.isprintable():
        raise CacheHubError(f"--by takes the name of the person who accepts, 1 to {_LONGEST} printable characters")
    if before := accepted(hub, manifest):
        return before
    record = Acceptance(
        name=manifest.name,
        licence=licence.name,
        url=licence.url,
        licence_sha256=licence.digest,
        manifest_version=manifest.version,
        manifest_sha256=manifest.digest,
        accepted_by=who,
        accepted_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    path = _path(hub, manifest.name, licence)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(asdict(record), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        try:
            os.link(part, path)  # the first of two at once wins; nothing is overwritten
        except FileExistsError:
            return accepted(hub, manifest) or record
        finally:
            part.unlink()
    except OSError as error:
        raise disk_error(path, error) from error
    return record


def _licence(manifest: Manifest) -> Licence:
    if manifest.licence is None:
        raise CacheHubError(f"{manifest.name} needs no acceptance: its manifest names no licence")
    return manifest.licence


def _path(hub: Path, name: str, licence: Licence) -> Path:
    return hub / FOLDER / f"{name}-{licence.digest[:8]}.json"

"""`python -m tts_service.cache_hub`: what lies on this host, fetch, verify, accept a licence."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tts_service.app.folders import shared_folder
from tts_service.hub import catalogue, licence, store
from tts_service.hub.manifest import CacheHubError, Manifest, SourceSpec
from tts_service.hub.recorded import Records

_VOICES: Final = "voices"


def main(argv: Sequence[str] | None = None) -> int:
    """Carries out one command; 1 when weights are not as they should be, with the reason on stderr."""
    options = _parser().parse_args(argv)
    hub: Path = options.hub or shared_folder() / "cache_hub"
    run: Callable[[argparse.Namespace, Path], int] = options.run
    try:
        return run(options, hub)
    except CacheHubError as error:
        _tell(f"ERROR: {error}")
        return 1
    except KeyboardInterrupt:
        _tell("interrupted; what is here is kept and continued next time")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tts_service.cache_hub", description="Weights on this host")
    parser.add_argument("--hub", type=Path, help="the folder (default: cache_hub/ in the shared folder)")
    commands = parser.add_subparsers(required=True)

    status = commands.add_parser("status", help="what is there, by size alone")
    status.set_defaults(run=_status)

    fetch = commands.add_parser("fetch", help="fetch what is missing or damaged; prints the folder")
    fetch.add_argument("name", help="a name of status that has a licence or sources, or the path of a manifest")
    fetch.add_argument(
        "--source",
        action="append",
        default=[],
        help="tried before the manifest's own: hub:OWNER/NAME[@REVISION], mirror:URL, folder:PATH, tarball:PATH-OR-URL",
    )
    fetch.set_defaults(run=_fetch)

    verify = commands.add_parser("verify", help="read every byte of what is there; changes nothing")
    verify.add_argument("name", help="a name of status, or the path of a manifest")
    verify.set_defaults(run=_verify)

    accept = commands.add_parser("accept", help="write down that a licence is accepted")
    accept.add_argument("name")
    accept.add_argument("--by", required=True, metavar="WHO", help="the person who accepts it")
    accept.set_defaults(run=_accept)
    return parser


def _status(options: argparse.Namespace, hub: Path) -> int:
    del options
    for name, manifest in catalogue.shipped().items():
        _show(f"{_VOICES}/{name}", manifest, store.folder_of(manifest, hub, _VOICES, name), "ships with the release")
    for name in catalogue.names():
        manifest = catalogue.find(name)
        folder = store.folder_of(manifest, hub, store.NAMED, manifest.name)
        _show(f"{name} {manifest.version}", manifest, folder, _licence_of(manifest, hub))
    return 0


def _show(title: str, manifest: Manifest, folder: Path, remark: str) -> None:
    here = sum(_there(folder, path, size) for path, size in _sizes(manifest, folder))
    print(f"{title}: {here} of {len(manifest.files)} files, {remark}")
    if here:
        print(f"  {folder}")


def _sizes(manifest: Manifest, folder: Path) -> list[tuple[str, int | None]]:
    records = Records(folder)
    return [(entry.path, entry.size) for entry in map(records.completed, manifest.files)]


def _there(folder: Path, path: str, size: int | None) -> bool:
    try:
        return size in (None, (folder / path).stat().st_size)
    except OSError:
        return False


def _licence_of(manifest: Manifest, hub: Path) -> str:
    if manifest.licence is None:
        return "no licence to accept"
    record = licence.accepted(hub, manifest)
    if record is None:
        return f"licence not accepted: {manifest.licence.name}"
    return f"licence accepted by {record.accepted_by} at {record.accepted_at}"


def _fetch(options: argparse.Namespace, hub: Path) -> int:
    first = [_here(SourceSpec.parse(text)) for text in options.source]
    print(store.ensure_named(catalogue.find(options.name), hub, first=first, say=_tell))
    return 0


def _here(spec: SourceSpec) -> SourceSpec:
    """Means relative paths from the folder in which the command was called."""
    local = spec.kind in ("folder", "tarball") and not spec.where.startswith(("http://", "https://"))
    return replace(spec, where=str(Path(spec.where).absolute())) if local else spec


def _verify(options: argparse.Namespace, hub: Path) -> int:
    kind, _, name = options.name.rpartition("/")
    voices = catalogue.shipped() if kind == _VOICES else {}
    if name in voices:
        found = store.verify(voices[name], store.folder_of(voices[name], hub, _VOICES, name))
    else:
        manifest = catalogue.find(options.name)
        found = store.verify(manifest, store.folder_of(manifest, hub, store.NAMED, manifest.name))
    for one in found:
        print(f"{one.state:<10} {one.entry.path}")
    return 0 if all(one.state == store.INTACT for one in found) else 1


def _accept(options: argparse.Namespace, hub: Path) -> int:
    manifest = catalogue.find(options.name)
    record = licence.accept(hub, manifest, options.by)
    print(f"{record.licence} ({record.url}), for {record.name}: accepted by {record.accepted_by}, {record.accepted_at}")
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

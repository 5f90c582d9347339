"""The sets of weights that the release knows by name: those it ships, and those of upstream that it can fetch."""

from pathlib import Path
from typing import Final

from tts_service.hub.manifest import MANIFEST, CacheHubError, Manifest

SHIPPED: Final = Path(__file__).resolve().parent.parent / "voices"
MANIFESTS: Final = Path(__file__).resolve().parent / "manifests"


def names(folder: Path = MANIFESTS) -> list[str]:
    """Lists the names under which sets can be fetched."""
    return sorted(path.stem for path in folder.glob("*.json"))


def find(name: str, folder: Path = MANIFESTS) -> Manifest:
    """Gives a manifest by its name, or by the path of a JSON file. Raises CacheHubError with the names there are."""
    path = Path(name) if name.endswith(".json") else folder / f"{name}.json"
    if ("/" in name and not name.endswith(".json")) or not path.is_file():
        raise CacheHubError(f"no manifest {name!r}: there is {', '.join(names(folder))}, or the path of a JSON file")
    manifest = Manifest.load(path)
    if not manifest.name:
        raise CacheHubError(f"{path} has no name: only a manifest with a name can be fetched")
    return manifest


def shipped(folder: Path = SHIPPED) -> dict[str, Manifest]:
    """Gives the voices that lie in the release itself, by name."""
    return {path.parent.name: Manifest.load(path.parent) for path in sorted(folder.glob(f"*/{MANIFEST}"))}

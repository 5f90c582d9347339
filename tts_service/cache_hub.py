"""The weights' home on a host: `cache_hub/` keeps what was fetched once, proves it at every start, never deletes it.

A set of weights is described by a *manifest* (path, size and SHA-256 of each file) and lies in
``cache_hub/<kind>/<name>/<first 12 digits of the manifest's SHA-256>/``, so that two versions of the service, or a
roll-back, find each its own. A file is written beside its place as ``.part``, verified, then renamed; a lock keeps two
starts from doing so at once. A file that is missing, cut or altered is fetched again from the sources, in their order.

``python -m tts_service.cache_hub status|fetch|verify|accept`` does the same by hand. The parts lie in
`tts_service.hub`.
"""

from tts_service.hub.catalogue import find
from tts_service.hub.command import main
from tts_service.hub.licence import LicenceNotAccepted
from tts_service.hub.manifest import MANIFEST, CacheHubError, Entry, Licence, Manifest, SourceSpec
from tts_service.hub.source import FolderSource, Source
from tts_service.hub.store import ensure, ensure_named, verify
from tts_service.hub.tarball import RemoteTarSource, TarSource
from tts_service.hub.web import WebSource

__all__ = [
    "MANIFEST",
    "CacheHubError",
    "Entry",
    "FolderSource",
    "Licence",
    "LicenceNotAccepted",
    "Manifest",
    "RemoteTarSource",
    "Source",
    "SourceSpec",
    "TarSource",
    "WebSource",
    "ensure",
    "ensure_named",
    "find",
    "verify",
]

if __name__ == "__main__":
    raise SystemExit(main())

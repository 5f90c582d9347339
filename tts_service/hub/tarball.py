"""A source in one archive: `.tar`, `.tar.gz`, `.tar.xz` or `.tar.bz2`.

Nothing is ever extracted by the names in the archive: the manifest's files are looked up in it and read, everything
else in it is left unread. So absolute names, `..` and links can't lead anywhere; a wanted file that is a link or no
plain file is refused.
"""

import hashlib
import lzma
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from tts_service.hub.manifest import Entry
from tts_service.hub.part import Part
from tts_service.hub.source import Delivery, SourceFailed, Wanted, attempt, copy
from tts_service.hub.web import WebSource

_DAMAGED: Final = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError)


@dataclass(frozen=True)
class TarSource:
    """Files in an archive on this machine, below the folder `inside` (or at its top, with or without ``./``)."""

    archive: Path
    inside: str = ""

    @property
    def name(self) -> str:
        return str(self.archive)

    def deliver(self, wanted: Sequence[Wanted]) -> Iterator[Delivery]:
        try:
            archive = tarfile.open(self.archive, "r:*")  # noqa: SIM115 - closed below, after the last delivery
        except OSError as error:
            yield from (Delivery(one, error.strerror or str(error)) for one in wanted)
            return
        except _DAMAGED as error:
            yield from (Delivery(one, f"no archive that can be read ({error})") for one in wanted)
            return
        with archive:
            members, damage = _members(archive)
            # In the archive's order: going back in a compressed one means unpacking it again from its beginning.
            for one in sorted(wanted, key=lambda one: self._offset(members, one)):
                yield attempt(one, lambda one: self._read(archive, members, damage, one))

    def _key(self, one: Wanted) -> str:
        return str(PurePosixPath(self.inside) / one.entry.path)

    def _offset(self, members: dict[str, tarfile.TarInfo], one: Wanted) -> int:
        member = members.get(self._key(one))
        return -1 if member is None else member.offset

    def _read(self, archive: tarfile.TarFile, members: dict[str, tarfile.TarInfo], damage: str, one: Wanted) -> None:
        member = members.get(self._key(one))
        if member is None:
            raise SourceFailed(f"not in the archive{damage}")
        if not member.isreg():
            raise SourceFailed("in the archive it is a link or no plain file, which is refused")
        reader = archive.extractfile(member)
        assert reader is not None  # only directories and devices give None
        try:
            with reader:
                copy(reader, one, self.name, member.size)
        except _DAMAGED as error:
            raise SourceFailed(f"the archive is damaged ({error})") from error


@dataclass(frozen=True)
class RemoteTarSource:
    """An archive at a URL: fetched whole into `scratch` (and resumed there), read, then taken away again."""

    url: str
    scratch: Path
    inside: str = ""

    @property
    def name(self) -> str:
        return self._web.name

    @property
    def _web(self) -> WebSource:
        return WebSource(self.url, exact=True)

    def deliver(self, wanted: Sequence[Wanted]) -> Iterator[Delivery]:
        archive = self.scratch / (hashlib.sha256(self.url.encode()).hexdigest()[:12] + ".tar")
        if not archive.exists():
            part = Part(archive)
            one = Wanted(Entry(archive.name), part, wanted[0].progress, wanted[0].begin)
            (delivery,) = self._web.deliver([one])
            if delivery.problem:
                yield from (Delivery(each, delivery.problem) for each in wanted)
                return
            part.finish()
        yield from TarSource(archive, self.inside).deliver(wanted)
        archive.unlink()


def _members(archive: tarfile.TarFile) -> tuple[dict[str, tarfile.TarInfo], str]:
    """Lists the archive as far as it can be read, and tells what stopped that."""
    members: dict[str, tarfile.TarInfo] = {}
    try:
        for member in archive:
            members[str(PurePosixPath(member.name))] = member
    except (*_DAMAGED, OSError) as error:
        return members, f", which is damaged ({error})"
    return members, ""

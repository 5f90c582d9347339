"""What a source is, and the simplest one: a folder."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from tts_service.hub.manifest import Entry
from tts_service.hub.part import Note, Part, blocks
from tts_service.hub.progress import Progress


class SourceFailed(Exception):
    """A source can't give a file; the text says why, without naming the source."""


@dataclass(frozen=True)
class Wanted:
    """One file that is to be fetched: its entry, the part that takes it, who hears of its begin and progress."""

    entry: Entry
    part: Part
    progress: Progress
    begin: Callable[[], None]


@dataclass(frozen=True)
class Delivery:
    """What became of one wanted file: its bytes are in the part (`problem` is "") or they are not, and why."""

    wanted: Wanted
    problem: str = ""


class Source(Protocol):
    """Where files come from."""

    @property
    def name(self) -> str:
        """Names the source in messages, without secrets."""
        ...

    def deliver(self, wanted: Sequence[Wanted]) -> Iterator[Delivery]:
        """Writes the files into their parts, in any order, one delivery for each.

        Raises CacheHubError only for what no other source could help with: the disk here.
        """
        ...


@dataclass(frozen=True)
class FolderSource:
    """Files that lie in a folder: the weights shipped with the release, a disk that was carried here."""

    folder: Path

    @property
    def name(self) -> str:
        return str(self.folder)

    def deliver(self, wanted: Sequence[Wanted]) -> Iterator[Delivery]:
        for one in wanted:
            yield attempt(one, self._copy)

    def _copy(self, one: Wanted) -> None:
        with (self.folder / one.entry.path).open("rb") as reader:
            copy(reader, one, self.name, (self.folder / one.entry.path).stat().st_size)


def attempt(one: Wanted, fetch: Callable[[Wanted], None]) -> Delivery:
    """Calls `fetch` and puts its failure into words."""
    one.begin()
    try:
        fetch(one)
    except SourceFailed as failed:
        return Delivery(one, str(failed))
    except OSError as error:
        return Delivery(one, error.strerror or str(error))
    finally:
        one.progress.end()
    return Delivery(one)


def copy(reader: IO[bytes], one: Wanted, source: str, size: int) -> None:
    """Copies an open file of `size` bytes into the part, from the beginning: what is near needs no resuming."""
    check_size(one.entry, size)
    with one.part.writing(Note(source), resume=False, expected=size) as writer:
        for block in blocks(reader):
            writer.write(block)
            one.progress.at(writer.size, size)


def check_size(entry: Entry, size: int) -> None:
    """Raises SourceFailed when a source offers another size than the manifest's, before anything is fetched."""
    if entry.size is not None and size != entry.size:
        raise SourceFailed(f"damaged: it has {size:,} bytes, the manifest says {entry.size:,}")

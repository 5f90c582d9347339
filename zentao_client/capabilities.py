"""What a server lets us do, and by which ways, best first. The probe chooses; callers never see it.

| capability | 18.x                                            | 22.x                          |
|------------|-------------------------------------------------|-------------------------------|
| login      | v1                                              | v2, v1                        |
| read       | legacy page, signed page, v1                    | v2, v1                        |
| actor      | legacy page, signed page                        | v2                            |
| search     | v1 `search=1`                                   | the same                      |
| create     | v1                                              | v2                            |
| edit       | v1                                              | the same                      |
| transition | v1; legacy form to cancel or with files         | v2; v1 edit to assign         |
| comment    | signed, legacy form, with an assignment         | v2, with an assignment        |
| image      | v1 (images only)                                | v2                            |
| file       | in the finishing form; a bug's own forms        | v2                            |
| bug        | v1, legacy form with files; search form         | v2                            |
"""

from __future__ import annotations

from dataclasses import dataclass

from zentao_client.models import Entry, ServerInfo
from zentao_client.parse import Parser
from zentao_client.session import Session
from zentao_client.ways.bugform import PageBugFiles
from zentao_client.ways.commenting import CommentWay, PageComments, PiggyBack, SignedComments, V2Comments
from zentao_client.ways.editing import EditWay, V1Edits
from zentao_client.ways.filing import Album, FileWay, ImageWay, V1Images, V2Files, V2Images
from zentao_client.ways.login import LoginWay, V1Login, V2Login
from zentao_client.ways.making import MakeWay, V1Makes, V2Makes
from zentao_client.ways.moving import MoveWay, PageMoves, V1EditAssigns, V1Moves, V2Moves
from zentao_client.ways.reading import PageReads, Reader, ReadWay, SignedReads, V1Reads, V2Reads
from zentao_client.ways.reporting import BugSearchWay, BugWay, PageBugs, PageBugSearch, V1Bugs, V2Bugs, V2BugSearch
from zentao_client.ways.searching import TaskSearchWay, V1TaskSearch


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The ways of one server, each list best first. Only a few are needed apart from each other."""

    logins: tuple[LoginWay, ...]
    reader: Reader
    searches: tuple[TaskSearchWay, ...]
    album: Album
    makes: tuple[MakeWay, ...]
    edits: tuple[EditWay, ...]
    moves: tuple[MoveWay, ...]
    comments: tuple[CommentWay, ...]
    images: tuple[ImageWay, ...]
    files: tuple[FileWay, ...]
    bugs: tuple[BugWay, ...]
    bug_searches: tuple[BugSearchWay, ...]

    def describe(self) -> dict[str, tuple[str, ...]]:
        """The names of the ways of each capability, for people."""
        return {
            "login": tuple(way.name for way in self.logins),
            "read": tuple(way.name for way in self.reader.ways),
            "actor": tuple(way.name for way in self.reader.ways if way.shows_accounts),
            "search": tuple(way.name for way in self.searches),
            "create": tuple(way.name for way in self.makes),
            "edit": tuple(way.name for way in self.edits),
            "transition": tuple(way.name for way in self.moves),
            "comment": tuple(way.name for way in self.comments),
            "image": tuple(way.name for way in self.images),
            "file": tuple(way.name for way in self.files),
            "bug": tuple(way.name for way in self.bugs),
            "bug search": tuple(way.name for way in self.bug_searches),
        }


def choose(info: ServerInfo, session: Session, parser: Parser, entry: Entry | None) -> Capabilities:
    """The ways of a server that was probed."""
    return _for_v22(info, session, parser) if info.dialect == "v22" else _for_v18(info, session, parser, entry)


def _for_v22(info: ServerInfo, session: Session, parser: Parser) -> Capabilities:
    reader = Reader((V2Reads(session), V1Reads(session)), parser, info.clock_skew)
    files = V2Files(session)
    return Capabilities(
        logins=(V2Login(), V1Login()),
        reader=reader,
        searches=(V1TaskSearch(session),),
        album=Album(),
        makes=(V2Makes(session),),
        edits=(V1Edits(session),),
        moves=(V2Moves(session, files), V1EditAssigns(session, files)),
        comments=(V2Comments(session), PiggyBack(session, reader)),
        images=(V2Images(session),),
        files=(files,),
        bugs=(V2Bugs(session, files),),
        bug_searches=(V2BugSearch(session),),
    )


def _for_v18(info: ServerInfo, session: Session, parser: Parser, entry: Entry | None) -> Capabilities:
    reads: tuple[ReadWay, ...] = (PageReads(session), V1Reads(session))
    comments: tuple[CommentWay, ...] = (PageComments(session),)
    if entry is not None:
        reads = (PageReads(session), SignedReads(session), V1Reads(session))
        comments = (SignedComments(session), PageComments(session))
    reader = Reader(reads, parser, info.clock_skew)
    album = Album()
    return Capabilities(
        logins=(V1Login(),),
        reader=reader,
        searches=(V1TaskSearch(session),),
        album=album,
        makes=(V1Makes(session),),
        edits=(V1Edits(session),),
        moves=(V1Moves(session), PageMoves(session)),
        comments=(*comments, PiggyBack(session, reader)),
        images=(V1Images(session, album),),
        files=(PageBugFiles(session, reader),),
        bugs=(V1Bugs(session), PageBugs(session)),
        bug_searches=(PageBugSearch(session),),
    )

"""Bugs (缺陷): found again by their keyword, linked to a task, reopened, never made twice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from zentao_client.confirm import confirmed
from zentao_client.core import Core
from zentao_client.errors import NotFound, Rejected
from zentao_client.files import Files
from zentao_client.models import Bug, Upload
from zentao_client.remainder import attach_rest, continuation, still_missing
from zentao_client.text import file_name, fit_html, readable, safe_html
from zentao_client.ways import first
from zentao_client.ways.reporting import NewBug

# What ZenTao's keyword field is split by, by people and by us.
_SEPARATORS = re.compile(r"[,，;；\s]+")


class Bugs:
    """`zentao.bugs`. Comments go through `zentao.comments.add("bug", …)`."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._files = Files(core)

    def get(self, bug_id: int) -> Bug:
        """The bug with its files and history."""
        return self._core.reader.bug(bug_id)

    def search(self, product: int, *, keyword: str) -> tuple[Bug, ...]:
        """The product's bugs that have exactly this keyword, alone or among others; the newest first."""
        if not keyword or _SEPARATORS.search(keyword):
            raise ValueError(f"not one keyword: {keyword!r}")
        raws = first(self._core.ways.bug_searches, lambda way: way.search(product, keyword))
        found = [self._core.parser.bug(raw) for raw in raws]
        exact = [bug for bug in found if keyword in keywords(bug) and bug.product == product]
        return tuple(sorted(exact, key=lambda bug: -bug.id))

    def create(
        self,
        product: int,
        title: str,
        *,
        task: int,
        execution: int,
        project: int,
        steps: str,
        keyword: str,
        severity: int = 3,
        pri: int = 3,
        type: str = "codeerror",
        assigned_to: str | None = None,
        files: Sequence[Upload] = (),
    ) -> Bug:
        """Create a bug linked to a task. `steps` is HTML.

        ZenTao 18.x hands back another bug of the same title and product if it is younger than 30 seconds. So
        the title should name what is particular, and the bug that comes back must have this `keyword`: else
        `Rejected`. Raises `WriteUnknown` if the bug, one of its files or its link to the task does not show.
        """
        if not keyword or _SEPARATORS.search(keyword):
            raise ValueError(f"not one keyword: {keyword!r}")
        fitted = fit_html(safe_html(steps))
        more = (Upload("steps-continued.txt", fitted.remainder.encode()),) if fitted.remainder else ()
        new = NewBug(
            product=product,
            title=readable(title),
            task=task,
            execution=execution,
            project=project,
            steps=fitted.html,
            keyword=keyword,
            severity=severity,
            pri=pri,
            type=type,
            assigned_to=assigned_to,
            files=(*files, *more),
            upload_id=self._core.ways.album.close() if "<img" in fitted.html else "",
        )
        made: list[int] = []

        def look() -> Bug | None:
            found = made or [bug.id for bug in self.search(product, keyword=keyword) if bug.title == new.title]
            bug = self.get(found[0]) if found else None
            if bug is not None and keyword not in keywords(bug):
                raise _Another(bug)
            return bug if bug is not None and bug.task == task and _has_files(bug, new.files) else None

        try:
            return confirmed(
                f"creating bug {title!r}",
                lambda: made.append(first(self._core.ways.bugs, lambda way: way.create(new))),
                look,
            )
        except _Another as other:
            words = f"ZenTao handed back bug {other.bug.id} of the same title instead of a new one: try in 30 s"
            raise Rejected([words]) from None

    def activate(
        self,
        bug_id: int,
        *,
        comment: str = "",
        assigned_to: str | None = None,
        files: Sequence[Upload] = (),
    ) -> Bug:
        """Reopen a resolved or closed bug; `already` is set if it is open, and then nothing is sent.

        Without `assigned_to` the bug goes to its assignee, or to who opened it. A comment beyond ZenTao's limit
        goes on in a file, attached afterwards; should that fail, the rest comes back as `remainder`.
        """
        found = self._core.reader.raw("bug", bug_id)
        before = self.get(bug_id)
        if before.deleted:
            raise NotFound(f"bug {bug_id} was deleted")
        if before.status == "active":
            return replace(before, already=True)
        newest = max((action.id for action in before.actions), default=0)
        assignee = assigned_to or before.assigned_to or before.opened_by or ""
        fitted = fit_html(safe_html(comment))
        rest = continuation("comment", fitted)

        def send() -> None:
            first(self._core.ways.bugs, lambda way: way.activate(found.raw, fitted.html, assignee, files))

        def look() -> Bug | None:
            after = self.get(bug_id)
            ours = any(
                action.id > newest and action.name == "activated" and self._core.is_me(action.actor)
                for action in after.actions
            )
            return after if ours and _has_files(after, files) else None

        reopened = confirmed(f"reopening bug {bug_id}", send, look)
        if still_missing(rest, reopened.files):
            more = attach_rest(self._files, "bug", bug_id, rest)
            reopened = replace(reopened, files=(*reopened.files, *more))
        return replace(reopened, remainder=still_missing(rest, reopened.files))


class _Another(Exception):
    """The server answered a creation with a bug that is not ours."""

    def __init__(self, bug: Bug) -> None:
        self.bug = bug
        super().__init__(str(bug.id))


def _has_files(bug: Bug, uploads: Sequence[Upload]) -> bool:
    there = {file.name for file in bug.files}
    return all(file_name(upload.name) in there for upload in uploads)


def keywords(bug: Bug) -> frozenset[str]:
    """The single keywords of a bug."""
    return frozenset(word for word in _SEPARATORS.split(bug.keywords) if word)

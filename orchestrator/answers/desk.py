"""The desk where a deployment's answers go out: comments, transitions, files and bugs, each exactly once.

Every answer has a marker made of the run and the event, which stands first in its text. What may be repeated after a
crash is `Once`'s business; this file says how each kind of answer is found and how it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import structlog

from orchestrator.answers.once import SETTLE_SECONDS, Once, Write, warn_of_another
from orchestrator.answers.patience import Patience
from orchestrator.store import Intent, Store
from zentao_client import (
    Bug,
    Forbidden,
    NotFound,
    Rejected,
    Task,
    Unavailable,
    Unsupported,
    Upload,
    WriteUnknown,
    Zentao,
)
from zentao_client.text import has_marker, marker_span

log = structlog.get_logger(__name__)

T = TypeVar("T")
Verb = Literal["pause", "finish"]
_TARGETS: dict[Verb, str] = {"pause": "pause", "finish": "done"}
_FROM: dict[Verb, tuple[str, ...]] = {"pause": ("doing",), "finish": ("wait", "doing", "pause")}
"""From these a deployment's end moves the ticket; a person who closed or cancelled it has decided otherwise."""
_NO_WAY = (NotFound, Forbidden, Rejected, Unsupported)
"""Final answers of ZenTao: the ticket is gone, or the account may not. Waiting would not help."""
_TRIES = 3
"""How often a file whose upload was not confirmed is looked for and sent again."""


def _again(send: Callable[[], T]) -> Callable[[], T]:
    """For what does no harm when it is done twice: an unknown outcome is simply another reason to try again."""

    def attempt() -> T:
        try:
            return send()
        except WriteUnknown as error:
            raise Unavailable(str(error)) from error

    return attempt


def marker_for(run_id: str, event: str) -> str:
    """The marker of an answer: `zd:<run>:<event>`, found again in ZenTao as a span's title."""
    return f"zd:{run_id}:{event}"


@dataclass(frozen=True, slots=True)
class BugReport:
    """A failure to report: `keyword` identifies it across deployments, `steps` is its HTML, `files` its evidence."""

    product: int
    execution: int
    project: int
    task_id: int
    keyword: str
    title: str
    steps: str
    again: str
    severity: int
    assigned_to: str | None
    files: Sequence[Upload] = ()


class Desk:
    """Writes into one ZenTao on behalf of the deployments; shared by all threads.

    `settle_seconds` is how long a write that was sent may stay invisible, `patience` how a server that is away is
    waited for.
    """

    def __init__(
        self,
        zentao: Zentao,
        store: Store,
        *,
        settle_seconds: float = SETTLE_SECONDS,
        patience: Patience | None = None,
    ) -> None:
        self._zentao = zentao
        self._store = store
        self._patience = patience or Patience()
        self._once = Once(store, self._patience, settle_seconds=settle_seconds)

    def comment(
        self, run_id: str, event: str, object_id: int, html: str, *, on: Literal["task", "bug"] = "task"
    ) -> int:
        """Comment on a task or bug; returns the history entry's id, 0 when ZenTao finally refuses."""
        marker = marker_for(run_id, event)

        def find() -> int | None:
            found = self._zentao.comments.find(on, object_id, marker)
            return found.id if found else None

        def send() -> int:
            added = self._zentao.comments.add(on, object_id, html, marker=marker)
            if not added.created:
                warn_of_another(marker)
            return added.id

        return self._perform(Write(marker, run_id, on, object_id, find, send, send_looks=True))

    def transition(
        self,
        run_id: str,
        verb: Verb,
        task_id: int,
        html: str,
        *,
        hours: float = 0.0,
        files: Sequence[Upload] = (),
        unmoved: str = "",
    ) -> int:
        """Pause or finish a task with `html` as the entry's comment; returns the history entry's id.

        A task that a person has meanwhile closed, cancelled or moved there already keeps its status, and gets `unmoved`
        (default: the same text) as a plain comment; the files, which belong to the move's own form, stay with us then.
        The intent is stored first, so that our own move never starts a deployment.
        """
        marker = marker_for(run_id, verb)
        self._store.record_intent(Intent(marker, run_id, task_id, verb, _TARGETS[verb]))

        def find() -> int | None:
            found = self._zentao.comments.find("task", task_id, marker)
            return found.id if found else None

        def send() -> int:
            task = self._zentao.tasks.get(task_id)
            moved = task.status in _FROM[verb] and self._move(verb, task, marker_span(marker) + html, hours, files)
            # Not moved (a person was faster, or refused with these values): what we have to say is said all the same.
            said = unmoved or html
            return (find() if moved else None) or self._zentao.comments.add("task", task_id, said, marker=marker).id

        action_id = self._perform(Write(marker, run_id, "task", task_id, find, send))
        if action_id:
            self._store.resolve_intent(marker, action_id)
        return action_id

    def _perform(self, write: Write) -> int:
        try:
            return self._once.perform(write)
        except _NO_WAY as error:
            log.error("answer_refused", marker=write.marker, on=write.object_type, id=write.object_id, error=str(error))
            return 0

    def _move(self, verb: Verb, task: Task, text: str, hours: float, files: Sequence[Upload]) -> bool:
        """Make the transition; False when ZenTao refuses it (the task's own fields contradict each other, …)."""
        try:
            if verb == "pause":
                return not self._zentao.tasks.pause(task.id, comment=text).already
            # ZenTao counts in hours with two decimals and refuses a finished task without effort.
            consumed = max(0.01, round(hours, 2))
            return not self._zentao.tasks.finish(task.id, consumed=consumed, comment=text, files=tuple(files)).already
        except Rejected as error:
            log.warning("transition_refused", verb=verb, task=task.id, error=str(error))
            return False

    def assign(self, task_id: int, account: str) -> bool:
        """Hand a task that we paused to a person; False when ZenTao refuses (the account is gone).

        A task that somebody has moved on in the meantime stays as it is. Nothing is done twice.
        """

        def send() -> bool:
            try:
                task = self._zentao.tasks.get(task_id)
                if task.status != "pause":
                    return False
                if task.assigned_to != account:
                    self._zentao.tasks.assign(task_id, account)
            except _NO_WAY as error:
                log.warning("assign_refused", task=task_id, account=account, error=str(error))
                return False
            return True

        return self._patience(_again(send), doing=f"assign task {task_id}")

    def image(self, name: str, data: bytes) -> str:
        """Upload a picture and return the HTML that shows it in a comment; empty where this server has no way."""

        def send() -> str:
            try:
                return self._zentao.files.upload_image(name, data).html
            except Unsupported as error:
                log.warning("image_unsupported", error=str(error))
                return ""

        # Uploaded twice after a crash, a picture is a file that nobody sees; a comment would be one too many.
        return self._patience(_again(send), doing=f"upload {name}")

    def bug(self, run_id: str, report: BugReport) -> int:
        """Report a failure: a new bug, or a comment on (and activation of) the one that has the same keyword."""
        marker = marker_for(run_id, "bug")

        def find() -> int | None:
            known = self._known_bug(report)
            if known is None:
                return None
            full = self._zentao.bugs.get(known.id)
            said = has_marker(full.steps, marker) or any(has_marker(each.comment, marker) for each in full.actions)
            return known.id if said else None

        def send() -> int:
            known = self._known_bug(report)
            if known is None:
                return self._create_bug(report, marker)
            if known.status == "active":
                self._zentao.comments.add("bug", known.id, report.again, marker=marker)
            else:
                self._zentao.bugs.activate(
                    known.id, comment=marker_span(marker) + report.again, assigned_to=report.assigned_to
                )
            return known.id

        bug_id = self._perform(Write(marker, run_id, "bug", report.task_id, find, send))
        if bug_id:
            # Also those of a bug that was made by an earlier self, killed between the bug and its files.
            self._patience(lambda: self._add_files(bug_id, report.files), doing=f"attach files to bug {bug_id}")
        return bug_id

    def _known_bug(self, report: BugReport) -> Bug | None:
        found = self._zentao.bugs.search(report.product, keyword=report.keyword)
        open_first = sorted(
            (bug for bug in found if not bug.deleted), key=lambda bug: (bug.status != "active", -bug.id)
        )
        return open_first[0] if open_first else None

    def _add_files(self, bug_id: int, files: Sequence[Upload]) -> None:
        """Attach what isn't there yet: the names hold the run's id, so a later try finds what an earlier one did."""
        for _ in range(_TRIES):
            there = {file.name for file in self._zentao.bugs.get(bug_id).files}
            missing = [file for file in files if file.name not in there]
            try:
                self._zentao.files.attach("bug", bug_id, missing)
            except WriteUnknown as error:
                log.warning("files_unknown", bug=bug_id, error=str(error))
                self._patience.pause(1.0)
                continue
            except _NO_WAY as error:
                # The text holds the end of the log; a file that ZenTao does not take must not cost the rest.
                log.warning("files_refused", bug=bug_id, error=str(error))
            return

    def _create_bug(self, report: BugReport, marker: str) -> int:
        return self._zentao.bugs.create(
            report.product,
            report.title,
            task=report.task_id,
            execution=report.execution,
            project=report.project,
            steps=marker_span(marker) + report.steps,
            keyword=report.keyword,
            severity=report.severity,
            pri=report.severity,
            type="install",
            assigned_to=report.assigned_to,
            files=tuple(report.files),
        ).id

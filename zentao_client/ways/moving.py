"""Ways to send a task's transition, its assignment or its cancellation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from zentao_client.errors import Rejected, Unsupported
from zentao_client.models import Task, Upload
from zentao_client.session import Session
from zentao_client.ways.filing import V2Files, form_files

Verb = Literal["start", "pause", "restart", "finish", "close", "activate", "cancel", "assign"]
Body = Mapping[str, str | float]


class MoveWay(Protocol):
    """Sends one transition. Success still has to be read back."""

    @property
    def name(self) -> str:
        """How this way is called in reports."""

    def move(self, task: Task, verb: Verb, body: Body, files: Sequence[Upload]) -> None:
        """Send it. Raises `Unsupported` if this way can't, before anything was sent."""


class V1Moves:
    """POST /tasks/:id/<verb> of the API v1."""

    name = "v1"
    _verbs: Mapping[Verb, str] = {
        "start": "start",
        "pause": "pause",
        "restart": "restart",
        "finish": "finish",
        "close": "close",
        "activate": "active",
        "assign": "assignto",
    }

    def __init__(self, session: Session) -> None:
        self._session = session

    def move(self, task: Task, verb: Verb, body: Body, files: Sequence[Upload]) -> None:
        """Send it as JSON; not for a cancellation, nor with files."""
        if verb not in self._verbs or files:
            raise Unsupported(f"the API v1 can't {verb} a task" + (" with files" if files else ""))
        # The API computes the total by itself; a page's form needs it.
        fields = {key: value for key, value in body.items() if verb != "finish" or key != "consumed"}
        self._session.v1("POST", f"/tasks/{task.id}/{self._verbs[verb]}", json=fields)


class PageMoves:
    """The legacy forms of 18.x, which hold nothing but the transition's own fields."""

    name = "legacy form"
    _verbs: Mapping[Verb, str] = {"cancel": "cancel", "finish": "finish"}

    def __init__(self, session: Session) -> None:
        self._session = session

    def move(self, task: Task, verb: Verb, body: Body, files: Sequence[Upload]) -> None:
        """Post the form with the files in it; only the one to finish takes files."""
        if verb not in self._verbs or (files and verb != "finish"):
            raise Unsupported(f"no legacy form is used to {verb} a task" + (" with files" if files else ""))
        fields = [(key, _text(value)) for key, value in body.items()]
        if verb == "finish":
            fields.append(("left", "0"))
        parts, labels = form_files(files)
        outcome = self._session.post_page(
            "task", self._verbs[verb], [("taskID", str(task.id))], fields + labels, files=parts
        )
        if outcome.alert:
            raise Rejected([outcome.alert])


class V2Moves:
    """PUT /tasks/:id/<verb> of the API v2; files are attached before."""

    name = "v2"
    _verbs: Mapping[Verb, str] = {
        "start": "start",
        "pause": "pause",
        "restart": "restart",
        "finish": "finish",
        "close": "close",
        "activate": "activate",
        "cancel": "cancel",
        "assign": "assignTo",
    }

    def __init__(self, session: Session, files: V2Files) -> None:
        self._session = session
        self._files = files

    def move(self, task: Task, verb: Verb, body: Body, files: Sequence[Upload]) -> None:
        """Attach the files that are not there yet, then send it as JSON.

        So a repetition after a crash finds the files, and a finished task always has them.
        """
        if verb == "assign" and "left" not in body:
            raise Unsupported("the API v2 assigns no open task that has no hours left")
        _attach_missing(self._files, task, files)
        params = [("executionID", str(task.execution))] if verb == "assign" else []
        self._session.v2("PUT", f"/tasks/{task.id}/{self._verbs[verb]}", json=dict(body), params=params)


class V1EditAssigns:
    """PUT /tasks/:id of the API v1, for an assignment alone: the only one of 22.x that asks for no hours.

    The history says "edited" then, and the comment becomes an entry of its own.
    """

    name = "v1 edit"

    def __init__(self, session: Session, files: V2Files) -> None:
        self._session = session
        self._files = files

    def move(self, task: Task, verb: Verb, body: Body, files: Sequence[Upload]) -> None:
        """Attach the files that are not there yet, change the assignee, then add the comment."""
        if verb != "assign":
            raise Unsupported(f"an edit can't {verb} a task")
        _attach_missing(self._files, task, files)
        self._session.v1("PUT", f"/tasks/{task.id}", json={"assignedTo": body["assignedTo"]})
        if body.get("comment"):
            params = [("objectType", "task"), ("objectID", str(task.id))]
            self._session.v2("POST", "/actions/comment", json={"comment": body["comment"]}, params=params)


def hours_left(left: float) -> dict[str, float]:
    """The hours still to go, for an assignment: 18.x silently refuses 0, and keeps them if they are left out."""
    return {"left": left} if left > 0 else {}


def _attach_missing(way: V2Files, task: Task, files: Sequence[Upload]) -> None:
    there = {(file.name, file.size) for file in task.files}
    for upload in files:
        if (way.stored_name(upload.name), len(upload.read())) not in there:
            way.send("task", task.id, upload)


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"

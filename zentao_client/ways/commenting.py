"""Ways to put a comment on a task or bug, from the most to the least trustworthy."""

from __future__ import annotations

from typing import Protocol

from zentao_client.errors import BadReply, Rejected, Unsupported
from zentao_client.models import ObjectKind
from zentao_client.parse import account, integer, number
from zentao_client.session import Session
from zentao_client.ways.moving import hours_left
from zentao_client.ways.reading import Reader


class CommentWay(Protocol):
    """Posts one comment. Success still has to be read back."""

    @property
    def name(self) -> str:
        """How this way is called in reports."""

    def post(self, kind: ObjectKind, object_id: int, html: str, upload_id: str) -> int:
        """Post it. `upload_id` is the one that the images in it were uploaded with, "" if there are none.

        Returns the new history entry's id, 0 if the server does not tell it.
        """


class V2Comments:
    """POST /actions/comment of the API v2: answers with the new entry's id."""

    name = "v2 actions/comment"

    def __init__(self, session: Session) -> None:
        self._session = session

    def post(self, kind: ObjectKind, object_id: int, html: str, upload_id: str) -> int:
        """Post it as JSON."""
        params = [("objectType", kind), ("objectID", str(object_id))]
        body = {"comment": html, **({"uid": upload_id} if upload_id else {})}
        content = self._session.v2("POST", "/actions/comment", json=body, params=params)
        action_id = integer(content.get("data"))
        if not action_id:
            raise BadReply("a comment without the id of its entry", str(content).encode())
        return action_id


class SignedComments:
    """The 应用's signed call: answers with the new entry's id on 18.x.

    The author is the account that the 应用 is bound to, which no call tells before.
    """

    name = "signed comment"

    def __init__(self, session: Session) -> None:
        self._session = session

    def post(self, kind: ObjectKind, object_id: int, html: str, upload_id: str) -> int:
        """Post it as JSON. Images belong to the token's session, which this call does not use."""
        if upload_id:
            raise Unsupported("a signed comment does not take over uploaded images")
        params = [("objectType", kind), ("objectID", str(object_id))]
        return integer(self._session.signed("action", "comment", params, json={"comment": html}))


class PageComments:
    """The legacy form of 18.x. It answers the same whether it stored the text or not."""

    name = "legacy comment form"

    def __init__(self, session: Session) -> None:
        self._session = session

    def post(self, kind: ObjectKind, object_id: int, html: str, upload_id: str) -> int:
        """Post the form."""
        params = [("objectType", kind), ("objectID", str(object_id))]
        form = [("comment", html), *([("uid", upload_id)] if upload_id else [])]
        outcome = self._session.post_page("action", "comment", params, form)
        if outcome.alert:
            raise Rejected([outcome.alert])
        return 0


class PiggyBack:
    """An assignment to the present assignee that carries the comment: the last resort, since it notifies
    people.
    """

    name = "comment of an assignment"

    def __init__(self, session: Session, reader: Reader) -> None:
        self._session = session
        self._reader = reader

    def post(self, kind: ObjectKind, object_id: int, html: str, upload_id: str) -> int:
        """Assign again with the comment; not for what nobody is assigned to."""
        del upload_id  # Images stay as typed here.
        raw = self._reader.raw(kind, object_id).raw
        assignee = account(raw.get("assignedTo"))
        if assignee is None:
            raise Unsupported(f"nobody is assigned to {kind} {object_id}, so no assignment can carry a comment")
        if kind == "task":
            body = {"assignedTo": assignee, "comment": html, **hours_left(number(raw.get("left")))}
            self._session.v1("POST", f"/tasks/{object_id}/assignto", json=body)
        else:
            self._session.v1("POST", f"/bugs/{object_id}/assign", json={"assignedTo": assignee, "comment": html})
        return 0

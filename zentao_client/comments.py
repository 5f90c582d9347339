"""Comments (备注) on tasks and bugs, each recognisable by its marker."""

from __future__ import annotations

import logging
from dataclasses import replace

from zentao_client.core import Core
from zentao_client.errors import Forbidden, NotFound, Rejected, Unsupported, WriteUnknown, ZentaoError
from zentao_client.models import Action, Comment, ObjectKind
from zentao_client.text import fit_html, has_marker, marker_span, safe_html

log = logging.getLogger(__name__)


class Comments:
    """`zentao.comments`."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._foreign: set[str] = set()

    def find(self, kind: ObjectKind, object_id: int, marker: str) -> Comment | None:
        """The comment with this marker, also if it came with a transition; None if there is none.

        Comments of other accounts don't count: anybody can type a marker.
        """
        action = self._marked(kind, object_id, marker)
        return _comment(kind, object_id, action, created=False) if action else None

    def add(self, kind: ObjectKind, object_id: int, html: str, *, marker: str) -> Comment:
        """Post `html` once: if the marker is there already, nothing is sent.

        `html` is escaped already; characters that ZenTao loses are replaced here. What exceeds its limit is
        cut off and returned as `remainder`. Raises `WriteUnknown` if the comment was sent and does not show:
        it may still appear.
        """
        existing = self.find(kind, object_id, marker)
        if existing is not None:
            return existing
        fitted = fit_html(marker_span(marker) + safe_html(html))
        # 18.x makes an image's address last only if an upload id comes with the form.
        upload_id = self._core.ways.album.close() if "<img" in fitted.html else ""
        refusal: ZentaoError | None = None
        for way in self._core.ways.comments:
            if way.name in self._foreign:
                refusal = refusal or Unsupported(f"by the {way.name} this server takes us for somebody else")
                continue
            try:
                posted = way.post(kind, object_id, fitted.html, upload_id)
            except (Unsupported, Forbidden, NotFound, Rejected) as error:
                refusal = refusal or error
                continue
            except WriteUnknown as error:
                stored = self._look(kind, object_id, marker, cause=error)
                if stored is None:
                    # It may still be under way: another way now could make it two.
                    raise
                return replace(stored, remainder=fitted.remainder)
            stored = self._look(kind, object_id, marker, posted=posted)
            if stored is not None:
                if not self._core.is_me(stored.actor):
                    self._set_aside(way.name, stored)
                return replace(stored, remainder=fitted.remainder)
            # Answered completely and not there: this way stores nothing here, so the next may try.
        if refusal is not None:
            raise refusal
        raise WriteUnknown(f"a comment on {kind} {object_id} was accepted, and it does not show")

    def _set_aside(self, way: str, stored: Comment) -> None:
        # Comments of that account would not be found again by their marker: one is enough.
        self._foreign.add(way)
        log.error(
            "the %s wrote comment %s as %r: bind the 应用 to %r; it is not used for comments until a restart",
            way,
            stored.id,
            stored.actor,
            self._core.account,
        )

    def _look(
        self, kind: ObjectKind, object_id: int, marker: str, *, posted: int = 0, cause: WriteUnknown | None = None
    ) -> Comment | None:
        try:
            action = self._marked(kind, object_id, marker, posted)
        except ZentaoError as error:
            raise WriteUnknown(f"a comment on {kind} {object_id} can't be read back: {error}") from (cause or error)
        return _comment(kind, object_id, action, created=True) if action else None

    def _marked(self, kind: ObjectKind, object_id: int, marker: str, posted: int = 0) -> Action | None:
        marker_span(marker)
        for action in self._core.reader.actions(kind, object_id):
            # The entry whose id the server has just answered with is ours, whoever it names.
            ours = action.id == posted or self._core.is_me(action.actor)
            if ours and has_marker(action.comment, marker):
                return action
        return None


def _comment(kind: ObjectKind, object_id: int, action: Action, *, created: bool) -> Comment:
    return Comment(action.id, kind, object_id, action.comment, action.date, action.actor, created)

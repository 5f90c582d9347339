"""How far the stream of edits was read: a small value that never passes an edit that wasn't looked at.

ZenTao offers "tasks by time of last edit, newest first", in whole seconds, and an edit can become visible a little
after its own time stamp. So each read goes back `OVERLAP` behind the newest edit known, and remembers which edits in
there it has met. A stamp counts as met only when its second is well over, since another edit could still get the same
one.
What has been met but not looked into yet is kept by name, in `dirty`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

OVERLAP = timedelta(seconds=120)
"""A write that takes longer than this from its time stamp to being visible would be missed until the next edit."""

SETTLED_AFTER = timedelta(seconds=8)
"""One second for the stamp's own length, one because clocks agree no better, the rest for a slow write: a second edit
under a stamp already read that becomes visible later than this would be missed until the next one."""

_FROM_ANOTHER_CLOCK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Edit:
    """One task's last edit, as a search shows it."""

    task_id: int
    edited: datetime
    ours: bool


@dataclass(frozen=True, slots=True)
class Cursor:
    """`newest`: the newest edit met. `met`: the edits met in the overlap. `dirty`: tasks of ours still to look into."""

    newest: datetime
    met: Mapping[int, datetime] = field(default_factory=dict, hash=False)
    dirty: tuple[int, ...] = ()

    def since(self, server_now: datetime) -> datetime:
        """Edits before this need not be fetched. A server whose clock was set back is read from its own present."""
        return min(self.newest, server_now) - OVERLAP

    def advance(self, edits: Iterable[Edit], server_now: datetime) -> Cursor:
        """The cursor after a complete read of all edits since `since`: new ones of ours become dirty."""
        fresh = [edit for edit in edits if self.met.get(edit.task_id) != edit.edited]
        newest = max([min(self.newest, server_now), *(edit.edited for edit in fresh)])
        met = {**self.met, **{edit.task_id: edit.edited for edit in fresh if _over(edit.edited, server_now)}}
        ours = [edit.task_id for edit in sorted(fresh, key=lambda each: each.edited) if edit.ours]
        return Cursor(
            newest=newest,
            met={task: edited for task, edited in met.items() if edited >= newest - OVERLAP},
            dirty=tuple(dict.fromkeys([*self.dirty, *ours])),
        )

    def touched(self, *task_ids: int) -> Cursor:
        """With these tasks to look into, whatever their edits say."""
        return replace(self, dirty=tuple(dict.fromkeys([*self.dirty, *task_ids])))

    def settled(self, *task_ids: int) -> Cursor:
        """With these tasks looked into."""
        over = frozenset(task_ids)
        return replace(self, dirty=tuple(task for task in self.dirty if task not in over))

    def dump(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "newest": self.newest.isoformat(),
            "met": {str(task): edited.isoformat() for task, edited in self.met.items()},
            "dirty": list(self.dirty),
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Cursor:
        """From what `dump` gave."""
        return cls(
            newest=datetime.fromisoformat(data["newest"]),
            met={int(task): datetime.fromisoformat(edited) for task, edited in data["met"].items()},
            dirty=tuple(int(task) for task in data["dirty"]),
        )


def _over(edited: datetime, server_now: datetime) -> bool:
    """Whether no further edit can get this stamp. One from far in the future was made by a clock since put right."""
    return server_now - edited >= SETTLED_AFTER or edited - server_now > _FROM_ANOTHER_CLOCK

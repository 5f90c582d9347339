"""Where our memory begins: nothing that happened before the first start asks for a deployment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from zentao_client.models import Task

if TYPE_CHECKING:
    from zentao_client import Zentao

AROUND = timedelta(seconds=5)
"""ZenTao's times are whole seconds, and its clock is known to a second or so: this close, action ids decide."""

_PAGE = 50


@dataclass(frozen=True, slots=True)
class Baseline:
    """The moment of the first start on the server's clock, and the actions that stood in our tasks around it.

    `seen` is None when ZenTao could not be asked at that moment; then the clock alone decides.
    """

    moment: datetime
    seen: Mapping[int, frozenset[int]] | None = field(default=None, hash=False)

    def covers(self, task_id: int, action_id: int, date: datetime) -> bool:
        """Whether an action belongs to the time before us."""
        if self.seen is None or abs(date - self.moment) > AROUND:
            return date <= self.moment
        return action_id in self.seen.get(task_id, ())

    def dump(self) -> dict[str, Any]:
        """As JSON-able data."""
        seen = None if self.seen is None else {str(task): sorted(ids) for task, ids in self.seen.items()}
        return {"moment": self.moment.isoformat(), "seen": seen}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Baseline:
        """From what `dump` gave."""
        seen = data["seen"]
        return cls(
            moment=datetime.fromisoformat(data["moment"]),
            seen=None if seen is None else {int(task): frozenset(ids) for task, ids in seen.items()},
        )


def take_baseline(zentao: Zentao, is_ours: Callable[[Task], bool], first_start: datetime) -> Baseline:
    """Ask the server what stands there now. `first_start` is by our clock, aware.

    One request, and one more for each task of ours that was edited within the last seconds. Raises what the client
    raises when ZenTao can't be asked; the moment doesn't move by trying again later.
    """
    moment = (first_start + zentao.server.clock_skew).replace(microsecond=0)
    if datetime.now(UTC) - first_start > AROUND:
        return Baseline(moment)
    seen: dict[int, frozenset[int]] = {}
    for task in zentao.tasks.search(order="lastEditedDate_desc", limit=_PAGE):
        if task.last_edited is None or task.last_edited < moment - AROUND:
            break
        if is_ours(task):
            seen[task.id] = frozenset(action.id for action in zentao.tasks.get(task.id).actions)
    return Baseline(moment, seen)

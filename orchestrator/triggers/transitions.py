"""What a task's history asks for. Pure: histories in, a verdict out.

A *transition* is a history action that changed the task's status. One that matches a configured trigger asks for a
deployment, once: its key says whether it was answered before. What we did ourselves asks for nothing, and is known by
two things together, the marker in the action's comment and our own record of the intent behind it: a name or an
account proves nothing, since people and the bot may share one, and a marker alone can be copied.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from orchestrator.store.records import EventState, Intent
from orchestrator.triggers.baseline import Baseline
from zentao_client.models import Action, Task

GIVE_UP_ON_ROWS = timedelta(minutes=10)
"""An action whose history rows are missing for longer never had any: ZenTao writes them within the same request."""

_OUR_ENDS = ("paused", "finished")
_MARKER = re.compile(r"""<span\b[^>]*\btitle\s*=\s*["']?(zd:[^"'>]{1,200})["']?[^>]*>""")


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of status, with the key that names it for ever."""

    key: str
    action_id: int
    date: datetime
    actor: str | None
    old: str
    new: str
    markers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do about a task now.

    Attributes:
        start: the transition that asks for a deployment; `superseded` and `withdrawn` ask for none any more.
        own: transitions that we made, each with the marker of the intent that it fulfils.
        incomplete: rows of the history are still missing, so nothing was decided: read again in a moment.
    """

    start: Transition | None = None
    superseded: tuple[Transition, ...] = ()
    withdrawn: tuple[Transition, ...] = ()
    own: tuple[tuple[Transition, str], ...] = ()
    incomplete: bool = False


def transition_key(server: str, task_id: int, action_id: int, date: datetime) -> str:
    """`server|task|action id|action date`. The date is part of it because ids repeat after a restored backup."""
    moment = date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{server}|{task_id}|{action_id}|{moment}"


def transitions(task: Task, server: str) -> tuple[Transition, ...]:
    """All changes of status in a task's history, oldest first."""
    found = [
        Transition(
            key=transition_key(server, task.id, action.id, action.date),
            action_id=action.id,
            date=action.date,
            actor=action.actor,
            old=action.status_change.old,
            new=action.status_change.new,
            markers=markers(action.comment),
        )
        for action in task.actions
        if action.status_change is not None and action.status_change.old != action.status_change.new
    ]
    return tuple(sorted(found, key=lambda each: (each.date, each.action_id)))


def texts_at(task: Task, action_id: int) -> tuple[str, str]:
    """Title and description as they stood when the action was made: what was edited since is taken back.

    Nobody deploys under somebody else's name by rewording a ticket that was started already.
    """
    texts = {"name": task.name, "description": task.description}
    for action in reversed(task.actions):
        if action.id > action_id:
            texts.update(action.replaced)
    return texts["name"], texts["description"]


def markers(comment: str) -> tuple[str, ...]:
    """Our markers in a comment, `<span title="zd:…">`, whoever wrote it."""
    return tuple(html.unescape(found) for found in _MARKER.findall(comment))


def decide(
    task: Task,
    *,
    server: str,
    baseline: Baseline,
    triggered_by: Callable[[str, str], bool],
    known: Mapping[str, EventState],
    intents: Mapping[str, Intent],
    now: datetime,
) -> Verdict:
    """Judge a task by its whole history.

    Args:
        triggered_by: whether a change from one status code to another starts a deployment.
        known: what became of the transitions recorded before, by key.
        intents: our stored intents by marker, for the markers that occur in this history.
        now: the server's time, to tell rows that are late from rows that never come.
    """
    if any(_late(action, task.id, baseline, now) and not _our_end(action, task.id, intents) for action in task.actions):
        return Verdict(incomplete=True)
    own: list[tuple[Transition, str]] = []
    waiting: list[Transition] = []
    superseded: list[Transition] = []
    withdrawn: list[Transition] = []
    for transition in transitions(task, server):
        state = known.get(transition.key)
        taken = {marker for _, marker in own}
        marker = _intended(transition, task.id, intents, taken)
        if marker is not None:
            own.append((transition, marker))
        elif not triggered_by(transition.old, transition.new):
            # Somebody moved the task on (closed it, paused it): what was asked for before isn't wanted any more.
            withdrawn += waiting
            waiting = []
        elif state in (None, EventState.NEW):
            if state is EventState.NEW or not baseline.covers(task.id, transition.action_id, transition.date):
                superseded += waiting
                waiting = [transition]
        elif state is not EventState.OWN:
            superseded += waiting
            waiting = []
    return Verdict(
        start=waiting[0] if waiting else None,
        superseded=tuple(superseded),
        withdrawn=tuple(withdrawn),
        own=tuple(own),
    )


def _intended(transition: Transition, task_id: int, intents: Mapping[str, Intent], taken: set[str]) -> str | None:
    """The marker of the intent that this transition fulfils; each intent is fulfilled by one action only."""
    for marker in transition.markers:
        intent = intents.get(marker)
        if (
            intent is not None
            and intent.task_id == task_id
            and intent.target == transition.new
            and intent.action_id in (None, transition.action_id)
            and marker not in taken
        ):
            return marker
    return None


def _our_end(action: Action, task_id: int, intents: Mapping[str, Intent]) -> bool:
    """Whether we paused or finished the task by this action, as far as that shows without its rows.

    A real 18.8 left them out for good once, when two tasks were paused within a second. Waiting for ours would keep a
    person's next start waiting, and they would say nothing new.
    """
    if action.name not in _OUR_ENDS:
        return False
    found = (intents.get(marker) for marker in markers(action.comment))
    return any(
        intent is not None and intent.task_id == task_id and intent.action_id in (None, action.id) for intent in found
    )


def _late(action: Action, task_id: int, baseline: Baseline, now: datetime) -> bool:
    return (
        not action.changes_complete
        and not baseline.covers(task_id, action.id, action.date)
        and now - action.date < GIVE_UP_ON_ROWS
    )

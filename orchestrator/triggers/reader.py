"""Reading one task of ours and acting on what its history says."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from orchestrator.store.records import Event, EventState, Intent, Run
from orchestrator.store.store import Store
from orchestrator.triggers.baseline import Baseline, take_baseline
from orchestrator.triggers.ownership import Ownership
from orchestrator.triggers.transitions import Transition, Verdict, decide, markers, texts_at, transitions
from zentao_client import NotFound
from zentao_client.models import Task

if TYPE_CHECKING:
    from zentao_client import Zentao

log = structlog.get_logger("triggers")

REREADS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 2.0)
"""Seconds between looks at a history whose rows are still missing: they follow the webhook within moments."""

_BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at a task gave: the run it started, if any.

    `complete` False: rows of its history are still missing, so look again at the next tick.
    """

    complete: bool
    run: Run | None = None


class TaskReader:
    """Looks into tasks, one look at a time for each task, and starts what they ask for.

    Args:
        server: the server's name in transition keys.
        triggered_by: whether a change from one status code to another starts a deployment.
        start: creates the run of a recorded event and starts its workflow.
        stop: set when the process is leaving; waiting for late history rows then ends early.
    """

    def __init__(
        self,
        zentao: Zentao,
        store: Store,
        *,
        server: str,
        is_ours: Ownership,
        triggered_by: Callable[[str, str], bool],
        start: Callable[[Event], Run],
        stop: threading.Event | None = None,
    ) -> None:
        self.zentao = zentao
        self.store = store
        self.server = server
        self.is_ours = is_ours
        self._triggered_by = triggered_by
        self.start = start
        self.met: Counter[EventState] = Counter()
        self._stop = stop or threading.Event()
        self._guard = threading.Lock()
        self._locks: defaultdict[int, threading.RLock] = defaultdict(threading.RLock)
        self._baseline: Baseline | None = None

    def baseline(self) -> Baseline:
        """Where our memory begins; the first call ever decides it, the first that reaches ZenTao completes it.

        It begins anew for a server with another address: what we answered there stands under other keys.
        """
        with self._guard:
            if self._baseline is None:
                stored = self.store.cursor(_BASELINE) or {}
                if stored.get("server", self.server) != self.server:
                    log.warning("server_changed", before=stored["server"], now=self.server)
                    stored = {}
                if "moment" not in stored:
                    if "first_start" not in stored:
                        stored = {"first_start": datetime.now(UTC).isoformat(), "server": self.server}
                        self.store.set_cursor(_BASELINE, stored)
                    first_start = datetime.fromisoformat(stored["first_start"])
                    stored |= take_baseline(self.zentao, self.is_ours, first_start).dump()
                    self.store.set_cursor(_BASELINE, stored)
                    log.info("baseline_taken", moment=stored["moment"])
                self._baseline = Baseline.load(stored)
            return self._baseline

    def lock(self, task_id: int) -> threading.RLock:
        """Held by whoever looks at a task or starts something for it."""
        with self._guard:
            return self._locks[task_id]

    def server_now(self) -> datetime:
        """The server's clock, as near as we know it."""
        return datetime.now(UTC) + self.zentao.server.clock_skew

    def find(self, task_id: int) -> Task | None:
        """The task as a search shows it: cheap, and enough to tell whether it is ours."""
        for task in self.zentao.tasks.search(ids=(task_id,), limit=1):
            if task.id == task_id:
                return task
        return None

    def look(self, task_id: int, source: str) -> Looked:
        """Read a task of ours and act on it. Raises what the client raises."""
        with self.lock(task_id):
            judged = self._judge(task_id, self.baseline())
            if judged is None:
                self._forget(task_id)
                return Looked(complete=True)
            task, verdict = judged
            if verdict.incomplete:
                log.info("history_incomplete", task=task_id)
                return Looked(complete=False)
            self.note(task, verdict, source)
            run = None
            if verdict.start is not None and not self.store.runs(task_id=task_id, active=True, limit=1):
                run = self.begin(task, verdict.start, source)
            return Looked(complete=True, run=run)

    def judge(self, task_id: int) -> tuple[Task, Verdict] | None:
        """A task of ours and its verdict, nothing done about it; None when it isn't there or isn't ours."""
        return self._judge(task_id, self.baseline())

    def requests(self, task: Task) -> tuple[Transition, ...]:
        """Every transition in a task's history that people made and that is a trigger, oldest first."""
        ours = {(intent.marker, intent.action_id) for intent in self._intents(task).values()}
        return tuple(
            each
            for each in transitions(task, self.server)
            if self._triggered_by(each.old, each.new)
            and not any((marker, each.action_id) in ours for marker in each.markers)
        )

    def note(self, task: Task, verdict: Verdict, source: str) -> None:
        """Record everything a verdict says except the start itself."""
        for transition, marker in verdict.own:
            self.store.resolve_intent(marker, transition.action_id)
            if self._triggered_by(transition.old, transition.new):
                self._record(task, transition, source, EventState.OWN, "made by ourselves")
        for transition in verdict.superseded:
            self._record(task, transition, source, EventState.SUPERSEDED, "a newer one deploys instead")
        for transition in verdict.withdrawn:
            self._record(task, transition, source, EventState.WITHDRAWN, "moved on before anything started")
        if verdict.start is not None:
            self._record(task, verdict.start, source, EventState.NEW, "")

    def begin(self, task: Task, transition: Transition, source: str) -> Run:
        """Start the deployment that a noted transition asks for."""
        event = self.store.event(transition.key)
        if event is None:
            raise LookupError(f"transition {transition.key} was not noted")
        log.info("transition", task=task.id, old=transition.old, new=transition.new, key=event.key, source=source)
        return self.start(event)

    def _judge(self, task_id: int, baseline: Baseline) -> tuple[Task, Verdict] | None:
        """Read until the history is complete, for a moment at most."""
        for pause in (*REREADS, None):
            try:
                task = self.zentao.tasks.get(task_id)
            except NotFound:
                return None
            if not self.is_ours(task):
                return None
            verdict = decide(
                task,
                server=self.server,
                baseline=baseline,
                triggered_by=self._triggered_by,
                known={event.key: event.state for event in self.store.events(task_id=task_id)},
                intents=self._intents(task),
                now=self.server_now(),
            )
            if not verdict.incomplete or pause is None or self._stop.wait(pause):
                break
        return task, verdict

    def _forget(self, task_id: int) -> None:
        """What waited in a task that was deleted, or is no longer ours, waits no more."""
        for event in self.store.events(task_id=task_id, state=EventState.NEW):
            self.store.set_event_state(event.key, EventState.WITHDRAWN, note="the task is gone or no longer ours")

    def _intents(self, task: Task) -> dict[str, Intent]:
        named = {marker for action in task.actions for marker in markers(action.comment)}
        found = {marker: self.store.intent_for_marker(marker) for marker in named}
        return {marker: intent for marker, intent in found.items() if intent is not None}

    def _record(self, task: Task, transition: Transition, source: str, state: EventState, note: str) -> None:
        title, description = texts_at(task, transition.action_id)
        event = Event(
            key=transition.key,
            server=self.server,
            task_id=task.id,
            action_id=transition.action_id,
            action_date=transition.date.astimezone(UTC).isoformat(),
            actor=transition.actor,
            old=transition.old,
            new=transition.new,
            title=title,
            description=description,
            execution=task.execution,
            project=task.project,
            source=source,
            state=state,
            note=note,
        )
        known = self.store.event(event.key)
        if known is not None and known.state is state:
            return
        if not self.store.record_event(event):
            self.store.set_event_state(event.key, state, note=note)
        self.met[state] += 1

"""What an operator can ask of the process that owns the engine: start, stop, look."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from orchestrator.context import Context
from orchestrator.progress import follow, run_data, run_view
from orchestrator.store.records import Event, Run, RunState, utc_now
from orchestrator.triggers.claim import claim
from orchestrator.triggers.ownership import Ownership
from orchestrator.triggers.reader import TaskReader
from orchestrator.triggers.starting import give_up_leftovers, resume_runs, start_deployment


class UnknownRun(LookupError):
    """There is no run of this id."""

    def __str__(self) -> str:
        return f"there is no run {self.args[0]}; `zentao-deploy status` lists them"


class Operations:
    """Needs a context whose engine is launched. Answers are JSON-able data."""

    def __init__(self, context: Context, *, stop: threading.Event | None = None) -> None:
        self.context = context
        self.stop = stop or threading.Event()
        self.reader = TaskReader(
            context.zentao,
            context.store,
            server=context.server,
            is_ours=Ownership.of(context.settings),
            triggered_by=context.settings.rule.triggered_by,
            start=self._start,
            stop=self.stop,
        )

        self._counting = threading.Lock()
        self.active: frozenset[str] = frozenset()
        self.ended: Counter[RunState] = Counter()
        self._leftovers_given_up = False

    def _start(self, event: Event) -> Run:
        run = start_deployment(self.context.store, self.context.engine, event)
        with self._counting:
            self.active |= {run.run_id}
        return run

    def tidy(self) -> None:
        """Make runs and workflows agree again, and count what has ended. Called at start and with every tick."""
        store = self.context.store
        resume_runs(store, self.context.engine)
        if not self._leftovers_given_up:
            give_up_leftovers(store, self.context.engine)
            self._leftovers_given_up = True
        with self._counting:
            active = frozenset(run.run_id for run in store.runs(active=True, limit=1000))
            for run_id in self.active - active:
                run = store.run(run_id)
                if run is not None and run.state.final:
                    self.ended[run.state] += 1
            self.active = active

    def run(self, task_id: int, *, again: bool = False) -> dict[str, Any]:
        """Start a deployment of a task. Raises ClaimRefused and what the client raises."""
        return run_data(claim(self.reader, task_id, again=again))

    def settle(self, run_id: str, timeout: float = 30.0) -> None:
        """After a run's final state was written: wait for its workflow's last steps, a while at most."""
        with suppress(Exception):
            self.context.engine.wait(run_id, timeout)

    def cancel(self, run_id: str) -> dict[str, Any]:
        """Ask a run to stop; its workflow tidies up and answers in the ticket. A run that has ended stays as it is.

        Raises UnknownRun.
        """
        run = self.context.store.run(run_id)
        if run is None:
            raise UnknownRun(run_id)
        if (
            not run.state.final
            and not self.context.engine.cancel(run_id)
            and self.context.engine.status(run_id) is None
        ):
            run = self.context.store.update_run(run_id, state=RunState.CANCELLED, finished_at=utc_now())
        return run_data(run)

    def runs(self, *, task_id: int | None = None, active: bool | None = None, limit: int = 20) -> list[dict[str, Any]]:
        """Runs, newest first."""
        return [run_data(run) for run in self.context.store.runs(task_id=task_id, active=active, limit=limit)]

    def view(self, run_id: str) -> dict[str, Any]:
        """A run with its steps. Raises UnknownRun."""
        found = run_view(self.context.store, run_id)
        if found is None:
            raise UnknownRun(run_id)
        return found

    def follow(self, run_id: str) -> Iterator[dict[str, Any]]:
        """What happens in a run until it ends or this process leaves. Raises UnknownRun."""
        self.view(run_id)
        return follow(self.context.store, run_id, stop=self.stop)

"""What old deployments leave behind is removed after a while: folders here, job folders on hosts, the engine's records.

The store's own records stay: they are what `status` shows, and what keeps a transition from starting twice.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import structlog

from orchestrator.context import Context
from orchestrator.hosts import HostAuthFailed, HostError, HostKeyMismatch, HostTimeout, HostUnreachable
from orchestrator.store import Run, Store, utc_now
from orchestrator.workflow.evidence import Evidence

log = structlog.get_logger("retention")

FIRST_SWEEP_SECONDS: Final = 600.0
"""A daemon that was just started has better things to do."""
PAUSE_SECONDS: Final = 24 * 3600.0
PAGE: Final = 500
"""How many expired runs are held in memory at a time."""
_AWAY: Final = (HostUnreachable, HostTimeout, HostAuthFailed, HostKeyMismatch)
"""Errors that every other run of the host would meet as well."""


def expired(store: Store, keep_days: int, *, task_id: int | None = None, now: datetime | None = None) -> Iterator[Run]:
    """The runs (of a task) that ended more than `keep_days` days ago and still have something to remove, oldest first.

    One that is open is never among them, however old it is. They are read page by page while they are asked for.
    """
    before = (now or utc_now()) - timedelta(days=keep_days)
    last: Run | None = None
    while page := store.unswept_runs(before, task_id=task_id, after=last, limit=PAGE):
        yield from page
        last = page[-1]


class Sweeper:
    """Removes what is left of expired runs, once a day, on a thread of its own: hosts may take long to answer."""

    def __init__(self, context: Context, stop: threading.Event) -> None:
        self._context = context
        self._stop = stop
        self._thread = threading.Thread(target=self._serve, name="retention", daemon=True)

    def start(self) -> None:
        """Begin; it ends with the event it was made with."""
        self._thread.start()

    def sweep(self) -> int:
        """Remove what is left of every expired run, as far as it can be reached now; returns of how many.

        Where a host can't be reached, its runs stay as they are until the next time; so does a run whose folder
        can't be removed.
        """
        away: set[str] = set()
        swept = 0
        for run in expired(self._context.store, self._context.settings.keep_runs_days):
            if self._stop.is_set():
                break
            if run.host in away:
                continue
            try:
                swept += self._remove(run)
            except _AWAY as error:
                away.add(run.host or "")
                log.info("not_swept", run=run.run_id, host=run.host, error=str(error))
            except (HostError, OSError) as error:
                # A folder that can't be removed: one of them must not keep the others for ever.
                log.warning("not_swept", run=run.run_id, host=run.host, error=str(error))
        if swept:
            self._compact()
            log.info("swept", runs=swept, keep_runs_days=self._context.settings.keep_runs_days)
        return swept

    def _remove(self, run: Run) -> bool:
        context = self._context
        # A host that is no longer in the inventory keeps what it has: there is no way to it.
        known = run.host is not None and run.host in context.inventory.hosts
        if known and not context.hosts.host(run.host or "").jobs.remove(run.run_id):
            log.warning("not_swept", run=run.run_id, host=run.host, error="it holds the host, or a job of it runs")
            return False
        if not context.engine.forget(run.run_id):
            log.warning("not_swept", run=run.run_id, error="its workflow has not ended")
            return False
        Evidence(context.settings.data_dir, run.run_id).remove()
        context.store.update_run(run.run_id, detail={"swept_at": utc_now().isoformat()})
        return True

    def _compact(self) -> None:
        try:
            self._context.engine.compact()
        except sqlite3.Error as error:
            log.warning("not_compacted", error=str(error))

    def _serve(self) -> None:
        pause = FIRST_SWEEP_SECONDS
        while not self._stop.wait(pause):
            pause = PAUSE_SECONDS
            try:
                self.sweep()
            except Exception:
                if not self._stop.is_set():
                    log.exception("sweep_broke")

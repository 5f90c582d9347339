"""The poller: one cheap request a tick, and nothing lost between two of them.

Polling is the truth, the webhook only wakes it. A tick asks for the tasks edited last, looks into those of ours that
are new or still open, and remembers how far it came. When ZenTao is away the ticks pause longer and longer and say so
once; the next one that succeeds picks up everything since.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from orchestrator.store.records import EventState
from orchestrator.triggers.backoff import Backoff
from orchestrator.triggers.cursor import Cursor, Edit
from orchestrator.triggers.reader import Looked, TaskReader
from zentao_client import BadReply, Forbidden, LoginPaused, Unavailable, ZentaoError

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

log = structlog.get_logger("triggers")

SOURCE = "tasks"
PAGE = 100
LONGEST_PAUSE = 300.0
SAVE_SECONDS = 1.0
"""How much looking into tasks is repeated after a crash, which does no harm; saving after each of thousands would."""


@dataclass
class PollStats:
    """Counted since the process began, for /metrics and /readyz. Times are Unix seconds."""

    polls: int = 0
    failed_polls: int = 0
    wakeups: int = 0
    looks: int = 0
    last_success: float | None = None
    error: str | None = None


class Poller:
    """Watches one ZenTao server.

    Args:
        reader: looks into single tasks.
        interval: seconds between two ticks.
        each_tick: housekeeping without ZenTao, called first in every tick, also while ZenTao is away.
    """

    def __init__(self, reader: TaskReader, interval: float, *, each_tick: Callable[[], object] = lambda: None) -> None:
        self.reader = reader
        self.interval = interval
        self.stats = PollStats()
        self._each_tick = each_tick
        self._backoff = Backoff(interval, LONGEST_PAUSE)
        self._troubled: dict[int, Backoff] = {}
        self._ticking = threading.Lock()
        self._workers = ThreadPoolExecutor(4, thread_name_prefix="wake-up")
        self._queued: set[int] = set()
        self._guard = threading.Lock()
        self._scheduler: BackgroundScheduler | None = None
        self.ticked = threading.Event()
        """Set once the first tick has ended: from then on nothing that happens is older than the baseline."""

    # -- when ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Tick now and then every `interval` seconds, in a thread of the scheduler's."""
        from apscheduler.executors.pool import ThreadPoolExecutor as Pool  # noqa: PLC0415 - not for --help
        from apscheduler.schedulers.background import BackgroundScheduler  # noqa: PLC0415

        scheduler = BackgroundScheduler(executors={"default": Pool(1)}, timezone=UTC)
        scheduler.add_job(
            self.tick,
            "interval",
            seconds=self.interval,
            next_run_time=datetime.now(UTC),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        scheduler.start()
        self._scheduler = scheduler

    def stop(self) -> None:
        """Start nothing more and wait for what is being read."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=True)
            self._scheduler = None
        self._workers.shutdown(wait=True, cancel_futures=True)

    def wake(self, task_id: int) -> None:
        """Somebody hints that a task has changed: look into just that one, at once, in a thread of ours.

        Returns immediately. Several hints for a task that wasn't looked into yet count as one.
        """
        with self._guard:
            self.stats.wakeups += 1
            if task_id in self._queued or len(self._queued) >= PAGE:
                return
            self._queued.add(task_id)
        self._workers.submit(self._answer_wake, task_id)

    def tick(self) -> None:
        """One look at the server. Never raises; a second call during one does nothing."""
        if not self._ticking.acquire(blocking=False):
            return
        try:
            self._keep_house()
            if not self._backoff.waiting:
                self._poll()
        except Exception:
            log.exception("tick_failed")
        finally:
            self._ticking.release()
            self.ticked.set()

    # -- what ---------------------------------------------------------------------------------------------------------

    def _keep_house(self) -> None:
        try:
            self._each_tick()
        except Exception:
            # One run that can't be tidied must not keep new tickets from being seen.
            log.exception("housekeeping_failed")

    def _poll(self) -> None:
        self.stats.polls += 1
        try:
            cursor = self._read_edits()
            self._look_into(cursor)
        except ZentaoError as error:
            self._away(error)
        except Exception as error:
            # Not ZenTao's doing (our disk is full, …): /readyz has to tell it as well.
            self._away(error)
            raise
        else:
            self._back()

    def _read_edits(self) -> Cursor:
        """The cursor after all edits since the last read, stored: from then on they can't be forgotten."""
        baseline = self.reader.baseline()
        stored = self.reader.store.cursor(SOURCE)
        cursor = Cursor.load(stored) if stored else Cursor(newest=baseline.moment)
        now = self.reader.server_now()
        since = cursor.since(now)
        limit = PAGE
        while True:
            found = self.reader.zentao.tasks.search(order="lastEditedDate_desc", limit=limit)
            last = found.items[-1].last_edited if found.items else None
            if last is None or last < since or found.is_last:
                break
            # One longer answer instead of a second page: between two requests tasks change places, and the database
            # may order those that a bulk edit gave one time differently for each page, so that some show on none.
            limit *= 10
        edits = [
            Edit(task.id, task.last_edited, self.reader.is_ours(task))
            for task in found
            if task.last_edited is not None and task.last_edited >= since
        ]
        after = cursor.advance(edits, now).touched(*self._unanswered())
        if after != cursor or stored is None:
            self.reader.store.set_cursor(SOURCE, after.dump())
        return after

    def _unanswered(self) -> set[int]:
        """Tasks with a recorded transition that still waits, for a run to end or because a crash came between."""
        store = self.reader.store
        waiting = {event.task_id for event in store.events(state=EventState.NEW) if event.server == self.reader.server}
        return {task for task in waiting if not store.runs(task_id=task, active=True, limit=1)}

    def _look_into(self, cursor: Cursor) -> None:
        settled: set[int] = set()
        saved = time.monotonic()
        unanswered = 0
        try:
            for task_id in cursor.dirty:
                trouble = self._troubled.get(task_id)
                if trouble is not None and trouble.waiting:
                    continue
                try:
                    looked = self._look(task_id, "poll")
                except Unavailable as error:
                    # ZenTao stumbles over this one task; the others must not wait for it. Two in a row that get no
                    # answer at all mean that it is away.
                    self._in_trouble(task_id, error)
                    unanswered = 0 if isinstance(error, BadReply) else unanswered + 1
                    if unanswered > 1:
                        raise
                    continue
                except Forbidden as error:
                    log.warning("task_forbidden", task=task_id, error=str(error))
                    looked = Looked(complete=True)
                except ZentaoError:
                    raise
                except Exception as error:
                    self._in_trouble(task_id, error)
                    continue
                unanswered = 0
                self._troubled.pop(task_id, None)
                if looked.complete:
                    settled.add(task_id)
                if time.monotonic() - saved > SAVE_SECONDS:
                    saved = time.monotonic()
                    self.reader.store.set_cursor(SOURCE, cursor.settled(*settled).dump())
        finally:
            if settled:
                self.reader.store.set_cursor(SOURCE, cursor.settled(*settled).dump())

    def _in_trouble(self, task_id: int, error: Exception) -> None:
        self._troubled.setdefault(task_id, Backoff(self.interval, LONGEST_PAUSE)).failed()
        words = f"{type(error).__name__}: {error}"
        log.warning("task_unreadable", task=task_id, error=words, exc_info=not isinstance(error, ZentaoError))

    def _look(self, task_id: int, source: str) -> Looked:
        self.stats.looks += 1
        return self.reader.look(task_id, source)

    def _answer_wake(self, task_id: int) -> None:
        with self._guard:
            self._queued.discard(task_id)
        try:
            task = self.reader.find(task_id)
            if task is not None and self.reader.is_ours(task):
                self._look(task_id, "webhook")
        except ZentaoError as error:
            log.info("wakeup_postponed", task=task_id, error=f"{type(error).__name__}: {error}")
        except Exception:
            log.exception("wakeup_failed", task=task_id)

    # -- and when it doesn't answer -----------------------------------------------------------------------------------

    def _away(self, error: Exception) -> None:
        self.stats.failed_polls += 1
        at_least = 0.0
        if isinstance(error, LoginPaused):
            at_least = min(LONGEST_PAUSE, (error.until - datetime.now(UTC)).total_seconds())
        pause = self._backoff.failed(at_least=at_least)
        kind = type(error).__name__
        if self.stats.error is None or self.stats.error.split(":")[0] != kind:
            log.warning("zentao_away", error=f"{kind}: {error}", next_try_seconds=round(pause, 1))
        self.stats.error = f"{kind}: {error}"

    def _back(self) -> None:
        if self.stats.error is not None:
            log.info("zentao_back", after_failures=self._backoff.failures)
        self._backoff.succeeded()
        self.stats.error = None
        self.stats.last_success = time.time()

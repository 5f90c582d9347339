"""Each answer exactly once, whatever dies in between.

A write is a marker, a way to find it and a way to send it. The order is: look; remember that we are about to send;
send; look again; remember that it stands. A process that was killed after sending finds what it sent. What was sent but
can't be seen is *unknown*: it is looked for until it has been absent for the settling time, and only then sent again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from orchestrator.answers.patience import Patience
from orchestrator.store import Answer, AnswerState, Store, utc_now
from zentao_client import WriteUnknown

log = structlog.get_logger(__name__)

SETTLE_SECONDS = 60.0
"""How long a sent write may stay invisible: a server can still commit a request that we gave up waiting for."""


@dataclass(frozen=True, slots=True)
class Write:
    """One thing to put into ZenTao. `find` returns its id there or None; `send` makes it and returns its id.

    `send_looks`: `send` itself makes nothing where it stands already, so the first look can be left to it.
    """

    marker: str
    run_id: str
    object_type: str
    object_id: int
    find: Callable[[], int | None]
    send: Callable[[], int]
    send_looks: bool = False


def warn_of_another(marker: str) -> None:
    """Tell the log that an answer of ours stands in ZenTao which we never sent."""
    log.warning(
        "answered_already",
        marker=marker,
        reason="another daemon has the same tickets, or this one lost its data folder",
    )


class Once:
    """Performs writes exactly once; shared by all threads, remembers through the store."""

    def __init__(self, store: Store, patience: Patience, *, settle_seconds: float = SETTLE_SECONDS) -> None:
        self._store = store
        self._patience = patience
        self._settle = timedelta(seconds=settle_seconds)

    def perform(self, write: Write) -> int:
        """Make sure that `write` stands in ZenTao and return its id; blocks while ZenTao is away."""
        answer = self._store.answer(write.marker) or Answer(
            write.marker, write.run_id, write.object_type, write.object_id
        )
        while True:
            if answer.state is AnswerState.CONFIRMED and answer.result_id is not None:
                return answer.result_id
            never_sent = write.send_looks and answer.sent_at is None
            found = None if never_sent else self._patience(write.find, doing=f"find {write.marker}")
            if found is not None:
                if answer.sent_at is None:
                    warn_of_another(write.marker)
                answer = self._confirm(answer, found)
            elif answer.sent_at is not None and utc_now() < answer.sent_at + self._settle:
                # Sent before, not visible yet: wait, never replay blindly.
                self._patience.pause(min(2.0, self._settle.total_seconds() / 10))
            else:
                answer = self._patience(lambda: self._send(write, answer), doing=f"send {write.marker}")  # noqa: B023

    def _send(self, write: Write, answer: Answer) -> Answer:
        before = answer.sent_at
        sent = self._store.put_answer(replace(answer, state=AnswerState.UNKNOWN, sent_at=utc_now()))
        try:
            result = write.send()
        except WriteUnknown as error:
            log.warning("answer_unknown", marker=write.marker, error=str(error))
            # It may settle from now on: a server that is slow to answer has had no time to commit while we waited.
            return self._store.put_answer(replace(sent, sent_at=utc_now()))
        except Exception:
            # Refused, or never reached the server: it certainly does not stand there.
            self._store.put_answer(replace(sent, state=AnswerState.PENDING, sent_at=before))
            raise
        return self._confirm(sent, result)

    def _confirm(self, answer: Answer, result: int) -> Answer:
        log.info("answer_confirmed", marker=answer.marker, id=result)
        confirmed = replace(answer, state=AnswerState.CONFIRMED, result_id=result, confirmed_at=utc_now())
        return self._store.put_answer(confirmed)

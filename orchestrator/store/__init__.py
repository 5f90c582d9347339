"""What the orchestrator remembers across restarts: events, runs, steps, intents, answers, cursors."""

from __future__ import annotations

from orchestrator.store.records import (
    Answer,
    AnswerState,
    Event,
    EventState,
    Intent,
    Run,
    RunState,
    StepRecord,
    utc_now,
)
from orchestrator.store.store import Store

__all__ = [
    "Answer",
    "AnswerState",
    "Event",
    "EventState",
    "Intent",
    "Run",
    "RunState",
    "StepRecord",
    "Store",
    "utc_now",
]

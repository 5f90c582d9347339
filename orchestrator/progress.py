"""Runs as plain data, for the command line, the control API and anybody who pipes them into something."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any

from orchestrator.store.records import Run, StepRecord
from orchestrator.store.store import Store

POLL = 0.3


def run_data(run: Run) -> dict[str, Any]:
    """A run's fields as JSON-able data, without `detail` (the plan and other inner things)."""
    return {name: _plain(value) for name, value in asdict(run).items() if name != "detail"}


def step_data(step: StepRecord) -> dict[str, Any]:
    """A step's fields as JSON-able data."""
    return {name: _plain(value) for name, value in asdict(step).items() if name != "run_id"}


def run_view(store: Store, run_id: str) -> dict[str, Any] | None:
    """A run with its steps, or None when there is none of that id."""
    run = store.run(run_id)
    if run is None:
        return None
    return {**run_data(run), "steps": [step_data(step) for step in store.steps(run_id)]}


def follow(store: Store, run_id: str, *, stop: threading.Event | None = None) -> Iterator[dict[str, Any]]:
    """What happens in a run, from its beginning to its end: `{"run": …}` at each change, `{"step": …}` as each ends.

    Ends after the run's final state. It reads the store and changes nothing, so any process may follow.
    """
    stop = stop or threading.Event()
    told: dict[str, Any] = {}
    steps: dict[int, dict[str, Any]] = {}
    while True:
        run = store.run(run_id)
        if run is None:
            return
        for record in store.steps(run_id):
            step = step_data(record)
            if steps.get(record.position) != step:
                steps[record.position] = step
                yield {"step": step}
        if run_data(run) != told:
            told = run_data(run)
            yield {"run": told}
        if run.state.final or stop.wait(POLL):
            return


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    return value

"""The store: every read and write of our tables, as small methods that each are one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine, Row, Table, func, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert as upsert

from orchestrator.store.database import open_database
from orchestrator.store.records import (
    Answer,
    AnswerState,
    Event,
    EventState,
    Intent,
    Run,
    RunState,
    StepRecord,
)
from orchestrator.store.schema import answers, cursors, events, intents, runs, steps


class Store:
    """Our tables in one SQLite file; safe to share between threads and to read from other processes.

    Every method is one transaction, so a killed process leaves either all or nothing of it. What must be remembered
    *before* an effect (an intent, an answer that is about to be sent) is therefore its own call.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open the file at `path`, creating or upgrading it."""
        return cls(open_database(path))

    def close(self) -> None:
        """Close every connection; the store can't be used afterwards."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Cursors: how far a source has been read.

    def cursor(self, source: str) -> dict[str, Any] | None:
        """What was last remembered for `source` (the poller's position, the baseline), or None."""
        with self._engine.connect() as connection:
            value = connection.execute(select(cursors.c.value).where(cursors.c.source == source)).scalar()
        return None if value is None else dict(value)

    def set_cursor(self, source: str, value: Mapping[str, Any]) -> None:
        """Remember `value` (JSON-able) for `source`."""
        statement = upsert(cursors).values(source=source, value=dict(value))
        statement = statement.on_conflict_do_update(index_elements=["source"], set_={"value": statement.excluded.value})
        with self._engine.begin() as connection:
            connection.execute(statement)

    # Events: transitions seen in ZenTao.

    def record_event(self, event: Event) -> bool:
        """Remember a transition; False when it was known already (then nothing changes)."""
        with self._engine.begin() as connection:
            result = connection.execute(upsert(events).values(**_columns(event)).on_conflict_do_nothing())
        return bool(result.rowcount)

    def event(self, key: str) -> Event | None:
        """The event with that key."""
        found = self._select(events, [events.c.key == key])
        return _event(found[0]) if found else None

    def events(self, *, task_id: int | None = None, state: EventState | None = None) -> tuple[Event, ...]:
        """Events, oldest action first."""
        where = []
        if task_id is not None:
            where.append(events.c.task_id == task_id)
        if state is not None:
            where.append(events.c.state == state.value)
        rows = self._select(events, where, order=[events.c.action_date, events.c.action_id])
        return tuple(_event(row) for row in rows)

    def set_event_state(self, key: str, state: EventState, *, run_id: str | None = None, note: str = "") -> None:
        """Say what became of an event."""
        values: dict[str, Any] = {"state": state.value, "note": note}
        if run_id is not None:
            values["run_id"] = run_id
        with self._engine.begin() as connection:
            connection.execute(update(events).where(events.c.key == key).values(**values))

    # Runs and their steps.

    def create_run(self, run: Run) -> bool:
        """Create a run and mark its event as started, together; False when that run exists already."""
        with self._engine.begin() as connection:
            result = connection.execute(upsert(runs).values(**_columns(run)).on_conflict_do_nothing())
            connection.execute(
                update(events)
                .where(events.c.key == run.event_key)
                .values(state=EventState.STARTED.value, run_id=run.run_id)
            )
        return bool(result.rowcount)

    def run(self, run_id: str) -> Run | None:
        """The run with that id."""
        found = self._select(runs, [runs.c.run_id == run_id])
        return _run(found[0]) if found else None

    def runs(
        self,
        *,
        task_id: int | None = None,
        active: bool | None = None,
        host: str | None = None,
        limit: int = 100,
    ) -> tuple[Run, ...]:
        """Runs, newest first; `active` selects those that are not (or are) final."""
        where = []
        if task_id is not None:
            where.append(runs.c.task_id == task_id)
        if active is not None:
            # Named one by one, because only that finds its way through the index.
            where.append(runs.c.state.in_([state.value for state in RunState if state.final is not active]))
        if host is not None:
            where.append(runs.c.host == host)
        rows = self._select(runs, where, order=[runs.c.created_at.desc(), runs.c.run_id.desc()], limit=limit)
        return tuple(_run(row) for row in rows)

    def unswept_runs(
        self, ended_before: datetime, *, task_id: int | None = None, after: Run | None = None, limit: int = 100
    ) -> tuple[Run, ...]:
        """Final runs that ended before a moment and whose `detail` has no `swept_at` yet, oldest first.

        `after` is the last run of the page before: those behind it follow, whatever became of it meanwhile.
        """
        where = [
            runs.c.state.in_([state.value for state in RunState if state.final]),
            runs.c.finished_at < _plain(ended_before),
            func.json_extract(runs.c.detail, "$.swept_at").is_(None),
        ]
        if task_id is not None:
            where.append(runs.c.task_id == task_id)
        if after is not None:
            where.append(tuple_(runs.c.finished_at, runs.c.run_id) > (_plain(after.finished_at), after.run_id))
        rows = self._select(runs, where, order=[runs.c.finished_at, runs.c.run_id], limit=limit)
        return tuple(_run(row) for row in rows)

    def update_run(self, run_id: str, *, detail: Mapping[str, Any] | None = None, **values: Any) -> Run:
        """Change fields of a run; `detail` is merged into what is there. Raises KeyError for an unknown run."""
        with self._engine.begin() as connection:
            row = connection.execute(select(runs).where(runs.c.run_id == run_id)).first()
            if row is None:
                raise KeyError(run_id)
            before = _run(row)
            after = replace(before, **values, detail={**before.detail, **(detail or {})})
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(**_columns(after)))
        return after

    def record_step(self, step: StepRecord) -> None:
        """Remember how a step ended; a second call for the same position replaces the first."""
        statement = upsert(steps).values(**_columns(step))
        statement = statement.on_conflict_do_update(
            index_elements=["run_id", "position"],
            set_={
                name: statement.excluded[name]
                for name in ("name", "title", "outcome", "seconds", "detail", "finished_at")
            },
        )
        with self._engine.begin() as connection:
            connection.execute(statement)

    def steps(self, run_id: str) -> tuple[StepRecord, ...]:
        """The steps of a run in their order."""
        rows = self._select(steps, [steps.c.run_id == run_id], order=[steps.c.position])
        return tuple(_value(StepRecord, row) for row in rows)

    # Intents: transitions that we are about to make.

    def record_intent(self, intent: Intent) -> None:
        """Remember a transition before making it; known ones stay as they are."""
        with self._engine.begin() as connection:
            connection.execute(upsert(intents).values(**_columns(intent)).on_conflict_do_nothing())

    def intent_for_marker(self, marker: str) -> Intent | None:
        """The intent whose marker stands in an action's comment."""
        found = self._select(intents, [intents.c.marker == marker])
        return _value(Intent, found[0]) if found else None

    def resolve_intent(self, marker: str, action_id: int) -> bool:
        """Tie an intent to the one action that is its echo; False when another action has it already."""
        with self._engine.begin() as connection:
            connection.execute(
                update(intents)
                .where(intents.c.marker == marker, intents.c.action_id.is_(None))
                .values(action_id=action_id)
            )
            found = connection.execute(select(intents.c.action_id).where(intents.c.marker == marker)).scalar()
        return found == action_id

    # Answers: what we write into ZenTao.

    def answer(self, marker: str) -> Answer | None:
        """What is known of the answer with that marker."""
        found = self._select(answers, [answers.c.marker == marker])
        return _answer(found[0]) if found else None

    def put_answer(self, answer: Answer) -> Answer:
        """Remember an answer as it stands now; one that was confirmed stays confirmed."""
        statement = upsert(answers).values(**_columns(answer))
        statement = statement.on_conflict_do_update(
            index_elements=["marker"],
            set_={
                name: statement.excluded[name]
                for name in ("object_type", "object_id", "state", "result_id", "sent_at", "confirmed_at")
            },
            where=answers.c.state != AnswerState.CONFIRMED.value,
        )
        with self._engine.begin() as connection:
            connection.execute(statement)
            row = connection.execute(select(answers).where(answers.c.marker == answer.marker)).one()
        return _answer(row)

    def answers(self, run_id: str) -> tuple[Answer, ...]:
        """All answers of a run."""
        return tuple(_answer(row) for row in self._select(answers, [answers.c.run_id == run_id]))

    def _select(
        self, table: Table, where: Iterable[Any], *, order: Iterable[Any] = (), limit: int | None = None
    ) -> list[Row[Any]]:
        statement = select(table).where(*where).order_by(*order)
        if limit is not None:
            statement = statement.limit(limit)
        with self._engine.connect() as connection:
            return list(connection.execute(statement))


def _columns(record: Any) -> dict[str, Any]:
    """A record as column values: times as ISO 8601 UTC text (sorts as time), enums as their value."""
    return {name: _plain(value) for name, value in asdict(record).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, StrEnum):
        return value.value
    return value


def _value(kind: type[Any], row: Row[Any], **changed: Any) -> Any:
    values = dict(row._mapping)
    for name, value in values.items():
        if name.endswith("_at") and value is not None:
            values[name] = datetime.fromisoformat(value)
    return kind(**{**values, **changed})


def _event(row: Row[Any]) -> Event:
    event: Event = _value(Event, row, state=EventState(row._mapping["state"]))
    return event


def _run(row: Row[Any]) -> Run:
    run: Run = _value(Run, row, state=RunState(row._mapping["state"]))
    return run


def _answer(row: Row[Any]) -> Answer:
    answer: Answer = _value(Answer, row, state=AnswerState(row._mapping["state"]))
    return answer

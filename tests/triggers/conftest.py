from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine

from orchestrator.settings import RuleSettings
from orchestrator.store import Event, Run, Store
from orchestrator.tickets.rule import TitleRule
from orchestrator.triggers import backoff
from orchestrator.triggers.ownership import Ownership
from orchestrator.triggers.reader import TaskReader
from orchestrator.triggers.starting import run_id_for
from tests.triggers.fake import MONDAY, FakeZentao

SERVER = "http://zentao.example"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    """Our clocks stand at Monday nine o'clock until a test moves them."""
    monkeypatch.setattr(backoff, "monotonic", time.time)
    with time_machine.travel(MONDAY, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.sqlite") as opened:
        yield opened


@pytest.fixture
def zentao() -> FakeZentao:
    return FakeZentao()


@pytest.fixture
def started() -> list[str]:
    """The keys of the events that were started, in order."""
    return []


@pytest.fixture
def make_reader(store: Store, zentao: FakeZentao, started: list[str]) -> Any:
    def make(**rule: Any) -> TaskReader:
        def start(event: Event) -> Run:
            started.append(event.key)
            run = Run(run_id_for(event), event.key, event.task_id, event.title, event.actor)
            store.create_run(run)
            return run

        return TaskReader(
            zentao,  # type: ignore[arg-type, unused-ignore]
            store,
            server=SERVER,
            is_ours=Ownership(TitleRule(), frozenset({3}), "deploybot"),
            triggered_by=RuleSettings(**rule).triggered_by,
            start=start,
        )

    return make


@pytest.fixture
def reader(make_reader: Any) -> TaskReader:
    made: TaskReader = make_reader()
    return made

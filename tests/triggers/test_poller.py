from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog.testing
import time_machine

from orchestrator.store import EventState, RunState, Store
from orchestrator.triggers import reader as readers
from orchestrator.triggers.poller import PAGE, SOURCE, Poller
from orchestrator.triggers.reader import TaskReader
from tests.triggers.fake import MONDAY, FakeZentao, action, task
from zentao_client import BadReply, Forbidden, LoginPaused, Page, Unavailable

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "REREADS", (0.0, 0.0))


@pytest.fixture
def poller(reader: TaskReader, clock: time_machine.Traveller) -> Poller:
    poller = Poller(reader, 10)
    poller.tick()
    return poller


def moved(number: int, old: str = "wait", new: str = "doing") -> Any:
    return action(number, datetime.now(UTC), (old, new))


def pass_by(clock: time_machine.Traveller, seconds: float) -> None:
    clock.shift(seconds)


def test_a_tick_starts_what_a_person_started(
    poller: Poller, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str], store: Store
) -> None:
    pass_by(clock, 30)
    zentao.tasks.put(task(8, [moved(1)]))
    for _ in range(4):
        pass_by(clock, 10)
        poller.tick()
    assert started == ["http://zentao.example|8|1|2026-11-23T09:00:30Z"]
    [event] = store.events()
    assert (event.state, event.actor, event.description) == (EventState.STARTED, "pm", "<p>主机: gpu-01</p>")


def test_nothing_from_before_the_first_start_is_started_and_a_restart_remembers_that(
    make_reader: Any, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str]
) -> None:
    zentao.tasks.put(task(8, [moved(1)]))
    pass_by(clock, 3600)
    for _ in range(3):
        Poller(make_reader(), 10).tick()
        pass_by(clock, 10)
    assert started == []
    pass_by(clock, 3600)
    zentao.tasks.put(task(8, [moved(1), moved(2, "pause")]))
    pass_by(clock, 10)
    Poller(make_reader(), 10).tick()
    assert len(started) == 1


def test_a_start_while_zentao_was_away_at_our_first_start_is_not_lost(
    make_reader: Any, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str]
) -> None:
    def away() -> None:
        raise Unavailable("connection refused")

    zentao.tasks.before_search = away
    Poller(make_reader(), 10).tick()
    pass_by(clock, 600)
    zentao.tasks.put(task(8, [moved(1)]))
    pass_by(clock, 600)
    zentao.tasks.before_search = lambda: None
    Poller(make_reader(), 10).tick()
    assert len(started) == 1


@pytest.mark.parametrize("count", [10, 10_000])
def test_an_idle_tick_is_one_request_however_many_tasks_there_are(
    poller: Poller, zentao: FakeZentao, clock: time_machine.Traveller, count: int
) -> None:
    zentao.tasks.put(*(task(number, last_edited=MONDAY - number * SECOND) for number in range(1, count + 1)))
    pass_by(clock, 3600)
    zentao.tasks.put(task(1, [action(1, datetime.now(UTC))]))
    pass_by(clock, 10)
    poller.tick()
    searches, reads = zentao.tasks.searches, len(zentao.tasks.reads)
    for _ in range(5):
        pass_by(clock, 10)
        poller.tick()
    assert zentao.tasks.searches - searches == 5
    assert len(zentao.tasks.reads) == reads


def test_it_pages_on_until_it_reaches_what_it_knows(
    poller: Poller, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str]
) -> None:
    pass_by(clock, 86400)
    zentao.tasks.put(task(1, [moved(1)]))
    for number in range(2, 3 * PAGE):
        zentao.tasks.put(task(number, last_edited=datetime.now(UTC), name="something else"))
        pass_by(clock, 1)
    pass_by(clock, 10)
    poller.tick()
    assert [key.split("|")[1] for key in started] == ["1"]
    assert zentao.tasks.reads == [1]


def test_tasks_that_are_not_ours_are_never_read(
    poller: Poller, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str]
) -> None:
    pass_by(clock, 10)
    zentao.tasks.put(
        task(1, [moved(1)], name="【支付】部署说明"),
        task(2, [moved(2)], execution=9),
        task(3, [moved(3)], deleted=True),
        task(4, [moved(4)], execution=9, assigned_to="deploybot"),
    )
    pass_by(clock, 10)
    poller.tick()
    assert zentao.tasks.reads == [4]
    assert len(started) == 1


def test_zentao_away_is_said_once_and_nothing_is_lost(
    poller: Poller, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str]
) -> None:
    answers = {"away": True}

    def search() -> None:
        if answers["away"]:
            raise Unavailable("500")

    zentao.tasks.before_search = search
    zentao.tasks.put(task(8, [action(1, MONDAY + 60 * SECOND, ("wait", "doing"))]))
    with structlog.testing.capture_logs() as logs:
        for _ in range(100):
            pass_by(clock, 10)
            poller.tick()
        asked = poller.stats.failed_polls
        answers["away"] = False
        for _ in range(40):
            pass_by(clock, 10)
            poller.tick()
    assert [entry["event"] for entry in logs].count("zentao_away") == 1
    assert [entry["event"] for entry in logs].count("zentao_back") == 1
    assert 3 < asked < 15  # 1,000 seconds at 10, 20, 40 … 300
    assert len(started) == 1
    assert poller.stats.error is None


def test_a_paused_login_is_not_tried_before_its_time(
    poller: Poller, zentao: FakeZentao, clock: time_machine.Traveller
) -> None:
    def paused() -> None:
        raise LoginPaused("paused", until=MONDAY + 250 * SECOND)

    zentao.tasks.before_search = paused
    pass_by(clock, 10)
    poller.tick()
    searches = zentao.tasks.searches
    for _ in range(23):
        pass_by(clock, 10)
        poller.tick()
    assert zentao.tasks.searches == searches


def test_a_failure_in_the_middle_loses_no_task(
    poller: Poller, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str], store: Store
) -> None:
    pass_by(clock, 60)
    zentao.tasks.put(*(task(number, [moved(number)]) for number in range(1, 6)))
    left = [2]

    def get(_: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Unavailable("login page")

    zentao.tasks.before_get = get
    pass_by(clock, 10)
    poller.tick()
    assert len(started) == 2
    assert len((store.cursor(SOURCE) or {})["dirty"]) == 3
    zentao.tasks.before_get = lambda _: None
    pass_by(clock, 900)
    poller.tick()
    assert sorted(key.split("|")[1] for key in started) == ["1", "2", "3", "4", "5"]


def test_one_unreadable_task_does_not_hold_up_the_others(
    poller: Poller, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str]
) -> None:
    def get(task_id: int) -> None:
        if task_id == 1:
            raise BadReply("two JSON documents", b"{}{}")
        if task_id == 2:
            raise Forbidden("no")

    zentao.tasks.before_get = get
    pass_by(clock, 60)
    zentao.tasks.put(task(1, [moved(1)]), task(2, [moved(2)]), task(3, [moved(3)]))
    for _ in range(20):
        pass_by(clock, 10)
        poller.tick()
    assert [key.split("|")[1] for key in started] == ["3"]
    assert poller.stats.error is None
    assert zentao.tasks.reads.count(1) < 8
    zentao.tasks.before_get = lambda _: None
    pass_by(clock, 400)
    poller.tick()
    assert [key.split("|")[1] for key in started] == ["3", "1"]


def test_a_task_that_never_answers_does_not_hold_up_the_others(
    poller: Poller, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str]
) -> None:
    def get(task_id: int) -> None:
        if task_id == 1:
            raise Unavailable("GET /tasks/1: timed out")
        if task_id == 2:
            raise KeyError("a mistake of ours")

    zentao.tasks.before_get = get
    pass_by(clock, 60)
    zentao.tasks.put(task(1, [moved(1)]), task(2, [moved(2)]), task(3, [moved(3)]))
    for _ in range(20):
        pass_by(clock, 10)
        poller.tick()
    assert [key.split("|")[1] for key in started] == ["3"]
    assert poller.stats.error is None
    zentao.tasks.before_get = lambda _: None
    pass_by(clock, 400)
    poller.tick()
    assert sorted(key.split("|")[1] for key in started) == ["1", "2", "3"]


def test_a_bulk_edit_of_thousands_in_one_second_is_seen_whole_and_costs_few_writes(
    poller: Poller,
    zentao: FakeZentao,
    clock: time_machine.Traveller,
    started: list[str],
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    search = zentao.tasks.search

    def ties_in_another_order_on_each_page(*, page: int = 1, **how: Any) -> Page[Any]:
        found = search(**{**how, "limit": 100_000})
        items = sorted(found, key=lambda each: each.id * (-1) ** page)
        begin = (page - 1) * how["limit"]
        return Page(tuple(items[begin : begin + how["limit"]]), found.total, page, how["limit"])

    monkeypatch.setattr(zentao.tasks, "search", ties_in_another_order_on_each_page)
    writes: list[str] = []
    keep = store.set_cursor

    def count(source: str, value: Any) -> None:
        writes.append(source)
        keep(source, value)

    monkeypatch.setattr(store, "set_cursor", count)
    pass_by(clock, 60)
    zentao.tasks.put(*(task(number, [moved(number, "wait", "pause")]) for number in range(1, 25 * PAGE)))
    pass_by(clock, 10)
    poller.tick()
    assert len(set(zentao.tasks.reads)) == 25 * PAGE - 1
    assert len(writes) < 100
    assert (store.cursor(SOURCE) or {})["dirty"] == []


def test_what_waited_in_a_task_that_is_no_longer_ours_is_not_asked_for_ever(
    poller: Poller, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str], store: Store
) -> None:
    pass_by(clock, 60)
    first = moved(1)
    zentao.tasks.put(task(8, [first]))
    pass_by(clock, 10)
    poller.tick()
    [run] = store.runs()
    pass_by(clock, 60)
    both = [first, moved(2, "pause")]
    zentao.tasks.put(task(8, both))
    pass_by(clock, 10)
    poller.tick()
    zentao.tasks.put(task(8, both, execution=99))
    store.update_run(run.run_id, state=RunState.FAILED)
    for _ in range(5):
        pass_by(clock, 10)
        poller.tick()
    assert [each.state for each in store.events()] == [EventState.STARTED, EventState.WITHDRAWN]
    reads = len(zentao.tasks.reads)
    pass_by(clock, 10)
    poller.tick()
    assert len(zentao.tasks.reads) == reads


def test_another_address_of_zentao_begins_anew_instead_of_deploying_everything_again(
    make_reader: Any, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str]
) -> None:
    first = Poller(make_reader(), 10)
    first.tick()
    pass_by(clock, 60)
    zentao.tasks.put(task(8, [moved(1)]))
    pass_by(clock, 10)
    first.tick()
    assert len(started) == 1
    pass_by(clock, 86400)
    moved_reader = make_reader()
    moved_reader.server = "https://zentao.example"
    second = Poller(moved_reader, 10)
    second.tick()
    pass_by(clock, 60)
    zentao.tasks.put(task(8, [action(1, MONDAY + 60 * SECOND, ("wait", "doing")), action(2, datetime.now(UTC))]))
    zentao.tasks.put(task(9, [moved(3)]))
    pass_by(clock, 10)
    second.tick()
    assert [key.split("|")[1] for key in started] == ["8", "9"]


def test_late_history_rows_are_waited_for_and_then_left_for_the_next_tick(
    poller: Poller, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str]
) -> None:
    pass_by(clock, 60)
    zentao.tasks.put(task(8, [action(1, datetime.now(UTC), complete=False)]))
    complete = task(8, [moved(1)])
    poller.tick()
    assert len(zentao.tasks.reads) == 3
    assert started == []
    pass_by(clock, 200)
    zentao.tasks.put(complete)
    poller.tick()
    assert len(started) == 1


def test_a_transition_during_a_run_waits_for_its_end(
    poller: Poller, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str], store: Store
) -> None:
    pass_by(clock, 60)
    zentao.tasks.put(task(8, [first := moved(1)]))
    poller.tick()
    pass_by(clock, 60)
    zentao.tasks.put(task(8, [first, moved(2, "pause")]))
    for _ in range(30):
        pass_by(clock, 10)
        poller.tick()
    assert len(started) == 1
    assert [event.state for event in store.events()] == [EventState.STARTED, EventState.NEW]
    [run] = store.runs()
    store.update_run(run.run_id, state=RunState.SUCCEEDED)
    pass_by(clock, 10)
    poller.tick()
    assert len(started) == 2


def test_a_transition_recorded_before_a_crash_is_started_after_it(
    make_reader: Any, poller: Poller, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str]
) -> None:
    pass_by(clock, 60)
    zentao.tasks.put(task(8, [moved(1)]))
    broken = make_reader()

    def crash(_: object) -> Any:
        raise SystemExit

    broken.start = crash
    with pytest.raises(SystemExit):
        Poller(broken, 10).tick()
    assert started == []
    pass_by(clock, 3600)
    Poller(make_reader(), 10).tick()
    assert len(started) == 1


def test_a_hint_looks_at_once_and_only_into_tasks_of_ours(
    poller: Poller, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str]
) -> None:
    pass_by(clock, 60)
    zentao.tasks.put(task(8, [moved(1)]), task(9, [moved(2)], execution=4))
    for task_id in (8, 9, 77):
        poller.wake(task_id)
    poller.stop()
    assert [key.split("|")[1] for key in started] == ["8"]
    assert set(zentao.tasks.reads) == {8}


def test_a_hint_and_a_tick_at_the_same_moment_start_one_run(
    poller: Poller, zentao: FakeZentao, clock: time_machine.Traveller, started: list[str]
) -> None:
    pass_by(clock, 60)
    zentao.tasks.put(task(8, [moved(1)]))
    meeting = threading.Barrier(2, timeout=0.3)

    def get(_: int) -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait()  # would let both read before either starts, if they were let in together

    zentao.tasks.before_get = get
    poller.wake(8)
    poller.tick()
    poller.stop()
    assert len(started) == 1


def test_a_burst_of_hints_is_one_look(poller: Poller, zentao: FakeZentao, clock: time_machine.Traveller) -> None:
    pass_by(clock, 60)
    zentao.tasks.put(task(8, [moved(1)]))
    gate = threading.Event()
    zentao.tasks.before_search = lambda: None if gate.wait(5) else pytest.fail("no gate")
    for _ in range(4):
        poller.wake(100)
    for _ in range(50):
        poller.wake(8)
    gate.set()
    poller.stop()
    assert poller.stats.wakeups == 54
    assert len(zentao.tasks.reads) <= 5


def test_the_scheduler_ticks_at_once_and_stops(reader: TaskReader, zentao: FakeZentao) -> None:
    asked = threading.Event()
    zentao.tasks.before_search = asked.set
    poller = Poller(reader, 3600)
    poller.start()
    assert asked.wait(5)
    poller.stop()


def test_a_mistake_of_ours_in_every_housekeeping_does_not_end_the_polling(
    reader: TaskReader, zentao: FakeZentao, clock: time_machine.Traveller
) -> None:
    ticks: list[int] = []

    def housekeeping() -> None:
        ticks.append(1)
        raise RuntimeError("a mistake")

    poller = Poller(reader, 10, each_tick=housekeeping)
    poller.tick()
    poller.tick()
    assert len(ticks) == 2
    assert poller.stats.last_success is not None

"""The door before the engine: who comes in, who waits, who is sent away, and what happens to those who leave."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from tts_service.app.admission import Admission, Busy, Crowd, Draining
from tts_service.app.stopping import Door, Stop


class Guest:
    """A thread inside the door until it is told to leave."""

    def __init__(self, door: Admission) -> None:
        self._door, self.inside, self._leave = Door(door), threading.Event(), threading.Event()
        self.refused: Busy | None = None
        self._thread = threading.Thread(target=self._stay, daemon=True)
        self._thread.start()

    def _stay(self) -> None:
        try:
            with self._door.enter(Stop()):
                self.inside.set()
                self._leave.wait(20)
        except Busy as busy:
            self.refused = busy

    def leave(self) -> None:
        self._leave.set()
        self._thread.join(10)


def until(condition: Callable[[], bool]) -> None:
    """Waits for what another thread is about to do."""
    turn = threading.Event()
    for _ in range(2000):
        if condition():
            return
        turn.wait(0.005)
    raise AssertionError("it did not happen within ten seconds")


def test_one_computes_one_waits_the_third_hears_when_to_come_again() -> None:
    door = Admission(slots=1, waiting=1)
    first = Guest(door)
    assert first.inside.wait(10)
    second = Guest(door)
    until(lambda: door.crowd == Crowd(1, 1))
    with pytest.raises(Busy) as busy, Door(door).enter(Stop()):
        pass
    assert 1 <= busy.value.retry_after <= 60
    assert not second.inside.is_set()
    first.leave()
    assert second.inside.wait(10)
    second.leave()
    until(lambda: door.crowd == Crowd(0, 0))


def test_who_waits_too_long_is_sent_away_and_his_place_is_free() -> None:
    door = Admission(slots=1, waiting=1, patience=0.05)
    first = Guest(door)
    assert first.inside.wait(10)
    with pytest.raises(Busy), Door(door).enter(Stop()):
        pass
    assert door.crowd == Crowd(1, 0)
    first.leave()
    until(lambda: door.crowd == Crowd(0, 0))
    with Door(door).enter(Stop()):
        assert door.crowd == Crowd(1, 0)


def test_who_waited_in_vain_is_told_to_stay_away_as_long_again() -> None:
    async def scene() -> None:
        door = Admission(slots=1, waiting=1, patience=1.2)
        async with door.enter():
            with pytest.raises(Busy) as busy:
                async with door.enter():
                    pass
        assert busy.value.retry_after == 2

    asyncio.run(scene())


def test_an_error_inside_frees_the_slot() -> None:
    door = Admission(slots=1, waiting=0)
    with pytest.raises(ZeroDivisionError), Door(door).enter(Stop()):
        1 / 0  # noqa: B018
    until(lambda: door.crowd == Crowd(0, 0))


def test_a_draining_door_serves_who_is_inside_and_turns_away_who_waits_or_comes() -> None:
    door = Admission(slots=1, waiting=2)
    first = Guest(door)
    assert first.inside.wait(10)
    second = Guest(door)
    until(lambda: door.crowd.waiting == 1)
    door.drain()
    second.leave()
    assert isinstance(second.refused, Draining)
    with pytest.raises(Draining), Door(door).enter(Stop()):
        pass
    assert door.crowd == Crowd(1, 0)
    first.leave()
    until(lambda: door.crowd == Crowd(0, 0))


def test_who_still_computes_is_told_once_when_the_time_is_over() -> None:
    door = Admission()
    told: list[str] = []
    with door.when_over(lambda: told.append("first")):
        pass
    with door.when_over(lambda: told.append("second")):
        door.drain()
        assert not door.over
        door.end()
    assert told == ["second"]
    assert door.over


def test_threads_and_coroutines_stand_in_one_queue_and_cancelled_ones_leave_it() -> None:
    door = Admission(slots=1, waiting=3)
    thread = Guest(door)
    assert thread.inside.wait(10)
    order: list[str] = []

    async def visit(name: str) -> None:
        async with door.enter():
            order.append(name)

    async def crowd() -> None:
        tasks = []
        for index, name in enumerate("abc", start=1):
            tasks.append(asyncio.create_task(visit(name)))
            while door.crowd.waiting < index:
                await asyncio.sleep(0)
        with pytest.raises(Busy):
            await visit("d")
        tasks[1].cancel()
        while door.crowd.waiting > 2:
            await asyncio.sleep(0)
        thread.leave()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(crowd())
    assert order == ["a", "c"]
    assert door.crowd == Crowd(0, 0)


def test_a_coroutine_cancelled_at_the_moment_of_its_turn_passes_the_slot_on() -> None:
    door = Admission(slots=1, waiting=4)

    async def visit() -> None:
        async with door.enter():
            await asyncio.sleep(0)

    async def scene() -> None:
        async with door.enter():
            tasks = [asyncio.create_task(visit()) for _ in range(4)]
            while door.crowd.waiting < 4:
                await asyncio.sleep(0)
        tasks[0].cancel()  # the slot is already its own, it only hasn't heard of it
        tasks[2].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [isinstance(result, asyncio.CancelledError) for result in results] == [True, False, True, False]

    asyncio.run(scene())
    assert door.crowd == Crowd(0, 0)
    with Door(door).enter(Stop()):
        assert door.crowd == Crowd(1, 0)


def test_a_coroutine_waits_only_as_long_as_it_may() -> None:
    async def scene() -> None:
        door = Admission(slots=1, waiting=2, patience=0.05)
        async with door.enter():
            with pytest.raises(Busy):
                async with door.enter():
                    pass
            assert door.crowd == Crowd(1, 0)
        async with door.enter():
            assert door.crowd == Crowd(1, 0)

    asyncio.run(scene())

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.triggers.cursor import OVERLAP, SETTLED_AFTER, Cursor, Edit
from tests.triggers.fake import MONDAY

SECOND = timedelta(seconds=1)


def at(seconds: float) -> datetime:
    return MONDAY + seconds * SECOND


def read(cursor: Cursor, now: float, *edits: Edit) -> Cursor:
    since = cursor.since(at(now))
    return cursor.advance([edit for edit in edits if edit.edited >= since], at(now))


def test_an_edit_is_met_once() -> None:
    edit = Edit(8, at(1), ours=True)
    first = read(Cursor(MONDAY), 10, edit)
    assert first.dirty == (8,)
    assert read(first.settled(8), 20, edit).dirty == ()


def test_an_edit_whose_second_is_not_over_is_met_again() -> None:
    edit = Edit(8, at(10), ours=True)
    first = read(Cursor(MONDAY), 10.2, edit)
    again = read(first.settled(8), 20, edit)
    assert again.dirty == (8,)
    assert read(again.settled(8), 30, edit).dirty == ()


def test_a_second_edit_in_the_second_of_the_newest_one_is_met() -> None:
    first = read(Cursor(MONDAY), 20, Edit(8, at(10), ours=True)).settled(8)
    assert read(first, 30, Edit(8, at(10), ours=True), Edit(9, at(10), ours=True)).dirty == (9,)


def test_an_edit_that_becomes_visible_after_newer_ones_is_met() -> None:
    first = read(Cursor(MONDAY), 20, Edit(8, at(19), ours=False))
    assert read(first, 30, Edit(8, at(19), ours=False), Edit(9, at(12), ours=True)).dirty == (9,)


def test_what_is_not_ours_is_never_looked_into() -> None:
    assert read(Cursor(MONDAY), 10, Edit(8, at(1), ours=False)).dirty == ()


def test_what_was_not_looked_into_stays_to_be_done_however_far_the_cursor_goes() -> None:
    cursor = read(Cursor(MONDAY), 10, Edit(8, at(1), ours=True))
    for hour in range(1, 4):
        cursor = read(cursor, hour * 3600, Edit(9, at(hour * 3600 - 60), ours=False))
    assert cursor.dirty == (8,)
    assert len(cursor.met) == 1


def test_a_server_clock_set_back_does_not_hide_new_edits() -> None:
    ahead = read(Cursor(MONDAY), 86400, Edit(8, at(86400 - 10), ours=True)).settled(8)
    edits = (Edit(8, at(86400 - 10), ours=True), Edit(9, at(300), ours=True))
    assert 9 in read(ahead, 310, *edits).dirty


def test_a_stamp_from_the_future_is_not_read_for_ever() -> None:
    edit = Edit(8, at(86400), ours=True)
    first = read(Cursor(MONDAY), 10, edit)
    assert first.dirty == (8,)
    assert read(first.settled(8), 20, edit).dirty == ()


def test_a_cursor_survives_being_stored() -> None:
    cursor = read(Cursor(MONDAY), 10, Edit(8, at(1), ours=True), Edit(9, at(5), ours=False)).touched(4)
    loaded = Cursor.load(cursor.dump())
    assert (loaded.newest, loaded.met, loaded.dirty) == (cursor.newest, cursor.met, cursor.dirty)


@settings(deadline=None, max_examples=60)
@given(
    edits=st.lists(
        st.tuples(st.integers(1, 5), st.floats(0, 300), st.floats(0, OVERLAP.total_seconds() - 3)),
        max_size=25,
        unique_by=lambda edit: (edit[0], int(edit[1])),
    ),
    twins=st.lists(
        st.tuples(st.integers(1, 5), st.floats(0, 300), st.floats(0, SETTLED_AFTER.total_seconds() - 2)), max_size=25
    ),
    period=st.floats(0.7, 40),
)
def test_no_edit_is_lost_whatever_the_timing(
    edits: list[tuple[int, float, float]], twins: list[tuple[int, float, float]], period: float
) -> None:
    """Edits get the second they were made in as their stamp, and become visible some time later.

    `twins` may share their second with others; the `edits` of tasks 6 to 10 don't, so they may take their time.
    """
    edits = [(task_id + 5, made, delay) for task_id, made, delay in edits] + twins
    cursor = Cursor(MONDAY)
    looked: dict[int, float] = {}
    now = 0.0
    while now < 300 + OVERLAP.total_seconds() + 2 * period:
        now += period
        shown: dict[int, Edit] = {}
        for task_id, made, delay in sorted(edits, key=lambda each: each[1]):
            if made + delay <= now:
                shown[task_id] = Edit(task_id, at(int(made)), ours=True)
        cursor = read(cursor, now, *shown.values())
        for task_id in cursor.dirty:
            looked[task_id] = now
            cursor = cursor.settled(task_id)
    for task_id in {each[0] for each in edits}:
        # A later edit with an earlier delay hides an older one behind its own stamp; looking shows both.
        last_visible = max(made + delay for each, made, delay in edits if each == task_id)
        newest = max((made for each, made, _ in edits if each == task_id), default=0)
        newest_visible = next(made + delay for each, made, delay in edits if each == task_id and made == newest)
        assert looked[task_id] >= min(last_visible, newest_visible)

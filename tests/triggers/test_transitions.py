from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from orchestrator.settings import RuleSettings, Trigger
from orchestrator.store import EventState, Intent
from orchestrator.triggers.baseline import Baseline
from orchestrator.triggers.transitions import Verdict, decide, markers, texts_at, transition_key, transitions
from tests.triggers.fake import MONDAY, action, task
from zentao_client import Action, Task

SERVER = "http://zentao.example"
RULE = RuleSettings()
WITH_DONE = RuleSettings(triggers=(*RULE.triggers, Trigger(old=None, new="done")))
SECOND = timedelta(seconds=1)
MARKER = "zd:run-8-5-abcdef01:finish"
MARKED = f'<p><span title="{MARKER}"></span>部署完成</p>'


def key(number: int, seconds: int) -> str:
    return transition_key(SERVER, 8, number, MONDAY + seconds * SECOND)


def look(
    *actions: Action,
    known: dict[str, EventState] | None = None,
    intents: tuple[Intent, ...] = (),
    rule: RuleSettings = RULE,
    baseline: Baseline | None = None,
    at: int = 100,
) -> Verdict:
    return decide(
        task(actions=actions),
        server=SERVER,
        baseline=baseline or Baseline(MONDAY),
        triggered_by=rule.triggered_by,
        known=known or {},
        intents={intent.marker: intent for intent in intents},
        now=MONDAY + at * SECOND,
    )


def moved(number: int, seconds: int, old: str, new: str, **fields: object) -> Action:
    return action(number, MONDAY + seconds * SECOND, (old, new), **fields)  # type: ignore[arg-type]


def test_starting_or_resuming_a_task_asks_for_a_deployment() -> None:
    for old in ("wait", "pause"):
        verdict = look(moved(1, 10, old, "doing"))
        assert verdict.start is not None
        assert (verdict.start.key, verdict.start.actor) == (key(1, 10), "pm")


def test_other_changes_ask_for_nothing() -> None:
    assert look(moved(1, 10, "done", "doing"), moved(2, 20, "doing", "closed")) == Verdict()
    assert look(action(1, MONDAY + SECOND)) == Verdict()


def test_a_key_does_not_depend_on_the_time_zone_it_was_read_in() -> None:
    here = MONDAY.astimezone(ZoneInfo("Asia/Shanghai"))
    assert transition_key(SERVER, 8, 1, here) == f"{SERVER}|8|1|2026-11-23T09:00:00Z"


def test_finishing_asks_for_one_only_where_that_is_configured() -> None:
    assert look(moved(1, 10, "doing", "done")).start is None
    assert look(moved(1, 10, "doing", "done"), rule=WITH_DONE).start is not None


def test_an_answered_transition_never_asks_again() -> None:
    for state in (EventState.STARTED, EventState.SUPERSEDED, EventState.WITHDRAWN, EventState.REFUSED):
        verdict = look(moved(1, 10, "wait", "doing"), known={key(1, 10): state})
        assert verdict.start is None


def test_a_transition_recorded_before_a_crash_still_asks() -> None:
    verdict = look(moved(1, 10, "wait", "doing"), known={key(1, 10): EventState.NEW})
    assert verdict.start is not None


def test_of_several_the_newest_deploys_and_the_older_are_superseded() -> None:
    verdict = look(
        moved(1, 10, "wait", "doing"),
        moved(4, 40, "pause", "doing"),
        action(3, MONDAY + 30 * SECOND),
        moved(2, 20, "wait", "doing"),
    )
    assert verdict.start is not None
    assert verdict.start.action_id == 4
    assert [each.action_id for each in verdict.superseded] == [1, 2]


def test_one_that_waited_is_superseded_when_a_newer_one_was_started_already() -> None:
    verdict = look(
        moved(1, 10, "wait", "doing"),
        moved(2, 20, "pause", "doing"),
        known={key(1, 10): EventState.NEW, key(2, 20): EventState.STARTED},
    )
    assert verdict.start is None
    assert [each.action_id for each in verdict.superseded] == [1]


def test_a_task_that_was_moved_on_wants_nothing_any_more() -> None:
    for status in ("closed", "pause", "cancel", "done"):
        verdict = look(moved(1, 10, "wait", "doing"), moved(2, 20, "doing", status))
        assert verdict.start is None
        assert [each.action_id for each in verdict.withdrawn] == [1]


def test_after_pausing_and_resuming_the_newer_start_counts() -> None:
    verdict = look(moved(1, 10, "wait", "doing"), moved(2, 20, "doing", "pause"), moved(3, 30, "pause", "doing"))
    assert verdict.start is not None
    assert verdict.start.action_id == 3
    assert [each.action_id for each in verdict.withdrawn] == [1]


def test_nothing_older_than_the_first_start_asks() -> None:
    assert look(moved(1, -10, "wait", "doing")).start is None
    assert look(moved(1, 0, "wait", "doing")).start is None


def test_around_the_first_start_the_actions_that_were_seen_decide() -> None:
    baseline = Baseline(MONDAY, seen={8: frozenset({1})})
    assert look(moved(1, 0, "wait", "doing"), baseline=baseline).start is None
    assert look(moved(1, 2, "wait", "doing"), baseline=baseline).start is None
    assert look(moved(2, 0, "wait", "doing"), baseline=baseline).start is not None
    assert look(moved(2, -2, "wait", "doing"), baseline=baseline).start is not None
    assert look(moved(2, -9, "wait", "doing"), baseline=baseline).start is None
    assert look(moved(1, 9, "wait", "doing"), baseline=baseline).start is not None


def test_a_baseline_survives_being_stored() -> None:
    for baseline in (Baseline(MONDAY), Baseline(MONDAY, {8: frozenset({1, 2}), 9: frozenset()})):
        assert Baseline.load(baseline.dump()) == baseline
        assert Baseline.load(baseline.dump()).seen == baseline.seen


def test_missing_history_rows_decide_nothing_until_they_are_there() -> None:
    late = action(1, MONDAY + 10 * SECOND, complete=False)
    assert look(late, at=12) == Verdict(incomplete=True)
    assert look(moved(0, 5, "wait", "doing"), late, at=12) == Verdict(incomplete=True)


def test_rows_that_never_come_do_not_block_a_task_for_ever() -> None:
    assert look(action(1, MONDAY + 10 * SECOND, complete=False), moved(2, 700, "wait", "doing"), at=701).start


def test_rows_missing_from_before_the_first_start_do_not_matter() -> None:
    assert not look(action(1, MONDAY - SECOND, complete=False), at=5).incomplete


def intent(target: str = "done", *, task_id: int = 8, action_id: int | None = None) -> Intent:
    return Intent(MARKER, "run-8-5-abcdef01", task_id, "finish", target, action_id)


def test_our_own_finish_is_known_by_marker_and_record_also_with_done_configured() -> None:
    ours = moved(6, 60, "doing", "done", comment=MARKED)
    verdict = look(ours, rule=WITH_DONE, intents=(intent(),))
    assert verdict.start is None
    assert [(each.action_id, marker) for each, marker in verdict.own] == [(6, MARKER)]


def test_a_start_does_not_wait_for_rows_of_our_own_pause_that_zentao_never_wrote() -> None:
    bare = replace(action(6, MONDAY + 60 * SECOND, comment=MARKED, complete=False), name="paused")
    again = moved(7, 70, "pause", "doing")
    for bound in (intent("pause"), intent("pause", action_id=6)):
        verdict = look(bare, again, intents=(bound,))
        assert verdict.start is not None
        assert verdict.start.action_id == 7
    for other in (intent("pause", task_id=9), intent("pause", action_id=5)):
        assert look(bare, again, intents=(other,)).incomplete
    assert look(replace(bare, name="restarted"), again, intents=(intent("pause"),)).incomplete
    assert look(bare, again).incomplete


def test_a_person_on_the_bots_own_account_is_still_a_person() -> None:
    person = moved(7, 70, "doing", "done", actor="deploybot")
    verdict = look(moved(6, 60, "pause", "done", comment=MARKED, actor="deploybot"), person, rule=WITH_DONE,
                   intents=(intent(),))  # fmt: skip
    assert verdict.start is not None
    assert verdict.start.action_id == 7


def test_a_marker_without_our_record_proves_nothing() -> None:
    assert look(moved(6, 60, "doing", "done", comment=MARKED), rule=WITH_DONE).start is not None


def test_a_copied_marker_makes_no_second_action_ours() -> None:
    first, copy = moved(6, 60, "doing", "done", comment=MARKED), moved(7, 70, "closed", "done", comment=MARKED)
    for bound in (intent(), intent(action_id=6)):
        verdict = look(first, copy, rule=WITH_DONE, intents=(bound,))
        assert verdict.start is not None
        assert verdict.start.action_id == 7


def test_a_copied_marker_on_another_task_or_another_change_proves_nothing() -> None:
    copied = moved(6, 60, "pause", "doing", comment=MARKED)
    assert look(copied, intents=(intent(),)).start is not None
    assert look(copied, intents=(intent("doing", task_id=9),)).start is not None


def test_our_own_transition_does_not_withdraw_what_a_person_asked_for_meanwhile() -> None:
    verdict = look(
        moved(5, 50, "pause", "doing"),
        moved(6, 60, "doing", "done", comment=MARKED),
        known={key(5, 50): EventState.NEW},
        intents=(intent(),),
    )
    assert verdict.start is not None
    assert verdict.start.action_id == 5


def test_markers_are_found_as_zentao_stores_them() -> None:
    assert markers(MARKED) == (MARKER,)
    assert markers(f"<p><span style='x' title='{MARKER}' class=y>a</span></p>") == (MARKER,)
    assert markers('<span title="note">zd:run:x</span> zd:run:y') == ()


def test_transitions_come_in_the_order_of_time_then_number() -> None:
    restored: Task = task(actions=[moved(3, 30, "pause", "doing"), moved(9, 20, "wait", "doing"),
                                   moved(2, 20, "doing", "pause")])  # fmt: skip
    assert [each.action_id for each in transitions(restored, SERVER)] == [2, 9, 3]


def test_what_was_edited_after_the_move_is_not_what_was_asked_for() -> None:
    moved, later = action(25, MONDAY, ("wait", "doing")), MONDAY + timedelta(seconds=3)
    reworded = replace(action(26, later), replaced=(("description", "<p>主机: gpu-01</p>"), ("name", "【甲部署】")))
    again = replace(action(27, later), replaced=(("description", "<p>主机: gpu-02</p>"),))
    before = replace(action(24, MONDAY), replaced=(("description", "<p>旧</p>"),))
    found = task(8, [before, moved, reworded, again], name="【乙部署】", description="<p>主机: gpu-03</p>")
    assert texts_at(found, 25) == ("【甲部署】", "<p>主机: gpu-01</p>")
    assert texts_at(found, 26) == ("【乙部署】", "<p>主机: gpu-02</p>")
    assert texts_at(found, 27) == ("【乙部署】", "<p>主机: gpu-03</p>")

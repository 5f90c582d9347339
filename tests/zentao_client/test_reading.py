"""Values out of ZenTao's JSON: numbers, users, times and the history of both versions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from zentao_client import BadReply, StatusChange
from zentao_client.history import read_history
from zentao_client.models import Action, ObjectKind
from zentao_client.parse import Parser, account, attachments, user

SHANGHAI = ZoneInfo("Asia/Shanghai")
PARSER = Parser(SHANGHAI)
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=SHANGHAI)
NUMBERS: dict[str, Any] = {
    "id": 7,
    "name": "【部署】 &lt;b&gt;",
    "status": "doing",
    "execution": 3,
    "project": 2,
    "type": "ops",
    "pri": 2,
    "desc": "<p>x</p>",
    "consumed": 2,
    "left": 1.5,
    "estimate": 4,
    "openedBy": {"id": 1, "account": "admin", "realname": "管理员"},
    "assignedTo": "dev1",
    "realStarted": "2026-11-22T05:00:00Z",
    "lastEditedDate": "2026-11-22 13:37:04",
    "estStarted": "0000-00-00",
    "deadline": "2026-11-30",
    "deleted": False,
    "files": [],
}


def test_both_php_s_numbers_give_the_same_task() -> None:
    texts = {key: str(value) if isinstance(value, int | float) else value for key, value in NUMBERS.items()}
    task = PARSER.task(NUMBERS)
    assert PARSER.task({**texts, "deleted": "0", "consumed": "2.00"}) == task
    assert (task.id, task.consumed, task.left, task.name) == (7, 2.0, 1.5, "【部署】 <b>")
    assert (task.assigned_to, task.opened_by) == ("dev1", "admin")
    assert (task.est_started, task.deadline) == (None, date(2026, 11, 30))


def test_utc_and_the_server_s_wall_clock_are_the_same_moment() -> None:
    assert PARSER.time("2026-11-22T05:37:04Z") == PARSER.time("2026-11-22 13:37:04")
    assert PARSER.time("2026-11-22 13:37") == datetime(2026, 11, 22, 5, 37, tzinfo=UTC)
    assert PARSER.wall_clock(datetime(2026, 11, 22, 5, 37, 4, tzinfo=UTC)) == "2026-11-22 13:37:04"
    with pytest.raises(ValueError, match="zone"):
        PARSER.wall_clock(datetime(2026, 11, 22))  # noqa: DTZ001 - that it has none is the point


@pytest.mark.parametrize("empty", [None, "", "0000-00-00", "0000-00-00 00:00:00", "-0001-11-30T00:00:00Z", "soon"])
def test_an_empty_time_is_none_in_every_spelling(empty: str | None) -> None:
    assert PARSER.time(empty) is None


@pytest.mark.parametrize(
    ("value", "name"),
    [({"account": "qa1"}, "qa1"), ("qa1", "qa1"), ("", None), (None, None), ("closed", None)],
)
def test_a_user_field_is_an_account_in_every_shape(value: object, name: str | None) -> None:
    assert account(value) == name


def test_files_are_a_list_an_object_by_id_or_nothing() -> None:
    row = {"id": "4", "title": "out.wav", "extension": "txt", "size": "12", "addedBy": "bot", "deleted": "0"}
    for value in ([row], {"4": row}):
        (file,) = attachments(value)
        assert (file.id, file.name, file.size, file.added_by) == (4, "out.wav", 12, "bot")
    assert attachments([]) == attachments(None) == attachments(False) == ()
    assert attachments([{**row, "deleted": 1}]) == ()


def test_what_is_no_task_is_a_bad_reply() -> None:
    with pytest.raises(BadReply, match="status"):
        PARSER.task({"id": 1, "name": "x"})
    with pytest.raises(BadReply):
        user({"id": 1})


def row(number: int, name: str, *changes: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    history = [{"field": field, "old": old, "new": new} for field, old, new in changes]
    base = {"id": number, "action": name, "actor": "bot", "date": f"2026-11-22 13:{number:02}:00", "comment": ""}
    return {**base, "history": history, **more}


def history(
    rows: Any, *, kind: ObjectKind = "task", now: datetime = NOW, names: dict[str, Any] | None = None, current: str = ""
) -> tuple[Action, ...]:
    return read_history(kind, rows, PARSER, now=now, names=names, current=current)


def test_codes_and_words_of_three_languages_are_the_same_statuses() -> None:
    spellings = [("wait", "doing"), ("未开始", "进行中"), ("未開始", "進行中"), ("Waiting", "Doing")]
    for old, new in spellings:
        (action,) = history([row(1, "started", ("status", old, new))], names={})
        assert action.status_change == StatusChange("wait", "doing")
    for old, new in [("resolved", "active"), ("已解决", "激活"), ("已解決", "激活"), ("Resolved", "Activated")]:
        (action,) = history([row(1, "activated", ("status", old, new))], kind="bug", names={})
        assert action.status_change == StatusChange("resolved", "active")


def test_words_that_an_admin_has_changed_are_told_from_the_action_and_what_was_before() -> None:
    actions = history(
        [
            row(1, "opened"),
            row(2, "started", ("status", "待处理", "处理中")),
            row(3, "paused", ("status", "处理中", "挂起")),
            row(4, "edited", ("status", "挂起", "处理中")),
        ],
        names={},
        current="doing",
    )
    assert [action.status_change for action in actions] == [
        None,
        StatusChange("wait", "doing"),
        StatusChange("doing", "pause"),
        StatusChange("pause", "doing"),
    ]


def test_a_transition_without_its_rows_is_incomplete_for_two_minutes() -> None:
    moment = datetime(2026, 11, 22, 13, 1, tzinfo=SHANGHAI)
    for age, complete in ((timedelta(seconds=1), False), (timedelta(seconds=121), True)):
        (action,) = history([row(1, "started")], now=moment + age, names={})
        assert (action.status_change, action.changes_complete) == (None, complete)
    (comment,) = history([row(1, "commented")], now=moment, names={})
    assert comment.changes_complete
    (again,) = history([row(1, "paused", ("status", "pause", "pause"))], now=moment, names={})
    assert (again.status_change, again.changes_complete) == (None, True)


def test_actors_are_accounts_only_where_the_dialect_shows_them() -> None:
    (page,) = history({"1": row(1, "started")}, names={"bot": "部署机器人"})
    assert (page.actor, page.actor_name) == ("bot", "部署机器人")
    (v1,) = history([row(1, "started", actor="部署机器人")], names=None)
    assert (v1.actor, v1.actor_name) == (None, "部署机器人")


def test_history_is_ordered_by_id_whatever_the_server_sends() -> None:
    rows = {"9": row(9, "closed"), "2": row(2, "opened")}
    assert [action.id for action in history(rows, names={})] == [2, 9]
    assert history(None) == history(False) == ()

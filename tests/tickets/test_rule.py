"""Which tasks are ours: everything else is never written to."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from orchestrator.tickets import TitleRule, is_ours, plain_title


@dataclass(frozen=True)
class Task:
    name: str = "【IndexTTS2-V23部署】"
    execution: int = 3
    assigned_to: str | None = None
    deleted: bool = False


RULE = TitleRule()


def ours(task: Task, bot: str = "deploybot") -> bool:
    return is_ours(task, RULE, {3, 4}, bot)


def test_a_task_in_a_configured_execution_with_the_title_is_ours() -> None:
    assert ours(Task())
    assert ours(Task(name="紧急 【bundled-tts 部署】 请今天完成"))


def test_a_task_assigned_to_the_bot_with_the_title_is_ours_wherever_it_lies() -> None:
    assert ours(Task(execution=9, assigned_to="deploybot"))
    assert not ours(Task(execution=9, assigned_to="admin"))
    assert not ours(Task(execution=9))


def test_without_a_bot_account_nothing_is_ours_by_assignment() -> None:
    assert not ours(Task(execution=9, assigned_to=""), bot="")


@pytest.mark.parametrize("name", ["部署 IndexTTS2", "[IndexTTS2部署]", "【需求评审】", "", "【】部署"])
def test_another_title_is_never_ours(name: str) -> None:
    assert not ours(Task(name=name))
    assert not ours(Task(name=name, assigned_to="deploybot"))


def test_a_deleted_task_is_never_ours() -> None:
    assert not ours(Task(deleted=True))


def test_the_title_is_read_as_the_person_sees_it() -> None:
    assert plain_title("【A&amp;B部署】") == "【A&B部署】"
    assert ours(Task(name="&lt;b&gt;【A部署】&lt;/b&gt;"))
    assert len(plain_title("x" * 10_000)) == 255


def test_a_rule_that_is_no_pattern_is_found_at_start() -> None:
    with pytest.raises(ValueError, match="not a regular expression"):
        TitleRule("【(")


def test_only_groups_named_like_a_field_give_values() -> None:
    rule = TitleRule(r"【(?P<service>\w+) (?P<who>\w+)(?P<port>\d{4})?部署】")
    assert rule.fields("【tts someone部署】") == {"service": "tts"}
    assert rule.fields("nothing") == {}

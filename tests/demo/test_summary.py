"""`summary.json`: exactly the keys and types that programs rely on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator.demo.story import came_out_right
from orchestrator.demo.summary import Summary, summarise
from orchestrator.store import Run, RunState, StepRecord
from tests.demo.shape import check_shape
from zentao_client import Action, StatusChange, Task

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SPEECH = {"text": "你好", "seconds": 2.5, "rms": 0.07, "rtf": 0.1, "ok": True, "peak": 0.5}
BUG = {
    "id": 3,
    "title": "【部署】",
    "task": 7,
    "status": "active",
    "cause": "显存不足",
    "remedy": "换一张卡",
    "attachments": ["log.txt"],
}


def action(number: int, actor: str, comment: str = "", change: StatusChange | None = None) -> Action:
    return Action(number, NOON.replace(minute=number), "acted", actor, actor, comment, change)


def a_task(status: str) -> Task:
    actions = (
        action(1, "wangchanpin"),
        action(2, "linyanfa", change=StatusChange("wait", "doing")),
        action(3, "linyanfa", "what a person says is not counted"),
        action(4, "deploybot", "<p>accepted</p>"),
        action(5, "deploybot", "<p>done</p>", StatusChange("doing", status)),
    )
    return Task(
        7, "【部署】", status, 1, 1, "devel", 2, "", None, "wangchanpin", 0.1, 0.0, 2.0, actions=actions
    )  # fmt: skip


def a_run(state: RunState, **values: Any) -> Run:
    return Run("run-7-2-abc", "key", 7, "【部署】", "linyanfa", state, commit="c" * 40, finished_at=NOON, **values)


def summary_of(state: RunState, status: str, bug: dict[str, Any] | None = None, **values: Any) -> tuple[Summary, Run]:
    run = a_run(state, **values)
    steps = (StepRecord(run.run_id, 1, "fetch", "获取代码", "ok", 1.23456),)
    made = summarise(a_task(status), run, steps, bot="deploybot", attachments=("speech.wav",), bug=bug)
    return made, run


def test_a_success_has_the_keys_and_types_that_were_promised() -> None:
    summary, run = summary_of(
        RunState.SUCCEEDED, "done", service_url="http://127.0.0.1:7860", detail={"speech": SPEECH}
    )
    values = check_shape(summary.to_json())
    assert "bug" not in values
    assert values["comments"] == 2
    assert values["speech"] == {"text": "你好", "seconds": 2.5, "rms": 0.07, "rtf": 0.1}
    assert values["steps"] == [{"name": "fetch", "seconds": 1.235, "outcome": "ok"}]
    assert values["events"]["status_changed_at"] == NOON.replace(minute=2).astimezone().isoformat()
    assert values["events"]["first_comment_at"] == NOON.replace(minute=4).astimezone().isoformat()
    assert came_out_right(summary, run, broken=False)
    assert not came_out_right(summary, run, broken=True)


def test_a_failure_has_its_bug_and_neither_speech_nor_service() -> None:
    # A check that failed has measured something, too: it is no speech of a service that serves.
    summary, run = summary_of(RunState.FAILED, "pause", BUG, detail={"speech": SPEECH})
    values = check_shape(summary.to_json())
    assert values["bug"]["task"] == values["ticket"] == 7
    assert values["speech"] is None
    assert values["service_url"] is None
    assert came_out_right(summary, run, broken=True)
    assert not came_out_right(summary, run, broken=False)


@pytest.mark.parametrize("missing", ["cause", "remedy", "attachments"])
def test_a_failure_that_is_not_explained_did_not_come_out_right(missing: str) -> None:
    summary, run = summary_of(RunState.FAILED, "pause", {**BUG, missing: None})
    assert not came_out_right(summary, run, broken=True)


def test_a_bug_of_another_ticket_or_an_open_ticket_did_not_come_out_right() -> None:
    for status, bug in (("pause", {**BUG, "task": 8}), ("pause", None), ("doing", BUG)):
        summary, run = summary_of(RunState.FAILED, status, bug)
        assert not came_out_right(summary, run, broken=True)


@pytest.mark.parametrize("speech", [None, {**SPEECH, "rms": 0.0}, {**SPEECH, "seconds": 0.0}])
def test_a_service_that_did_not_speak_did_not_come_out_right(speech: dict[str, Any] | None) -> None:
    summary, run = summary_of(RunState.SUCCEEDED, "done", detail={"speech": speech})
    assert not came_out_right(summary, run, broken=False)

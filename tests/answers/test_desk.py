"""Each answer stands in ZenTao once, whatever goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
import structlog

from orchestrator.answers.desk import BugReport, Desk, marker_for
from orchestrator.answers.patience import Patience
from orchestrator.store import AnswerState, Store
from zentao_client import Upload, Zentao
from zentao_client.sandbox import Sandbox, Seed
from zentao_client.sandbox.faults import Kind
from zentao_client.text import has_marker

RUN = "run-1-1-abcdef12"
COMMENT_PATHS = r"m=action&f=comment|action-comment|/actions/comment"


@pytest.fixture(params=["18.8", "22.4"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    version: Literal["18.8", "22.4"] = request.param
    with Sandbox(version=version) as sandbox:
        yield sandbox


@pytest.fixture
def seed(sandbox: Sandbox) -> Seed:
    return sandbox.seed()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "orchestrator.sqlite") as store:
        yield store


@pytest.fixture
def zentao(sandbox: Sandbox, seed: Seed, tmp_path: Path) -> Iterator[Zentao]:
    with Zentao(sandbox.url, account=seed.bot, password=seed.password, state_dir=tmp_path / "zentao") as zentao:
        yield zentao


@pytest.fixture
def desk(zentao: Zentao, store: Store) -> Desk:
    return Desk(zentao, store, settle_seconds=0.3, patience=Patience(first=0.05))


@pytest.fixture
def task(sandbox: Sandbox, seed: Seed) -> int:
    human = sandbox.as_user("linyanfa")
    task = human.create_task(seed.execution, "【IndexTTS2-V23部署】", assigned_to="linyanfa")
    human.start_task(task)
    return task


def with_marker(sandbox: Sandbox, kind: str, object_id: int, marker: str) -> int:
    return sum(has_marker(action["comment"] or "", marker) for action in sandbox.actions(kind, object_id))


def a_report(seed: Seed, task: int, **changes: object) -> BugReport:
    values: dict[str, object] = {
        "product": seed.product,
        "execution": seed.execution,
        "project": seed.project,
        "task_id": task,
        "keyword": "zd-0123456789abcdef",
        "title": "【部署】任务 #1 在 gpu-01 上失败：显存不足",
        "steps": "<p>重现步骤</p>",
        "again": "<p>又出现一次</p>",
        "severity": 2,
        "assigned_to": "linyanfa",
        "files": (Upload("deploy.txt", b"CUDA out of memory"),),
    }
    return BugReport(**{**values, **changes})  # type: ignore[arg-type]


def test_a_comment_is_posted_once_however_often_it_is_said(
    desk: Desk, sandbox: Sandbox, store: Store, task: int
) -> None:
    ids = {desk.comment(RUN, "accepted", task, "<p>开始部署</p>") for _ in range(3)}
    assert len(ids) == 1
    assert with_marker(sandbox, "task", task, marker_for(RUN, "accepted")) == 1
    answer = store.answer(marker_for(RUN, "accepted"))
    assert answer is not None
    assert answer.state is AnswerState.CONFIRMED


def test_a_daemon_that_lost_its_memory_finds_its_comment_again(
    zentao: Zentao, sandbox: Sandbox, task: int, tmp_path: Path
) -> None:
    told = []
    for name in ("before", "after"):
        with Store.open(tmp_path / f"{name}.sqlite") as store, structlog.testing.capture_logs() as logs:
            Desk(zentao, store, settle_seconds=0.3, patience=Patience(first=0.05)).comment(
                RUN, "accepted", task, "<p>开始部署</p>"
            )
        told.append([line["event"] for line in logs if line["log_level"] == "warning"])
    assert with_marker(sandbox, "task", task, marker_for(RUN, "accepted")) == 1
    assert told == [[], ["answered_already"]], "another daemon that answers our tickets is told by the same word"


@pytest.mark.parametrize("kind", ["empty", "reset-after-commit", "two-documents", "error-500", "login-page", "reset"])
def test_a_lost_or_broken_answer_never_makes_a_second_comment(
    desk: Desk, sandbox: Sandbox, task: int, kind: Kind
) -> None:
    sandbox.faults.add(kind, COMMENT_PATHS, method="POST")
    desk.comment(RUN, "accepted", task, "<p>开始部署</p>")
    assert with_marker(sandbox, "task", task, marker_for(RUN, "accepted")) == 1


@pytest.mark.parametrize("kind", ["late-commit", "timeout-after-commit"])
def test_a_comment_that_is_stored_after_we_gave_up_waiting_is_not_sent_again(
    sandbox: Sandbox, seed: Seed, store: Store, task: int, tmp_path: Path, kind: Kind
) -> None:
    # A write is waited for three times as long as a read: 1.5 s; that alone must not use up the time to settle.
    sandbox.faults.add(kind, COMMENT_PATHS, method="POST", seconds=1)
    state_dir = tmp_path / "zentao"
    with Zentao(sandbox.url, account=seed.bot, password=seed.password, state_dir=state_dir, timeout=0.5) as zentao:
        Desk(zentao, store, settle_seconds=2.5).comment(RUN, "accepted", task, "<p>开始部署</p>")
    assert with_marker(sandbox, "task", task, marker_for(RUN, "accepted")) == 1


def test_zentao_being_away_delays_the_answer_and_loses_nothing(desk: Desk, sandbox: Sandbox, task: int) -> None:
    sandbox.faults.add("error-500", "", count=4)
    desk.comment(RUN, "accepted", task, "<p>开始部署</p>")
    assert with_marker(sandbox, "task", task, marker_for(RUN, "accepted")) == 1


def test_our_pause_is_on_record_before_it_happens_and_belongs_to_one_action(
    desk: Desk, sandbox: Sandbox, store: Store, task: int
) -> None:
    action = desk.transition(RUN, "pause", task, "<p>部署失败</p>")
    assert sandbox.task(task)["status"] == "pause"
    intent = store.intent_for_marker(marker_for(RUN, "pause"))
    assert intent is not None
    assert (intent.action_id, intent.target) == (action, "pause")
    assert desk.transition(RUN, "pause", task, "<p>部署失败</p>") == action
    assert with_marker(sandbox, "task", task, marker_for(RUN, "pause")) == 1


def test_a_finished_ticket_carries_its_files_and_hours(desk: Desk, zentao: Zentao, task: int) -> None:
    files = (Upload("run-speech.wav", b"RIFF....WAVE"), Upload("run-deploy.txt", "日志".encode()))
    desk.transition(RUN, "finish", task, "<p>完成</p>", hours=0.25, files=files)
    after = zentao.tasks.get(task)
    assert after.status == "done"
    assert {file.name for file in after.files} >= {"run-speech.wav", "run-deploy.txt"}
    assert after.consumed == pytest.approx(0.25)


def test_a_ticket_that_somebody_closed_keeps_its_status_and_gets_the_text(
    desk: Desk, sandbox: Sandbox, task: int
) -> None:
    sandbox.as_user("wangchanpin").close_task(task)
    desk.transition(RUN, "finish", task, "<p>完成</p>", hours=1)
    assert sandbox.task(task)["status"] == "closed"
    assert with_marker(sandbox, "task", task, marker_for(RUN, "finish")) == 1


def test_a_deleted_ticket_ends_the_wait_instead_of_hanging_the_deployment(
    desk: Desk, sandbox: Sandbox, task: int
) -> None:
    sandbox.as_user("wangchanpin").delete_task(task)
    assert desk.comment(RUN, "accepted", task, "<p>开始部署</p>") in (
        0,
        *(a["id"] for a in sandbox.actions("task", task)),
    )
    assert desk.transition(RUN, "pause", task, "<p>失败</p>") >= 0


def test_a_failure_makes_one_linked_bug_with_its_log(desk: Desk, zentao: Zentao, seed: Seed, task: int) -> None:
    bug_id = desk.bug(RUN, a_report(seed, task))
    assert desk.bug(RUN, a_report(seed, task)) == bug_id
    bug = zentao.bugs.get(bug_id)
    assert (bug.task, bug.status, bug.assigned_to) == (task, "active", "linyanfa")
    assert [file.name for file in bug.files] == ["deploy.txt"]
    assert len(zentao.bugs.search(seed.product, keyword="zd-0123456789abcdef")) == 1


def test_the_same_failure_again_comments_on_its_bug(
    desk: Desk, sandbox: Sandbox, zentao: Zentao, seed: Seed, task: int
) -> None:
    bug_id = desk.bug(RUN, a_report(seed, task))
    again = "run-1-9-00000000"
    assert desk.bug(again, a_report(seed, task)) == bug_id
    assert with_marker(sandbox, "bug", bug_id, marker_for(again, "bug")) == 1
    assert len(zentao.bugs.search(seed.product, keyword="zd-0123456789abcdef")) == 1


def test_a_repeated_failure_brings_its_own_log_to_the_bug_once(
    desk: Desk, zentao: Zentao, seed: Seed, task: int, tmp_path: Path
) -> None:
    bug_id = desk.bug(RUN, a_report(seed, task))
    second = a_report(seed, task, files=(Upload("second-deploy.txt", b"CUDA out of memory, again"),))
    for name in ("before", "after"):  # the second time as a daemon that has lost its memory
        with Store.open(tmp_path / f"{name}.sqlite") as store:
            Desk(zentao, store, settle_seconds=0.3).bug("run-1-9-00000000", second)
    assert sorted(file.name for file in zentao.bugs.get(bug_id).files) == ["deploy.txt", "second-deploy.txt"]


def test_a_bug_whose_files_were_cut_off_gets_them_afterwards(
    desk: Desk, zentao: Zentao, seed: Seed, task: int, store: Store
) -> None:
    bug_id = desk.bug(RUN, a_report(seed, task, files=()))
    files = (Upload("deploy.txt", b"CUDA out of memory"), Upload("service.txt", b"ready"))
    for _ in range(2):
        assert desk.bug(RUN, a_report(seed, task, files=files)) == bug_id
    assert sorted(file.name for file in zentao.bugs.get(bug_id).files) == ["deploy.txt", "service.txt"]


def test_a_resolved_bug_is_activated_when_its_failure_returns(
    desk: Desk, sandbox: Sandbox, zentao: Zentao, seed: Seed, task: int
) -> None:
    bug_id = desk.bug(RUN, a_report(seed, task))
    sandbox.as_user("linyanfa").resolve_bug(bug_id)
    assert desk.bug("run-1-9-00000000", a_report(seed, task)) == bug_id
    assert zentao.bugs.get(bug_id).status == "active"


def test_a_paused_ticket_is_handed_back_to_who_moved_it(desk: Desk, sandbox: Sandbox, task: int) -> None:
    desk.transition(RUN, "pause", task, "<p>部署失败</p>")
    assert desk.assign(task, "wangchanpin")
    assert sandbox.task(task)["assignedTo"] == "wangchanpin"
    assert not desk.assign(task, "nobody-of-that-name")
    assert sandbox.task(task)["assignedTo"] == "wangchanpin"


def test_a_ticket_that_somebody_moved_on_is_not_handed_back(desk: Desk, sandbox: Sandbox, task: int) -> None:
    sandbox.as_user("wangchanpin").close_task(task)
    before = len(sandbox.actions("task", task))
    assert not desk.assign(task, "linyanfa")
    assert len(sandbox.actions("task", task)) == before


def test_a_ticket_that_was_finished_already_gets_other_words_and_no_files(
    desk: Desk, sandbox: Sandbox, task: int
) -> None:
    sandbox.as_user("wangchanpin").finish_task(task)
    files = (Upload("run-deploy.txt", "日志".encode()),)
    desk.transition(RUN, "finish", task, "<p>附件：run-deploy.txt</p>", hours=1, files=files, unmoved="<p>完成</p>")
    said = [action["comment"] for action in sandbox.actions("task", task) if "完成" in (action["comment"] or "")]
    assert len(said) == 1
    assert not any("附件" in (action["comment"] or "") for action in sandbox.actions("task", task))


def test_a_picture_shows_in_a_comment(desk: Desk, zentao: Zentao, task: int) -> None:
    png = bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c6360606000000004"
        "0001f61738550000000049454e44ae426082"
    )
    html = desk.image("webui.png", png)
    assert "<img" in html
    desk.comment(RUN, "succeeded", task, f"<p>截图</p>{html}")
    found = zentao.comments.find("task", task, marker_for(RUN, "succeeded"))
    assert found is not None
    assert "<img" in found.html

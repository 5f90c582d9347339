"""Tickets that can't be carried out: told in the ticket, handed back, and nothing else happens."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from orchestrator.store import EventState, RunState
from tests.workflow.world import HOST, World, wide_world

REAL = "gpu-02"


@pytest.fixture(scope="module")
def silent() -> Iterator[socket.socket]:
    """What stands at the address of gpu-01: nobody has ever connected as long as `accept` finds nobody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, silent: socket.socket) -> Iterator[World]:
    with wide_world(tmp_path_factory.mktemp("world"), hosts=(HOST, REAL)) as world:
        world.inventory["hosts"][HOST]["port"] = silent.getsockname()[1]
        world.daemon()
        yield world


BAD = {
    "a misspelt key": (
        ("今天请部署", "分枝：v23", f"主机：{HOST}"),
        ("描述第 2 行", "不认识设置项「分枝」，您是不是想写「分支」？", "可以写：分支", "例如 分支："),
    ),
    "an unknown host": (
        ("分支：v23", "主机：gpu-99"),
        ("描述第 2 行", "没有叫「gpu-99」的主机", f"可以写：{HOST}、{REAL}", f"例如 主机：{HOST}"),
    ),
    "no host": (("分支：v23",), ("整个任务", "缺少必填的设置项「主机」", f"可以写：{HOST}、{REAL}")),
    "a port out of range": (
        ("分支：v23", f"主机：{HOST}", "端口：70000"),
        ("描述第 3 行", "端口「70000」不对", "1024 到 65535", "例如 端口："),
    ),
    "a command behind a branch": (
        ("分支: v23; rm -rf /", f"主机：{HOST}"),
        ("描述第 1 行", "「v23; rm -rf /」不是有效的分支、标签或提交号", "字母、数字和 . _ / -", "例如 分支："),
    ),
    "a command in place of a branch": (
        ("分支：$(reboot)", f"主机：{HOST}"),
        ("描述第 1 行", "「$(reboot)」不是有效的分支、标签或提交号", "例如 分支："),
    ),
    "an option in place of a branch": (("分支：--upload-pack=touch", f"主机：{HOST}"), ("描述第 1 行",)),
    "a description of one megabyte": (
        ("分支：v23", f"主机：{HOST}", "日志" * 170_000),
        ("整个任务", "任务描述太长，没有读取"),
    ),
    "two mistakes at once": (
        ("分支：v 23", "主机：gpu-99"),
        ("2 处需要修改", "描述第 1 行", "描述第 2 行", "没有叫「gpu-99」的主机"),
    ),
}


def nobody_connected(silent: socket.socket) -> bool:
    try:
        connection, _ = silent.accept()
    except BlockingIOError:
        return True
    connection.close()
    return False


def refused(world: World, task: int, silent: socket.socket) -> str:
    """What the one comment of a refused ticket says; nothing else has happened."""
    run = world.ended(task)
    assert run.state is RunState.REFUSED
    world.until(lambda: world.sandbox.task(task)["assignedTo"] == run.actor, "the ticket to be handed back")
    assert world.sandbox.task(task)["status"] == "pause"
    assert world.bugs(task) == []
    assert nobody_connected(silent)
    assert not (world.ssh[HOST].home / ".zentao-deploy").exists()
    assert not world.root_of(HOST).exists()
    with world.store() as store:
        event = store.event(run.event_key)
        assert not store.steps(run.run_id)
    assert event is not None
    assert event.state is EventState.REFUSED
    (said,) = world.said(task)
    return said


@pytest.mark.parametrize("case", BAD)
def test_a_ticket_that_cannot_be_carried_out_is_told_why_and_handed_back(
    world: World, silent: socket.socket, case: str
) -> None:
    lines, words = BAD[case]
    task = world.ticket(*lines)
    said = refused(world, task, silent)
    assert "什么都没有动" in said
    assert f"主机：{HOST}" in said  # the correct example names what exists here
    assert "任务已暂停，并指派给 林研发" in said
    for word in words:
        assert word in said
    assert len(said) < 3000


def test_html_in_a_title_is_refused_and_shown_as_text(world: World, silent: socket.socket) -> None:
    title = "【IndexTTS2<img src=x onerror=alert(1)>部署】"
    task = world.ticket("分支：v23", f"主机：{HOST}", title=title)
    said = refused(world, task, silent)
    assert "任务标题里有 HTML 标记" in said
    assert "<img" not in world.comments(task)[0]


def test_a_corrected_ticket_is_deployed_when_it_is_restarted(world: World, silent: socket.socket) -> None:
    commit = world.version("v1", branch="corrected")
    task = world.ticket("分支：corrected", "主机：gpu-2")
    assert REAL in refused(world, task, silent)
    human = world.sandbox.as_user("linyanfa")
    human.edit_task(task, desc=f"<p>分支：corrected</p><p>主机：{REAL}</p>")
    human.restart_task(task)
    run = world.ended(task, 2)
    assert (run.state, run.commit) == (RunState.SUCCEEDED, commit)
    assert world.served(REAL) == f"v1 {commit}"
    assert world.sandbox.task(task)["status"] == "done"


def test_a_ticket_restarted_without_a_correction_is_refused_again(world: World, silent: socket.socket) -> None:
    task = world.ticket("分支：v23", "主机：gpu-99")
    first = refused(world, task, silent)
    world.sandbox.as_user("linyanfa").restart_task(task)
    assert world.ended(task, 2).state is RunState.REFUSED
    world.until(lambda: len(world.said(task)) == 2, "the second answer")
    assert world.said(task) == [first, first]


def test_an_account_that_may_not_deploy_there_is_told_where_it_may(world: World, silent: socket.socket) -> None:
    task = world.ticket("分支：v23", f"主机：{HOST}", by="wangchanpin")
    said = refused(world, task, silent)
    assert f"账号 wangchanpin 没有向主机 {HOST} 部署的权限" in said
    assert "指派给 王产品" in said


def test_who_may_deploy_is_asked_by_account_and_not_by_display_name(world: World, silent: socket.socket) -> None:
    accounts = world.sandbox.site.accounts
    accounts.create("impostor", world.seed.password, "linyanfa", role="dev", groups=[world.seed.group])
    task = world.ticket("分支：v23", f"主机：{HOST}", by="impostor")
    assert "账号 impostor 没有" in refused(world, task, silent)


def test_a_version_that_does_not_exist_is_told_as_such(world: World) -> None:
    task = world.ticket("分支：no-such-branch", f"主机：{REAL}")
    run = world.ended(task)
    assert run.state is RunState.REFUSED
    assert world.sandbox.task(task)["status"] == "pause"
    said = world.said(task)[-1]
    assert "没有叫「no-such-branch」的分支、标签或提交" in said
    assert "例如" in said
    assert world.bugs(task) == [], "a misspelt ticket is no bug"
    with world.store() as store:
        assert [step.name for step in store.steps(run.run_id) if step.outcome == "failed"] == ["resolve"]


def test_tasks_that_are_not_ours_are_never_written_to(world: World) -> None:
    foreign = [
        world.ticket("分支：v23", f"主机：{HOST}", title="登录页改版"),
        world.ticket("分支：v23", f"主机：{HOST}", title="部署 IndexTTS2"),
        world.ticket("分支：v23", f"主机：{HOST}", execution=world.seed.private_execution),
    ]
    ours = world.ticket("主机：gpu-99")
    world.ended(ours)
    world.polled()
    # Every request that could change something was about tasks of ours.
    for task in foreign:
        assert [
            r.target for r in world.sandbox.requests if r.method != "GET" and re.search(rf"\b{task}\b", r.target)
        ] == []
        assert world.sandbox.task(task)["status"] == "doing"
        assert {action["actor"] for action in world.sandbox.actions("task", task)} == {"linyanfa"}
        assert world.runs(task) == []

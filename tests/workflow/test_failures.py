"""A version that does not work: the ticket pauses with the cause, a bug holds the evidence, the old version returns."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.store import RunState
from tests.workflow.world import ANSWERS_500, HOST, OUT_OF_MEMORY, World, plain, wide_world

OTHER = "gpu-02"


@pytest.fixture(scope="module", params=["18.8", "22.4"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with wide_world(tmp_path_factory.mktemp("world"), version=request.param, hosts=(HOST, OTHER)) as world:
        world.daemon()
        yield world


def test_one_failure_is_one_bug_however_often_it_happens(world: World) -> None:
    world.version("v1", serve=OUT_OF_MEMORY, branch="hungry")
    human = world.sandbox.as_user("linyanfa")
    task = world.ticket("分支：hungry", f"主机：{HOST}")
    first = world.ended(task)
    assert first.state is RunState.FAILED
    row = world.sandbox.task(task)
    assert (row["status"], row["assignedTo"]) == ("pause", "linyanfa")

    # The ticket: what happened, why, what to do, where the bug is.
    (bug,) = world.bugs(task)
    said = world.said(task)[-1]
    assert "显存不足" in said
    assert "CUDA out of memory. Tried to allocate 2.30 GiB" in said
    assert "这台主机上原来没有运行的版本，所以服务现在没有运行" in said
    assert f"#{bug['id']}" in said
    with world.zentao() as zentao:
        assert zentao.page_url("bug", bug["id"]) in world.comments(task)[-1].replace("&amp;", "&")

    # The bug: cause, remedy, log, and the files.
    steps = plain(bug["steps"])
    assert f"任务 #{task}" in bug["title"]
    assert HOST in bug["title"]
    for word in ("显存不足", "办法", "CUDA out of memory", "启动服务", "Python"):
        assert word in steps
    assert (bug["status"], bug["assignedTo"]) == ("active", "linyanfa")
    names = [f"{first.run_id}-deploy.txt", f"{first.run_id}-service.txt"]
    with world.zentao() as zentao:
        files = {file.name: zentao.files.download(file.id).decode() for file in zentao.bugs.get(bug["id"]).files}
    assert sorted(files) == names
    assert all("CUDA out of memory" in text for text in files.values())

    # Again: a comment on the same bug.
    human.restart_task(task)
    second = world.ended(task, 2)
    assert second.bug_id == first.bug_id
    assert [each["id"] for each in world.bugs()] == [bug["id"]]
    (again,) = world.said(bug["id"], "bug")
    assert "又出现了同样的失败" in again
    assert f"#{bug['id']}" in world.answers(second.run_id, task)[-1]
    with world.zentao() as zentao:
        kept = {file.name for file in zentao.bugs.get(bug["id"]).files}
    assert kept == {*names, f"{second.run_id}-deploy.txt", f"{second.run_id}-service.txt"}

    # Resolved, and it comes back: the bug is activated.
    human.resolve_bug(bug["id"])
    human.restart_task(task)
    third = world.ended(task, 3)
    assert third.bug_id == first.bug_id
    (bug,) = world.bugs()
    assert bug["status"] == "active"
    assert len(world.said(bug["id"], "bug")) == 2
    assert world.sandbox.task(task)["status"] == "pause"

    # Another failure on this host isn't blamed on the log that lies there.
    other = world.ticket("分支：no-such-branch", f"主机：{HOST}")
    assert world.ended(other).state is RunState.REFUSED
    assert "显存不足" not in world.said(other)[-1]


def test_a_version_that_dies_at_its_start_is_replaced_by_the_one_before(world: World) -> None:
    old = world.version("v1", branch="dies")
    world.ended(world.ticket("分支：dies", f"主机：{OTHER}"))
    world.version("v2", serve=OUT_OF_MEMORY, branch="dies")
    task = world.ticket("分支：dies", f"主机：{OTHER}")
    run = world.ended(task)
    assert run.state is RunState.FAILED
    put_back(world, task, old)


def test_a_version_that_starts_and_answers_wrongly_is_replaced_by_the_one_before(world: World) -> None:
    old = world.version("v1", branch="wrong")
    world.ended(world.ticket("分支：wrong", f"主机：{OTHER}"))
    new = world.version("v2", serve=ANSWERS_500, branch="wrong")
    task = world.ticket("分支：wrong", f"主机：{OTHER}")
    run = world.ended(task)
    assert (run.state, run.commit) == (RunState.FAILED, new)
    assert "500" in put_back(world, task, old)
    with world.store() as store:
        assert [step.name for step in store.steps(run.run_id) if step.outcome == "failed"] == ["http"]


def put_back(world: World, task: int, old: str) -> str:
    """The old version serves, and the ticket says so."""
    assert world.served(OTHER) == f"v1 {old}"
    assert (world.root_of(OTHER) / "current").readlink().name == old
    assert world.sandbox.task(task)["status"] == "pause"
    said = world.said(task)[-1]
    assert f"原来的版本已恢复运行 （提交 {old[:12]} ）" in said
    assert world.url_of(OTHER).rstrip("/") in said
    assert len(world.bugs(task)) == 1
    return said

"""From a ticket that is moved to a service that runs, with the ordinary daemon, on both generations of ZenTao."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.store import RunState
from tests.workflow.world import HOST, World, wide_world


@pytest.fixture(scope="module", params=["18.8", "22.4"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with wide_world(tmp_path_factory.mktemp("world"), version=request.param, hosts=(HOST, "gpu-02")) as world:
        world.daemon()
        yield world


def test_a_started_ticket_deploys_and_is_finished_with_its_log(world: World) -> None:
    commit = world.version("v1", branch="first")
    task = world.ticket("分支：first", f"主机：{HOST}")
    run = world.ended(task)
    assert (run.state, run.commit) == (RunState.SUCCEEDED, commit)
    assert world.served() == f"v1 {commit}"
    assert world.sandbox.task(task)["status"] == "done"
    accepted, succeeded, finished = world.said(task)
    assert f"开始部署 ：内置语音合成服务 → {HOST}" in accepted
    assert f"zentao-deploy cancel {run.run_id}" in accepted
    assert commit in succeeded
    assert "没有（第一次部署）" in succeeded
    assert f"{run.run_id}-deploy.txt" in finished
    with world.zentao() as zentao:
        files = zentao.tasks.get(task).files
        assert [file.name for file in files] == [f"{run.run_id}-deploy.txt"]
        log = zentao.files.download(files[0].id).decode()
    assert f"first is {commit}" in log
    assert "===== 02-resolve =====" in log
    assert world.bugs() == []


def test_a_second_version_cuts_over_and_says_what_was_there_before(world: World) -> None:
    host = "gpu-02"
    old = world.version("v1", branch="second")
    world.ended(world.ticket("分支：second", f"主机：{host}"))
    new = world.version("v2", branch="second")
    task = world.ticket("分支：second", f"主机：{host}")
    run = world.ended(task)
    assert (run.state, run.commit) == (RunState.SUCCEEDED, new)
    assert world.served(host) == f"v2 {new}"
    assert (world.root_of(host) / "current").readlink().name == new
    succeeded = world.said(task)[1]
    assert f"上一个版本 提交 {old[:8]}" in succeeded
    assert "沿用已有的" in succeeded
    with world.store() as store:
        outcomes = {step.name: step.outcome for step in store.steps(run.run_id)}
    assert outcomes["install"] == "reused"
    assert {outcome for name, outcome in outcomes.items() if name != "install"} == {"ok"}


def test_a_deployed_ticket_is_deployed_again_only_when_asked_for_it(world: World) -> None:
    commit = world.version("v1", branch="again")
    task = world.ticket("分支：again", f"主机：{HOST}")
    with world.held("prepare", commit):
        first = world.began(task)
        busy = world.call("run", str(task))
        assert (busy.returncode, busy.stdout) == (1, "")
        assert first.run_id in busy.stderr
        assert len(world.runs(task)) == 1
    world.ended(task)
    refused = world.call("run", str(task))
    assert refused.returncode == 1
    assert "--again" in refused.stderr
    repeated = world.call("run", str(task), "--again")
    assert repeated.returncode == 0, repeated.stderr
    second = world.ended(task, 2)
    assert second.run_id in repeated.stdout
    assert (second.state, second.commit) == (RunState.SUCCEEDED, commit)
    assert world.calls("start", commit) == 2
    assert world.served() == f"v1 {commit}"
    assert "沿用已有的" in world.answers(second.run_id, task)[1]


def test_the_operator_may_deploy_a_ticket_that_nobody_has_started(world: World) -> None:
    commit = world.version("v1", branch="by-hand")
    task = world.ticket("分支：by-hand", f"主机：{HOST}", start=False)
    done = world.call("run", str(task))
    assert done.returncode == 0, done.stderr
    run = world.ended(task)
    assert (run.state, run.commit, run.actor) == (RunState.SUCCEEDED, commit, None)
    assert world.sandbox.task(task)["status"] == "done"

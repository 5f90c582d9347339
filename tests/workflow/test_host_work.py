"""Work on hosts: one after the other on each, side by side on several, through cuts, and stopped when asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Protocol, runtime_checkable

import pytest

from orchestrator.store import RunState
from tests.support.sshd import SSHD, refuses_this_account, running_sshd
from tests.workflow.world import World, wide_world

LEFT, RIGHT, REAL = "gpu-01", "gpu-02", "gpu-03"


@runtime_checkable
class Cuttable(Protocol):
    def cut(self) -> None: ...


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with ExitStack() as stack:
        world = stack.enter_context(wide_world(folder, hosts=(LEFT, RIGHT)))
        if SSHD is not None:
            sshd = stack.enter_context(running_sshd(folder / "sshd", folder / "home real"))
            if not refuses_this_account(sshd):
                world.add_host(REAL, sshd)
        world.daemon()
        yield world


def test_two_hosts_are_worked_on_side_by_side(world: World) -> None:
    commit = world.version("v1", branch="both")
    with world.held("prepare", commit, LEFT), world.held("prepare", commit, RIGHT):
        tasks = [world.ticket("分支：both", f"主机：{host}") for host in (LEFT, RIGHT)]
        for host in (LEFT, RIGHT):
            world.reached("prepare", commit, host)
        assert [world.began(task).state for task in tasks] == [RunState.RUNNING, RunState.RUNNING]
    for task, host in zip(tasks, (LEFT, RIGHT), strict=True):
        assert world.ended(task).state is RunState.SUCCEEDED
        assert world.served(host) == f"v1 {commit}"


def test_one_host_is_worked_on_one_after_the_other(world: World) -> None:
    first, second = (world.version(version, branch=version) for version in ("one", "two"))
    with world.held("prepare", first):
        tasks = [world.ticket(f"分支：{branch}", f"主机：{LEFT}") for branch in ("one",)]
        world.reached("prepare", first)
        tasks.append(world.ticket("分支：two", f"主机：{LEFT}"))
        # Accepted at once, although the host is taken.
        world.until(lambda: world.comments(tasks[1]), "the second ticket to be accepted")
        assert world.began(tasks[1]).state is RunState.WAITING
        assert world.calls("prepare", second) == 0
    assert [world.ended(task).state for task in tasks] == [RunState.SUCCEEDED] * 2
    calls = (world.root / "shared" / "logs" / "calls").read_text().splitlines()
    of_first = [number for number, call in enumerate(calls) if call in (f"prepare {first}", f"start {first}")]
    of_second = [number for number, call in enumerate(calls) if call in (f"prepare {second}", f"start {second}")]
    assert max(of_first) < min(of_second)
    assert world.served(LEFT) == f"two {second}"


def test_a_host_that_somebody_else_holds_is_waited_for(world: World) -> None:
    commit = world.version("v1", branch="busy")
    with world.ssh_pool() as pool:
        lease = pool.host(RIGHT).lock("a colleague's daemon", "run-of-somebody-else")
        task = world.ticket("分支：busy", f"主机：{RIGHT}")
        world.logged("host_waiting", "HostBusy", world.began(task).run_id)
        assert world.calls("prepare", commit, RIGHT) == 0
        pool.host(RIGHT).unlock(lease)
    assert world.ended(task).state is RunState.SUCCEEDED
    assert world.served(RIGHT) == f"v1 {commit}"


@pytest.mark.parametrize("host", [LEFT, REAL], ids=["embedded host", "OpenSSH"])
def test_a_connection_that_is_cut_in_a_long_step_costs_nothing(world: World, host: str) -> None:
    if host not in world.ssh:
        pytest.skip("no sshd here that lets this account in (package openssh-server)")
    server = world.ssh[host]
    assert isinstance(server, Cuttable)
    commit = world.version("v1", branch=f"cut-{host}")
    with world.held("prepare", commit, host), world.held("start", commit, host):
        task = world.ticket(f"分支：cut-{host}", f"主机：{host}")
        world.reached("prepare", commit, host)
        server.cut()
        (world.root_of(host) / "shared" / f"hold-prepare-{commit}").unlink()
        world.reached("start", commit, host)
        server.cut()
    run = world.ended(task)
    assert (run.state, run.commit) == (RunState.SUCCEEDED, commit)
    assert (world.calls("prepare", commit, host), world.calls("start", commit, host)) == (1, 1)
    assert world.served(host) == f"v1 {commit}"
    assert len(world.comments(task)) == 3


def test_a_cancel_in_a_long_step_ends_its_job_and_leaves_the_old_version_alone(world: World) -> None:
    old = world.version("v1", branch="calm")
    world.ended(world.ticket("分支：calm", f"主机：{RIGHT}"))
    new = world.version("v2", branch="calm")
    with world.held("prepare", new, RIGHT):
        task = world.ticket("分支：calm", f"主机：{RIGHT}")
        world.reached("prepare", new, RIGHT)
        called = world.call("cancel", world.began(task).run_id)
        assert called.returncode == 0, called.stderr
        cancelled(world, task, "停在「准备环境」这一步", "没有动过正在运行的版本")
    assert world.calls("start", new, RIGHT) == 0
    assert world.served(RIGHT) == f"v1 {old}"


def test_a_cancel_after_the_old_version_was_stopped_brings_it_back(world: World) -> None:
    old = world.version("v1", branch="torn")
    world.ended(world.ticket("分支：torn", f"主机：{RIGHT}"))
    new = world.version("v2", branch="torn")
    with world.held("start", new, RIGHT):
        task = world.ticket("分支：torn", f"主机：{RIGHT}")
        world.reached("start", new, RIGHT)
        assert world.served(RIGHT) is None
        called = world.call("cancel", world.began(task).run_id)
        assert called.returncode == 0, called.stderr
        cancelled(world, task, "停在「启动服务」这一步", f"原来的版本已恢复运行 （提交 {old[:12]} ）")
    assert world.served(RIGHT) == f"v1 {old}"
    # And the ticket can be deployed after all.
    world.sandbox.as_user("linyanfa").restart_task(task)
    assert world.ended(task, 2).state is RunState.SUCCEEDED
    assert world.served(RIGHT) == f"v2 {new}"


def test_a_deployment_that_waits_for_its_host_can_be_cancelled(world: World) -> None:
    first, second = (world.version(version, branch=version) for version in ("works", "waits"))
    with world.held("prepare", first):
        working = world.ticket("分支：works", f"主机：{LEFT}")
        world.reached("prepare", first)
        waiting = world.ticket("分支：waits", f"主机：{LEFT}")
        world.until(lambda: world.comments(waiting), "the second ticket to be accepted")
        called = world.call("cancel", world.began(waiting).run_id)
        assert called.returncode == 0, called.stderr
        assert world.ended(waiting).state is RunState.CANCELLED
        assert "部署已取消" in world.said(waiting)[-1]
    assert world.ended(working).state is RunState.SUCCEEDED
    assert world.calls("prepare", second) == 0


def cancelled(world: World, task: int, *words: str) -> None:
    """The run is over, nothing of it is left on the host, the ticket is paused and says what was stopped."""
    assert world.ended(task).state is RunState.CANCELLED
    world.until(lambda: world.sandbox.task(task)["assignedTo"] == "linyanfa", "the ticket to be handed back")
    assert world.sandbox.task(task)["status"] == "pause"
    assert world.bugs(task) == []
    said = world.said(task)[-1]
    for word in ("部署已取消", *words):
        assert word in said
    with world.ssh_pool() as pool:
        assert pool.host(RIGHT).jobs.running() == ()
        assert pool.host(RIGHT).lock_holder() is None

"""Two daemons at one ZenTao: each with tickets and hosts of its own, and by mistake with the same ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from orchestrator.demo.ssh_host import EmbeddedSshHost
from orchestrator.store import RunState
from tests.workflow.world import HOST, World


@contextmanager
def second(world: World) -> Iterator[World]:
    """Another daemon in this world, with a data folder of its own and, until they are changed, the same settings."""
    folder = world.folder / "second"
    folder.mkdir()
    own = {"data_dir": str(folder / "daemon"), "inventory": str(folder / "inventory.yaml")}
    other = replace(
        world,
        folder=folder,
        settings={**world.settings, "zentao": dict(world.settings["zentao"]), **own},
        inventory={"hosts": dict(world.inventory["hosts"])},
        ssh={},
        daemons=[],
    )
    try:
        yield other
    finally:
        for daemon in other.daemons:
            daemon.end()


def test_daemons_with_executions_of_their_own_share_a_zentao(world: World, tmp_path: Path) -> None:
    commit = world.version("v1")
    seed = world.seed
    elsewhere = world.sandbox.site.places.create_execution(
        "海外上线",
        by="admin",
        project=seed.project,
        begin="2026-01-01",
        end="2027-12-31",
        products=[seed.product],
        team=[seed.bot, "linyanfa"],
    )
    with EmbeddedSshHost(tmp_path / "home 2") as ssh, second(world) as other:
        world.settings["rule"] = other.settings["rule"] = {"own_if_assigned": False}
        other.settings["zentao"]["executions"] = [elsewhere]
        other.inventory["hosts"].clear()
        world.ssh["gpu-02"] = ssh  # to be tidied with the first one's
        other.add_host("gpu-02", ssh)
        world.daemon()
        other.daemon()
        here, there = world.ticket(f"主机：{HOST}"), other.ticket("主机：gpu-02", execution=elsewhere)
        assert [world.ended(here).state, other.ended(there).state] == [RunState.SUCCEEDED, RunState.SUCCEEDED]
        assert [world.runs(there), other.runs(here)] == [[], []], "neither looked at the other's ticket"
        assert world.served(HOST) == other.served("gpu-02") == f"v1 {commit}"
        assert [len(world.said(task)) for task in (here, there)] == [3, 3]


def test_two_daemons_with_the_same_tickets_and_hosts_deploy_once(world: World) -> None:
    commit = world.version("v1")
    with second(world) as other:
        with world.held("start", commit):
            world.daemon()
            other.daemon()
            task = world.ticket()
            runs = [world.began(task), other.began(task)]
            assert runs[0].run_id == runs[1].run_id, "all that they leave anywhere is named by it"
            for each in (world, other):
                each.until(lambda each=each: each.began(task).state is RunState.RUNNING, "it to take the host")  # type: ignore[misc]
            world.reached("start", commit)
        assert [world.ended(task).state, other.ended(task).state] == [RunState.SUCCEEDED, RunState.SUCCEEDED]
    assert world.calls("start", commit) == 1
    assert world.served() == f"v1 {commit}"
    # Neither knows of the other: a comment that both write in the same instant stands there twice.
    heads = Counter(said.split()[0] for said in world.said(task))
    assert set(heads) == {"开始部署", "部署成功", "任务完成"}
    assert max(heads.values()) <= 2
    assert world.sandbox.task(task)["status"] == "done"
    with world.ssh_pool() as pool:
        assert pool.host(HOST).lock_holder() is None

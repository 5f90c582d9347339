"""From a ticket that is moved to a service that runs, with the ordinary daemon."""

from __future__ import annotations

from orchestrator.store import RunState
from tests.workflow.world import HOST, World


def test_a_started_ticket_deploys_and_is_finished_with_its_log(world: World) -> None:
    commit = world.repository.commit("v1")
    world.daemon()
    task = world.ticket("分支：main", f"主机：{HOST}")
    run = world.ended(task)
    assert (run.state, run.commit) == (RunState.SUCCEEDED, commit)
    assert world.served() == f"v1 {commit}"
    assert world.sandbox.task(task)["status"] == "done"
    accepted, succeeded, finished = world.comments(task)
    assert "gpu-01" in accepted
    assert commit in succeeded
    assert "deploy.txt" in finished

"""Which moves of a ticket deploy, once each: ours never, a person's always, and of several the newest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.store import EventState, RunState
from tests.workflow.world import HOST, OUT_OF_MEMORY, World, wide_world


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A daemon that finishing starts too, and whose account a person uses as well."""
    with wide_world(tmp_path_factory.mktemp("world")) as world:
        world.settings["rule"] = {"triggers": ["wait->doing", "pause->doing", "any->done"]}
        world.inventory["hosts"][HOST]["accounts"] = ["linyanfa", world.seed.bot]
        world.daemon()
        yield world


def states(world: World, task: int) -> list[EventState]:
    """What became of the transitions of a task, oldest first."""
    with world.store() as store:
        return [event.state for event in sorted(store.events(task_id=task), key=lambda event: event.action_id)]


def test_our_own_moves_start_nothing_also_where_a_person_shares_our_account(shared: World) -> None:
    commit = shared.version("v1", branch="own")
    task = shared.ticket("分支：own", f"主机：{HOST}", by=shared.seed.bot)
    run = shared.ended(task)
    assert (run.state, run.commit, run.actor) == (RunState.SUCCEEDED, commit, shared.seed.bot)
    assert shared.sandbox.task(task)["status"] == "done"
    shared.until(lambda: EventState.OWN in states(shared, task), "our own move to be recognised")
    assert len(shared.runs(task)) == 1


def test_a_person_on_our_account_restarts_what_we_paused(shared: World) -> None:
    shared.version("v1", serve=OUT_OF_MEMORY, branch="restarted")
    task = shared.ticket("分支：restarted", f"主机：{HOST}", by=shared.seed.bot)
    assert shared.ended(task).state is RunState.FAILED
    commit = shared.version("v2", branch="restarted")
    shared.sandbox.as_user(shared.seed.bot).restart_task(task)
    run = shared.ended(task, 2)
    assert (run.state, run.commit) == (RunState.SUCCEEDED, commit)
    shared.polled()
    assert len(shared.runs(task)) == 2


def test_our_marker_copied_into_a_persons_comment_is_not_ours(shared: World) -> None:
    shared.version("v1", serve=OUT_OF_MEMORY, branch="copied")
    task = shared.ticket("分支：copied", f"主机：{HOST}")
    assert shared.ended(task).state is RunState.FAILED
    commit = shared.version("v2", branch="copied")
    pasted = "".join(shared.comments(task))
    assert "zd:" in pasted
    shared.sandbox.as_user("linyanfa").restart_task(task, comment=pasted)
    run = shared.ended(task, 2)
    assert (run.state, run.commit) == (RunState.SUCCEEDED, commit)


def test_a_person_who_finishes_a_ticket_deploys_it_where_that_is_a_trigger(shared: World) -> None:
    commit = shared.version("v1", branch="finished")
    task = shared.ticket("分支：finished", f"主机：{HOST}", start=False)
    shared.sandbox.as_user("linyanfa").finish_task(task)
    run = shared.ended(task)
    assert (run.state, run.commit) == (RunState.SUCCEEDED, commit)
    assert shared.sandbox.task(task)["status"] == "done"
    # It was finished already, so there was no form of ours that could have taken files, and none are promised.
    assert "任务完成" in shared.said(task)[-1]
    assert "附件" not in shared.said(task)[-1]
    shared.polled()
    assert len(shared.runs(task)) == 1


def test_what_happened_before_the_first_start_never_deploys_and_of_several_later_the_newest_does(world: World) -> None:
    commit = world.version("v1")
    human = world.sandbox.as_user("linyanfa")
    before = world.ticket("分支：main", f"主机：{HOST}")
    world.daemon().end()
    # The daemon is down: one ticket is moved three times.
    task = world.ticket("分支：main", f"主机：{HOST}", "验证文本：旧的")
    human.pause_task(task)
    human.restart_task(task)
    human.pause_task(task)
    human.edit_task(task, desc=f"<p>分支：main</p><p>主机：{HOST}</p>")
    human.restart_task(task)
    world.daemon()
    run = world.ended(task)
    assert (run.state, run.commit) == (RunState.SUCCEEDED, commit)
    moves = [a["id"] for a in world.sandbox.actions("task", task) if a["action"] in ("started", "restarted")]
    assert run.run_id.startswith(f"run-{task}-{moves[-1]}-")
    assert len(world.runs(task)) == 1
    assert len(world.comments(task)) == 3
    with world.store() as store:
        events = {event.action_id: event.state for event in store.events(task_id=task)}
        assert not store.events(task_id=before)
    assert {events.get(move) for move in moves[:-1]} <= {EventState.SUPERSEDED, EventState.WITHDRAWN}
    assert world.runs(before) == []
    assert world.comments(before) == []

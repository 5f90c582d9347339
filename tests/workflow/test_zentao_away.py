"""ZenTao answers badly, late or not at all: nothing is lost and nothing stands twice."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from orchestrator.store import AnswerState, RunState
from tests.workflow.world import HOST, WEBHOOK_SECRET, WEBHOOK_VARIABLE, World, wide_world
from zentao_client.sandbox.faults import Kind

COMMENTS = r"m=action&f=comment|action-comment|/actions/comment|/comment"
FINISHES = r"f=finish|task-finish|/finish"


@pytest.fixture(scope="module", params=["18.8", "22.4"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with wide_world(tmp_path_factory.mktemp("world"), version=request.param) as world:
        world.settings["web"]["webhook_secret_env"] = WEBHOOK_VARIABLE
        world.settings["zentao"]["timeout_seconds"] = 1
        world.settings["zentao"]["settle_seconds"] = 4
        world.daemon()
        yield world


@pytest.fixture(autouse=True)
def _no_faults_left(world: World) -> Iterator[None]:
    yield
    world.sandbox.faults.clear()


def all_said_once(world: World, task: int, commit: str) -> None:
    """The deployment ended well, and each of its three answers stands once."""
    run = world.ended(task)
    assert (run.state, run.commit) == (RunState.SUCCEEDED, commit)
    assert world.served() == f"v1 {commit}"
    assert world.sandbox.task(task)["status"] == "done"
    markers = [re.findall(r'title="(zd:[^"]+)"', comment) for comment in world.comments(task)]
    assert markers == [[f"zd:{run.run_id}:{event}"] for event in ("accepted", "succeeded", "finish")]
    with world.store() as store:
        assert {answer.state for answer in store.answers(run.run_id)} == {AnswerState.CONFIRMED}
    with world.zentao() as zentao:
        assert [file.name for file in zentao.tasks.get(task).files] == [f"{run.run_id}-deploy.txt"]
    assert len(world.runs(task)) == 1


def test_zentao_is_down_at_the_moment_of_the_answer(world: World) -> None:
    commit = world.version("v1", branch="down")
    with world.held("start", commit):
        task = world.ticket("分支：down", f"主机：{HOST}")
        world.reached("start", commit)
        world.sandbox.stop()
    try:
        world.logged("zentao_waiting", f"{world.began(task).run_id}:succeeded")
    finally:
        world.sandbox.start()
    all_said_once(world, task, commit)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("error-500", "reset"),
        ("login-page", "two-documents"),
        ("empty", "reset-after-commit"),
        # We give up waiting, and the write is made all the same: before that, or a second later.
        ("timeout-after-commit", "late-commit"),
    ],
)
def test_answers_that_break_or_never_come_are_made_good(world: World, first: Kind, second: Kind) -> None:
    commit = world.version("v1", branch=f"{first}-{second}")
    world.sandbox.faults.add(first, COMMENTS, method="POST")
    world.sandbox.faults.add(second, COMMENTS, method="POST", seconds=1)
    finishes_by = "PUT" if world.sandbox.version == "22.4" else "POST"
    world.sandbox.faults.add(second, FINISHES, method=finishes_by, seconds=1)
    task = world.ticket(f"分支：{first}-{second}", f"主机：{HOST}")
    all_said_once(world, task, commit)
    assert [fault["count"] for fault in world.sandbox.faults.listed()["faults"]] == [0, 0, 0]


def test_tokens_that_expire_on_the_way_are_renewed(world: World) -> None:
    commit = world.version("v1", branch="expired")
    with world.held("prepare", commit):
        task = world.ticket("分支：expired", f"主机：{HOST}")
        world.reached("prepare", commit)
        world.sandbox.expire_tokens()
    all_said_once(world, task, commit)


def test_a_webhook_that_is_faster_than_the_history_is_waited_for(world: World) -> None:
    control = (world.data_dir / "control.json").read_text()
    (address,) = re.findall(r"http://[0-9.:]+", control)
    world.sandbox.add_webhook(f"{address}/webhooks/zentao/{WEBHOOK_SECRET}")
    world.sandbox.faults.history_delay = 1.5
    commit = world.version("v1", branch="webhook")
    task = world.ticket("分支：webhook", f"主机：{HOST}")
    world.began(task)
    world.sandbox.faults.clear()
    all_said_once(world, task, commit)

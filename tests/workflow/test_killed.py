"""The daemon is killed at every step boundary and between every effect and its checkpoint; the ticket never notices."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from orchestrator.demo.origin import make_origin
from orchestrator.demo.processes import Child
from orchestrator.demo.stage import TREE, seed_venv, stop_service
from orchestrator.store import AnswerState, RunState
from tests.playbook.small_service import SERVE
from tests.workflow.world import HOST, PASSWORD_VARIABLE, World

STARTS_COUNTED = (
    "import os, pathlib\n"
    "with open(pathlib.Path(os.environ['TTS_SHARED']) / 'logs' / 'starts', 'a') as starts: starts.write('start\\n')\n"
) + SERVE
DIES_AT_START = (
    "import os, pathlib\n"
    "with open(pathlib.Path(os.environ['TTS_SHARED']) / 'logs' / 'starts', 'a') as starts: starts.write('start\\n')\n"
    "raise SystemExit('CUDA out of memory. Tried to allocate 2.30 GiB')\n"
)


def live_through_everything(world: World, task: int, **environment: str) -> list[str]:
    """Let the self-killing daemon carry the run to its end; returns the boundaries that it died at."""
    config, ledger = world.write_settings(), world.folder / "ledger"
    environment = {**os.environ, PASSWORD_VARIABLE: world.seed.password, "KILL_LEDGER": str(ledger), **environment}
    command = [sys.executable, "-m", "tests.workflow.killable", "serve", "--config", str(config)]
    world.daemons.append(Child("the daemon", command, world.folder / "lives.log", environment))
    world.ended(task, seconds=600)
    return ledger.read_text().splitlines()


def once_each(world: World, task: int) -> None:
    comments = world.comments(task)
    assert len(comments) == len(set(comments))
    markers = [comment.split('title="')[1].split('"')[0] for comment in comments]
    assert len(markers) == len(set(markers)), markers
    run = world.run_of(task)
    assert run is not None
    with world.store() as store:
        assert len(store.runs(task_id=task)) == 1
        assert {answer.state for answer in store.answers(run.run_id)} == {AnswerState.CONFIRMED}


def starts(world: World) -> int:
    return (world.root / "shared" / "logs" / "starts").read_text().count("start")


@pytest.fixture
def tracked(world: World, tmp_path: Path) -> World:
    """A world whose daemon has taken its baseline, so that the first life meets the ticket."""
    world.daemon().end()
    return world


@pytest.mark.slow
def test_a_deployment_survives_a_kill_at_every_boundary(tracked: World) -> None:
    commit = tracked.repository.commit("v1", serve=STARTS_COUNTED)
    task = tracked.ticket("分支：main", f"主机：{HOST}")
    kills = live_through_everything(tracked, task)
    assert len(kills) >= 40, kills
    run = tracked.run_of(task)
    assert run is not None
    assert (run.state, run.commit) == (RunState.SUCCEEDED, commit)
    assert tracked.served() == f"v1 {commit}"
    assert starts(tracked) == 1
    assert tracked.sandbox.task(task)["status"] == "done"
    once_each(tracked, task)


@pytest.mark.slow
def test_a_failure_and_its_bug_survive_a_kill_at_every_boundary(tracked: World) -> None:
    tracked.repository.commit("v1", serve=DIES_AT_START)
    task = tracked.ticket("分支：main", f"主机：{HOST}")
    kills = live_through_everything(tracked, task)
    assert len(kills) >= 40, kills
    run = tracked.run_of(task)
    assert run is not None
    assert run.state is RunState.FAILED
    assert starts(tracked) == 1
    assert tracked.sandbox.task(task)["status"] == "pause"
    bugs = tracked.sandbox.site.db.rows("SELECT * FROM bug")
    assert [bug["task"] for bug in bugs] == [task]
    once_each(tracked, task)


@pytest.mark.slow
@pytest.mark.tts
def test_the_real_speech_service_survives_kills_around_its_start_and_its_proof(tracked: World, tmp_path: Path) -> None:
    origin = tmp_path / "tts.git"
    commit = make_origin(TREE, origin, scratch=tmp_path / "scratch")
    tracked.settings["default_playbook"] = "bundled-tts"
    tracked.inventory["hosts"][HOST]["variables"]["repository"] = str(origin)
    seed_venv(tracked.root)
    task = tracked.ticket("分支：v23", f"主机：{HOST}", "验证文本：今天天气很好，我们开始测试。")
    try:
        kills = live_through_everything(tracked, task, KILL_ONLY=" 6 start ")
        run = tracked.run_of(task)
        assert run is not None
        assert (run.state, run.commit) == (RunState.SUCCEEDED, commit)
        assert kills == [f"before run on host {run.run_id} 6 start 1", f"after run on host {run.run_id} 6 start 1"]
        assert run.detail["speech"]["rms"] > 0.01
        assert tracked.sandbox.task(task)["status"] == "done"
        once_each(tracked, task)
    finally:
        stop_service(tracked.root, tracked.port)

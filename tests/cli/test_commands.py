"""Each command as a person calls it, with and without a daemon beside it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.store import Run, RunState, Store, utc_now
from tests.cli.world import GOOD, PM, TITLE, World, until
from zentao_client.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
COMMANDS = ("serve", "run", "plan", "status", "cancel", "check", "locks", "unlock", "task", "version")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Sandbox(version="18.8") as sandbox:
        yield World.make(tmp_path, sandbox)


def started(world: World, description: str = GOOD) -> int:
    """A task that a person started. Its host refuses connections, so a deployment tries for half a minute."""
    task = world.ticket(description)
    world.sandbox.as_user(PM).start_task(task)
    return task


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    code = """
import sys
from orchestrator.cli import main
status = main(["--help"])
heavy = {"dbos", "sqlalchemy", "httpx", "fastapi", "paramiko", "apscheduler", "jinja2"} & set(sys.modules)
print("heavy:", sorted(heavy), "status:", status)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "heavy: [] status: 0" in said
    for command in COMMANDS:
        assert f"\n  {command} " in said


def test_the_command_line_is_documented() -> None:
    text = (ROOT / "docs" / "cli.md").read_text()
    for command in COMMANDS:
        assert f"\n## zentao-deploy {command}" in text


def test_wrong_usage_is_a_failure_with_words_and_not_a_cancel(world: World) -> None:
    for arguments in (
        ["nonsense"],
        ["run"],
        ["run", "eight"],
        ["run", "0"],
        ["status", "--limit", "0"],
        ["status", "--task", "9" * 30],
        ["plan", "9" * 30],
    ):
        answer = subprocess.run(world.command(*arguments), capture_output=True, text=True, check=False)
        assert answer.returncode == 1
        assert "Usage" in answer.stderr
        assert "Traceback" not in answer.stderr


def test_a_mistake_in_the_settings_is_told_with_its_line(world: World) -> None:
    path = world.folder / "zentao-deploy.yaml"
    path.write_text(path.read_text().replace("  executions:", "  execution:"))
    answer = world.here("status")
    assert answer.returncode == 1
    assert "zentao-deploy.yaml:6" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_status_of_an_empty_installation(world: World) -> None:
    answer = world.here("status")
    assert (answer.returncode, answer.stdout) == (0, "")
    assert "no deployments yet" in answer.stderr
    assert json.loads(world.here("status", "--json").stdout) == []
    assert world.here("status", "run-1-1-00000000").returncode == 1
    assert not world.data_dir.exists()


def test_a_database_that_can_not_be_used_is_told_in_words(world: World) -> None:
    path = world.data_dir / "orchestrator.sqlite"
    with Store.open(path):
        pass
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    newer = world.here("status")
    path.write_text("not a database, but long enough to be taken for one" * 100)
    broken = world.here("status")
    path.unlink()
    (world.data_dir / "engine.sqlite").write_text("neither is this" * 100)
    engine = world.here("run", "1")
    for answer, words in (
        (newer, "written by a newer zentao-deploy"),
        (broken, "not a database"),
        (engine, "not a database"),
    ):
        assert answer.returncode == 1
        assert words in answer.stderr
        assert "Traceback" not in answer.stderr


def test_status_tells_which_deployments_the_next_sweep_removes(world: World) -> None:
    world.data_dir.mkdir()
    now = utc_now()
    with Store.open(world.data_dir / "orchestrator.sqlite") as store:
        states = {10: RunState.FAILED, 95: RunState.SUCCEEDED, 96: RunState.RUNNING, 97: RunState.FAILED}
        for days, state in states.items():
            ended = now - timedelta(days=days)
            store.create_run(Run(f"run-{days}", f"event {days}", days, TITLE, PM, state=state, finished_at=ended))

    def shown(*filters: str) -> list[str]:
        told = json.loads(world.here("status", "--expired", "--json", *filters).stdout)
        return [run["run_id"] for run in told]

    assert shown() == ["run-97", "run-95"]
    assert shown("--limit", "1") == ["run-97"]
    assert shown("--task", "95") == ["run-95"]
    assert shown("--task", "10") == shown("--task", "96") == shown("--active") == []
    assert world.here("status", "--expired", ZENTAO_DEPLOY_KEEP_RUNS_DAYS="98").stderr == "nothing\n"


def test_run_without_a_daemon_carries_the_work_out_and_says_how_it_ended(world: World) -> None:
    world.here("check")  # the first contact takes the baseline at the latest when a run asks for it
    task = started(world, "<p>主机: gpu-99</p><p>分支: v23</p>")
    answer = world.call("run", str(task), "--json")
    assert answer.returncode == 1, answer.stderr
    run = json.loads(answer.stdout)
    assert (run["task_id"], run["state"]) == (task, "refused")
    assert len(world.comments(task)) >= 1
    again = world.here("status", run["run_id"])
    assert again.returncode == 0
    assert run["run_id"] in again.stdout
    assert TITLE in world.here("status").stdout


def test_run_claims_the_transition_so_that_a_daemon_does_not_start_it_again(world: World) -> None:
    with world.daemon():
        pass  # takes the baseline
    task = started(world, "<p>主机: gpu-99</p><p>分支: v23</p>")
    run = json.loads(world.call("run", str(task), "--json").stdout)
    assert run["actor"] == PM
    with world.daemon() as daemon:
        daemon.ticks(2)
    assert len(json.loads(world.here("status", "--json").stdout)) == 1


def test_run_beside_a_daemon_hands_the_work_over_and_follows(world: World) -> None:
    task = started(world)  # before the daemon's first start: only a person's word deploys it
    with world.daemon() as daemon:
        handed = world.here("run", str(task), "--no-follow", "--json")
        assert handed.returncode == 0, handed.stderr
        run_id = json.loads(handed.stdout)["run_id"]
        assert f"run={run_id}" in daemon.log.read_text()
        second = world.here("run", str(task))
        assert second.returncode == 1
        assert run_id in second.stderr
        assert json.loads(world.here("status", "--active", "--json").stdout)[0]["run_id"] == run_id
        cancelled = world.here("cancel", run_id, "--json")
        assert cancelled.returncode == 0, cancelled.stderr
        assert json.loads(cancelled.stdout)["state"] == "cancelled"
    until(lambda: any("取消" in text for text in world.comments(task)))


def test_following_a_run_that_is_cancelled_ends_with_two(world: World) -> None:
    task = started(world)  # before the daemon's first start: only a person's word deploys it
    with world.daemon() as daemon:
        command = [*world.command("run", str(task)), "--config", str(world.folder / "zentao-deploy.yaml")]
        with subprocess.Popen(
            command, env=world.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as follower:
            until(lambda: "run_created" in daemon.log.read_text())
            run_id = json.loads(world.here("status", "--json").stdout)[0]["run_id"]
            world.here("cancel", run_id)
            out, said = follower.communicate(timeout=30)
    assert follower.returncode == 2, said
    assert out.startswith(f"{run_id}  cancelled")
    assert "daemon works on it" in said


def test_a_follower_is_told_when_the_daemon_goes_away(world: World) -> None:
    task = started(world)
    with world.daemon() as daemon:
        command = [*world.command("run", str(task)), "--config", str(world.folder / "zentao-deploy.yaml")]
        with subprocess.Popen(command, env=world.environment, stderr=subprocess.PIPE, text=True) as follower:
            assert follower.stderr is not None
            until(lambda: "run_created" in daemon.log.read_text())
            assert "following" in follower.stderr.readline()
            daemon.process.kill()
            said = follower.stderr.read()
    assert follower.returncode == 1
    assert "goes on when it is back" in said
    assert "Traceback" not in said


def test_no_follow_without_a_daemon_is_refused(world: World) -> None:
    answer = world.call("run", "1", "--no-follow")
    assert answer.returncode == 1
    assert "needs a daemon" in answer.stderr


def test_run_refuses_what_is_not_ours_and_what_is_not_there(world: World) -> None:
    foreign = world.ticket(title="支付模块联调")
    answer = world.call("run", str(foreign))
    assert answer.returncode == 1
    assert "not ours" in answer.stderr
    assert "rule.title" in answer.stderr
    assert "no task 4711" in world.call("run", "4711").stderr


def test_a_refused_login_is_exit_four_and_then_paused(world: World) -> None:
    first = world.here("plan", "1", TEST_ZENTAO_PASSWORD="wrong")
    second = world.here("plan", "1", TEST_ZENTAO_PASSWORD="wrong")
    assert (first.returncode, second.returncode) == (4, 4)
    assert "refused" in first.stderr
    assert "paused" in second.stderr
    assert "wrong" not in first.stdout


def test_zentao_away_is_said_in_words(world: World) -> None:
    with world.sandbox.offline():
        answer = world.here("plan", "1")
    assert answer.returncode == 1
    assert "does not answer" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_plan_prints_what_would_run_and_touches_nothing(world: World) -> None:
    task = world.ticket(GOOD)
    answer = world.here("plan", str(task))
    assert answer.returncode == 0, answer.stderr
    assert "gpu-01" in answer.stdout
    assert "git" in answer.stdout
    assert json.loads(world.here("plan", str(task), "--json").stdout)["host"] == "gpu-01"
    assert world.comments(task) == []
    bad = world.here("plan", str(world.ticket("<p>主机: gpu-99</p>", title="【另一个部署】")))
    assert bad.returncode == 1
    assert "gpu-99" in bad.stderr


def test_check_tells_each_thing_apart(world: World) -> None:
    answer = world.here("check", "--json")
    assert answer.returncode == 1
    found = {row["what"]: row for row in json.loads(answer.stdout)}
    assert found["ZenTao login"]["ok"], found
    assert found["inventory"]["words"] == "gpu-01"
    assert not found["host gpu-01"]["ok"]
    wrong = world.here("check", TEST_ZENTAO_PASSWORD="wrong")
    assert "✗ ZenTao login" in wrong.stderr
    inventory = world.folder / "inventory.yaml"
    inventory.write_text(inventory.read_text() + "    colour: red\n")
    assert "colour" in world.here("check").stderr


def test_task_create_makes_a_ticket_that_plans(world: World) -> None:
    made = world.here("task", "create", "--host", "gpu-01", "--ref", "v23", "--port", "7861")
    assert made.returncode == 0, made.stderr
    task = int(made.stdout)
    assert world.sandbox.task(task)["name"] == "【bundled-tts部署】"
    assert ":7861" in world.here("plan", str(task)).stdout
    for wrong, words in (
        (["--host", "gpu-99", "--ref", "v23"], "gpu-99"),
        (["--host", "gpu-01", "--ref", "v23; rm -rf /"], "v23; rm -rf /"),
        (["--host", "gpu-01", "--ref", "v23", "--title", "no rule"], "rule.title"),
        (["--host", "gpu-01", "--ref", "v23", "--execution", "999"], "zentao.executions"),
    ):
        refused = world.here("task", "create", *wrong)
        assert refused.returncode == 1
        assert words in refused.stderr


def test_version_is_printed(world: World) -> None:
    assert "Usage" in subprocess.run(world.command(), capture_output=True, text=True, check=True).stdout
    answer = subprocess.run(world.command("version"), capture_output=True, text=True, check=True)
    assert answer.stdout.strip()


def test_every_option_is_documented() -> None:
    from typer.main import get_command

    from orchestrator.cli.app import app

    text = (ROOT / "docs" / "cli.md").read_text()
    pending = [get_command(app)]
    while pending:
        command = pending.pop()
        pending += getattr(command, "commands", {}).values()
        for parameter in command.params:
            for name in (*parameter.opts, *parameter.secondary_opts):
                if name.startswith("--") and name not in ("--help", "--show-completion"):
                    assert f"`{name}" in text, f"{command.name} {name}"

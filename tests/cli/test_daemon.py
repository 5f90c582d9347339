"""The daemon as it runs: a process of its own against a ZenTao over HTTP."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.world import PM, TITLE, World, until
from zentao_client.sandbox import Sandbox


@pytest.fixture(params=["18.8", "22.4"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with Sandbox(version=request.param) as sandbox:
        yield World.make(tmp_path, sandbox)


@pytest.fixture
def world18(tmp_path: Path) -> Iterator[World]:
    with Sandbox(version="18.8") as sandbox:
        yield World.make(tmp_path, sandbox)


def test_a_started_ticket_is_answered_once_whether_seen_by_webhook_poll_or_restart(world: World) -> None:
    with world.daemon() as daemon:
        world.sandbox.add_webhook(daemon.hook)
        task = world.ticket()
        world.sandbox.as_user(PM).start_task(task)
        until(lambda: world.sandbox.task(task)["status"] == "pause")
    with world.daemon() as daemon:
        daemon.ticks(2)
    assert len([text for text in world.comments(task) if "gpu-99" in text]) == 1
    row = world.sandbox.task(task)
    assert (row["status"], row["assignedTo"]) == ("pause", PM)


def test_restarting_the_corrected_task_tries_again(world18: World) -> None:
    with world18.daemon():
        task = world18.ticket()
        person = world18.sandbox.as_user(PM)
        person.start_task(task)
        until(lambda: world18.sandbox.task(task)["status"] == "pause")
        person.restart_task(task)
        until(lambda: len(world18.comments(task)) >= 2)
        until(lambda: world18.sandbox.task(task)["status"] == "pause")


def test_what_happened_while_the_daemon_was_down_is_seen_at_its_next_start(world18: World) -> None:
    with world18.daemon():
        pass
    task = world18.ticket()
    world18.sandbox.as_user(PM).start_task(task)
    with world18.daemon():
        until(lambda: world18.comments(task))


def test_what_happened_before_the_first_start_and_foreign_tasks_are_left_alone(world18: World) -> None:
    old = world18.ticket(title="【旧任务部署】")
    world18.sandbox.as_user(PM).start_task(old)
    with world18.daemon():
        foreign = world18.ticket(title="支付模块联调")
        elsewhere = world18.sandbox.as_user("admin").create_task(world18.seed.private_execution, TITLE)
        for task in (foreign, elsewhere):
            world18.sandbox.as_user(PM if task == foreign else "admin").start_task(task)
        ours = world18.ticket()
        world18.sandbox.as_user(PM).start_task(ours)
        until(lambda: world18.comments(ours))
        assert [world18.comments(task) for task in (old, foreign, elsewhere)] == [[], [], []]


def test_with_done_as_a_trigger_our_own_moves_start_nothing_also_on_a_shared_account(tmp_path: Path) -> None:
    """The bot's own account belongs to the person too; only the person's moves count."""
    with Sandbox(version="18.8") as sandbox:
        world = World.make(tmp_path, sandbox, triggers="wait->doing, any->done, any->pause")
        with world.daemon() as daemon:
            world.sandbox.add_webhook(daemon.hook)
            task = world.ticket()
            person = world.sandbox.as_user(world.seed.bot)
            person.start_task(task)
            until(lambda: world.sandbox.task(task)["status"] == "pause")
            daemon.ticks(3)  # sees our own pause
            assert len(world.here("status", "--json").stdout.split('"run_id"')) - 1 == 1
            person.activate_task(task)
            person.finish_task(task)
            until(lambda: len(world.here("status", "--json").stdout.split('"run_id"')) - 1 == 2)


def test_history_rows_that_come_after_the_webhook_are_waited_for(world18: World) -> None:
    world18.sandbox.faults.history_delay = 1.0
    with world18.daemon() as daemon:
        world18.sandbox.add_webhook(daemon.hook)
        task = world18.ticket()
        world18.sandbox.as_user(PM).start_task(task)
        until(lambda: world18.comments(task))


def test_zentao_down_login_page_and_expired_tokens_lose_nothing(world18: World) -> None:
    with world18.daemon() as daemon:
        task = world18.ticket()
        with world18.sandbox.offline():
            until(lambda: "zentao_away" in daemon.log.read_text())
        world18.sandbox.faults.add("error-500", count=2)
        world18.sandbox.faults.add("login-page", count=2)
        world18.sandbox.expire_tokens()
        world18.sandbox.as_user(PM).start_task(task)
        until(lambda: world18.comments(task), 60)
        assert daemon.log.read_text().count("zentao_away") <= 3
        assert world18.seed.password not in daemon.log.read_text()


def test_it_ends_in_order_on_sigterm_and_says_so_to_systemd(world18: World) -> None:
    address = f"\0zentao-deploy-test-{os.getpid()}-{time.monotonic_ns()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(30)
        world18.environment |= {"NOTIFY_SOCKET": "@" + address[1:], "WATCHDOG_USEC": "400000"}
        with world18.daemon() as daemon:
            heard = [systemd.recv(100) for _ in range(3)]
            daemon.process.send_signal(signal.SIGTERM)
            assert daemon.process.wait(30) == 0
    assert heard == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
    assert not (world18.data_dir / "control.json").exists()


def test_a_second_daemon_on_the_same_folder_is_refused(world18: World) -> None:
    with world18.daemon() as daemon:
        second = world18.call("serve")
        assert second.returncode == 1
        assert str(daemon.process.pid) in second.stderr
        assert "Traceback" not in second.stderr


def test_a_killed_daemon_goes_on_where_it_was(world18: World) -> None:
    with world18.daemon() as daemon:
        task = world18.ticket()
        world18.sandbox.as_user(PM).start_task(task)
        until(lambda: "run_created" in daemon.log.read_text())
        daemon.process.kill()
    with world18.daemon():
        until(lambda: world18.sandbox.task(task)["status"] == "pause")
    assert len(world18.comments(task)) >= 1


def test_an_idle_daemon_is_small_and_never_imports_what_it_does_not_use(world18: World) -> None:
    world18.environment["PYTHONPROFILEIMPORTTIME"] = "1"
    with world18.daemon() as daemon:
        daemon.ticks(2)
        status = Path(f"/proc/{daemon.process.pid}/status").read_text()
        imported = set(re.findall(r"^import time:.*\| +(\w+)", daemon.log.read_text(), re.MULTILINE))
    rss = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) * 1024
    assert rss < 150_000_000
    assert "dbos" in imported
    assert not {"torch", "gradio", "gradio_client", "playwright", "numpy"} & imported


def test_an_idle_tick_is_one_request_to_zentao(world18: World) -> None:
    world18.sandbox.create_tasks(500, execution=world18.seed.execution)
    with world18.daemon() as daemon:
        daemon.ticks(2)
        world18.sandbox.requests.clear()
        daemon.ticks(5)
        asked = [entry.target for entry in world18.sandbox.requests]
    assert 5 <= len(asked) <= 7
    assert all(target.startswith("/api.php/v1/tasks?") for target in asked)

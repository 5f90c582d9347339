"""Seeing who holds a host, and taking it from a daemon that is dead."""

from __future__ import annotations

import json
import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.demo.ssh_host import EmbeddedSshHost
from orchestrator.hostlocks import BROKEN_FILE, holder_words
from orchestrator.hosts import Host, HostPool, HostUnreachable, StaleGeneration
from orchestrator.inventory import Inventory
from orchestrator.store import Run, RunState, Store, utc_now
from tests.cli.world import World
from tests.support.sshd import end_everything_at_home

SETTINGS = """
zentao: {url: "http://127.0.0.1:9", account: bot, executions: [1]}
data_dir: data
inventory: inventory.yaml
"""
INVENTORY = """
defaults: {{accounts: ["*"], root: {root}, user: {user}, identity_file: {key}, known_hosts: known_hosts}}
hosts:
  gpu-01: {{address: 127.0.0.1, port: {port}}}
"""
AWAY = "  gpu-02: {address: 127.0.0.1, port: 9}\n"

OWNER = """
import sys
from pathlib import Path
from orchestrator.processlock import ENGINE_LOCK, ProcessLock
assert ProcessLock(Path(sys.argv[1]) / ENGINE_LOCK).acquire()
print("owns it", flush=True)
sys.stdin.read()
"""


class Place:
    """A folder with settings, one host, and the command line."""

    def __init__(self, folder: Path, home: Path, ssh: EmbeddedSshHost) -> None:
        (folder / "zentao-deploy.yaml").write_text(SETTINGS)
        (folder / "known_hosts").write_text(ssh.host_key_line)
        inventory = INVENTORY.format(root=home / "root", user=ssh.user, key=ssh.client_key_path, port=ssh.port)
        (folder / "inventory.yaml").write_text(inventory)
        self.folder, self.data_dir = folder, folder / "data"
        missing: Any = None
        self.call = World(folder, missing, missing, dict(os.environ)).here

    def record(self, run_id: str, state: RunState) -> None:
        with Store.open(self.data_dir / "orchestrator.sqlite") as store:
            store.create_run(Run(run_id, f"event of {run_id}", 8, "【部署】", "pm", state=state, finished_at=utc_now()))

    def notes(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.data_dir / BROKEN_FILE).read_text().splitlines()]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    home = tmp_path / "home"
    home.mkdir()
    with EmbeddedSshHost(home) as ssh:
        yield Place(tmp_path, home, ssh)
    end_everything_at_home(home)


@pytest.fixture
def host(place: Place) -> Iterator[Host]:
    """The host as another daemon reaches it."""
    with HostPool(Inventory.load(place.folder / "inventory.yaml"), state_dir=place.folder / "other") as pool:
        yield pool.host("gpu-01")


def owned(folder: Path) -> subprocess.Popen[str]:
    """A process that owns a data folder, as a daemon does."""
    folder.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "owns it\n"
    return process


def test_each_host_is_listed_with_its_run_its_holder_and_since_when(place: Place, host: Host) -> None:
    assert place.call("locks").stdout.split() == ["gpu-01", "free"]
    host.lock("zentao-deploy on build-1, data folder /srv/other", "run-7-1-aaaa")
    (place.folder / "inventory.yaml").write_text((place.folder / "inventory.yaml").read_text() + AWAY)
    answer = place.call("locks")
    assert answer.returncode == 1, "one host could not be asked"
    held, away = answer.stdout.splitlines()
    assert "run-7-1-aaaa  since 20" in held
    assert held.endswith("zentao-deploy on build-1, data folder /srv/other")
    assert away.startswith("gpu-02")
    rows = json.loads(place.call("locks", "--json").stdout)
    assert [(row["host"], row["state"]) for row in rows] == [("gpu-01", "held"), ("gpu-02", "unknown")]


def test_a_lock_is_broken_only_on_request_and_its_holder_can_not_go_on(place: Place, host: Host) -> None:
    lease = host.lock("zentao-deploy on build-1, data folder /srv/other", "run-7-1-aaaa")
    host.jobs.start("run-7-1-aaaa-install", "sleep 600", env={}, generation=lease.generation)
    host.jobs.start("run-8-1-bbbb-install", "sleep 600", env={}, generation=lease.generation)
    asked = place.call("unlock", "gpu-01")
    assert asked.returncode == 1
    assert "gpu-01 is held by run-7-1-aaaa since 20" in asked.stderr
    assert "nothing was changed" in asked.stderr
    assert host.lock_holder() is not None
    broken = place.call(
        "unlock", "gpu-01", "--yes", "--why", "build-1 烧了", LOGNAME="somebody", USER="somebody", SUDO_USER="li.si"
    )
    assert broken.returncode == 0, broken.stderr
    assert "run-7-1-aaaa can't go on there; ended: run-7-1-aaaa-install" in broken.stdout
    assert host.lock_holder() is None
    assert host.jobs.running() == ("run-8-1-bbbb-install",)
    with pytest.raises(StaleGeneration):
        host.jobs.start("run-7-1-aaaa-start", "true", env={}, generation=lease.generation)
    begun, note = place.notes()
    assert (note["host"], note["run_id"], note["jobs"]) == ("gpu-01", "run-7-1-aaaa", ["run-7-1-aaaa-install"])
    assert [begun["outcome"], note["outcome"]] == ["begun", "broken"]
    assert (note["by"], note["why"]) == (f"{pwd.getpwuid(os.getuid()).pw_name} (sudo by li.si)", "build-1 烧了")
    again = place.call("unlock", "gpu-01", "--yes")
    assert (again.returncode, again.stderr) == (0, "gpu-01 is free\n")


def test_a_run_whose_process_lives_on_this_machine_keeps_its_host(place: Place, host: Host) -> None:
    other = place.folder / "other data"
    host.lock(holder_words(other), "run-7-1-aaaa")
    with owned(other) as process:
        refused = place.call("unlock", "gpu-01", "--yes")
        assert refused.returncode == 1
        assert f"process {process.pid} on this machine works on run-7-1-aaaa" in refused.stderr
        assert "zentao-deploy cancel run-7-1-aaaa" in refused.stderr
        process.kill()
    assert place.call("unlock", "gpu-01", "--yes").returncode == 0


def test_the_same_words_of_another_machine_are_no_reason_to_refuse(place: Place, host: Host) -> None:
    other = place.folder / "other"
    host.lock(holder_words(other).replace(socket.gethostname(), "build-1.example"), "run-7-1-aaaa")
    with owned(other) as process:
        assert place.call("unlock", "gpu-01", "--yes").returncode == 0
        process.kill()


def test_a_run_of_our_own_counts_by_its_record_whatever_its_lock_says(place: Place, host: Host) -> None:
    place.data_dir.mkdir()
    place.record("run-1-1-aaaa", RunState.RUNNING)
    place.record("run-2-1-bbbb", RunState.FAILED)
    with owned(place.data_dir) as process:
        host.lock("anything", "run-1-1-aaaa")
        assert "works on run-1-1-aaaa" in place.call("unlock", "gpu-01", "--yes").stderr
        assert host.break_lock("run-1-1-aaaa")
        host.lock("anything", "run-2-1-bbbb")  # it is over: it could not give the host back
        assert place.call("unlock", "gpu-01", "--yes").returncode == 0
        process.kill()


def test_a_lock_that_was_broken_and_then_lost_its_host_is_noted_as_not_known(
    place: Place, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.lock("zentao-deploy on build-1, data folder /srv/other", "run-7-1-aaaa")
    break_lock = Host.break_lock

    def break_and_vanish(self: Host, run_id: str) -> bool:
        break_lock(self, run_id)
        raise HostUnreachable("gpu-01", "connection refused")

    monkeypatch.setattr(Host, "break_lock", break_and_vanish)
    answer = place.call("unlock", "gpu-01", "--yes")
    assert answer.returncode == 1
    assert "connection refused" in answer.stderr
    begun, then = place.notes()
    assert (begun["outcome"], then["run_id"]) == ("begun", "run-7-1-aaaa")
    assert then["outcome"].startswith("unknown: ")
    assert "connection refused" in then["outcome"]


def test_a_lock_that_can_not_be_noted_is_not_broken(place: Place, host: Host) -> None:
    host.lock("zentao-deploy on build-1, data folder /srv/other", "run-7-1-aaaa")
    (place.data_dir / BROKEN_FILE).mkdir(parents=True)
    answer = place.call("unlock", "gpu-01", "--yes")
    assert answer.returncode == 1
    assert "Is a directory" in answer.stderr
    assert host.lock_holder() is not None


def test_a_host_that_is_not_in_the_inventory_is_told_with_those_that_are(place: Place) -> None:
    answer = place.call("unlock", "gpu-99", "--yes")
    assert answer.returncode == 1
    assert "no host 'gpu-99'" in answer.stderr
    assert "gpu-01" in answer.stderr


def test_a_lock_that_names_no_run_is_told_in_words_and_stays(place: Place, host: Host) -> None:
    assert host.lock_holder() is None
    lock = place.folder / "home" / ".zentao-deploy" / "lock"
    lock.write_text("a/b 1700000000\nbm9ib2R5\n")
    answer = place.call("unlock", "gpu-01", "--yes")
    assert answer.returncode == 1
    assert "the lock of gpu-01 names no run" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert lock.exists()

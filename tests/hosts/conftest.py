"""Each test of this room runs twice: against a real sshd, and against the embedded SSH host."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Protocol

import pytest

from orchestrator.demo.ssh_host import EmbeddedSshHost
from orchestrator.hosts import Host, HostPool, Limits
from orchestrator.inventory import HostEntry
from tests.support.sshd import Reachable, end_everything_at_home, refuses_this_account, running_sshd


class Place(Reachable, Protocol):
    """What both servers have in common: their connections can be cut."""

    def cut(self) -> None: ...


_refused: list[str] = []


@pytest.fixture(params=["sshd", "embedded"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    home = tmp_path / "家 home"
    home.mkdir()
    if request.param == "embedded":
        with EmbeddedSshHost(home) as embedded:
            yield embedded
        end_everything_at_home(home)
        return
    if _refused:
        pytest.skip(_refused[0])
    with running_sshd(tmp_path / "sshd", home) as sshd:
        yield sshd


@pytest.fixture(scope="session", autouse=True)
def _account_may_log_in(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("login")
    try:
        with running_sshd(folder / "sshd", folder / "home") as sshd:
            _refused.extend(reason for reason in [refuses_this_account(sshd)] if reason)
    except pytest.skip.Exception as skipped:
        _refused.append(str(skipped))


@dataclass(frozen=True)
class HostProcess:
    """The embedded host in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int
    user: str
    home: Path
    client_key_path: Path
    host_key_line: str


@contextmanager
def start_host_process(home: Path, folder: Path, wrapper: Sequence[str] = ()) -> Iterator[HostProcess]:
    """`python -m orchestrator.demo.ssh_host`, under the command `wrapper` if given."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "orchestrator.demo.ssh_host", "--home", str(home), "--ready-file", str(ready)]
    process = subprocess.Popen([*wrapper, *command])
    try:
        eventually(lambda: ready.exists() or process.poll() is not None, 30)
        told = json.loads(ready.read_text())
        yield HostProcess(
            process, told["port"], told["user"], home, Path(told["client_key_path"]), told["host_key_line"]
        )
    finally:
        process.terminate()
        assert process.wait(15) == 0
        end_everything_at_home(home)


def entry_of(place: Reachable, tmp_path: Path, **changes: object) -> HostEntry:
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(place.host_key_line)
    values: dict[str, object] = {
        "name": "gpu-01",
        "address": "127.0.0.1",
        "port": place.port,
        "user": place.user,
        "identity_file": place.client_key_path,
        "known_hosts": known_hosts,
        "root": str(place.home / "部署 root"),
    }
    return HostEntry.model_validate(values | changes)


def pool_of(entry: HostEntry, tmp_path: Path, limits: Limits | None = None) -> HostPool:
    return HostPool(SimpleNamespace(hosts={entry.name: entry}), state_dir=tmp_path / "state", limits=limits)


@pytest.fixture
def pool(place: Place, tmp_path: Path) -> Iterator[HostPool]:
    with pool_of(entry_of(place, tmp_path), tmp_path) as pool:
        yield pool


@pytest.fixture
def host(pool: HostPool) -> Host:
    return pool.host("gpu-01")


def eventually(ask: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait until `ask()` is true."""
    deadline = time.monotonic() + seconds
    while not ask():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)

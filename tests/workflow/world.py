"""A small world to deploy in: an embedded ZenTao, an SSH host, a git repository with a small real service, the daemon.

The playbook is the bundled one without speech and picture: a small real HTTP service keeps the same contract.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import httpx
import yaml

from orchestrator.demo.processes import Child
from orchestrator.resources import playbooks_folder
from orchestrator.store import Run, Store
from tests.playbook.small_service import Repository
from zentao_client.sandbox import Sandbox, Seed

T = TypeVar("T")
HOST = "gpu-01"
TITLE = "【IndexTTS2-V23部署】语音服务"
PASSWORD_VARIABLE = "ZENTAO_DEPLOY_PASSWORD"


class SshServer(Protocol):
    """What both kinds of SSH host tell about themselves."""

    port: int
    user: str
    client_key_path: Path

    @property
    def host_key_line(self) -> str: ...


@dataclass
class World:
    """Where everything is. `settings` are the values of the daemon's settings file, to be changed before `daemon()`."""

    folder: Path
    sandbox: Sandbox
    seed: Seed
    repository: Repository
    port: int
    settings: dict[str, Any]
    inventory: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)
    daemons: list[Child] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.folder / "主机 root" / "tts"

    @property
    def data_dir(self) -> Path:
        return self.folder / "daemon"

    @property
    def service_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def ticket(self, *lines: str, title: str = TITLE, start: bool = True) -> int:
        """A ticket with these lines, moved to 进行中 by 林研发 (unless `start` is False)."""
        human = self.sandbox.as_user("linyanfa")
        description = "".join(f"<p>{line}</p>" for line in lines)
        task = human.create_task(self.seed.execution, title, description=description, assigned_to="linyanfa")
        if start:
            human.start_task(task)
        return task

    def write_settings(self) -> Path:
        """Write settings and inventory as they are now; returns the settings file."""
        (self.folder / "inventory.yaml").write_text(yaml.safe_dump(self.inventory, allow_unicode=True))
        path = self.folder / "zentao-deploy.yaml"
        path.write_text(yaml.safe_dump(self.settings, allow_unicode=True))
        return path

    def daemon(self, **environment: str) -> Child:
        """Start the daemon and wait until it is ready."""
        config = self.write_settings()
        (self.data_dir / "control.json").unlink(missing_ok=True)
        child = Child(
            "the daemon",
            [sys.executable, "-m", "orchestrator.cli", "serve", "--config", str(config)],
            self.folder / f"daemon-{len(self.daemons)}.log",
            {**os.environ, **self.environment, PASSWORD_VARIABLE: self.seed.password, **environment},
        )
        self.daemons.append(child)
        if not environment:
            child.wait_for(self.data_dir / "control.json")
        return child

    def store(self) -> Store:
        """The daemon's store, read beside it."""
        return Store.open(self.data_dir / "orchestrator.sqlite")

    def run_of(self, task: int) -> Run | None:
        """The newest run of a task, if any."""
        if not (self.data_dir / "orchestrator.sqlite").exists():
            return None
        with self.store() as store:
            runs = store.runs(task_id=task, limit=1)
        return runs[0] if runs else None

    def ended(self, task: int, *, seconds: float = 90.0) -> Run:
        """Wait until the newest run of a task is final, and return it."""

        def final() -> Run | None:
            for daemon in self.daemons[-1:]:
                daemon.check()
            run = self.run_of(task)
            return run if run and run.state.final else None

        return self.until(final, f"the run of task {task} to end", seconds=seconds)

    def until(self, look: Callable[[], T | None], what: str, *, seconds: float = 30.0) -> T:
        """Look every 50 ms until something is there."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = look()
            if found:
                return found
            time.sleep(0.05)
        tail = self.daemons[-1].tail(60) if self.daemons else ""
        raise AssertionError(f"waited {seconds:.0f} s in vain for {what}\n{tail}")

    def served(self) -> str | None:
        """What the deployed service answers (its version and commit); None when nothing serves."""
        with suppress(httpx.HTTPError):
            return httpx.get(self.service_url, timeout=5, trust_env=False).text
        return None

    def comments(self, task: int) -> list[str]:
        """The texts that the bot left in a task's history, oldest first."""
        return [
            action["comment"]
            for action in self.sandbox.actions("task", task)
            if action["actor"] == self.seed.bot and (action["comment"] or "").strip()
        ]


@contextmanager
def small_world(folder: Path, sandbox: Sandbox, ssh: SshServer) -> Iterator[World]:
    """Build the world below `folder`; at its end daemons and services are ended."""
    seed = sandbox.seed()
    repository = Repository(folder / "origin")
    known_hosts = folder / "known_hosts"
    known_hosts.write_text(ssh.host_key_line)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    playbook = yaml.safe_load((playbooks_folder() / "bundled-tts.yaml").read_text("utf-8"))
    playbook["verify"] = {"health": {"path": "/", "ready_timeout": 20}}
    playbook["name"] = "small"
    own = folder / "playbooks"
    own.mkdir()
    (own / "small.yaml").write_text(yaml.safe_dump(playbook, allow_unicode=True))
    world = World(
        folder=folder,
        sandbox=sandbox,
        seed=seed,
        repository=repository,
        port=port,
        settings={
            "zentao": {
                "url": sandbox.url,
                "account": seed.bot,
                "executions": [seed.execution],
                "product": seed.product,
                "settle_seconds": 1,
            },
            "poll": {"interval_seconds": 0.5},
            "web": {"port": 0},
            "data_dir": str(folder / "daemon"),
            "inventory": str(folder / "inventory.yaml"),
            "playbooks": [str(own)],
            "default_playbook": "small",
            "log": {"level": "debug"},
        },
        inventory={},
    )
    world.inventory = {
        "hosts": {
            HOST: {
                "address": "127.0.0.1",
                "port": ssh.port,
                "user": ssh.user,
                "identity_file": str(ssh.client_key_path),
                "known_hosts": str(known_hosts),
                "root": str(world.root),
                "service_bind": "127.0.0.1",
                "service_port": port,
                "python": sys.executable,
                "accounts": ["linyanfa"],
                "variables": {"repository": str(repository.folder)},
            }
        }
    }
    try:
        yield world
    finally:
        for daemon in world.daemons:
            daemon.end()
        _end_services(world.root)


def _end_services(root: Path) -> None:
    for file in (root / "shared" / "run").glob("small-*.pid"):
        with suppress(ProcessLookupError, ValueError):
            os.kill(int(file.read_text()), 15)

"""A small world to deploy in: an embedded ZenTao, SSH hosts, a git repository with a small real service, the daemon.

The playbook is the bundled one without speech and picture: a small real HTTP service keeps the same contract. A version
of it can be held in the middle of a step (`held`), so that a test acts at that moment and not at some other.
"""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml

from orchestrator.demo.processes import Child
from orchestrator.demo.ssh_host import EmbeddedSshHost
from orchestrator.hosts import HostPool
from orchestrator.inventory import Inventory
from orchestrator.resources import playbooks_folder
from orchestrator.store import Run, Store
from tests.playbook.small_service import SERVE, START_APP, Repository
from tests.support.ports import free_port
from tests.support.sshd import Reachable, end_everything_at_home
from zentao_client import Zentao
from zentao_client.sandbox import Sandbox, Seed, VersionName
from zentao_client.text import has_marker

T = TypeVar("T")
HOST = "gpu-01"
TITLE = "【IndexTTS2-V23部署】语音服务"
PASSWORD_VARIABLE = "ZENTAO_DEPLOY_PASSWORD"
WEBHOOK_VARIABLE = "WEBHOOK_SECRET"
WEBHOOK_SECRET = "hook-secret-for-tests"

OUT_OF_MEMORY = "raise SystemExit('torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.30 GiB')\n"
"""A service that dies at its start, as a graphics card without room makes it die."""
ANSWERS_500 = SERVE.replace("send_response(200)", "send_response(500)")
"""A service that starts and then fails at every request."""

# Every call of start_app.sh is written down, and waits for as long as the file hold-<mode>-<commit> is there.
_NOTED = """\
commit=$(cat "$here/../COMMIT")
echo "$mode $commit" >>"$TTS_SHARED/logs/calls"
while [ -e "$TTS_SHARED/hold-$mode-$commit" ]; do sleep 0.05; done
case $mode in
"""
HELD_APP = START_APP.replace("case $mode in\n", _NOTED).replace("seq 200", "seq 2000")


@dataclass
class World:
    """Where everything is. `settings` and `inventory` become the daemon's files, to be changed before `daemon()`."""

    folder: Path
    sandbox: Sandbox
    seed: Seed
    repository: Repository
    settings: dict[str, Any]
    inventory: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)
    daemons: list[Child] = field(default_factory=list)
    ssh: dict[str, Reachable] = field(default_factory=dict)
    tickets: int = 0

    # hosts

    def add_host(self, name: str, ssh: Reachable) -> dict[str, Any]:
        """A host in the inventory, with a folder and a port of its own; returns its entry, to be changed."""
        known_hosts = self.folder / f"known_hosts-{name}"
        known_hosts.write_text(ssh.host_key_line)
        self.ssh[name] = ssh
        entry = self.inventory["hosts"][name] = {
            "address": "127.0.0.1",
            "port": ssh.port,
            "user": ssh.user,
            "identity_file": str(ssh.client_key_path),
            "known_hosts": str(known_hosts),
            "root": str(self.folder / "主机 root" / name),
            "service_bind": "127.0.0.1",
            "service_port": free_port(),
            "python": sys.executable,
            "accounts": ["linyanfa"],
            "variables": {"repository": str(self.repository.folder)},
        }
        return entry

    def root_of(self, host: str) -> Path:
        """The folder on a host that holds releases and shared data."""
        return Path(self.inventory["hosts"][host]["root"])

    @property
    def root(self) -> Path:
        return self.root_of(HOST)

    @property
    def port(self) -> int:
        return int(self.inventory["hosts"][HOST]["service_port"])

    def url_of(self, host: str) -> str:
        """Where a host's service is."""
        return f"http://127.0.0.1:{self.inventory['hosts'][host]['service_port']}/"

    def served(self, host: str = HOST) -> str | None:
        """What the deployed service answers (its version and commit); None when nothing serves."""
        with suppress(httpx.HTTPError):
            return httpx.get(self.url_of(host), timeout=10, trust_env=False).text
        return None

    # versions

    def version(self, version: str, *, serve: str = SERVE, branch: str = "main") -> str:
        """Commit a version of the service to a branch; returns the commit."""
        with suppress(subprocess.CalledProcessError):  # the branch that we are on, without a commit
            self.repository.git("checkout", "--quiet", "-B", branch)
        # Each is a commit of its own, also when it does what another one does.
        return self.repository.commit(version, serve=f"{serve}# of {branch}\n", start_app=HELD_APP)

    @contextmanager
    def held(self, mode: str, commit: str, host: str = HOST) -> Iterator[None]:
        """Inside the block, start_app.sh of that version waits when it is called with `--mode` (or `start`)."""
        hold = self.root_of(host) / "shared" / f"hold-{mode}-{commit}"
        hold.parent.mkdir(parents=True, exist_ok=True)
        hold.touch()
        try:
            yield
        finally:
            hold.unlink(missing_ok=True)

    def calls(self, mode: str, commit: str, host: str = HOST) -> int:
        """How often start_app.sh of that version was called with a mode on a host."""
        calls = self.root_of(host) / "shared" / "logs" / "calls"
        return calls.read_text().splitlines().count(f"{mode} {commit}") if calls.exists() else 0

    def reached(self, mode: str, commit: str, host: str = HOST) -> None:
        """Wait until start_app.sh of that version was called with a mode."""
        self.until(lambda: self.calls(mode, commit, host), f"{mode} of {commit}", seconds=90)

    # tickets

    def ticket(
        self, *lines: str, title: str = "", start: bool = True, by: str = "linyanfa", execution: int | None = None
    ) -> int:
        """A ticket with these lines, moved to 进行中 by 林研发 or another (unless `start` is False)."""
        self.tickets += 1
        title = title or f"{TITLE} {self.tickets}"  # ZenTao refuses two of the same title within 30 s
        human = self.sandbox.as_user(by)
        description = "".join(f"<p>{line}</p>" for line in lines)
        place = self.seed.execution if execution is None else execution
        task = human.create_task(place, title, description=description, assigned_to="zhaoceshi")
        if start:
            human.start_task(task)
        return task

    def comments(self, task: int, kind: str = "task") -> list[str]:
        """The texts that the bot left in the history of a task (or bug), oldest first, as HTML."""
        return [
            action["comment"]
            for action in self.sandbox.actions(kind, task)
            if action["actor"] == self.seed.bot and (action["comment"] or "").strip()
        ]

    def said(self, task: int, kind: str = "task") -> list[str]:
        """The same as a person reads it."""
        return [plain(comment) for comment in self.comments(task, kind)]

    def answers(self, run_id: str, task: int, kind: str = "task") -> list[str]:
        """What one run left in a history, as a person reads it."""
        return [
            plain(comment)
            for comment in self.comments(task, kind)
            if any(has_marker(comment, marker) for marker in _markers(comment) if marker.startswith(f"zd:{run_id}:"))
        ]

    def bugs(self, task: int | None = None) -> list[dict[str, Any]]:
        """All bugs (of a task), as stored."""
        found = self.sandbox.site.db.rows("SELECT * FROM bug ORDER BY id")
        return [dict(bug) for bug in found if task is None or bug["task"] == task]

    def zentao(self) -> Zentao:
        """A client of the bot's own, to be closed."""
        return Zentao(
            self.sandbox.url, account=self.seed.bot, password=self.seed.password, state_dir=self.folder / "reading"
        )

    # the daemon and its command line

    @property
    def data_dir(self) -> Path:
        return self.folder / "daemon"

    def write_settings(self) -> Path:
        """Write settings and inventory as they are now; returns the settings file."""
        (self.folder / "inventory.yaml").write_text(yaml.safe_dump(self.inventory, allow_unicode=True))
        path = self.folder / "zentao-deploy.yaml"
        path.write_text(yaml.safe_dump(self.settings, allow_unicode=True))
        return path

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        own = {PASSWORD_VARIABLE: self.seed.password, WEBHOOK_VARIABLE: WEBHOOK_SECRET}
        return {**os.environ, **self.environment, **own, **more}

    def daemon(self, **environment: str) -> Child:
        """Start the daemon and wait until it is ready."""
        config = self.write_settings()
        (self.data_dir / "control.json").unlink(missing_ok=True)
        child = Child(
            "the daemon",
            [sys.executable, "-m", "orchestrator.cli", "serve", "--config", str(config)],
            self.folder / f"daemon-{len(self.daemons)}.log",
            self._environment(environment),
        )
        self.daemons.append(child)
        if not environment:
            child.wait_for(self.data_dir / "control.json", seconds=120)
        return child

    def logged(self, *words: str, since: int = 0) -> None:
        """Wait until a line with all these words stands in the daemon's log, behind its first `since` bytes."""

        def look() -> bool:
            log = self.daemons[-1].log.read_bytes()[since:].decode("utf-8", "replace")
            return any(all(word in line for word in words) for line in log.splitlines())

        self.until(look, f"{words} in the daemon's log", seconds=60)

    @property
    def log_size(self) -> int:
        return self.daemons[-1].log.stat().st_size

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`zentao-deploy` as a person calls it."""
        command = [sys.executable, "-m", "orchestrator.cli", *arguments, "--config", str(self.write_settings())]
        return subprocess.run(
            command, env=self._environment({}), capture_output=True, text=True, timeout=300, check=False
        )

    def store(self) -> Store:
        """The daemon's store, read beside it."""
        return Store.open(self.data_dir / "orchestrator.sqlite")

    @contextmanager
    def ssh_pool(self) -> Iterator[HostPool]:
        """The same hosts, as somebody else than the daemon reaches them."""
        self.write_settings()
        pool = HostPool(Inventory.load(self.folder / "inventory.yaml"), state_dir=self.folder / "somebody else")
        try:
            yield pool
        finally:
            pool.close()

    # waiting

    def runs(self, task: int) -> list[Run]:
        """The runs of a task, newest first."""
        if not (self.data_dir / "orchestrator.sqlite").exists():
            return []
        with self.store() as store:
            return list(store.runs(task_id=task, limit=50))

    def run_of(self, task: int) -> Run | None:
        """The newest run of a task, if any."""
        return next(iter(self.runs(task)), None)

    def began(self, task: int, number: int = 1) -> Run:
        """Wait until the task's run of this number has begun, and return it as it is."""
        return self.until(
            lambda: runs[-number] if len(runs := self.runs(task)) >= number else None,
            f"run {number} of task {task} to begin",
            seconds=90,
        )

    def ended(self, task: int, number: int = 1, *, seconds: float = 180.0) -> Run:
        """Wait until the task's run of this number is final, and return it."""

        def final() -> Run | None:
            for daemon in self.daemons[-1:]:
                daemon.check()
            runs = self.runs(task)
            return runs[-number] if len(runs) >= number and runs[-number].state.final else None

        return self.until(final, f"run {number} of task {task} to end", seconds=seconds)

    def polled(self, times: int = 2) -> None:
        """Wait until the daemon has asked ZenTao for changes that often."""
        before = len(self.sandbox.requests)
        self.until(
            lambda: len([r for r in self.sandbox.requests if r.number >= before and r.method == "GET"]) >= times,
            "the daemon to poll",
        )

    def until(self, look: Callable[[], T | None], what: str, *, seconds: float = 60.0) -> T:
        """Look every 50 ms until something is there."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = look()
            if found:
                return found
            time.sleep(0.05)
        tail = self.daemons[-1].tail(60) if self.daemons else ""
        raise AssertionError(f"waited {seconds:.0f} s in vain for {what}\n{tail}")


def plain(comment: str) -> str:
    """A comment's HTML as the text that a person reads, blanks collapsed."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", comment)).split())


def _markers(comment: str) -> list[str]:
    return re.findall(r'title="(zd:[^"]+)"', comment)


@contextmanager
def small_world(folder: Path, sandbox: Sandbox, ssh: Reachable) -> Iterator[World]:
    """Build the world below `folder` with one host; at its end daemons and services are ended."""
    seed = sandbox.seed()
    playbook = yaml.safe_load((playbooks_folder() / "bundled-tts.yaml").read_text("utf-8"))
    playbook["verify"] = {"health": {"path": "/", "ready_timeout": 8}}
    playbook["name"] = "small"
    own = folder / "playbooks"
    own.mkdir()
    (own / "small.yaml").write_text(yaml.safe_dump(playbook, allow_unicode=True))
    world = World(
        folder=folder,
        sandbox=sandbox,
        seed=seed,
        repository=Repository(folder / "origin"),
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
        inventory={"hosts": {}},
    )
    world.add_host(HOST, ssh)
    try:
        yield world
    finally:
        for daemon in world.daemons:
            daemon.end()
        for server in world.ssh.values():
            end_everything_at_home(server.home)


@contextmanager
def wide_world(folder: Path, *, version: VersionName = "22.4", hosts: tuple[str, ...] = (HOST,)) -> Iterator[World]:
    """A world for several tests: a ZenTao of that version, and embedded hosts of these names (the first is gpu-01)."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(version=version))
        servers = {name: stack.enter_context(EmbeddedSshHost(folder / f"home {name}")) for name in hosts}
        world = stack.enter_context(small_world(folder, sandbox, servers[HOST]))
        for name in hosts[1:]:
            world.add_host(name, servers[name])
        yield world

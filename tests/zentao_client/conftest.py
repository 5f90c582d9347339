"""The servers that the client is tested on: the embedded ones, and a real one if the environment names it.

A real server: ZENTAO_LIVE_URL, ZENTAO_LIVE_ACCOUNT, ZENTAO_LIVE_PASSWORD, ZENTAO_LIVE_HUMAN (an account with the same
password), ZENTAO_LIVE_EXECUTION (an id), and on 18.x, if wanted, ZENTAO_LIVE_ENTRY (an 应用 as code:key). The tests
leave tasks and bugs there.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from zentao_client import Bug, Entry, Task, Zentao
from zentao_client.sandbox import Sandbox, VersionName

LIVE = "a real server"
EMBEDDED = ("18.8", "18.8 with PATH_INFO", "22.4")


@dataclass
class Stage:
    """One server with a bot and a person on it. `sandbox` is None for a real one."""

    name: str
    url: str
    bot: str
    password: str
    human: str
    execution: int
    state_dir: Path
    sandbox: Sandbox | None = None
    entry: Entry | None = None
    clients: list[Zentao] = field(default_factory=list)

    def client(self, account: str | None = None, *, entry: Entry | None = None) -> Zentao:
        """A client of the bot, or of another account with the same password."""
        made = Zentao(
            self.url, account=account or self.bot, password=self.password, state_dir=self.state_dir, entry=entry
        )
        self.clients.append(made)
        return made

    def new_entry(self, account: str) -> Entry:
        """An 应用 of the embedded server, bound to an account."""
        entry = Entry(f"entry-{account}", "0123456789abcdef0123456789abcdef")
        self.embedded().site.accounts.create_entry("部署", entry.code, entry.key, account)
        return entry

    @property
    def product(self) -> int:
        return self.client().executions.products(self.execution)[0]

    def embedded(self) -> Sandbox:
        """The embedded server; skips the test on a real one."""
        if self.sandbox is None:
            pytest.skip("needs a server whose faults can be switched on")
        return self.sandbox

    def new_task(self, zentao: Zentao, name: str = "【IndexTTS2-V23部署】", **more: object) -> Task:
        """A task of its own for each test."""
        return zentao.tasks.create(self.execution, f"{name}{uuid.uuid4().hex[:10]}", **more)  # type: ignore[arg-type]

    def new_bug(self, zentao: Zentao, task: Task, title: str = "", **more: Any) -> Bug:
        """A bug of a task, as a failed deployment files it; a keyword of its own unless the test names one."""
        given: dict[str, Any] = {"steps": "<p>x</p>", "keyword": f"zd-{uuid.uuid4().hex[:12]}"} | more
        return zentao.bugs.create(
            self.product,
            title or f"部署失败 {task.id}",
            task=task.id,
            execution=task.execution,
            project=task.project,
            **given,
        )


def _embedded(name: str, state_dir: Path) -> Iterator[Stage]:
    version: VersionName = "22.4" if name.startswith("22") else "18.8"
    with Sandbox(version, request_type="PATH_INFO" if "PATH_INFO" in name else "GET") as sandbox:
        seed = sandbox.seed()
        stage = Stage(name, sandbox.url, seed.bot, seed.password, seed.humans[0], seed.execution, state_dir, sandbox)
        if version == "18.8":
            stage.entry = stage.new_entry(seed.bot)
        yield stage
        for client in stage.clients:
            client.close()


def _live(state_dir: Path) -> Iterator[Stage]:
    names = ("URL", "ACCOUNT", "PASSWORD", "HUMAN", "EXECUTION")
    values = [os.environ.get(f"ZENTAO_LIVE_{name}", "") for name in names]
    if not all(values):
        pytest.skip("no real server: ZENTAO_LIVE_URL, _ACCOUNT, _PASSWORD, _HUMAN, _EXECUTION are not all set")
    url, account, password, human, execution = values
    code, _, key = os.environ.get("ZENTAO_LIVE_ENTRY", "").partition(":")
    entry = Entry(code, key) if key else None
    stage = Stage(LIVE, url, account, password, human, int(execution), state_dir, None, entry)
    yield stage
    for client in stage.clients:
        client.close()


@pytest.fixture(params=[*EMBEDDED, *([LIVE] if "ZENTAO_LIVE_URL" in os.environ else [])])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """Every kind of server in turn."""
    yield from _live(tmp_path) if request.param == LIVE else _embedded(request.param, tmp_path)


@pytest.fixture(params=EMBEDDED)
def embedded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """Every kind of embedded server in turn."""
    yield from _embedded(request.param, tmp_path)


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Stage]:
    """The embedded 18.8."""
    yield from _embedded("18.8", tmp_path)


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Stage]:
    """The embedded 22.4."""
    yield from _embedded("22.4", tmp_path)

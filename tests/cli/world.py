"""A ZenTao sandbox, settings for it, and the command line as a person calls it: another process."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import structlog

from zentao_client.sandbox import Sandbox, Seed

TITLE = "【IndexTTS2-V23部署】"
SECRET = "hook-secret-for-tests"
GOOD = "<p>主机: gpu-01</p><p>分支: v23</p>"
UNKNOWN_HOST = "<p>主机: gpu-99</p><p>分支: v23</p>"
PM = "wangchanpin"

SETTINGS = """
zentao:
  url: {url}
  account: {account}
  password_env: TEST_ZENTAO_PASSWORD
  executions: [{execution}]
rule:
  triggers: [{triggers}]
poll:
  interval_seconds: {interval}
web:
  host: 127.0.0.1
  port: 0
  webhook_secret_env: TEST_WEBHOOK_SECRET
data_dir: data
inventory: inventory.yaml
"""
INVENTORY = """
hosts:
  gpu-01:
    address: 127.0.0.1
    port: 9
    user: nobody
    root: /tmp/zentao-deploy-test-nowhere
    accounts: [wangchanpin]
    variables:
      repository: https://git.example/tts.git
"""


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """The condition's first true value."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


@dataclass
class World:
    folder: Path
    sandbox: Sandbox
    seed: Seed
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path, sandbox: Sandbox, *, interval: float = 0.4, triggers: str = "wait->doing, pause->doing",
             account: str | None = None) -> World:  # fmt: skip
        seed = sandbox.seed()
        settings = SETTINGS.format(
            url=sandbox.url,
            execution=seed.execution,
            interval=interval,
            triggers=triggers,
            account=account or seed.bot,
        )
        (folder / "zentao-deploy.yaml").write_text(settings)
        (folder / "inventory.yaml").write_text(INVENTORY)
        return cls(
            folder,
            sandbox,
            seed,
            {**os.environ, "TEST_ZENTAO_PASSWORD": seed.password, "TEST_WEBHOOK_SECRET": SECRET, "COLUMNS": "160"},
        )

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "orchestrator.cli", *arguments]

    def call(self, *arguments: str, timeout: float = 180, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command(*arguments), "--config", str(self.folder / "zentao-deploy.yaml")],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def here(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """As `call`, but in this process: for commands that own no engine, since a new process takes a second."""
        from orchestrator.cli import main

        out, err = io.StringIO(), io.StringIO()
        root = logging.getLogger()
        handlers, level = list(root.handlers), root.level
        with (
            mock.patch.dict(os.environ, {**self.environment, **environment}),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                status = main([*arguments, "--config", str(self.folder / "zentao-deploy.yaml")])
            finally:
                root.handlers[:] = handlers
                root.setLevel(level)
                structlog.reset_defaults()
        return subprocess.CompletedProcess(list(arguments), status, out.getvalue(), err.getvalue())

    @contextmanager
    def daemon(self) -> Iterator[RunningDaemon]:
        log = self.folder / f"daemon-{time.monotonic_ns()}.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [*self.command("serve"), "--config", str(self.folder / "zentao-deploy.yaml")],
                env=self.environment,
                stdout=out,
                stderr=out,
            )
            daemon = RunningDaemon(process, self.data_dir, log)
            try:
                daemon.wait_ready()
                yield daemon
            except BaseException:
                print(log.read_text()[-6000:])  # shown beside the failure
                raise
            finally:
                if process.poll() is None:
                    process.terminate()
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def ticket(self, description: str = UNKNOWN_HOST, title: str = TITLE, **fields: Any) -> int:
        return self.sandbox.as_user(PM).create_task(self.seed.execution, title, description=description, **fields)

    def comments(self, task_id: int) -> list[str]:
        """What the bot has said, oldest first."""
        return [
            row["comment"]
            for row in self.sandbox.actions("task", task_id)
            if row["actor"] == self.seed.bot and row["comment"]
        ]


@dataclass
class RunningDaemon:
    process: subprocess.Popen[bytes]
    data_dir: Path
    log: Path

    def wait_ready(self) -> None:
        def ready() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            try:
                return bool(self.control()["pid"] == self.process.pid and self.get("/readyz").status_code == 200)
            except (OSError, ValueError, httpx.HTTPError):
                return False

        until(ready, 120)

    def control(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.data_dir / "control.json").read_text())
        return told

    @property
    def url(self) -> str:
        return str(self.control()["url"])

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(self.url + path, headers=headers, trust_env=False)

    def ticks(self, count: int) -> None:
        """Wait until it has polled so many times more, beginning from now."""

        def polls() -> float:
            return sum(
                float(line.split()[-1])
                for line in self.get("/metrics").text.splitlines()
                if line.startswith("zentao_deploy_polls_total")
            )

        before = polls()
        until(lambda: polls() >= before + count)

    @property
    def hook(self) -> str:
        return f"{self.url}/webhooks/zentao/{SECRET}"

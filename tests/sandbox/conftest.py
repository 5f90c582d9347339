"""A sandbox of either version, with its company and a client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from zentao_client.sandbox import Sandbox, Seed, VersionName


@dataclass
class Office:
    """A running sandbox, what was planted in it, and the bot's client."""

    sandbox: Sandbox
    seed: Seed
    client: httpx.Client

    def login(self, account: str = "deploybot") -> str:
        body = {"account": account, "password": self.seed.password}
        return str(self.client.post("/api.php/v1/tokens", json=body).json()["token"])

    def task(self, name: str = "【IndexTTS2-V23部署】", **more: Any) -> int:
        person = self.sandbox.as_user("wangchanpin")
        return person.create_task(self.seed.execution, name, assigned_to="deploybot", **more)

    def comment(self, task: int, text: str, token: str, **more: Any) -> httpx.Response:
        address = f"/index.php?m=action&f=comment&objectType=task&objectID={task}&t=json"
        headers = {"Token": token, "Referer": f"{self.sandbox.url}/"}
        return self.client.post(address, headers=headers, data={"comment": text}, **more)

    def comments(self, task: int) -> list[str]:
        return [row["comment"] for row in self.sandbox.actions("task", task) if row["action"] == "commented"]


def open_office(version: VersionName, **more: Any) -> Iterator[Office]:
    with Sandbox(version, **more) as sandbox, httpx.Client(base_url=sandbox.url, timeout=10) as client:
        yield Office(sandbox, sandbox.seed(), client)


@pytest.fixture
def office() -> Iterator[Office]:
    """18.8."""
    yield from open_office("18.8")


@pytest.fixture
def modern() -> Iterator[Office]:
    """22.4."""
    yield from open_office("22.4")

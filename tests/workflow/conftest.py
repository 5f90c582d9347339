"""One world per test: its own ZenTao, SSH host, repository and daemon. Some files share one among their tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.demo.ssh_host import EmbeddedSshHost
from tests.workflow.world import World, small_world
from zentao_client.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(version="22.4") as sandbox:
        yield sandbox


@pytest.fixture
def world(tmp_path: Path, sandbox: Sandbox) -> Iterator[World]:
    with EmbeddedSshHost(tmp_path / "home") as ssh, small_world(tmp_path, sandbox, ssh) as world:
        yield world

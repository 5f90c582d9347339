from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.engine import Engine


@pytest.fixture
def log(tmp_path: Path) -> str:
    return str(tmp_path / "log")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "data") as running:
        yield running

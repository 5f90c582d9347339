"""The wheel holds all that the program reads at run time, and works without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return folder / built.stdout.split()[-1]


def test_everything_that_is_read_at_run_time_is_in_the_wheel(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = set()
    for package in ("orchestrator", "zentao_client", "tts_service"):
        wanted |= {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / package).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts and "work" not in path.relative_to(ROOT).parts
        }
    for folder in ("playbooks", "templates"):
        wanted |= {
            f"orchestrator/_data/{path.relative_to(ROOT).as_posix()}"
            for path in (ROOT / folder).rglob("*")
            if path.is_file()
        }
    assert "tts_service/voices/qingyin/acoustic.safetensors" in wanted
    assert "orchestrator/_data/playbooks/bundled-tts.yaml" in wanted
    assert wanted - held == set()
    assert not [name for name in held if name.startswith(("tests/", "benchmarks/", "docs/"))]


def test_an_installed_wheel_finds_its_data_and_its_migrations(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    program = (
        "import orchestrator, pathlib\n"
        "from orchestrator.playbook import known_playbooks\n"
        "from orchestrator.resources import playbooks_folder, templates_folder\n"
        "from orchestrator.store import Store\n"
        "from orchestrator.cli import main\n"
        "site = pathlib.Path(orchestrator.__file__).parents[1]\n"
        "assert playbooks_folder().is_relative_to(site) and templates_folder().is_relative_to(site)\n"
        "assert 'bundled-tts' in known_playbooks(())\n"
        "Store.open(pathlib.Path('store.sqlite')).close()\n"
        "import zentao_client.sandbox\n"
        "with zentao_client.sandbox.Sandbox('22.4') as sandbox: sandbox.seed()\n"
        "raise SystemExit(main(['version']))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == wheel.name.split("-")[1]

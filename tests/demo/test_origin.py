"""The demo's git origin holds the tree, wherever the tree comes from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestrator.demo.origin import BROKEN_BRANCH, TAG, make_origin


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "源 tree"
    (tree / "tts_service").mkdir(parents=True)
    (tree / "tts_service" / "webui.py").write_text("print('fine')\n")
    (tree / ".venv").mkdir()
    (tree / ".venv" / "big").write_text("not to be taken")
    (tree / ".gitignore").write_text(".venv/\n")
    return tree


def git(repository: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(repository), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.mark.parametrize("with_git", [True, False])
def test_the_origin_holds_the_tree_with_and_without_git(tree: Path, tmp_path: Path, with_git: bool) -> None:
    if with_git:
        git(tree, "init", "--quiet")
    commit = make_origin(tree, tmp_path / "origin.git", scratch=tmp_path / "scratch")
    assert git(tmp_path / "origin.git", "rev-parse", TAG) == commit
    names = git(tmp_path / "origin.git", "ls-tree", "-r", "--name-only", TAG).splitlines()
    assert names == [".gitignore", "tts_service/webui.py"]


def test_the_broken_branch_runs_out_of_memory_at_start(tree: Path, tmp_path: Path) -> None:
    make_origin(tree, tmp_path / "origin.git", scratch=tmp_path / "scratch")
    script = git(tmp_path / "origin.git", "show", f"{BROKEN_BRANCH}:tts_service/webui.py")
    (tmp_path / "broken.py").write_text(script)
    done = subprocess.run(["python3", str(tmp_path / "broken.py")], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "CUDA out of memory. Tried to allocate 2.30 GiB" in done.stderr

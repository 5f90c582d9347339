"""A git origin made of the tree that this program runs from, so that the demo can deploy it without any network.

It works from a clone, from somebody else's checkout and from an unpacked archive without `.git`: what git would track
is taken where git knows, else everything but the usual leftovers.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

_LEFTOVERS = frozenset(
    {
        ".git", ".venv", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "build", "dist",
        "demo-out", "shared", "cache_hub", "work", "node_modules",
    }
)  # fmt: skip
_BROKEN_WEBUI = '''"""A version as one meets them: the model does not fit on the card, and the service dies at start."""

import sys
import time

print(">> loading the acoustic model", flush=True)
time.sleep(0.5)
print(
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.30 GiB. GPU 0 has a total capacity of 7.78 GiB "
    "of which 1.12 GiB is free. Process 4711 has 5.92 GiB memory in use.",
    file=sys.stderr,
    flush=True,
)
sys.exit(1)
'''
TAG = "v23"
BROKEN_BRANCH = "v23-broken"


def make_origin(tree: Path, target: Path, *, scratch: Path) -> str:
    """Create the bare repository `target` from the files of `tree`; returns the commit that the tag `v23` names.

    The branch `v23-broken` is one commit further: its WebUI runs out of memory at start. `scratch` is a folder for the
    work tree; it may be removed afterwards. Raises `RuntimeError` with git's words when git fails.
    """
    work = scratch / "origin-tree"
    work.mkdir(parents=True)
    for relative in _files(tree):
        destination = work / relative
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tree / relative, destination)
        # What was read-only there is changed here.
        destination.chmod(destination.stat().st_mode | stat.S_IWUSR)
    _git(work, "init", "--quiet", "--initial-branch=main")
    # Ignored files (weights in a cache, logs) were left out above; what is here now is meant to be here.
    _git(work, "add", "--all", "--force")
    _git(work, "commit", "--quiet", "--message", "The tree of this demo")
    _git(work, "tag", TAG)
    commit = _git(work, "rev-parse", "HEAD").strip()
    _git(work, "checkout", "--quiet", "-b", BROKEN_BRANCH)
    (work / "tts_service" / "webui.py").write_text(_BROKEN_WEBUI, encoding="utf-8")
    _git(work, "commit", "--quiet", "--all", "--message", "A version that does not fit on the card")
    _git(work, "checkout", "--quiet", "main")
    _git(scratch, "clone", "--quiet", "--bare", str(work), str(target))
    shutil.rmtree(work)
    return commit


def _files(tree: Path) -> Iterator[Path]:
    """The files to take, relative to `tree`."""
    try:
        # An archive that was unpacked somewhere inside another project's checkout is none of that project's files.
        known = (tree / ".git").exists()
        listed = _git(tree, "ls-files", "-z", "--cached", "--others", "--exclude-standard") if known else None
    except RuntimeError:
        listed = None
    if listed is None:
        for folder, folders, names in os.walk(tree):
            folders[:] = [name for name in folders if name not in _LEFTOVERS and not name.endswith(".egg-info")]
            yield from (Path(folder, name).relative_to(tree) for name in names)
        return
    for name in listed.split("\0"):
        # A file that was deleted but not yet committed is listed all the same.
        if name and (tree / name).is_file():
            yield Path(name)


def _git(folder: Path, *arguments: str) -> str:
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "zentao-deploy",
        "GIT_AUTHOR_EMAIL": "demo@zentao-deploy.invalid",
        "GIT_COMMITTER_NAME": "zentao-deploy",
        "GIT_COMMITTER_EMAIL": "demo@zentao-deploy.invalid",
        # A checkout that belongs to somebody else is read here, never run: git may look at it.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"git {arguments[0]} failed in {folder}: {done.stderr.strip()}")
    return done.stdout

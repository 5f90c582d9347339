"""Running a heavy probe in a process of its own, and making sure that nothing of it stays behind.

The daemon never imports a browser driver, numpy or gradio_client: `python -m orchestrator.probes <kind>` does, reads
its task as JSON from standard input and writes its finding as JSON to standard output.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

GRACE = 3.0
"""The child ends by itself at its deadline, with a finding; this many seconds later it is ended."""

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_TAIL = 400


class ChildFailed(RuntimeError):
    """The child gave no finding: it crashed or had to be ended. The text says which, and its last words."""


def run_child(kind: str, task: dict[str, Any], timeout: float, *, command: list[str] | None = None) -> dict[str, Any]:
    """The child's finding. It gets `timeout` seconds, its start included. Raises ChildFailed.

    On time-out the child's process group goes, and so does every process that descends from it: a browser
    leads a group of its own.
    """
    task = {**task, "deadline": time.monotonic() + timeout}
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            command or [sys.executable, "-m", "orchestrator.probes", kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(),
            start_new_session=True,
        )
        try:
            answer, _ = child.communicate(json.dumps(task).encode(), timeout=timeout + GRACE)
        except subprocess.TimeoutExpired:
            raise ChildFailed(f"no result within {timeout:g} s; the {kind} probe was ended") from None
        finally:
            _end(child)
        errors.seek(0)
        words = errors.read().decode("utf-8", "replace").strip()[-_TAIL:]
    try:
        finding = json.loads(answer)
    except ValueError:
        finding = None
    if not isinstance(finding, dict):
        raise ChildFailed(f"the {kind} probe ended with status {child.returncode} and no result: {words or 'no words'}")
    return finding


def _environment() -> dict[str, str]:
    """Ours, without proxies (a service is asked directly) and with nothing that would call home."""
    environment = {name: value for name, value in os.environ.items() if name.lower() not in _PROXIES}
    # The child finds our package wherever the daemon was started.
    paths = [str(Path(__file__).parents[2]), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return environment | {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}


def _end(child: subprocess.Popen[bytes]) -> None:
    family = _descendants(child.pid)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    for pid in family:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    child.wait()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            stream.close()


def _descendants(root: int) -> list[int]:
    """Every process below `root`, in whatever group; empty where there is no /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.parent.name))
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found

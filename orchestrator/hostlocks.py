"""Who holds a host's lock, in words that outlive its daemon; and whether that daemon still lives on this machine."""

from __future__ import annotations

import json
import os
import re
import socket
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from orchestrator.hosts.lock import LockHolder
from orchestrator.processlock import ENGINE_LOCK, ProcessLock
from orchestrator.store import Run

BROKEN_FILE: Final = "broken-locks.jsonl"
"""The file in the data folder that says which locks a person broke."""

_HOLDER: Final = re.compile(r"zentao-deploy on (\S+), data folder (/.*)")


def holder_words(data_dir: Path) -> str:
    """What a daemon writes about itself into the lock of a host that it takes."""
    return f"zentao-deploy on {socket.gethostname()}, data folder {data_dir}"


def still_alive(found: LockHolder, data_dir: Path, run: Run | None) -> str:
    """Why the lock must not be broken: the process on this machine that carries out its run; empty where none does.

    `run` is the lock's run in the records of `data_dir`, None where it is another daemon's. A process on another
    machine can't be seen from here. Raises PermissionError for the data folder of another user.
    """
    if run is not None:
        if run.state.final:
            return ""  # it could not give the host back when it ended; the daemon may live on
        folder = data_dir
    else:
        words = _HOLDER.fullmatch(found.holder)
        if words is None or words.group(1) != socket.gethostname():
            return ""
        folder = Path(words.group(2))
    lock = ProcessLock(folder / ENGINE_LOCK)
    if not lock.is_held():
        return ""
    return f"process {lock.holder() or '?'} on this machine works on {found.run_id} (data folder {folder})"


@dataclass(frozen=True, slots=True)
class BrokenLock:
    """One lock that a person broke: `jobs` are the host's jobs that were ended for it, `by` the account here."""

    host: str
    run_id: str
    holder: str
    since: datetime
    at: datetime
    by: str
    jobs: tuple[str, ...]

    def note(self, data_dir: Path) -> Path:
        """Append it to the data folder's record of broken locks."""
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = data_dir / BROKEN_FILE
        row = asdict(self) | {"since": self.since.isoformat(), "at": self.at.isoformat()}
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        return path

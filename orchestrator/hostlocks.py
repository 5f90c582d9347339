"""Who holds a host's lock, in words that outlive its daemon; and whether that daemon still lives on this machine."""

from __future__ import annotations

import json
import os
import pwd
import re
import socket
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from orchestrator.hosts.lock import LockHolder
from orchestrator.processlock import ENGINE_LOCK, ProcessLock
from orchestrator.store import Run, utc_now

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
    """One lock that a person breaks: `by` the account here, who may say `why`.

    Noted twice: as `begun` before the host is asked, so that nothing that is killed or cut off in between stays without
    a trace, and with what came of it: `broken` (`jobs` of the host were ended for it), `given back` (the run was
    faster), or `unknown: …` with the error that kept us from knowing.
    """

    host: str
    run_id: str
    holder: str
    since: datetime
    by: str
    why: str = ""
    outcome: str = "begun"
    jobs: tuple[str, ...] = ()

    def note(self, data_dir: Path) -> Path:
        """Append it to the data folder's record of broken locks, with the present moment as `at`."""
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = data_dir / BROKEN_FILE
        row = asdict(self) | {"since": self.since.isoformat(), "at": utc_now().isoformat()}
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        return path


def account() -> str:
    """Whose process this is, as the kernel has it, and who became that account by sudo: `$USER` can say anything."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # an account without a name, as in some containers
        name = f"uid {uid}"
    person = os.environ.get("SUDO_USER", "")
    return f"{name} (sudo by {person})" if person and person != name else name

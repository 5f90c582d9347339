"""What a deployment leaves to look at: its log, the service's log, the sound and the picture, in one folder per run."""

from __future__ import annotations

import re
import shutil
from collections import deque
from contextlib import suppress
from pathlib import Path

from zentao_client import Upload

DEPLOY_LOG = "deploy.log"
SERVICE_LOG = "service.log"
SPEECH = "speech.wav"
SCREENSHOT = "webui.png"

MAX_LOG_BYTES = 8 * 1024 * 1024
"""A log's middle is dropped beyond this: its beginning says what was started, its end says how it ended."""

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Evidence:
    """The folder of one run, `data_dir/runs/<run id>/`; created when first written to."""

    def __init__(self, data_dir: Path, run_id: str) -> None:
        if not _SAFE.fullmatch(run_id):
            raise ValueError(f"{run_id!r} can't name a folder")
        self.folder = data_dir / "runs" / run_id

    def path(self, name: str) -> Path:
        """Where the file `name` of this run is or will be."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.folder / name

    def remove(self) -> None:
        """Delete the folder with all that is in it, if it is there."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self.folder)

    def write_step_log(self, position: int, name: str, text: str) -> None:
        """Keep the log of one step; a step that was attached to again replaces its own, so nothing stands twice."""
        self.path(f"step-{position:02d}-{name}.log").write_text(text, encoding="utf-8")

    def deploy_log(self) -> str:
        """All steps' logs in their order, each under its name."""
        parts = []
        for file in sorted(self.folder.glob("step-*.log")):
            parts.append(f"===== {file.stem.removeprefix('step-')} =====\n{file.read_text(encoding='utf-8')}")
        return shorten("\n".join(parts))

    def read(self, name: str) -> bytes | None:
        """The bytes of a file of this run, or None where there is none (or it is empty)."""
        path = self.folder / name
        return path.read_bytes() or None if path.is_file() else None

    def uploads(self, run_id: str, *names: str, log: str) -> tuple[Upload, ...]:
        """The evidence as files for ZenTao: the deployment's `log` (already redacted) and those of `names` that exist.

        ZenTao skips empty files, so there are none among them. Logs go as `.txt`, which every version shows.
        """
        found = [Upload(f"{run_id}-deploy.txt", log.encode())] if log else []
        for name in names:
            if (data := self.read(name)) is not None:
                shown = f"{name.removesuffix('.log')}.txt" if name.endswith(".log") else name
                found.append(Upload(f"{run_id}-{shown}", data))
        return tuple(found)


class KeptLog:
    """A log as it comes in, within `limit` characters however long it gets: its first and its last part."""

    def __init__(self, limit: int = MAX_LOG_BYTES // 4) -> None:
        self._half = limit // 2
        self._head = ""
        self._tail: deque[str] = deque()
        self._tail_size = 0
        self._dropped = 0

    def add(self, text: str) -> None:
        """The log's next piece."""
        room = self._half - len(self._head)
        if room > 0:
            self._head, text = self._head + text[:room], text[room:]
        if not text:
            return
        self._tail.append(text[-self._half :])
        self._dropped += len(text) - len(self._tail[-1])
        self._tail_size += len(self._tail[-1])
        while self._tail_size - len(self._tail[0]) >= self._half:
            gone = len(self._tail.popleft())
            self._tail_size -= gone
            self._dropped += gone

    def text(self) -> str:
        """What is kept, and between its parts how much is not."""
        left_out = f"\n[... {self._dropped} characters left out ...]\n" if self._dropped else ""
        return self._head + left_out + "".join(self._tail)


def shorten(text: str, limit: int = MAX_LOG_BYTES) -> str:
    """`text` within `limit` bytes: the first and the last part are kept, and what was dropped is said."""
    data = text.encode()
    if len(data) <= limit:
        return text
    half = limit // 2
    dropped = len(data) - 2 * half
    head, tail = data[:half].decode(errors="ignore"), data[-half:].decode(errors="ignore")
    return f"{head}\n[... {dropped} bytes left out ...]\n{tail}"

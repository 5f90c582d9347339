"""The demo's processes: started in groups of their own, watched, ended gently and then harder."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

READY_SECONDS = 60.0


class DemoError(Exception):
    """Something the demo needs is not there or did not start; the message says what to do."""


class Child:
    """One background process with its log file. `end()` is safe to call twice."""

    def __init__(self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id, which is its group's id too."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended (negative: by that signal); None while it lives."""
        return self._process.poll()

    def wait_for(self, ready: Path, *, seconds: float = READY_SECONDS) -> str:
        """The text of the file `ready` once the process has written it.

        Raises `DemoError` with the end of the log when the process dies or takes too long.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if ready.exists() and (text := ready.read_text(encoding="utf-8").strip()):
                return text
            self.check()
            time.sleep(0.05)
        raise DemoError(f"{self.name} was not ready after {seconds:.0f} s.\n{self.tail()}")

    def check(self) -> None:
        """Raise `DemoError` when the process has ended."""
        code = self._process.poll()
        if code is not None:
            raise DemoError(f"{self.name} ended with status {code}.\n{self.tail()}")

    def tail(self, lines: int = 15) -> str:
        """The end of the log."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join([f"The end of {self.log}:", *text.splitlines()[-lines:]])

    def end(self, *, gently: float = 15.0) -> None:
        """Ask the process to stop, and after `gently` seconds end its group."""
        if self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(gently)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

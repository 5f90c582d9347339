"""IndexTTS's own process, from a checkout with an environment of its own: started, watched, ended.

Nothing of it is imported here. It listens on 127.0.0.1, opens its port once its model is loaded, writes its log into
the shared folder, and is told from strangers by a pid file with start time and boot, so that one which outlived a
killed service is ended before the next one starts.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tts_service.engines.indextts_app import IndexTTSApp
from tts_service.engines.indextts_failures import Kind, UpstreamFailed, explain
from tts_service.engines.indextts_form import Form
from tts_service.service_process import boot_id, start_ticks

MOST_STARTS: Final = 4
WITHIN: Final = 900.0
"""At most so many starts in so many seconds; then it is left alone until the oldest is that long ago."""
_GENTLE: Final = 10.0
_FLAG: Final = re.compile(r"add_argument\(\s*[\"'](--[a-z0-9_-]+)[\"'](?:,\s*[\"'](--[a-z0-9_-]+)[\"'])?")
_TAIL: Final = 64 * 1024
_TELL: Final = 15


@dataclass(frozen=True)
class Checkout:
    """Where IndexTTS lies and how it is to run. `port` 0 takes a free one; `version` is ``2`` or ``2.5``; without
    `weights` its own folder ``checkpoints`` holds them.
    """

    folder: Path
    version: str = "2.5"
    port: int = 0
    device: str = "auto"
    low_memory: bool = False
    weights: Path | None = None


def build_command(checkout: Checkout, port: int, *, half: bool) -> list[str]:
    """Builds the command line from what this checkout's ``webui.py`` understands: versions and bundles differ.

    Its own environment (``.venv``) is used as it is; without one ``uv run`` makes it. Raises UpstreamFailed when the
    folder is no checkout or can't do what is asked.
    """
    page = checkout.folder / "webui.py"
    try:
        source = page.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UpstreamFailed(
            Kind.OTHER, f"{checkout.folder} is no checkout of IndexTTS ({error}): set TTS_INDEXTTS_DIR to its folder"
        ) from error
    flags = {flag for found in _FLAG.findall(source) for flag in found if flag}
    python = checkout.folder / ".venv" / "bin" / "python"
    command = [str(python), "webui.py"] if python.exists() else ["uv", "run", "webui.py"]
    command += ["--server_port" if "--port" not in flags and "--server_port" in flags else "--port", str(port)]
    command += ["--host", "127.0.0.1"]
    if "--version" in flags:
        command += ["--version", checkout.version]
    elif checkout.version != "2":
        raise UpstreamFailed(
            Kind.OTHER,
            f"the checkout in {checkout.folder} knows version 2 alone: get a newer one or set TTS_INDEXTTS_VERSION=2",
        )
    if checkout.weights is not None:
        command += ["--model_dir", str(checkout.weights)]
    if half and "--fp16" in flags:
        command.append("--fp16")
    return command


class Worker:
    """One process of IndexTTS. Its methods may be called from any thread.

    `device` and `precision` are what its log says once it is loaded (in half precision 2.5 computes in bfloat16, told
    as ``float16``); `detail` says why it can't speak, or ""; `started` counts its processes.
    """

    def __init__(
        self, checkout: Checkout, shared: Path, *, patience: float = 1200.0, say: Callable[[str], None] = print
    ) -> None:
        self._checkout, self._patience, self._say = checkout, patience, say
        self.log = shared / "logs" / "indextts.log"
        self._pid_file = shared / "run" / "indextts.pid"
        self._temporary = shared / "run" / "indextts"
        self._process: subprocess.Popen[bytes] | None = None
        self._starts: deque[float] = deque(maxlen=MOST_STARTS)
        self._busy = threading.Lock()
        self._closed = False
        self.started = 0
        self.half = checkout.low_memory
        self.device = "cpu" if checkout.device == "cpu" else "cuda"
        self.precision = "float16" if self.half else "float32"
        self.detail = "IndexTTS is not started yet"
        self.url = ""

    @property
    def running(self) -> bool:
        """Whether the process lives; it may still be loading."""
        return self._process is not None and self._process.poll() is None

    @property
    def starting(self) -> bool:
        """Whether somebody starts or ends it at the moment."""
        return self._busy.locked()

    def ensure(self, *, half: bool = False, instead_of: int = -1) -> Form:
        """Gives the page's inputs once it answers; starts it where needed. May take minutes.

        `half` asks for half precision from now on, `instead_of` (a number of `started`) for another process than that
        one: of several who ask, one has it replaced. Raises UpstreamFailed.
        """
        with self._busy:
            fresh = instead_of == self.started or (half and not self.half)
            self.half = self.half or half
            if fresh or not self.running:
                self._stop()
                self._start()
            return self._wait()

    def close(self) -> None:
        """Ends the process and its children for good, even while it loads: TERM, after 10 s KILL."""
        self._closed = True
        if (process := self._process) is not None:
            _end_group(process.pid, lambda: process.poll() is not None)
        with self._busy:
            self._stop()

    def mark(self) -> int:
        """The log's length now, for `since`."""
        try:
            return self.log.stat().st_size
        except OSError:
            return 0

    def since(self, mark: int) -> str:
        """What it has logged after `mark`, the last 64 KB of that."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(mark, self.mark() - _TAIL))
                return file.read().decode("utf-8", "replace")
        except OSError:
            return ""

    def _start(self) -> None:
        if self._closed:
            raise UpstreamFailed(Kind.GONE, "IndexTTS was ended together with the service")
        now = time.monotonic()
        if len(self._starts) == MOST_STARTS and now - self._starts[0] < WITHIN:
            raise self._failed(
                f"IndexTTS was started {MOST_STARTS} times in {WITHIN / 60:g} minutes and is left alone now"
            )
        self._starts.append(now)
        self.started += 1
        self._end_orphan()
        port = self._checkout.port or _free_port()
        command = build_command(self._checkout, port, half=self.half)
        shutil.rmtree(self._temporary, ignore_errors=True)  # the sounds of the run before: nobody fetches them any more
        for folder in (self.log.parent, self._pid_file.parent, self._temporary):
            folder.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_name("indextts.log.1"))
        try:
            with self.log.open("wb") as log:
                self._process = subprocess.Popen(
                    command,
                    cwd=self._checkout.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    env=self._environment(),
                )
        except OSError as error:
            raise self._failed(f"IndexTTS can't be started ({error}): install uv, or make {command[0]}") from error
        pid = self._process.pid
        self._pid_file.write_text(json.dumps({"pid": pid, "ticks": start_ticks(pid), "boot": boot_id()}), "ascii")
        self.url = f"http://127.0.0.1:{port}"
        self.detail = "IndexTTS loads its model"
        self._say(f"started IndexTTS {self._checkout.version} as process {pid} on port {port}, log {self.log}")

    def _environment(self) -> dict[str, str]:
        ours = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "HF_HUB_OFFLINE", "GRADIO_TEMP_DIR")
        kept = {key: value for key, value in os.environ.items() if key not in ours}
        kept |= {"PYTHONUNBUFFERED": "1", "GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": str(self._temporary)}
        around = [*filter(None, kept.get("NO_PROXY", kept.get("no_proxy", "")).split(",")), "127.0.0.1", "localhost"]
        kept["NO_PROXY"] = kept["no_proxy"] = ",".join(dict.fromkeys(around))
        kept.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
        if self._checkout.device == "cpu":
            kept["CUDA_VISIBLE_DEVICES"] = ""
        return kept

    def _wait(self) -> Form:
        """Waits for the page; the port opens after the model is loaded."""
        deadline = time.monotonic() + self._patience
        app = IndexTTSApp(self.url)
        try:
            while True:
                if not self.running:
                    raise self._failed("IndexTTS ended while it was loading")
                try:
                    form = app.form(timeout=5.0)
                except UpstreamFailed as failed:
                    if failed.kind not in (Kind.GONE, Kind.STUCK):
                        raise
                    self.detail = "IndexTTS loads its model"
                else:
                    self._loaded()
                    return form
                if time.monotonic() > deadline:
                    self._stop()
                    raise self._failed(f"IndexTTS did not open its port within {self._patience:g} s")
                time.sleep(0.2)
        finally:
            app.close()

    def _loaded(self) -> None:
        log = self.since(0)
        self.device = "cpu" if "CPU mode" in log else "cuda"
        self.precision = "float16" if self.half or "enabling half precision" in log else "float32"
        self.detail = ""

    def _stop(self) -> None:
        if self._process is not None:
            _end_group(self._process.pid, lambda: self._process is None or self._process.poll() is not None)
            self._process.wait()
            self._process = None
            self._pid_file.unlink(missing_ok=True)
            self.detail = "IndexTTS is not running"

    def _end_orphan(self) -> None:
        """Ends the process that a service which was killed has left behind."""
        try:
            record = json.loads(self._pid_file.read_text(encoding="ascii"))
            pid, ticks, boot = int(record["pid"]), record["ticks"], record["boot"]
        except (OSError, ValueError, TypeError, KeyError):
            return
        if boot == boot_id() and ticks is not None and start_ticks(pid) == ticks:
            self._say(f"ending IndexTTS's process {pid}, left behind by an earlier service")
            _end_group(pid, lambda: start_ticks(pid) != ticks)

    def _failed(self, what: str) -> UpstreamFailed:
        log = self.since(0)
        known = explain(log)
        lines = "\n".join(log.splitlines()[-_TELL:])
        self.detail = f"{what}; {known}" if known else f"{what}; see {self.log}"
        return UpstreamFailed(
            known.kind if known else Kind.GONE, self.detail + (f"\n{lines}" if lines and not known else "")
        )


def _end_group(pid: int, gone: Callable[[], bool]) -> None:
    for number, patience in ((signal.SIGTERM, _GENTLE), (signal.SIGKILL, _GENTLE)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)
        deadline = time.monotonic() + patience
        while not gone():
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

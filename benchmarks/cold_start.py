"""How long a fresh process takes to its first sound, and what it and the whole service hold in memory."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from tts_service.score.sentences import SENTENCES
from tts_service.score.service import Manner, ServiceUnusable, find

ROOT = Path(__file__).resolve().parents[1]
TEXT = "你好，语音合成服务已经部署完成，现在可以使用了。"
_START_SECONDS = 120.0


def _environment(shared: Path) -> dict[str, str]:
    return {**os.environ, "TTS_SHARED": str(shared), "HF_HUB_OFFLINE": "1"}


def _one_call(shared: Path) -> tuple[float, float, float]:
    """Seconds from the start of ``python -m tts_service.say`` to its end, CPU seconds, and its peak memory in MB."""
    command = [sys.executable, "-m", "tts_service.say", TEXT, "-o", str(shared / "speech.wav"), "--device", "cpu"]
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=_environment(shared), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    error = process.stderr.read().decode() if process.stderr else ""
    if process.stderr:
        process.stderr.close()
    if process.returncode:
        raise RuntimeError(f"tts_service.say ended with {process.returncode}: {error[-500:]}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def cold_start(rounds: int) -> dict[str, Any]:
    """Median and slowest of `rounds` fresh processes that write a wav; one before them fetches the weights."""
    with tempfile.TemporaryDirectory() as folder:
        shared = Path(folder)
        _one_call(shared)
        calls = [_one_call(shared) for _ in range(rounds)]
    return {
        "rounds": rounds,
        "seconds_median": round(median(call[0] for call in calls), 2),
        "seconds_worst": round(max(call[0] for call in calls), 2),
        "cpu_seconds_median": round(median(call[1] for call in calls), 2),
        "peak_rss_mb": round(max(call[2] for call in calls)),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _service(shared: Path) -> Iterator[tuple[str, int]]:
    """The whole service on a free port: its address and process id."""
    port = _free_port()
    command = [sys.executable, "tts_service/webui.py", "--server_port", str(port), "--host", "127.0.0.1"]
    process = subprocess.Popen(
        [*command, "--device", "cpu"],
        cwd=ROOT,
        env=_environment(shared),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the service did not start (exit code {process.returncode})")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _memory(pid: int, name: str) -> int:
    """A line of /proc/<pid>/status in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return round(int(line.split()[1]) / 1024)
    raise RuntimeError(f"/proc/{pid}/status has no {name}")


def service_memory(sentences: int) -> dict[str, Any]:
    """Memory of the running service (WebUI and all) once it listens, and after it spoke `sentences` sentences."""
    with tempfile.TemporaryDirectory() as folder, _service(Path(folder)) as (url, pid):
        fresh = _memory(pid, "VmRSS")
        with closing(find(url, Manner())) as service:
            for index in range(sentences):
                if not service.speak(SENTENCES[index % len(SENTENCES)].text):
                    raise ServiceUnusable("the service answered with nothing")
        return {
            "door": service.door,
            "rss_mb_started": fresh,
            "sentences": sentences,
            "rss_mb": _memory(pid, "VmRSS"),
            "peak_rss_mb": _memory(pid, "VmHWM"),
        }

"""Many clients at once against the real speech service: does each get speech or a 429, how soon, and does memory grow?

``python -m benchmarks.load`` starts the service (the WebUI with its API) on a free port, on two cores where there are
more, and lets 200 clients speak for a minute. A client that hears 429 waits as long as it is told, as OpenAI's clients
do. ``--url`` measures a service that runs already, on this machine.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks import report

ROOT: Final = Path(__file__).resolve().parents[1]
CLIENTS: Final = 200
SECONDS: Final = 60.0
_CORES: Final = 2
_TEXTS: Final = (
    "你好。",
    "服务已经启动，端口7860正常。",
    "今天是2026年11月22日，气温零下三度到八度，降水概率百分之三十。",
    "语音合成服务已经部署完成，现在可以使用了，请大家打开页面，输入一段文字，再选择喜欢的音色和情感。",
)
_LATE: Final = 60.0
"""Seconds after the end in which requests under way may finish."""


@dataclass
class Tally:
    """What the clients saw."""

    statuses: Counter[str] = field(default_factory=Counter)
    first_bytes: list[float] = field(default_factory=list)
    totals: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)
    speech_seconds: float = 0.0


async def client(address: tuple[str, int], until: float, tally: Tally, chance: random.Random) -> None:
    """One client, one request after the other until the time is up."""
    await asyncio.sleep(chance.random() * 0.2)
    while time.monotonic() < until:
        pause = await request(address, tally, chance)
        await asyncio.sleep(min(pause * (1 + 0.25 * chance.random()), max(0.0, until - time.monotonic())))


async def request(address: tuple[str, int], tally: Tally, chance: random.Random) -> float:
    """Speaks once; gives the seconds to wait before the next request."""
    fields = {"model": "tts-1", "voice": "alloy", "input": chance.choice(_TEXTS), "response_format": "pcm"}
    body = json.dumps(fields).encode()
    head = f"POST /v1/audio/speech HTTP/1.1\r\nHost: {address[0]}\r\nContent-Type: application/json\r\n"
    head += f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    begun = time.perf_counter()
    try:
        reader, writer = await asyncio.open_connection(*address)
    except OSError as error:
        tally.statuses[type(error).__name__] += 1
        return 1.0
    try:
        writer.write(head.encode() + body)
        await writer.drain()
        status, headers = await _head(reader)
        first = time.perf_counter() - begun
        data = await reader.read(-1)
    except (OSError, ValueError, asyncio.IncompleteReadError) as error:
        tally.statuses[type(error).__name__] += 1
        return 1.0
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    total = time.perf_counter() - begun
    ended = data.endswith(b"0\r\n\r\n") or "content-length" in headers
    tally.statuses[str(status) if ended else f"{status} cut off"] += 1
    if status == 200:
        tally.first_bytes.append(first)
        tally.totals.append(total)
        tally.speech_seconds += len(data) / 48_000  # the sizes of the chunks add some bytes in ten thousand
        return 0.0
    tally.refusals.append(total)
    return float(headers.get("retry-after", 1.0))


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines[1:] if line)
    return int(lines[0].split()[1]), {name.lower(): value.strip() for name, _, value in pairs}


async def crowd(address: tuple[str, int], clients: int, seconds: float, pid: int) -> tuple[Tally, list[float]]:
    """All clients at once, and the service's memory (MiB) each second."""
    tally, memory = Tally(), [resident(pid)]
    until = time.monotonic() + seconds
    tasks = [asyncio.create_task(client(address, until, tally, random.Random(number))) for number in range(clients)]
    while time.monotonic() < until:
        await asyncio.sleep(1)
        memory.append(resident(pid))
    _, pending = await asyncio.wait(tasks, timeout=_LATE)
    tally.statuses["never answered"] += len(pending)
    for task in pending:
        task.cancel()
    return tally, memory


def resident(pid: int) -> float:
    """Resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))) / 1024


@contextlib.contextmanager
def started(cores: set[int] | None) -> Iterator[str]:
    """The service on a free port of this machine; gives its address."""
    with tempfile.TemporaryDirectory() as shared:
        environment = {**os.environ, "TTS_SHARED": shared}
        command = [sys.executable, str(ROOT / "tts_service" / "webui.py"), "--host", "127.0.0.1", "--device", "cpu"]
        port = _free_port()
        log = Path(shared) / "service.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [*command, "--server_port", str(port)], env=environment, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            if cores:
                os.sched_setaffinity(process.pid, cores)
            url = f"http://127.0.0.1:{port}"
            _wait_ready(url, process, log)
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 300
    while True:
        try:
            urllib.request.urlopen(f"{url}/readyz", timeout=5).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"the service did not start:\n{log.read_text()[-2000:]}") from None
            time.sleep(0.2)


def measure(url: str, clients: int, seconds: float) -> dict[str, Any]:
    """Lets the crowd loose; gives all figures."""
    with urllib.request.urlopen(f"{url}/healthz", timeout=10) as reply:
        pid = int(json.load(reply)["pid"])
    parts = urlsplit(url)
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    warm = Tally()
    for number in range(3 * len(_TEXTS)):
        asyncio.run(request(address, warm, random.Random(number)))
    before = resident(pid)
    tally, memory = asyncio.run(crowd(address, clients, seconds, pid))
    time.sleep(2)
    after = resident(pid)
    allowed = {"200", "429"}
    third = max(1, len(memory) // 3)
    return {
        "clients": clients,
        "seconds": seconds,
        "service_cores": len(os.sched_getaffinity(pid)),
        "requests": dict(tally.statuses.most_common()),
        "neither_2xx_nor_429": sum(count for status, count in tally.statuses.items() if status not in allowed),
        "seconds_to_first_byte": _spread(tally.first_bytes),
        "seconds_to_last_byte": _spread(tally.totals),
        "seconds_to_429": _spread(tally.refusals),
        "speech_seconds_per_second": round(tally.speech_seconds / seconds, 1),
        "rss_mib": {
            "before": round(before, 1),
            "highest": round(max(memory), 1),
            "second_third": round(statistics.mean(memory[third : 2 * third] or memory), 1),
            "last_third": round(statistics.mean(memory[2 * third :] or memory), 1),
            "after": round(after, 1),
        },
    }


def _spread(seconds: list[float]) -> dict[str, float | int]:
    if not seconds:
        return {"count": 0}
    ordered = sorted(seconds)
    percent = {name: ordered[min(len(ordered) - 1, int(share * len(ordered)))] for name, share in _SHARES.items()}
    return {"count": len(ordered), **{name: round(value, 3) for name, value in percent.items()}}


_SHARES: Final = {"p50": 0.5, "p99": 0.99, "slowest": 1.0}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__.splitlines()[0])
    parser.add_argument("--url", help="a service that runs on this machine (default: start one)")
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--no-write", action="store_true", help="print only, leave the results file as it is")
    options = parser.parse_args()
    usable = sorted(os.sched_getaffinity(0))
    cores = set(usable[:_CORES]) if len(usable) > _CORES else None
    service = contextlib.nullcontext(options.url) if options.url else started(cores)
    with service as url:
        if cores and len(usable) >= 2 * _CORES and not options.url:
            os.sched_setaffinity(0, set(usable[_CORES:]))  # the clients have cores of their own
        figures = measure(url.rstrip("/"), options.clients, options.seconds)
    first, last, refused, memory = (
        figures[name] for name in ("seconds_to_first_byte", "seconds_to_last_byte", "seconds_to_429", "rss_mib")
    )
    rows = [
        (f"requests of {options.clients} clients in {options.seconds:g} s", json.dumps(figures["requests"]), ""),
        ("neither 2xx nor 429", str(figures["neither_2xx_nor_429"]), "0"),
        ("first byte, p50 / p99", f"{first.get('p50', '–')} / {first.get('p99', '–')} s", ""),
        ("last byte, p50 / p99", f"{last.get('p50', '–')} / {last.get('p99', '–')} s", ""),
        ("429, p50 / p99", f"{refused.get('p50', '–')} / {refused.get('p99', '–')} s", ""),
        ("speech made", f"{figures['speech_seconds_per_second']} s in a second", ""),
        ("resident memory before / highest / after",
         f"{memory['before']} / {memory['highest']} / {memory['after']} MiB", "no growth"),
        ("the same, second / last third", f"{memory['second_third']} / {memory['last_third']} MiB", ""),
    ]  # fmt: skip
    for name, value, target in rows:
        print(f"{name:<42} {value:>34}   {target}")
    if not options.no_write:
        print(report.write("load", figures))
    return 0 if figures["neither_2xx_nor_429"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

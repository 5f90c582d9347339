"""Our host layer against a bare fabric pool: 20 loopback sshd × 10 commands.

`python -m benchmarks.ssh` starts 20 OpenSSH servers and lets both sides do the same work, alternating in the same
run, on fresh connections each time: one thread per host, ten commands after one another. The bare pool is fabric
with TCP_NODELAY, and no more than that: no host keys, no limits, no retries. The figure to reach is a median
ratio of at most 1.2. A second figure is the same with connections that are already open.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fabric

from benchmarks import report
from orchestrator.hosts import HostPool
from orchestrator.inventory import HostEntry
from tests.support.sshd import SSHD, Sshd, running_sshd

HOSTS, COMMANDS, REPETITIONS = 20, 10, 15
TARGET = 1.2


@contextlib.contextmanager
def ours(servers: list[Sshd], folder: Path) -> Iterator[Callable[[int], None]]:
    """Our pool; calling it with a host's number runs one command there."""
    known_hosts = folder / "known_hosts"
    known_hosts.write_text("".join(server.host_key_line for server in servers))
    entries = {
        str(number): HostEntry(
            name=f"h{number}",
            address="127.0.0.1",
            port=server.port,
            user=server.user,
            identity_file=server.client_key_path,
            known_hosts=known_hosts,
            root=str(server.home),
        )
        for number, server in enumerate(servers)
    }
    with HostPool(SimpleNamespace(hosts=entries), state_dir=folder) as pool:

        def run(number: int) -> None:
            done = pool.host(str(number)).run("echo ok")
            assert done.stdout == "ok\n"

        yield run


@contextlib.contextmanager
def bare(servers: list[Sshd]) -> Iterator[Callable[[int], None]]:
    """The bare fabric pool; calling it with a host's number runs one command there."""
    connections: dict[int, Any] = {}

    def connect(server: Sshd) -> Any:
        sock = socket.create_connection(("127.0.0.1", server.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return fabric.Connection(
            "127.0.0.1",
            user=server.user,
            port=server.port,
            connect_kwargs={
                "sock": sock,
                "key_filename": str(server.client_key_path),
                "allow_agent": False,
                "look_for_keys": False,
            },
        )

    def run(number: int) -> None:
        if number not in connections:
            connections[number] = connect(servers[number])
        done = connections[number].run("echo ok", hide=True, in_stream=False)
        assert done.stdout == "ok\n"

    try:
        yield run
    finally:
        for connection in connections.values():
            connection.close()


def seconds(threads: ThreadPoolExecutor, run: Callable[[int], None], count: int) -> float:
    """How long `COMMANDS` commands on each of `count` hosts take, one thread per host."""
    began = time.perf_counter()
    waiting = [threads.submit(_repeat, run, number) for number in range(count)]
    for one in waiting:
        one.result()
    return time.perf_counter() - began


def _repeat(run: Callable[[int], None], number: int) -> None:
    for _ in range(COMMANDS):
        run(number)


def measure(servers: list[Sshd], folder: Path, repetitions: int) -> dict[str, list[float]]:
    """Seconds per repetition for both sides, on new and on open connections; who goes first alternates."""
    times: dict[str, list[float]] = {"ours_new": [], "bare_new": [], "ours_open": [], "bare_open": []}
    with ThreadPoolExecutor(len(servers)) as threads:
        for repetition in range(-1, repetitions):
            sides: list[tuple[str, Any]] = [("ours", ours(servers, folder)), ("bare", bare(servers))]
            for name, side in sides if repetition % 2 else reversed(sides):
                with side as run:
                    first = seconds(threads, run, len(servers))
                    second = seconds(threads, run, len(servers))
                if repetition >= 0:  # the first round only warms up
                    times[f"{name}_new"].append(first)
                    times[f"{name}_open"].append(second)
    return times


def figures(times: dict[str, list[float]], hosts: int) -> dict[str, Any]:
    """What goes into the report; ratios are taken within each repetition, then the median."""
    result: dict[str, Any] = {
        "hosts": hosts,
        "commands_per_host": COMMANDS,
        "repetitions": len(times["ours_new"]),
        "target_ratio": TARGET,
    }
    for kind in ("new", "open"):
        pairs = list(zip(times[f"ours_{kind}"], times[f"bare_{kind}"], strict=True))
        ratios = [mine / other for mine, other in pairs]
        result[f"{kind}_connections"] = {
            "ours_median_s": round(statistics.median(times[f"ours_{kind}"]), 3),
            "bare_fabric_median_s": round(statistics.median(times[f"bare_{kind}"]), 3),
            "ratio_median": round(statistics.median(ratios), 3),
            "ratio_min": round(min(ratios), 3),
            "ratio_max": round(max(ratios), 3),
        }
    result["target_reached"] = result["new_connections"]["ratio_median"] <= TARGET
    return result


def main() -> None:
    """Measure, print a table, write `benchmarks/results/ssh.json`."""
    parser = argparse.ArgumentParser(description="20 sshd x 10 commands: our host layer against bare fabric")
    parser.add_argument("--hosts", type=int, default=HOSTS)
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument("--no-report", action="store_true", help="print only")
    asked = parser.parse_args()
    if SSHD is None:
        sys.exit("sshd is not installed (package openssh-server)")
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        servers = [
            stack.enter_context(running_sshd(folder / str(number), folder / str(number) / "home"))
            for number in range(asked.hosts)
        ]
        found = figures(measure(servers, folder, asked.repetitions), asked.hosts)
    title = f"{found['hosts']} sshd x {COMMANDS} commands"
    print(f"{title:<24} {'ours':>8} {'fabric':>8} {'ratio':>7}   (medians of {found['repetitions']})")
    for kind in ("new", "open"):
        row = found[f"{kind}_connections"]
        print(
            f"{kind + ' connections':<24} {row['ours_median_s']:>7.3f}s {row['bare_fabric_median_s']:>7.3f}s "
            f"{row['ratio_median']:>7.3f}"
        )
    print(f"target: ratio <= {TARGET} on new connections: {'reached' if found['target_reached'] else 'MISSED'}")
    if not asked.no_report:
        print(report.write("ssh", found).relative_to(report.HERE.parent))


if __name__ == "__main__":
    main()

"""``python -m zentao_client.sandbox --version 22.4 --port 8080``: the sandbox as a process of its own."""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

from .server import Sandbox


def main() -> int:
    """Serve until SIGINT or SIGTERM; the first line printed is the address."""
    parser = argparse.ArgumentParser(prog="python -m zentao_client.sandbox", description=__doc__)
    parser.add_argument("--version", choices=("18.8", "22.4"), default="18.8", help="whose behaviour to take on")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--database", type=Path, help="SQLite file; without it everything lives in memory")
    parser.add_argument("--request-type", choices=("GET", "PATH_INFO"), default="GET", help="form of page addresses")
    parser.add_argument("--time-zone", default="Asia/Shanghai")
    parser.add_argument("--acting-as", default="", metavar="ACCOUNT", help="show buttons on the pages, as this human")
    parser.add_argument("--no-seed", action="store_true", help="start with the admin alone")
    options = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    sandbox = Sandbox(
        options.version,
        options.database,
        host=options.host,
        port=options.port,
        request_type=options.request_type,
        time_zone=options.time_zone,
        acting_as=options.acting_as,
    )
    with sandbox:
        if not options.no_seed:
            sandbox.seed()
        print(sandbox.url, flush=True)
        ended.wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The daemon: engine, poller and web in one process, from READY to a drained end."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import structlog

import orchestrator.workflow.outdated  # noqa: F401 - declares the workflows (`deploy` too), known before the launch
from orchestrator.context import open_context, use
from orchestrator.logs import set_up_logs
from orchestrator.operations import Operations
from orchestrator.retention import Sweeper
from orchestrator.settings import Settings
from orchestrator.triggers.poller import Poller
from orchestrator.web.app import WebServer, build_app, new_token, write_control_file

log = structlog.get_logger("daemon")

FIRST_TICK_SECONDS: Final = 5.0
DRAIN_SECONDS: Final = 25.0
"""Short steps end within it; systemd waits 90 s by default before it kills."""


def serve(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; returns the exit status. A second signal ends the process at once.

    What is unfinished goes on at the next start: long steps on hosts are detached and are found again. Raises
    EngineBusy when another process owns the data folder, ConfigError, and OSError when the port is taken.
    """
    stop = threading.Event()
    with _signals(stop), use(open_context(settings)) as context:
        secret = settings.web.read_webhook_secret()
        webhook_secret = secret.get_secret_value() if secret else None
        token = new_token()
        set_up_logs(
            settings.log.level,
            as_json=settings.log.as_json,
            secrets=[settings.zentao.read_password().get_secret_value(), token, *filter(None, [webhook_secret])],
        )
        context.engine.launch()
        drained = False
        try:
            operations = Operations(context, stop=stop)
            operations.tidy()
            poller = Poller(operations.reader, settings.poll.interval_seconds, each_tick=operations.tidy)
            with WebServer(settings.web.host, settings.web.port) as web:
                web.serve(build_app(operations, poller, webhook_secret=webhook_secret, control_token=token))
                poller.start()
                Sweeper(context, stop).start()
                # Whoever moves a ticket after READY expects it to be seen; a ZenTao that is away must not hold us up.
                poller.ticked.wait(FIRST_TICK_SECONDS)
                control_file = write_control_file(settings.data_dir, web.url, token)
                log.info("ready", url=web.url, zentao=settings.zentao.url, pid=os.getpid())
                notify("READY=1")
                _until(stop)
                notify("STOPPING=1")
                log.info("stopping")
                control_file.unlink(missing_ok=True)
            poller.stop()
        finally:
            stop.set()
            drained = context.engine.shutdown(DRAIN_SECONDS)
            log.info("stopped", drained=drained)
    if not drained:
        # A step that doesn't return would keep the interpreter waiting for its thread; its record is on disk.
        sys.stderr.flush()
        os._exit(0)
    return 0


def notify(message: str) -> None:
    """Tell systemd (`Type=notify`); does nothing elsewhere."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        try:
            sender.connect("\0" + address[1:] if address.startswith("@") else address)
            sender.sendall(message.encode())
        except OSError as error:
            log.warning("notify_failed", error=str(error))


def _until(stop: threading.Event) -> None:
    """Wait, and feed systemd's watchdog at half its time where one is set."""
    watchdog = os.environ.get("WATCHDOG_USEC", "")
    mine = os.environ.get("WATCHDOG_PID") in (None, str(os.getpid()))
    pause = int(watchdog) / 2_000_000 if watchdog.isdecimal() and int(watchdog) > 0 and mine else None
    while not stop.wait(pause):
        notify("WATCHDOG=1")


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    def handle(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

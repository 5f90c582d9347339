"""Workflows for the tests, in a module of their own so that a child process can import and resume them.

Each effect appends a line to the file named first, which is how a test sees what really ran.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from orchestrator import engine as engines
from orchestrator.engine import Cancelled, cancelled, sleep, step, workflow


class Awkward(Exception):
    """An error that can't be read again after being stored: its constructor wants more than its text."""

    def __init__(self, code: int, where: str) -> None:
        super().__init__(f"{where}: {code}")


def note(log: str, line: str) -> None:
    with Path(log).open("a") as file:
        file.write(line + "\n")


@step("write")
def write(log: str, line: str) -> str:
    note(log, line)
    return line.upper()


@step("die once")
def die_once(log: str) -> None:
    note(log, "dying step")
    if Path(log).read_text().count("dying step") == 1:
        os.kill(os.getpid(), signal.SIGKILL)


@step("wait until told")
def until_told(log: str) -> str:
    note(log, "waiting")
    while not cancelled():
        time.sleep(0.02)
    return "told to stop"


@step("flaky", attempts=3, interval=0.01, retry_on=(ConnectionError, Awkward))
def flaky(log: str, kind: str) -> str:
    note(log, "try")
    if kind == "value":
        raise ValueError("not worth another try")
    if Path(log).read_text().count("try") < 3:
        raise Awkward(7, "there") if kind == "awkward" else ConnectionError("away")
    return "third time"


@step("tidy up", cleanup=True)
def tidy(log: str) -> None:
    note(log, "tidied")


@workflow("test-plain")
def plain(log: str) -> str:
    return write(log, "one") + write(log, "two")


@workflow("test-dying")
def dying(log: str) -> str:
    write(log, "one")
    die_once(log)
    return write(log, "two")


@workflow("test-cancellable")
def cancellable(log: str) -> str:
    try:
        until_told(log)
        write(log, "never")
    except Cancelled:
        tidy(log)
        return "cancelled"
    return "finished"


@workflow("test-flaky")
def retrying(log: str, kind: str) -> str:
    return flaky(log, kind)


@step("fail awkwardly")
def awkwardly() -> None:
    raise Awkward(7, "there")


@workflow("test-awkward")
def awkward() -> None:
    awkwardly()


@workflow("test-on-host")
def on_host(log: str, name: str, seconds: float) -> str:
    write(log, f"{name} begins")
    busy(seconds)
    return write(log, f"{name} ends")


@step("busy")
def busy(seconds: float) -> None:
    time.sleep(seconds)


@workflow("test-parent")
def parent(log: str) -> str:
    engine = engines.running()
    engine.enqueue("hosts", on_host, "child", log, "child", 0.0, partition="h")
    return f"child said {engine.wait('child')}"


@step("wait for the word", cleanup=True)
def wait_for_the_word(log: str) -> None:
    note(log, "before the child")
    while not Path(log).with_name("word").exists():
        time.sleep(0.02)


@workflow("test-late-parent")
def late_parent(log: str) -> str:
    """Its child begins after a cancel was asked for; `log` says whether it did."""
    engine = engines.running()
    try:
        wait_for_the_word(log)
        engine.enqueue("hosts", on_host, "late-child", log, "late child", 0.0, partition="h")
        return str(engine.wait("late-child"))
    except Cancelled:
        tidy(log)
        return "cancelled"


@workflow("test-sleeping")
def sleeping(log: str, seconds: float) -> str:
    write(log, "before")
    sleep(seconds)
    return write(log, "after")

"""The daemon against the clock: from a person's click to our first comment, and what it costs when nothing happens.

`python -m benchmarks.daemon` starts a ZenTao sandbox and the ordinary daemon, each a process of its own, and measures

- *webhook → first comment*: from just before the person's `start` request is sent (its time is included, and ZenTao
  delivers the webhook inside it) until the acceptance comment is seen in the task, read over HTTP by another login
  every 15 ms, by this process's monotonic clock;
- *poll → first comment*: the same without a webhook;
- *idle*: requests to ZenTao per tick with 10 and with 10,000 open tasks, the daemon's resident memory and processor
  time, and which of the heavy packages it ever imported.

Each sample is a ticket of its own. Its host refuses connections, so that nothing runs there, and its run is cancelled
once the comment was seen; the next sample begins when it has ended.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks import report
from zentao_client.sandbox import Sandbox

SAMPLES, POLL_SAMPLES, IDLE_TICKS = 21, 10, 10
INTERVAL, POLL_INTERVAL, IDLE_INTERVAL = 10.0, 2.0, 1.0
WATCH = 0.015
HEAVY = ("torch", "gradio", "gradio_client", "playwright", "numpy")
PERSON, SECRET = "wangchanpin", "benchmark-secret"
MARKER = re.compile(r"zd:run-")
HERE = Path(__file__).resolve().parent.parent

SETTINGS = """
zentao: {{url: "{url}", account: deploybot, password_env: BENCH_PASSWORD, executions: [{execution}]}}
poll: {{interval_seconds: {interval}}}
web: {{port: 0, webhook_secret_env: BENCH_SECRET}}
data_dir: data
inventory: inventory.yaml
"""
INVENTORY = """
hosts:
  gpu-01:
    address: 127.0.0.1
    port: 9
    user: nobody
    root: /nowhere/tts
    accounts: [wangchanpin]
    variables: {repository: "https://git.example/tts.git"}
"""


def sandbox_process() -> None:
    """The child: a sandbox that takes one JSON command a line and answers each with one line."""
    with Sandbox(version="18.8") as sandbox:
        seed = sandbox.seed()
        print(json.dumps({"url": sandbox.url, **seed.as_mapping()}), flush=True)
        for line in sys.stdin:
            command = json.loads(line)
            answer: Any = None
            if command["do"] == "webhook":
                answer = sandbox.add_webhook(command["url"])
            elif command["do"] == "ticket":
                answer = sandbox.as_user(PERSON).create_task(
                    seed.execution, command["title"], description="<p>主机: gpu-01</p><p>分支: v23</p>"
                )
            elif command["do"] == "tasks":
                sandbox.create_tasks(command["count"], execution=seed.execution)
            elif command["do"] == "requests":
                answer = sandbox.requests.count(r"^/(api\.php|index\.php)")
            print(json.dumps(answer), flush=True)


class SandboxProcess:
    """The parent's side of it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.daemon", "--sandbox"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self.seed = json.loads(self._out.readline())
        self.url: str = self.seed["url"]

    def ask(self, do: str, **more: Any) -> Any:
        self._in.write(json.dumps({"do": do, **more}) + "\n")
        self._in.flush()
        return json.loads(self._out.readline())

    def close(self) -> None:
        self._in.close()
        self._process.wait(10)
        self._out.close()


class Person:
    """A person at ZenTao's API v1, with one login for clicking and one for looking."""

    def __init__(self, url: str, password: str) -> None:
        self.http = httpx.Client(base_url=f"{url}/api.php/v1", trust_env=False, timeout=30)
        self._clicking, self._looking = (self._login(password) for _ in range(2))

    def _login(self, password: str) -> dict[str, str]:
        answer = self.http.post("/tokens", json={"account": PERSON, "password": password})
        return {"Token": answer.json()["token"]}

    def start(self, task: int) -> None:
        answer = self.http.post(f"/tasks/{task}/start", json={"left": 1, "comment": ""}, headers=self._clicking)
        assert answer.json()["status"] == "doing", answer.text

    def sees_comment(self, task: int) -> bool:
        actions = self.http.get(f"/tasks/{task}", headers=self._looking).json()["actions"]
        return any(MARKER.search(action.get("comment") or "") for action in actions)


class DaemonProcess:
    """The daemon as `zentao-deploy serve` runs it."""

    def __init__(self, folder: Path, sandbox: SandboxProcess, interval: float, *, trace_imports: bool = False) -> None:
        folder.mkdir(parents=True)
        (folder / "zentao-deploy.yaml").write_text(
            SETTINGS.format(url=sandbox.url, execution=sandbox.seed["execution"], interval=interval)
        )
        (folder / "inventory.yaml").write_text(INVENTORY)
        self.log = folder / "log"
        environment = {**os.environ, "BENCH_PASSWORD": sandbox.seed["password"], "BENCH_SECRET": SECRET}
        if trace_imports:
            environment["PYTHONPROFILEIMPORTTIME"] = "1"
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "orchestrator.cli", "serve", "--config", str(folder / "zentao-deploy.yaml")],
                env=environment,
                stdout=out,
                stderr=out,
                cwd=HERE,
            )
        self._data = folder / "data"
        self.http = httpx.Client(trust_env=False)
        try:
            until(self._ready, 60)
        except BaseException:
            self.close()
            raise
        self.control: dict[str, Any] = json.loads((self._data / "control.json").read_text())

    def _ready(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(self.log.read_text())
        try:
            control = json.loads((self._data / "control.json").read_text())
            return self.http.get(f"{control['url']}/readyz").status_code == 200
        except (OSError, ValueError, httpx.HTTPError):
            return False

    @property
    def hook(self) -> str:
        return f"{self.control['url']}/webhooks/zentao/{SECRET}"

    def cancel_all(self) -> None:
        """End what is under way, so that it takes no time from the next sample."""
        url, headers = f"{self.control['url']}/control/runs", {"Authorization": f"Bearer {self.control['token']}"}
        while runs := self.http.get(url, params={"active": True}, headers=headers).json():
            for run in runs:
                self.http.post(f"{url}/{run['run_id']}/cancel", headers=headers)
            time.sleep(0.2)

    def polls(self) -> int:
        text = self.http.get(f"{self.control['url']}/metrics").text
        return int(
            sum(float(value) for value in re.findall(r"^zentao_deploy_polls_total\S* (\S+)$", text, re.MULTILINE))
        )

    def memory_mib(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"^VmRSS:\s+(\d+)", status, re.MULTILINE)
        assert found is not None
        return round(int(found.group(1)) / 1024, 1)

    def processor_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def imported(self) -> set[str]:
        """Top-level packages that the process imported; needs `trace_imports`."""
        return set(re.findall(r"^import time:.*\|\s+(\w+)", self.log.read_text(), re.MULTILINE))

    def close(self) -> None:
        self.http.close()
        self.process.terminate()
        self.process.wait(60)


def until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen in time")
        time.sleep(0.05)


@contextmanager
def stage(folder: Path, name: str, interval: float, *, tasks: int = 0, trace: bool = False) -> Iterator[Stage]:
    """A sandbox, a daemon and a person, ended in order."""
    sandbox = SandboxProcess()
    try:
        if tasks:
            sandbox.ask("tasks", count=tasks)
        daemon = DaemonProcess(folder / name, sandbox, interval, trace_imports=trace)
        try:
            yield Stage(sandbox, daemon, Person(sandbox.url, sandbox.seed["password"]))
        finally:
            daemon.close()
    finally:
        sandbox.close()


class Stage:
    def __init__(self, sandbox: SandboxProcess, daemon: DaemonProcess, person: Person) -> None:
        self.sandbox = sandbox
        self.daemon = daemon
        self.person = person

    def sample(self, number: int) -> float:
        """One ticket: seconds from the click to the comment."""
        task = self.sandbox.ask("ticket", title=f"【第{number}次部署】")
        # Clicks come at any moment of a tick.
        time.sleep((number * 0.37) % 1.0)
        click = threading.Thread(target=self.person.start, args=(task,))
        began = time.monotonic()
        click.start()
        while not self.person.sees_comment(task):
            if time.monotonic() - began > 60:
                raise TimeoutError(self.daemon.log.read_text()[-3000:])
            time.sleep(WATCH)
        seconds = time.monotonic() - began
        click.join()
        self.daemon.cancel_all()
        return seconds


def webhook_seconds(folder: Path, samples: int) -> list[float]:
    with stage(folder, "webhook", INTERVAL) as on:
        on.sandbox.ask("webhook", url=on.daemon.hook)
        on.sample(0)  # the first one loads templates and logs in; its figure would be another one's
        return [on.sample(number) for number in range(1, samples + 1)]


def poll_seconds(folder: Path, samples: int) -> list[float]:
    with stage(folder, "poll", POLL_INTERVAL) as on:
        on.sample(0)
        return [on.sample(number) for number in range(1, samples + 1)]


def idle(folder: Path, tasks: int) -> dict[str, float]:
    """Requests per tick, memory and processor share with so many open tasks."""
    with stage(folder, f"idle-{tasks}", IDLE_INTERVAL, tasks=tasks) as on:
        begin = on.daemon.polls()
        until(lambda: on.daemon.polls() >= begin + 3, 60)
        polls, requests = on.daemon.polls(), on.sandbox.ask("requests")
        cpu, began = on.daemon.processor_seconds(), time.monotonic()
        until(lambda: on.daemon.polls() >= polls + IDLE_TICKS, 120)
        done, asked = on.daemon.polls() - polls, on.sandbox.ask("requests") - requests
        share = (on.daemon.processor_seconds() - cpu) / (time.monotonic() - began)
        return {
            "requests_per_tick": round(asked / done, 2),
            "rss_mib": on.daemon.memory_mib(),
            "cpu_percent": round(100 * share, 1),
        }


def heavy_imports(folder: Path) -> dict[str, Any]:
    """What the daemon imports from its start through a whole deployment that fails on its host."""
    with stage(folder, "imports", IDLE_INTERVAL, trace=True) as on:
        on.sample(0)
        imported = on.daemon.imported()
        return {"heavy": sorted(set(HEAVY) & imported), "rss_mib_after_a_run": on.daemon.memory_mib()}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.daemon", description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=SAMPLES, help=f"webhook samples (default {SAMPLES})")
    parser.add_argument("--sandbox", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.sandbox:
        sandbox_process()
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        hooked = webhook_seconds(folder, arguments.samples)
        polled = poll_seconds(folder, max(3, min(POLL_SAMPLES, arguments.samples)))
        few, many = idle(folder, 10), idle(folder, 10_000)
        imports = heavy_imports(folder)
    figures: dict[str, Any] = {
        "webhook_to_first_comment_seconds": _spread(hooked),
        "poll_to_first_comment_seconds": {"interval": POLL_INTERVAL, **_spread(polled)},
        "idle_10_tasks": few,
        "idle_10000_tasks": many,
        "imports": imports,
        "measured": "from sending the person's start request to the acceptance comment read over HTTP by another login",
    }
    rows = [
        ("webhook → first comment, median", f"{statistics.median(hooked):.3f} s", "< 0.5 s"),
        ("webhook → first comment, slowest", f"{max(hooked):.3f} s", ""),
        ("poll → first comment, median", f"{statistics.median(polled):.3f} s", ""),
        ("poll → first comment, slowest", f"{max(polled):.3f} s", f"< {POLL_INTERVAL + 0.5:g} s"),
        ("requests per idle tick, 10 tasks", f"{few['requests_per_tick']:g}", "1"),
        ("requests per idle tick, 10,000 tasks", f"{many['requests_per_tick']:g}", "1"),
        ("resident memory, idle", f"{max(few['rss_mib'], many['rss_mib']):g} MiB", "< 150 MB"),
        (f"processor, idle, a tick each {IDLE_INTERVAL:g} s", f"{many['cpu_percent']:g} %", ""),
        ("heavy packages imported", ", ".join(imports["heavy"]) or "none", "none"),
    ]
    for name, value, target in rows:
        print(f"{name:<40} {value:>12}   {target}")
    print(report.write("daemon", figures))
    return 0


def _spread(seconds: list[float]) -> dict[str, Any]:
    return {
        "median": round(statistics.median(seconds), 3),
        "fastest": round(min(seconds), 3),
        "slowest": round(max(seconds), 3),
        "samples": len(seconds),
    }


if __name__ == "__main__":
    sys.exit(main())

"""`make demo`: a ticket deploys the bundled engine on this machine, start to end, and shows what came out."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from rich.console import Console

from orchestrator.demo import story
from orchestrator.demo.processes import DemoError
from orchestrator.demo.stage import Stage, set_stage
from orchestrator.demo.summary import Summary
from orchestrator.store import Run

PID_FILE = "demo.pid"


class Stopped(Exception):
    """Somebody wants the demo to end (Ctrl-C, `make demo-stop`)."""


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; 0 when it showed what it was asked to show."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--broken", action="store_true", help="deploy a version whose WebUI dies at start")
    parser.add_argument("--keep", action="store_true", help="leave ticket page and WebUI running until Ctrl-C")
    parser.add_argument("--stop", action="store_true", help="end what --keep left running")
    parser.add_argument("--out", type=Path, default=Path("demo-out"), help="where the results go")
    parser.add_argument("--zentao", choices=["18.8", "22.4"], default="22.4", help="which ZenTao to embed")
    chosen = parser.parse_args(arguments)
    console = Console(stderr=True)
    if chosen.stop:
        return stop(chosen.out, console)
    try:
        with _stoppable():
            return play(chosen, console)
    except DemoError as error:
        console.print(f"[red]The demo failed:[/] {error}", highlight=False)
        return 1
    except (Stopped, KeyboardInterrupt):
        console.print("Stopped.")
        return 130


def play(chosen: argparse.Namespace, console: Console) -> int:
    """One demo from the stage to the summary."""
    out: Path = chosen.out
    out.mkdir(parents=True, exist_ok=True)
    for name in ("summary.json", "ticket.png", "webui.png", "speech.wav", "daemon.log"):
        (out / name).unlink(missing_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="zentao-deploy-demo-"))
    (out / PID_FILE).write_text(f"{os.getpid()}\n", encoding="utf-8")
    try:
        console.print("[bold]1[/] setting the stage: an embedded ZenTao, an SSH host, a git origin, the daemon")
        with set_stage(scratch, out, version=chosen.zentao) as stage:
            return _act(stage, chosen, out, console)
    finally:
        (out / PID_FILE).unlink(missing_ok=True)
        shutil.rmtree(scratch, ignore_errors=True)


def _act(stage: Stage, chosen: argparse.Namespace, out: Path, console: Console) -> int:
    task = story.write_ticket(stage, broken=chosen.broken)
    page = f"/task/{task.id}"
    url = stage.sandbox.url + page
    console.print(f"[bold]2[/] 王产品 wrote the ticket #{task.id} {task.name}", markup=True, highlight=False)
    story.start_ticket(stage, task.id)
    console.print("[bold]3[/] 林研发 moved it to 进行中; from here on the daemon works alone")
    run = story.follow(stage, task.id, console)
    summary = story.collect(stage, run, out)
    if problem := story.picture_of(stage.sandbox.url, page, out / "ticket.png"):
        console.print(f"  no picture of the ticket: {problem}", highlight=False)
    right = story.came_out_right(summary, run, broken=chosen.broken)
    _tell(summary, run, url, out, right, console)
    if chosen.keep:
        _keep(url, summary, console)
    return 0 if right else 1


def _tell(summary: Summary, run: Run, url: str, out: Path, right: bool, console: Console) -> None:
    console.print(f"[bold]4[/] the ticket is now [bold]{summary.final_status}[/], with {summary.comments} comments")
    if summary.speech:
        speech = summary.speech
        console.print(
            f"  spoke {speech['seconds']:.1f} s, rms {speech['rms']:.3f}, real-time factor {speech['rtf']:.3f}"
        )
    if summary.bug:
        console.print(f"  bug #{summary.bug['id']}: {summary.bug['title']}", highlight=False)
        console.print(f"  cause:  {summary.bug['cause']}\n  remedy: {summary.bug['remedy']}", highlight=False)
    if not right:
        console.print(f"[red]This is not what was to be shown[/] (run {run.run_id}: {run.state}); see {out}/daemon.log")
    found = [name for name in ("summary.json", "ticket.png", "webui.png", "speech.wav") if (out / name).exists()]
    console.print(f"Ticket: {url}\nResults: " + ", ".join(str(out / name) for name in found), highlight=False)


def _keep(url: str, summary: Summary, console: Console) -> None:
    console.print(f"Running until Ctrl-C or `make demo-stop`. Ticket: {url}", highlight=False)
    if summary.service_url:
        console.print(f"WebUI: {summary.service_url}", highlight=False)
    with contextlib.suppress(Stopped, KeyboardInterrupt):
        signal.pause()


def stop(out: Path, console: Console) -> int:
    """End a demo that was kept running, and wait until it is gone."""
    file = out / PID_FILE
    try:
        pid = int(file.read_text(encoding="utf-8"))
        # A number alone may by now be another program: only a demo is ended.
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        console.print("No demo is running here.")
        return 0
    if b"orchestrator.demo" not in command:
        file.unlink(missing_ok=True)
        console.print("No demo is running here.")
        return 0
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + 60
    while file.exists() and time.monotonic() < until:
        time.sleep(0.1)
    console.print("Stopped.")
    return 0


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    before = signal.signal(signal.SIGTERM, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main())

"""`make demo`: a ticket deploys the bundled engine on this machine, start to end, and shows what came out."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from rich.console import Console

from orchestrator.demo import story
from orchestrator.demo.place import LOG, RESULTS, default_place, place, stop
from orchestrator.demo.processes import DemoError
from orchestrator.demo.stage import Stage, set_stage
from orchestrator.demo.summary import Summary
from orchestrator.store import Run

_FOREIGN = "ZENTAO_DEPLOY_"
_KEPT = "ZENTAO_DEPLOY_CHROMIUM"


class Stopped(BaseException):
    """Somebody wants the demo to end: Ctrl-C, `make demo-stop`, a terminal that was closed."""


class Stopping:
    """Turns the first such signal into `Stopped`. Once `armed` is off nothing interrupts the tidying up."""

    def __init__(self) -> None:
        self.armed = True

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if self.armed:
            self.armed = False
            raise Stopped


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; 0 when it showed what it was asked to show."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--broken", action="store_true", help="deploy a version whose WebUI dies at start")
    parser.add_argument("--keep", action="store_true", help="leave ticket page and WebUI running until Ctrl-C")
    parser.add_argument("--stop", action="store_true", help="end what --keep left running")
    parser.add_argument("--out", type=Path, default=None, help="where the results go (default: $DEMO_OUT or demo-out/)")
    parser.add_argument("--zentao", choices=["18.8", "22.4"], default="22.4", help="which ZenTao to embed")
    chosen = parser.parse_args(arguments)
    chosen.out = chosen.out or default_place()
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        if chosen.stop:
            console.print(stop(chosen.out))
            return 0
        _own_surroundings()
        with _signals() as stopping:
            return play(chosen, console, stopping)
    except DemoError as error:
        console.print("[red]The demo failed:[/]", end=" ")
        console.print(str(error), markup=False)
        return 1
    except Stopped:
        console.print("Stopped.")
        return 130


def play(chosen: argparse.Namespace, console: Console, stopping: Stopping) -> int:
    """One demo from the stage to the summary."""
    with place(chosen.out) as out:
        if not out.is_relative_to(Path.cwd()) and out.is_absolute():
            console.print(f"The results go to {out}", markup=False)
        scratch = Path(tempfile.mkdtemp(prefix="zentao-deploy-demo-"))
        try:
            console.print("[bold]1[/] setting the stage: an embedded ZenTao, an SSH host, a git origin, the daemon")
            with set_stage(scratch, out / LOG, version=chosen.zentao) as stage:
                try:
                    return _act(stage, chosen, out, console)
                finally:
                    stopping.armed = False
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _act(stage: Stage, chosen: argparse.Namespace, out: Path, console: Console) -> int:
    task = story.write_ticket(stage, broken=chosen.broken)
    page = f"/task/{task.id}"
    url = stage.sandbox.url + page
    console.print(f"[bold]2[/] 王产品 wrote the ticket #{task.id} {task.name}")
    story.start_ticket(stage, task.id)
    console.print("[bold]3[/] 林研发 moved it to 进行中; from here on the daemon works alone")
    with console.status("at work …"):
        run = story.follow(stage, task.id, console)
    summary = story.collect(stage, run, out)
    if problem := story.picture_of(stage.sandbox.url, page, out / "ticket.png"):
        console.print(f"  no picture of the ticket: {problem}", markup=False)
    right = story.came_out_right(summary, run, broken=chosen.broken)
    _tell(summary, out, console)
    if not right:
        console.print(f"[red]This is not what was to be shown[/] (run {run.run_id}: {run.state}); see {out / LOG}")
    _links(run, summary, url, out, console, keep=chosen.keep)
    if chosen.keep:
        with contextlib.suppress(Stopped):
            signal.pause()
    return 0 if right else 1


def _tell(summary: Summary, out: Path, console: Console) -> None:
    console.print(f"[bold]4[/] the ticket is now [bold]{summary.final_status}[/], with {summary.comments} comments")
    if summary.speech:
        speech = summary.speech
        console.print(
            f"  spoke {speech['seconds']:.1f} s, rms {speech['rms']:.3f}, real-time factor {speech['rtf']:.3f}"
        )
    if summary.bug:
        bug = summary.bug
        console.print(f"  bug #{bug['id']}: {bug['title']}", markup=False)
        console.print(f"  cause:  {bug['cause']}\n  remedy: {bug['remedy']}", markup=False)


def _links(run: Run, summary: Summary, url: str, out: Path, console: Console, *, keep: bool) -> None:
    found = [str(out / name) for name in RESULTS if (out / name).exists()]
    console.print("Results: " + ", ".join(found), markup=False)
    console.print(f"Ticket: {url}", markup=False)
    if keep:
        if summary.service_url:
            console.print(f"WebUI:  {summary.service_url}", markup=False)
        if run.bug_id:
            console.print(f"Bug:    {url.rsplit('/task/', 1)[0]}/bug/{run.bug_id}", markup=False)
        console.print("Running until Ctrl-C, or `make demo-stop` in another terminal.")
    else:
        console.print("[dim]Everything ends now. `make demo KEEP=1` leaves ticket and WebUI there to click through.[/]")


def _own_surroundings() -> None:
    """What the caller has set for a daemon of his own, or for his way to the internet, is none of the demo's."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN) and name != _KEPT:
            del os.environ[name]
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join(filter(None, ["127.0.0.1", os.environ.get(name)]))


@contextlib.contextmanager
def _signals() -> Iterator[Stopping]:
    stopping = Stopping()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, stopping) for number in numbers}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())

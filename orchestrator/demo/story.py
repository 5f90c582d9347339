"""The demo's story: a product manager writes a ticket, a developer starts it, and the daemon does the rest."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from orchestrator.demo.origin import BROKEN_BRANCH, TAG
from orchestrator.demo.processes import DemoError
from orchestrator.demo.stage import DEPLOYER, HOST, REQUESTER, Stage
from orchestrator.demo.summary import Summary, summarise
from orchestrator.playbook.schema import ScreenshotCheck
from orchestrator.probes import take_screenshot
from orchestrator.store import Run, RunState, StepRecord, Store, utc_now
from orchestrator.tickets.example import task_description
from orchestrator.tickets.rule import TicketRules
from orchestrator.tickets.spec import DeploySpec
from zentao_client import Attachment, Task

TITLE = "【IndexTTS2-V23部署】语音合成服务上线"
SENTENCE = "你好，语音合成服务已经部署完成，现在可以开始测试了。"
LIMIT_SECONDS = 900.0
_MARKS = {"ok": "[green]✔[/]", "reused": "[green]↺[/]", "skipped": "[dim]–[/]", "failed": "[red]✘[/]"}


def write_ticket(stage: Stage, *, broken: bool) -> Task:
    """The product manager writes the ticket from the template and gives it to the developer."""
    rules = TicketRules(hosts=(HOST,), language=stage.settings.zentao.language)
    spec = DeploySpec(ref=BROKEN_BRANCH if broken else TAG, host=HOST, port=stage.port, text=SENTENCE)
    with stage.zentao(REQUESTER) as zentao:
        return zentao.tasks.create(
            stage.seed.execution,
            TITLE,
            type="devel",
            description=task_description(spec, rules),
            assigned_to=DEPLOYER,
            pri=2,
            estimate=2,
            deadline=utc_now().date() + timedelta(days=3),
        )


def start_ticket(stage: Stage, task_id: int) -> None:
    """The developer moves it to 进行中, and nobody does anything more."""
    with stage.zentao(DEPLOYER) as zentao:
        zentao.tasks.start(task_id, left=1)


def follow(stage: Stage, task_id: int, console: Console) -> Run:
    """Show each step as it ends; returns the run when it is final."""
    until = time.monotonic() + LIMIT_SECONDS
    shown: set[int] = set()
    with Store.open(stage.settings.data_dir / "orchestrator.sqlite") as store:
        while time.monotonic() < until:
            runs = store.runs(task_id=task_id, limit=1)
            if runs:
                for step in store.steps(runs[0].run_id):
                    if step.position not in shown:
                        shown.add(step.position)
                        _show(step, console)
                if runs[0].state.final:
                    return runs[0]
            stage.daemon.check()
            time.sleep(0.2)
    raise DemoError(f"no end after {LIMIT_SECONDS:.0f} s.\n{stage.daemon.tail()}")


def _show(step: StepRecord, console: Console) -> None:
    detail = f"  [dim]{step.detail}[/]" if step.detail and step.outcome == "failed" else ""
    console.print(
        f"  {_MARKS.get(step.outcome, '?')} {step.title}  [dim]{step.outcome}, {step.seconds:.1f} s[/]{detail}"
    )


def collect(stage: Stage, run: Run, out: Path) -> Summary:
    """Fetch the evidence *from the ticket* (not from the daemon's folder), take its picture, write the summary."""
    with stage.zentao(stage.seed.bot) as zentao:
        task = zentao.tasks.get(run.task_id)
        bug = zentao.bugs.get(run.bug_id) if run.bug_id else None
        files = task.files + (bug.files if bug else ())
        for file in files:
            if (name := _wanted(file)) is not None:
                (out / name).write_bytes(zentao.files.download(file.id))
    with Store.open(stage.settings.data_dir / "orchestrator.sqlite") as store:
        steps = store.steps(run.run_id)
    about_bug: Mapping[str, Any] | None = None
    if bug is not None:
        about_bug = {
            "id": bug.id,
            "title": bug.title,
            "task": bug.task,
            "status": bug.status,
            "cause": run.detail.get("cause"),
            "remedy": run.detail.get("remedy"),
            "attachments": [file.name for file in bug.files],
        }
    summary = summarise(
        task, run, steps, bot=stage.seed.bot, attachments=tuple(file.name for file in files), bug=about_bug
    )
    text = json.dumps(summary.to_json(), ensure_ascii=False, indent=2) + "\n"
    (out / "summary.json").write_text(text, encoding="utf-8")
    return summary


def _wanted(file: Attachment) -> str | None:
    """Under which name a file of the ticket is kept, if at all."""
    for ending in ("speech.wav", "webui.png"):
        if file.name.endswith(ending):
            return ending
    return None


def picture_of(base: str, path: str, target: Path) -> str:
    """A picture of a page; returns why there is none, or nothing."""
    picture = take_screenshot(base, ScreenshotCheck(path=path), target, text="")
    return "" if picture.ok else picture.detail


def came_out_right(summary: Summary, run: Run, *, broken: bool) -> bool:
    """Whether the demo showed what it was asked to show: a service that speaks, or a failure that is explained."""
    if broken:
        bug = summary.bug or {}
        explained = bug.get("task") == summary.ticket and bug.get("cause") and bug.get("remedy")
        return bool(
            run.state is RunState.FAILED and summary.final_status == "pause" and explained and bug.get("attachments")
        )
    speech = summary.speech or {"seconds": 0.0, "rms": 0.0}
    spoke = speech["seconds"] > 0 and speech["rms"] > 0
    return run.state is RunState.SUCCEEDED and summary.final_status == "done" and spoke

"""Showing a run as it goes: a spinner and a line for each step on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orchestrator.cli import output
from orchestrator.cli.exits import CANCELLED, FAILED, OK

UNDER_WAY = ("waiting", "running")
"""The states of a run that are not final."""

_MARKS = {"ok": "✓", "reused": "=", "skipped": "-", "failed": "✗"}
_STATUS = {"succeeded": OK, "cancelled": CANCELLED}


def show(changes: Iterable[dict[str, Any]], *, quiet: bool) -> dict[str, Any]:
    """Tell what happens until it ends; returns the run's last data."""
    run: dict[str, Any] = {}
    console = output.console()
    with console.status("waiting") as spinner:
        if quiet or not console.is_terminal:
            spinner.stop()
        for change in changes:
            if "run" in change:
                if not quiet and not console.is_terminal and change["run"]["state"] != run.get("state"):
                    output.tell(f"{change['run']['run_id']}: {change['run']['state']}")
                run = change["run"]
                spinner.update(_doing(run))
            elif not quiet:
                spinner_off = console.is_terminal
                line = step_line(change["step"])
                if spinner_off:
                    console.print(output.printable(line), markup=False, emoji=False)
                else:
                    output.tell(line)
    return run


def step_line(step: dict[str, Any]) -> str:
    """`✓ fetch  2.1 s  reused`, with the detail of one that failed."""
    mark = _MARKS.get(step["outcome"], "?")
    extra = f"  {step['detail']}" if step["outcome"] == "failed" and step["detail"] else ""
    return f"{mark} {step['name']:<14} {step['seconds']:8.1f} s  {step['outcome']}{extra}"


def summary(run: dict[str, Any]) -> str:
    """One line: the run, how it ended, where the service is."""
    parts = [run["run_id"], run["state"], run.get("service_url"), run.get("failed_step") and f"at {run['failed_step']}"]
    return "  ".join(str(part) for part in parts if part)


def status_of(run: dict[str, Any]) -> int:
    """The exit status for a run's final state."""
    return _STATUS.get(run.get("state", ""), FAILED)


def _doing(run: dict[str, Any]) -> str:
    place = f" on {run['host']}" if run.get("host") else ""
    return f"{run['run_id']} {run['state']}{place}"

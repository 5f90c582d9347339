"""`zentao-deploy run TASK-ID`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli import follow, output
from orchestrator.cli.exits import CANCELLED, Failure
from orchestrator.cli.operator import operator
from orchestrator.cli.options import Config, Json, TaskId, load_settings


def run(
    task_id: TaskId,
    again: Annotated[bool, typer.Option("--again", help="Also when the task is deployed already.")] = False,
    no_follow: Annotated[
        bool, typer.Option("--no-follow", help="Hand it to the daemon, print the run's id and return.")
    ] = False,
    as_json: Json = False,
    config: Config = None,
) -> int:
    """Deploy what a task asks for, now, and follow it to its end.

    Takes the change of status that waits, if one does. Beside a running daemon the work is handed to it; without one it
    is done here. Refused while a deployment of the task is under way.
    """
    settings = load_settings(config)
    with operator(settings) as owner:
        if no_follow and not owner.is_daemon:
            raise Failure("--no-follow needs a daemon to do the work: start `zentao-deploy serve`, or leave it out")
        started = owner.run(task_id, again=again)
        run_id = started["run_id"]
        if no_follow:
            output.data(started if as_json else run_id, as_json=as_json)
            return 0
        output.tell(f"following {run_id}" + (" (the daemon works on it)" if owner.is_daemon else ""))
        try:
            ended = follow.show(owner.follow(run_id), quiet=as_json)
        except KeyboardInterrupt:
            where = "in the daemon" if owner.is_daemon else "at the next `serve` or `run`"
            output.tell(f"no longer following; it goes on {where}. To stop it: zentao-deploy cancel {run_id}")
            return CANCELLED
    if ended["state"] in follow.UNDER_WAY:
        raise Failure(f"the daemon is stopping; {run_id} goes on when it is back")
    output.data(ended if as_json else follow.summary(ended), as_json=as_json)
    return follow.status_of(ended)

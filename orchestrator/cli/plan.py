"""`zentao-deploy plan TASK-ID`."""

from __future__ import annotations

import json

from orchestrator.cli import output
from orchestrator.cli.exits import Failure
from orchestrator.cli.options import Config, Json, TaskId, load_settings


def plan(task_id: TaskId, as_json: Json = False, config: Config = None) -> None:
    """Print exactly what would run for a task: every script, on which host, and how it would be verified.

    Reads the ticket as it stands now; changes nothing, neither in ZenTao nor on a host.
    """
    settings = load_settings(config)
    from orchestrator.context import open_context, use  # noqa: PLC0415
    from orchestrator.workflow.planning import NotPlanned, plan_for_task  # noqa: PLC0415

    with use(open_context(settings)) as context:
        planned = plan_for_task(context, task_id)
    if isinstance(planned, NotPlanned):
        raise Failure(f"task {task_id} can't be deployed as it stands:\n{planned}\nCorrect the ticket and ask again.")
    if as_json:
        output.data(json.loads(planned.plan.to_json()), as_json=True)
    else:
        output.data(planned.plan.render().rstrip("\n"), as_json=False)

"""`zentao-deploy task create`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli import output
from orchestrator.cli.exits import Failure
from orchestrator.cli.options import Config, Json, load_settings

app = typer.Typer(help="Deployment tasks in ZenTao.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def group() -> None:
    """Deployment tasks in ZenTao."""


@app.command("create")
def create(
    host: Annotated[str, typer.Option("--host", help="A host's name in the inventory.")],
    ref: Annotated[str, typer.Option("--ref", help="Branch, tag or commit.")],
    port: Annotated[int | None, typer.Option("--port", help="The service's port.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="The sentence it has to speak.")] = None,
    playbook: Annotated[str | None, typer.Option("--playbook", help="Default: the configured one.")] = None,
    title: Annotated[str | None, typer.Option("--title", help="Default: 【PLAYBOOK部署】.")] = None,
    execution: Annotated[int | None, typer.Option("--execution", help="Default: the first configured one.")] = None,
    assign: Annotated[str | None, typer.Option("--assign", metavar="ACCOUNT", help="Assign it to them.")] = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Create a deployment task from the ticket template. Nothing is deployed before somebody starts it in ZenTao."""
    settings = load_settings(config)
    from orchestrator.context import open_context, use  # noqa: PLC0415
    from orchestrator.tickets.example import task_description  # noqa: PLC0415
    from orchestrator.tickets.parse import parse_ticket  # noqa: PLC0415
    from orchestrator.tickets.spec import DeploySpec, TicketProblems  # noqa: PLC0415
    from orchestrator.workflow.planning import ticket_rules  # noqa: PLC0415

    place = execution or next(iter(settings.zentao.executions), None)
    if place is None:
        raise Failure("in which execution? Give --execution, or name one under zentao.executions in the settings")
    bots = settings.rule.own_if_assigned and assign == settings.zentao.account
    if place not in settings.zentao.executions and not bots:
        raise Failure(f"execution {place} is not among zentao.executions: the ticket would be passed by")
    name = title or f"【{playbook or settings.default_playbook}部署】"
    with use(open_context(settings)) as context:
        rules = ticket_rules(context)
        if not rules.title.matches(name):
            raise Failure(f"the title {name!r} doesn't match rule.title ({rules.title.pattern}): it would be passed by")
        spec = DeploySpec(ref=ref, host=host, port=port, text=text, playbook=playbook)
        description = task_description(spec, rules, bot=settings.zentao.account)
        checked = parse_ticket(name, description, rules=rules)
        if isinstance(checked, TicketProblems):
            words = "\n".join(
                problem.message + (f" ({', '.join(problem.allowed)})" if problem.allowed else "")
                for problem in checked.problems
            )
            raise Failure(f"such a ticket would be refused:\n{words}")
        task = context.zentao.tasks.create(
            place, name, type="devel", description=description, assigned_to=assign, estimate=1
        )
    if as_json:
        output.data(
            {"id": task.id, "name": task.name, "execution": task.execution, "status": task.status}, as_json=True
        )
    else:
        output.data(task.id, as_json=False)
        output.tell(f"task {task.id} {task.name} created; start it in ZenTao to deploy")

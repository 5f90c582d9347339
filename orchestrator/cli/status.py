"""`zentao-deploy status [RUN]`."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

import typer

from orchestrator.cli import output
from orchestrator.cli.exits import Failure
from orchestrator.cli.follow import step_line, summary
from orchestrator.cli.options import HIGHEST_TASK, Config, Json, load_settings


def status(
    run_id: Annotated[str | None, typer.Argument(metavar="RUN", help="Show this run and its steps.")] = None,
    task: Annotated[
        int | None, typer.Option("--task", min=1, max=HIGHEST_TASK, metavar="TASK-ID", help="Only this task's runs.")
    ] = None,
    active: Annotated[bool, typer.Option("--active", help="Only runs under way.")] = False,
    expired: Annotated[
        bool, typer.Option("--expired", help="Only runs whose logs and job folders are removed next (keep_runs_days).")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many runs.")] = 20,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Show deployments, newest first, or one with its steps. Reads the records only; nothing is asked of ZenTao."""
    settings = load_settings(config)
    from orchestrator.context import STORE_FILE  # noqa: PLC0415
    from orchestrator.progress import run_data, run_view  # noqa: PLC0415
    from orchestrator.store import Store  # noqa: PLC0415

    path = settings.data_dir / STORE_FILE
    if not path.exists():
        if run_id is not None:
            raise Failure(f"there is no run {run_id}: nothing was ever deployed from {settings.data_dir}")
        _list([], as_json=as_json)
        return
    with Store.open(path) as store:
        if run_id is None:
            if expired:
                from orchestrator.retention import expired as due  # noqa: PLC0415

                found = due(store, settings.keep_runs_days, task_id=task)
                runs = tuple(islice((run for run in found if not (active and run.state.final)), limit))
            else:
                runs = store.runs(task_id=task, active=True if active else None, limit=limit)
            _list([run_data(run) for run in runs], as_json=as_json, none="nothing" if expired else "no deployments yet")
            return
        view = run_view(store, run_id)
    if view is None:
        raise Failure(f"there is no run {run_id}; `zentao-deploy status` lists them")
    if as_json:
        output.data(view, as_json=True)
    else:
        output.data("\n".join([_heading(view), *map(step_line, view["steps"])]), as_json=False)


def _list(runs: list[dict[str, Any]], *, as_json: bool, none: str = "no deployments yet") -> None:
    if as_json:
        output.data(runs, as_json=True)
    elif not runs:
        output.tell(none)
    else:
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        table = Table("run", "task", "title", "state", "host", "ref", "began", box=None, pad_edge=False)
        for run in runs:
            began = (run["started_at"] or run["created_at"])[:19].replace("T", " ")
            cells = (run["run_id"], run["task_id"], run["title"], run["state"], run["host"], run["ref"], began)
            # As text, not as markup: a title may hold anything.
            table.add_row(*(Text("" if cell is None else output.printable(str(cell))) for cell in cells))
        output.console(stderr=False).print(table)


def _heading(run: dict[str, Any]) -> str:
    lines = [summary(run), f"task {run['task_id']}  {run['title']}"]
    lines += [f"{name} {run[name]}" for name in ("host", "ref", "commit", "actor", "bug_id") if run[name]]
    return "\n".join(lines)

"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from orchestrator.settings import Settings

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="Settings file. Default: $ZENTAO_DEPLOY_CONFIG, ./zentao-deploy.yaml, else the one in /etc/zentao-deploy.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output; no spinner, no questions.")]
HIGHEST_TASK = 2**31 - 1
"""ZenTao's numbers end far below; a longer one would only break whatever it is handed to."""
TaskId = Annotated[int, typer.Argument(metavar="TASK-ID", min=1, max=HIGHEST_TASK, help="The task's number in ZenTao.")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, as `zentao-deploy status` shows it.")]


def load_settings(config: Path | None) -> Settings:
    """The settings, and a log that shows only what goes wrong: a command's own words come first."""
    from orchestrator.logs import set_up_logs  # noqa: PLC0415
    from orchestrator.settings import Settings  # noqa: PLC0415

    settings = Settings.load(config)
    set_up_logs("error", as_json=settings.log.as_json)
    return settings

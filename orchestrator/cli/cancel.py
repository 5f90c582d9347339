"""`zentao-deploy cancel RUN`."""

from __future__ import annotations

from orchestrator.cli import follow, output
from orchestrator.cli.operator import operator
from orchestrator.cli.options import Config, Json, RunId, load_settings


def cancel(run_id: RunId, as_json: Json = False, config: Config = None) -> int:
    """Stop a deployment: its job on the host is ended, the ticket is told, and the host is free again.

    Succeeds when the run is cancelled in the end, or had been. A run that has ended otherwise stays as it is.
    """
    settings = load_settings(config)
    with operator(settings) as owner:
        run = owner.cancel(run_id)
        if run["state"] in follow.UNDER_WAY:
            run = follow.show(owner.follow(run_id), quiet=as_json)
    output.data(run if as_json else follow.summary(run), as_json=as_json)
    return 0 if run["state"] == "cancelled" else 1

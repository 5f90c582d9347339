"""`zentao-deploy version`."""

from __future__ import annotations

from orchestrator.cli import output
from orchestrator.cli.options import Json
from orchestrator.version import version


def show(as_json: Json = False) -> None:
    """Print the version."""
    output.data({"version": version()} if as_json else version(), as_json=as_json)

"""`zentao-deploy serve`."""

from __future__ import annotations

from orchestrator.cli.options import Config, load_settings


def serve(config: Config = None) -> int:
    """Watch ZenTao and deploy what its tickets ask for, until stopped. One process a data folder.

    Ends on SIGTERM or Ctrl-C after the steps under way; what is unfinished goes on at the next start.
    """
    settings = load_settings(config)
    from orchestrator import daemon  # noqa: PLC0415 - the engine and the web server are for this command alone

    return daemon.serve(settings)

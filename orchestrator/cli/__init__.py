"""The command line: each command in a module of its own, which parses, calls and prints.

Nothing heavy is imported before a command needs it, so that `--help` and `version` answer at once.
"""

from orchestrator.cli.app import main

__all__ = ["main"]

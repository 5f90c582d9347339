"""The command ``tts-service``, also ``python -m tts_service``: each sub-command is imported only when it is called."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Final

if sys.version_info < (3, 11):  # noqa: UP036 - a plain sentence for whoever calls it with an old Python
    raise SystemExit("tts-service needs Python 3.11 or later")


@dataclass(frozen=True)
class Command:
    """A sub-command: what it is for, and the module that does it.

    The module has `add_arguments(parser)` and `run(options) -> int`, or only `main(argv) -> int`, which then reads its
    arguments itself.
    """

    purpose: str
    module: str


COMMANDS: Final = {
    "serve": Command("start the service with its WebUI in the foreground", "tts_service.webui"),
    "say": Command("speak a text into a sound file", "tts_service.say"),
    "score": Command("measure the quality of sound files or of a running service", "tts_service.score.command"),
    "audit": Command("prove and show the audit file of reference recordings", "tts_service.audit_command"),
    "reference": Command("list reference recordings, delete one", "tts_service.reference_command"),
    "mark": Command("show what a sound file says about where it comes from", "tts_service.mark_command"),
    "cache": Command("fetch and verify the weights in cache_hub", "tts_service.hub.command"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one sub-command and gives its exit code; 2 for one that doesn't exist."""
    given = list(sys.argv[1:] if argv is None else argv)
    known = _parser().parse_args(given[:1])  # prints help, version, or what is known
    command, rest = COMMANDS[known.command], given[1:]
    module = import_module(command.module)
    try:
        code = _run(module, known.command, command.purpose, rest)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has seen enough: "… audit show | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _run(module: ModuleType, name: str, purpose: str, arguments: list[str]) -> int:
    if not hasattr(module, "add_arguments"):
        return int(module.main(arguments))
    parser = argparse.ArgumentParser(prog=f"tts-service {name}", description=purpose)
    module.add_arguments(parser)
    return int(module.run(parser.parse_args(arguments)))


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    listed = "\n".join(f"  {name:<{width}}  {command.purpose}" for name, command in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="tts-service",
        description="The bundled speech service.",
        epilog=f"commands:\n{listed}\n\ntts-service COMMAND --help tells more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version)
    parser.add_argument("command", choices=tuple(COMMANDS), metavar="COMMAND")
    return parser


class _Version(argparse.Action):
    """Prints version and commit; asks git only when it is wanted."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print version and commit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from tts_service.app.release import commit, version  # noqa: PLC0415 - starts git

        print(f"tts-service {version()} commit {commit()}")
        parser.exit()

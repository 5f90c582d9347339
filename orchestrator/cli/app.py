"""The commands, and the way from an exception to words and an exit status."""

from __future__ import annotations

import sys

import typer

from orchestrator.cli import cancel, check, locks, plan, run, serve, status, task, version
from orchestrator.cli.exits import CANCELLED, FAILED, explained
from orchestrator.cli.output import tell

app = typer.Typer(
    name="zentao-deploy",
    help="ZenTao (禅道) tickets that deploy text-to-speech services by themselves, and prove that they speak.",
    epilog="Exit status: 0 done, 1 failed, 2 cancelled, 4 not logged in or not allowed.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
# click's base of all usage errors, or typer's own copy of it, depending on typer's version.
_UsageProblem = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")

app.command("serve")(serve.serve)
app.command("run")(run.run)
app.command("plan")(plan.plan)
app.command("status")(status.status)
app.command("cancel")(cancel.cancel)
app.command("check")(check.check)
app.command("locks")(locks.locks)
app.command("unlock")(locks.unlock)
app.add_typer(task.app, name="task")
app.command("version")(version.show)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status. Expected errors become words, never a traceback."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        returned = app(args=arguments or ["--help"], prog_name="zentao-deploy", standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        tell("cancelled")
        return CANCELLED
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing to say and nobody to say it to.
        sys.stderr.close()
        return FAILED
    except Exception as error:
        if isinstance(error, _UsageProblem):
            error.show()  # type: ignore[attr-defined]
            return FAILED
        failure = explained(error)
        if failure is None:
            raise
        tell(f"zentao-deploy: {failure}")
        return failure.status
    return returned if isinstance(returned, int) else 0

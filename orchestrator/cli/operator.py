"""The process that owns the engine: the daemon where one runs, else this one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, Self

from orchestrator.cli.exits import AUTH, Failure

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from orchestrator.operations import Operations
    from orchestrator.settings import Settings

CONTROL_FILE = "control.json"


class Operator(Protocol):
    """What commands ask of whoever owns the engine."""

    is_daemon: bool

    def run(self, task_id: int, *, again: bool) -> dict[str, Any]:
        """Start a deployment; the run's data."""

    def cancel(self, run_id: str) -> dict[str, Any]:
        """Ask a run to stop; the run's data."""

    def follow(self, run_id: str) -> Iterator[dict[str, Any]]:
        """What happens in a run until it ends."""


class Daemon:
    """A running daemon, by its control API."""

    is_daemon = True

    def __init__(self, url: str, token: str, pid: int) -> None:
        import httpx  # noqa: PLC0415 - not for `--help`

        self.pid = pid
        # No proxy from the environment: this is our own machine.
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60.0, trust_env=False
        )

    @classmethod
    def find(cls, data_dir: Path) -> Daemon | None:
        """The daemon that works on a data folder, or None when none answers."""
        try:
            told = json.loads((data_dir / CONTROL_FILE).read_text())
            daemon = cls(told["url"], told["token"], told["pid"])
        except PermissionError as error:
            raise Failure(f"{error.filename} belongs to another user: use that account (or sudo -u)", AUTH) from error
        except (OSError, ValueError, KeyError, TypeError):
            return None
        import httpx  # noqa: PLC0415

        try:
            daemon._http.get("/control/runs", params={"limit": 1}, timeout=5.0).raise_for_status()
        except httpx.HTTPError:
            daemon.close()
            return None
        return daemon

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def run(self, task_id: int, *, again: bool) -> dict[str, Any]:
        """Hand the work over."""
        return self._ask("POST", "/control/runs", {"task_id": task_id, "again": again})

    def cancel(self, run_id: str) -> dict[str, Any]:
        """Ask for the end of a run."""
        return self._ask("POST", f"/control/runs/{run_id}/cancel")

    def follow(self, run_id: str) -> Iterator[dict[str, Any]]:
        """Read along."""
        import httpx  # noqa: PLC0415

        try:
            with self._http.stream("GET", f"/control/runs/{run_id}/follow", timeout=None) as answer:
                if answer.status_code != 200:
                    answer.read()
                    raise _failure(answer)
                for line in answer.iter_lines():
                    yield json.loads(line)
        except httpx.HTTPError as error:
            raise _gone() from error

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        import httpx  # noqa: PLC0415

        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise _gone() from error
        if answer.status_code >= 300:
            raise _failure(answer)
        told: dict[str, Any] = answer.json()
        return told


class Here:
    """This process, which owns the engine for as long as the command takes."""

    is_daemon = False

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def run(self, task_id: int, *, again: bool) -> dict[str, Any]:
        """Start it here."""
        from orchestrator.triggers.claim import ClaimRefused  # noqa: PLC0415

        try:
            return self._operations.run(task_id, again=again)
        except ClaimRefused as error:
            raise Failure(str(error)) from error

    def cancel(self, run_id: str) -> dict[str, Any]:
        """Stop it here."""
        from orchestrator.operations import UnknownRun  # noqa: PLC0415

        try:
            return self._operations.cancel(run_id)
        except UnknownRun as error:
            raise Failure(str(error)) from error

    def follow(self, run_id: str) -> Iterator[dict[str, Any]]:
        """Watch it here, and see its workflow to the end."""
        yield from self._operations.follow(run_id)
        self._operations.settle(run_id)


@contextmanager
def operator(settings: Settings) -> Iterator[Operator]:
    """The daemon of this data folder, else an engine launched here and drained at the end.

    An engine launched here also goes on with what an earlier process left unfinished. Raises EngineBusy when a process
    owns the folder that is no daemon (another `zentao-deploy run`).
    """
    daemon = Daemon.find(settings.data_dir)
    if daemon is not None:
        with daemon:
            yield daemon
        return
    import orchestrator.workflow.outdated  # noqa: F401, PLC0415 - declares the workflows, that of `deploy` among them
    from orchestrator.context import open_context, use  # noqa: PLC0415
    from orchestrator.operations import Operations  # noqa: PLC0415

    with use(open_context(settings)) as context, context.engine:
        operations = Operations(context)
        operations.tidy()
        try:
            yield Here(operations)
        finally:
            operations.stop.set()


def _gone() -> Failure:
    return Failure("the daemon went away; what was begun goes on when it is back (`zentao-deploy status` tells)")


def _failure(answer: httpx.Response) -> Failure:
    try:
        told = answer.json()
        message, kind = str(told["error"]), told.get("kind")
    except (ValueError, KeyError, TypeError):
        message, kind = f"the daemon answered {answer.status_code}", None
    return Failure(message, AUTH if kind == "login" else 1)

"""`zentao-deploy locks` and `zentao-deploy unlock HOST`."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli import output
from orchestrator.cli.exits import AUTH, FAILED, OK, Failure
from orchestrator.cli.options import Config, Json, load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.hostlocks import BrokenLock
    from orchestrator.hosts import Host, HostPool
    from orchestrator.hosts.lock import LockHolder
    from orchestrator.settings import Settings
    from orchestrator.store import Run

_AT_ONCE = 8


def locks(as_json: Json = False, config: Config = None) -> int:
    """Show who works on each host: the run that holds its lock, since when, and whose run it is.

    Asks every host of the inventory. Ends with 1 when one could not be asked.
    """
    settings = load_settings(config)
    with _hosts(settings) as (names, pool), ThreadPoolExecutor(_AT_ONCE) as threads:
        rows = list(threads.map(lambda name: _row(pool, name), names))
    if as_json:
        output.data(rows, as_json=True)
    else:
        output.data("\n".join(_line(row) for row in rows), as_json=False)
    return FAILED if any(row["state"] == "unknown" for row in rows) else OK


def unlock(
    host: Annotated[str, typer.Argument(metavar="HOST", help="The host's name in the inventory.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Break it. Without this it is only said whose lock it is.")
    ] = False,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for the record.")] = "",
    as_json: Json = False,
    config: Config = None,
) -> int:
    """Take a host from a run whose daemon is dead: its jobs there are ended, its lock is broken, and that is noted.

    Refused while a process on this machine works on that run. Whoever held the host can't go on with it afterwards.
    """
    settings = load_settings(config)
    from orchestrator.hostlocks import BrokenLock, account, still_alive  # noqa: PLC0415
    from orchestrator.hosts import HostError  # noqa: PLC0415

    with _hosts(settings) as (names, pool):
        if host not in names:
            raise Failure(f"there is no host {host!r} in the inventory; it has {', '.join(names)}")
        try:
            found = pool.host(host).lock_holder()
            if found is None:
                output.tell(f"{host} is free")
                return OK
            output.tell(f"{host} is held by {found.run_id} since {_moment(found)} ({found.holder})")
            try:
                alive = still_alive(found, settings.data_dir, _run(settings, found.run_id))
            except PermissionError as error:
                words = f"{error.filename} belongs to another user: use that account (or sudo -u)"
                raise Failure(words, AUTH) from error
            if alive:
                raise Failure(f"{alive}.\nTo stop it: zentao-deploy cancel {found.run_id}")
            if not yes:
                raise Failure(
                    "nothing was changed. A daemon on another machine can't be seen from here: be sure that it is dead,"
                    f" then\n  zentao-deploy unlock {host} --yes"
                )
            note = BrokenLock(host, found.run_id, found.holder, found.since, account(), why)
            output.tell(f"noted in {note.note(settings.data_dir)}")
            ended = _evicted(pool.host(host), note, settings.data_dir)
        except HostError as error:
            raise Failure(str(error)) from error
    if ended is None:
        raise Failure(f"{found.run_id} gave {host} back in this moment: its lock needed no breaking")
    words = f"{host} is free; {found.run_id} can't go on there" + (f"; ended: {', '.join(ended)}" if ended else "")
    output.data({"host": host, "run_id": found.run_id, "jobs": list(ended)} if as_json else words, as_json=as_json)
    return OK


@contextmanager
def _hosts(settings: Settings) -> Iterator[tuple[list[str], HostPool]]:
    from orchestrator.hosts import HostPool  # noqa: PLC0415
    from orchestrator.inventory import Inventory  # noqa: PLC0415

    inventory = Inventory.load(settings.inventory)
    with HostPool(inventory, state_dir=settings.data_dir / "hosts") as pool:
        yield list(inventory.hosts), pool


def _row(pool: HostPool, name: str) -> dict[str, Any]:
    from orchestrator.hosts import HostError  # noqa: PLC0415

    try:
        found = pool.host(name).lock_holder()
    except HostError as error:
        return {"host": name, "state": "unknown", "error": str(error)}
    if found is None:
        return {"host": name, "state": "free"}
    return {
        "host": name,
        "state": "held",
        "run_id": found.run_id,
        "since": found.since.isoformat(),
        "holder": found.holder,
    }


def _line(row: dict[str, Any]) -> str:
    if row["state"] == "held":
        since = row["since"][:19].replace("T", " ")
        return f"{row['host']:<20} {row['run_id']}  since {since} UTC  {row['holder']}"
    return f"{row['host']:<20} {row['error'] if row['state'] == 'unknown' else 'free'}"


def _evicted(host: Host, begun: BrokenLock, data_dir: Path) -> tuple[str, ...] | None:
    """As `Host.evict`; what came of it is noted in any case."""
    outcome, ended = "unknown: this process was ended", None
    try:
        ended = host.evict(begun.run_id)
        outcome = "given back" if ended is None else "broken"
    except ValueError as error:  # whatever wrote it, it was no daemon
        outcome = f"unknown: {error}"
        words = f"the lock of {host.name} names no run ({error}): look at ~/.zentao-deploy/lock there, and remove it"
        raise Failure(words) from error
    except Exception as error:
        outcome = f"unknown: {error}"
        raise
    finally:
        replace(begun, outcome=outcome, jobs=ended or ()).note(data_dir)
    return ended


def _run(settings: Settings, run_id: str) -> Run | None:
    from orchestrator.context import STORE_FILE  # noqa: PLC0415
    from orchestrator.store import Store  # noqa: PLC0415

    path = settings.data_dir / STORE_FILE
    if not path.exists():
        return None
    with Store.open(path) as store:
        return store.run(run_id)


def _moment(found: LockHolder) -> str:
    return f"{found.since:%Y-%m-%d %H:%M:%S} UTC"

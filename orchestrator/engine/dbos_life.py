"""Starting and ending DBOS on one data folder, with what it must be told so that work is found again."""

from __future__ import annotations

import logging
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path
from typing import Final

from orchestrator.engine.carrier import guarded
from orchestrator.engine.declarations import HOSTS, workflows

APPLICATION_VERSION: Final = "wf-1"
"""Raised only when the sequence of steps of a workflow changes: work begun under another version isn't resumed."""

DATABASE: Final = "engine.sqlite"
_QUEUE_POLL: Final = 0.5
_INCREMENTAL: Final = 2
"""SQLite's number for a file that gives pages back when it is asked to."""
_PAGES_AT_ONCE: Final = 256


def launch(data_dir: Path, *, worker_concurrency: int) -> None:
    """Start DBOS with every declared workflow; it begins at once with what an earlier process left unfinished."""
    from dbos import DBOS  # noqa: PLC0415

    path = data_dir / DATABASE
    with closing(sqlite3.connect(path)) as connection:
        _make_shrinkable(connection)
        # DBOS leaves SQLite's rollback journal on, where every reader blocks every writer.
        connection.execute("PRAGMA journal_mode=WAL")
    path.chmod(0o600)
    for declared in workflows.values():
        if declared.durable is None:
            # No limit on restarts: a daemon that can't stay up (its port is taken, say) would use a limit up within
            # minutes, and the work would be given up without a word to anybody.
            durable = DBOS.workflow(name=declared.name, max_recovery_attempts=None)
            declared.durable = durable(guarded(declared.function))
    DBOS(
        config={
            "name": "zentao-deploy",
            "system_database_url": f"sqlite:///{path}",
            "application_version": APPLICATION_VERSION,
            "executor_id": _executor_id(data_dir),
            "enable_otlp": False,
            "log_level": "WARNING",
        }
    )
    logger = logging.getLogger("dbos")
    for handler in [h for h in logger.handlers if h.name == "__dbos_console_log_handler__"]:
        logger.removeHandler(handler)
    logger.propagate = True  # its words belong into our log, in our form
    DBOS.launch()
    DBOS.register_queue(
        HOSTS,
        partition_concurrency=1,
        worker_concurrency=worker_concurrency,
        polling_interval_sec=_QUEUE_POLL,
    )


def destroy() -> None:
    """End DBOS; what is unfinished stays stored. Harmless where it was not launched."""
    from dbos import DBOS  # noqa: PLC0415

    DBOS.destroy()


def compact(data_dir: Path) -> None:
    """Give the room of deleted records back to the disk, a little at a time: nobody waits long for the file.

    Raises sqlite3.Error where the file can't be written now.
    """
    with closing(sqlite3.connect(data_dir / DATABASE, timeout=30)) as connection:
        before = _free_pages(connection)
        while before:
            # A pragma does its work while its rows are read.
            connection.execute(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})").fetchall()
            after = _free_pages(connection)
            if after >= before:
                break
            before = after
        # Under the write-ahead log the file itself becomes shorter at a checkpoint only. This kind lets nobody wait.
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def _make_shrinkable(connection: sqlite3.Connection) -> None:
    """Let the file keep the books that giving pages back needs; one made without them is written anew, once."""
    if connection.execute("PRAGMA auto_vacuum").fetchone()[0] == _INCREMENTAL:
        return
    connection.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
    try:
        connection.execute("VACUUM")
    except sqlite3.Error as error:
        # No room for the copy, or somebody reads: the daemon works as well with a file that doesn't shrink.
        logging.getLogger(__name__).warning("engine.sqlite will not shrink: %s", error)


def _free_pages(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA freelist_count").fetchone()[0])


def _executor_id(data_dir: Path) -> str:
    """Fixed for the folder: work is resumed by the executor that began it, also after the folder was moved."""
    path = data_dir / "engine.id"
    if not path.exists():
        part = path.with_suffix(".part")
        part.write_text(f"engine-{uuid.uuid4().hex[:12]}\n")
        part.replace(path)
    return path.read_text().strip()

"""Opening the database file: pragmas for one writer and many readers, and migrations when it is older than the code."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, text

HEAD = "0002"
"""The newest revision in `migrations/versions`; a test holds the two together."""


class NewerDatabase(RuntimeError):
    """A newer version of this program wrote the file; its words say what to do."""


def open_database(path: Path) -> Engine:
    """Open (and create or upgrade) the SQLite file at `path`.

    Raises NewerDatabase for a file of a newer version of this program, SQLAlchemy's DatabaseError for one that can't be
    used (it is broken, the disk is full, it belongs to another user).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(0o600)  # tickets and hosts stand in it; SQLite gives the files beside it the same mode
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
    event.listen(engine, "connect", _set_pragmas)
    if _revision(engine) != HEAD:
        # Two processes may open a new file at once: the second waits here and finds the work done.
        with path.with_name(f"{path.name}.migrating").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _revision(engine) != HEAD:
                _upgrade(engine)
    return engine


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # A power cut may lose the newest transaction under NORMAL; what we write before an effect must be there after it.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _upgrade(engine: Engine) -> None:
    # Imported here: a daemon whose database is current never pays for Alembic.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            message = (
                f"{engine.url.database} was written by a newer zentao-deploy ({error}). "
                "Install that version again, or restore the copy made before the upgrade."
            )
            raise NewerDatabase(message) from error

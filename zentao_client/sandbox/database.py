"""One SQLite database for one sandbox: schema and a small, locked access layer."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]

_SCHEMA = Path(__file__).with_name("schema.sql")


def quoted(name: str) -> str:
    """A column or table name as SQL: several of ZenTao's (`left`, `desc`, `end`) are keywords."""
    if not name.isidentifier():
        raise ValueError(f"not a column: {name!r}")
    return f'"{name}"'


class Database:
    """SQLite in a file or in memory, shared by all request threads through one lock.

    A ``transaction`` may be opened again inside itself; only the outermost one commits. Webhooks are sent outside
    of any transaction, so that a receiver can read what was just written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._connection = sqlite3.connect(str(path or ":memory:"), check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._lock = threading.RLock()
        self._depth = 0
        if path is not None:
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA.read_text(encoding="utf-8"))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def rows(self, sql: str, *values: object) -> list[Row]:
        with self._lock:
            return [dict(row) for row in self._connection.execute(sql, values)]

    def row(self, sql: str, *values: object) -> Row | None:
        found = self.rows(sql, *values)
        return found[0] if found else None

    def value(self, sql: str, *values: object) -> Any:
        found = self.row(sql, *values)
        return next(iter(found.values())) if found else None

    def run(self, sql: str, *values: object) -> None:
        with self.transaction():
            self._connection.execute(sql, values)

    def get(self, table: str, key: int) -> Row | None:
        return self.row(f"SELECT * FROM {quoted(table)} WHERE id = ?", key)  # noqa: S608 - a table of ours

    def insert(self, table: str, **values: object) -> int:
        names = ", ".join(quoted(name) for name in values)
        marks = ", ".join("?" for _ in values)
        with self.transaction():
            cursor = self._connection.execute(
                f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks})",  # noqa: S608 - names are checked
                tuple(values.values()),
            )
            return int(cursor.lastrowid or 0)

    def insert_many(self, table: str, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        columns = ", ".join(quoted(name) for name in names)
        marks = ", ".join("?" for _ in names)
        with self.transaction():
            self._connection.executemany(
                f"INSERT INTO {quoted(table)} ({columns}) VALUES ({marks})",  # noqa: S608 - names are checked
                rows,
            )

    def update(self, table: str, key: int, **values: object) -> None:
        if values:
            sets = ", ".join(f"{quoted(name)} = ?" for name in values)
            self.run(
                f"UPDATE {quoted(table)} SET {sets} WHERE id = ?",  # noqa: S608 - names are checked
                *values.values(),
                key,
            )

    def clear(self) -> None:
        """Delete every row of every table; ids start again at 1."""
        with self.transaction():
            for table in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
                self.run(f"DELETE FROM {quoted(table['name'])}")  # noqa: S608 - a table of ours

    def close(self) -> None:
        with self._lock:
            self._connection.close()

"""One SQLite database for one sandbox: schema and a small, locked access layer."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS "user" (id INTEGER PRIMARY KEY, account TEXT UNIQUE, password TEXT, realname TEXT,
  role TEXT DEFAULT '', gender TEXT DEFAULT 'm', admin INTEGER DEFAULT 0, groups TEXT DEFAULT '[]',
  fails INTEGER DEFAULT 0, locked TEXT, last TEXT, visits INTEGER DEFAULT 0, deleted INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS privgroup (id INTEGER PRIMARY KEY, name TEXT, privs TEXT DEFAULT '[]');
CREATE TABLE IF NOT EXISTS session (token TEXT PRIMARY KEY, account TEXT, kind TEXT, seen REAL,
  queries TEXT DEFAULT '{}', lastExecution INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, name TEXT, code TEXT UNIQUE, "key" TEXT, account TEXT,
  calledTime INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS product (id INTEGER PRIMARY KEY, name TEXT, program INTEGER DEFAULT 0, acl TEXT, PO TEXT, QD TEXT,
  RD TEXT, createdBy TEXT, createdDate TEXT, deleted INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS project (id INTEGER PRIMARY KEY, type TEXT, name TEXT, parent INTEGER DEFAULT 0,
  project INTEGER DEFAULT 0, "begin" TEXT, "end" TEXT, days INTEGER DEFAULT 0, acl TEXT DEFAULT 'open', PM TEXT DEFAULT '',
  status TEXT DEFAULT 'wait', realBegan TEXT, openedBy TEXT, openedDate TEXT, products TEXT DEFAULT '[]',
  team TEXT DEFAULT '[]', "desc" TEXT DEFAULT '', deleted INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS task (id INTEGER PRIMARY KEY, project INTEGER, execution INTEGER, parent INTEGER DEFAULT 0,
  module INTEGER DEFAULT 0, story INTEGER DEFAULT 0, name TEXT, type TEXT DEFAULT '', pri INTEGER DEFAULT 0,
  estimate REAL DEFAULT 0, consumed REAL DEFAULT 0, "left" REAL DEFAULT 0, deadline TEXT, estStarted TEXT, realStarted TEXT,
  status TEXT DEFAULT 'wait', "desc" TEXT DEFAULT '', mailto TEXT DEFAULT '', keywords TEXT DEFAULT '',
  version INTEGER DEFAULT 1, openedBy TEXT DEFAULT '', openedDate TEXT, assignedTo TEXT DEFAULT '', assignedDate TEXT,
  finishedBy TEXT DEFAULT '', finishedDate TEXT, canceledBy TEXT DEFAULT '', canceledDate TEXT, closedBy TEXT DEFAULT '',
  closedDate TEXT, closedReason TEXT DEFAULT '', lastEditedBy TEXT DEFAULT '', lastEditedDate TEXT, activatedDate TEXT,
  deleted INTEGER DEFAULT 0);
CREATE INDEX IF NOT EXISTS task_edited ON task (deleted, lastEditedDate DESC, id DESC);
CREATE INDEX IF NOT EXISTS task_execution ON task (execution, deleted, status);
CREATE TABLE IF NOT EXISTS bug (id INTEGER PRIMARY KEY, project INTEGER DEFAULT 0, product INTEGER, execution INTEGER DEFAULT 0,
  module INTEGER DEFAULT 0, story INTEGER DEFAULT 0, task INTEGER DEFAULT 0, title TEXT, keywords TEXT DEFAULT '',
  severity INTEGER DEFAULT 3, pri INTEGER DEFAULT 3, type TEXT DEFAULT '', steps TEXT DEFAULT '', status TEXT DEFAULT 'active',
  confirmed INTEGER DEFAULT 0, activatedCount INTEGER DEFAULT 0, activatedDate TEXT, mailto TEXT DEFAULT '',
  openedBy TEXT DEFAULT '', openedDate TEXT, openedBuild TEXT DEFAULT '', assignedTo TEXT DEFAULT '', assignedDate TEXT,
  deadline TEXT, resolvedBy TEXT DEFAULT '', resolution TEXT DEFAULT '', resolvedBuild TEXT DEFAULT '', resolvedDate TEXT,
  closedBy TEXT DEFAULT '', closedDate TEXT, duplicateBug INTEGER DEFAULT 0, lastEditedBy TEXT DEFAULT '', lastEditedDate TEXT,
  deleted INTEGER DEFAULT 0);
CREATE INDEX IF NOT EXISTS bug_keywords ON bug (product, keywords);
CREATE TABLE IF NOT EXISTS build (id INTEGER PRIMARY KEY, name TEXT, project INTEGER DEFAULT 0, execution INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS effort (id INTEGER PRIMARY KEY, task INTEGER, account TEXT, work TEXT DEFAULT '', date TEXT,
  consumed REAL, "left" REAL);
CREATE TABLE IF NOT EXISTS action (id INTEGER PRIMARY KEY, objectType TEXT, objectID INTEGER, product TEXT DEFAULT '',
  project INTEGER DEFAULT 0, execution INTEGER DEFAULT 0, actor TEXT, action TEXT, date TEXT, comment TEXT DEFAULT '',
  extra TEXT DEFAULT '');
CREATE INDEX IF NOT EXISTS action_object ON action (objectType, objectID, id);
CREATE INDEX IF NOT EXISTS action_date ON action (date DESC, id DESC);
CREATE TABLE IF NOT EXISTS history (id INTEGER PRIMARY KEY, action INTEGER, field TEXT, "old" TEXT, "new" TEXT,
  diff TEXT DEFAULT '');
CREATE INDEX IF NOT EXISTS history_action ON history (action);
CREATE TABLE IF NOT EXISTS file (id INTEGER PRIMARY KEY, pathname TEXT, title TEXT, extension TEXT, size INTEGER,
  objectType TEXT DEFAULT '', objectID INTEGER DEFAULT 0, addedBy TEXT, addedDate TEXT, uid TEXT DEFAULT '',
  session TEXT DEFAULT '', content BLOB, deleted INTEGER DEFAULT 0);
CREATE INDEX IF NOT EXISTS file_object ON file (objectType, objectID);
CREATE TABLE IF NOT EXISTS webhook (id INTEGER PRIMARY KEY, type TEXT, name TEXT, url TEXT, domain TEXT, secret TEXT DEFAULT '',
  contentType TEXT, sendType TEXT, params TEXT, products TEXT DEFAULT '', executions TEXT DEFAULT '', createdBy TEXT,
  createdDate TEXT, deleted INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS hookqueue (id INTEGER PRIMARY KEY, webhook INTEGER, body TEXT);
CREATE TABLE IF NOT EXISTS hooklog (id INTEGER PRIMARY KEY, webhook INTEGER, action TEXT, date TEXT, url TEXT, data TEXT,
  result TEXT);
"""


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
        self._connection.executescript(_SCHEMA)

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

    def close(self) -> None:
        with self._lock:
            self._connection.close()

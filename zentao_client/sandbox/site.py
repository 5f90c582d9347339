"""One ZenTao: all parts of the domain over one database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from .accounts import Accounts
from .bugs import Bugs
from .clock import Clock
from .database import Database
from .dialect import Dialect
from .faults import Faults
from .files import Files
from .history import History
from .places import Places
from .queries import Queries
from .tasks import Tasks
from .webhooks import Webhooks

ADMIN_PASSWORD = "Admin@2026!"  # noqa: S105 - the sandbox's accounts are no secret


class Site:
    """The composition root. ``request_type`` decides the form of page addresses (``GET`` or ``PATH_INFO``)."""

    def __init__(
        self,
        dialect: Dialect,
        *,
        database: Path | None = None,
        request_type: str = "GET",
        zone: str = "Asia/Shanghai",
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.dialect = dialect
        self.request_type = request_type
        self.clock = Clock(zone, now)
        self.faults = Faults()
        self.db = Database(database)
        self.accounts = Accounts(self.db, self.clock, dialect)
        self.places = Places(self.db, self.clock, self.accounts)
        self.webhooks = Webhooks(self.db, self.clock, request_type)
        self.history = History(
            database=self.db,
            clock=self.clock,
            dialect=dialect,
            accounts=self.accounts,
            places=self.places,
            webhooks=self.webhooks,
            faults=self.faults,
        )
        self.files = Files(self.db, self.clock, dialect, request_type)
        self.tasks = Tasks(
            database=self.db,
            clock=self.clock,
            dialect=dialect,
            accounts=self.accounts,
            places=self.places,
            history=self.history,
            files=self.files,
        )
        self.bugs = Bugs(self.db, self.clock, dialect, self.history, self.files)
        self.queries = Queries(self.db, self.clock, self.accounts, self.places)
        self._appoint_admin()

    def _appoint_admin(self) -> None:
        if self.accounts.find("admin") is None:
            self.accounts.create("admin", ADMIN_PASSWORD, "admin", role="", gender="f", admin=True)

    def reset(self) -> None:
        """As new: all data gone but the admin, no faults."""
        self.db.clear()
        self.faults.clear()
        self._appoint_admin()

    def close(self) -> None:
        self.db.close()

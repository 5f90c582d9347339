"""Programs, products, projects and executions, and who can see them."""

from __future__ import annotations

import json
from typing import Any

from .accounts import Accounts
from .clock import Clock
from .database import Database, Row
from .errors import Refused


class Places:
    """Where tasks and bugs lie. Programs, projects and executions share one table and one id sequence, as in ZenTao."""

    def __init__(self, database: Database, clock: Clock, accounts: Accounts) -> None:
        self._db = database
        self._clock = clock
        self._accounts = accounts

    def create_program(self, name: str, *, by: str, begin: str, end: str, acl: str = "open", pm: str = "") -> int:
        return self._insert("program", name, by=by, begin=begin, end=end, acl=acl, PM=pm)

    def create_product(self, name: str, *, by: str, program: int = 0, acl: str = "open", **owners: str) -> int:
        if self._db.value("SELECT 1 FROM product WHERE name = ? AND deleted = 0", name):
            raise Refused({"name": [f"『产品名称』已经有『{name}』这条记录了。"]})
        return self._db.insert(
            "product",
            name=name,
            program=program,
            acl=acl,
            PO=owners.get("PO", ""),
            QD=owners.get("QD", ""),
            RD=owners.get("RD", ""),
            createdBy=by,
            createdDate=self._clock.local(),
        )

    def create_project(
        self,
        name: str,
        *,
        by: str,
        parent: int = 0,
        begin: str,
        end: str,
        products: list[int],
        acl: str = "open",
        pm: str = "",
    ) -> int:
        return self._insert(
            "project", name, by=by, parent=parent, begin=begin, end=end, products=json.dumps(products), acl=acl, PM=pm
        )

    def create_execution(
        self,
        name: str,
        *,
        by: str,
        project: int,
        begin: str,
        end: str,
        days: int = 0,
        products: list[int] | None = None,
        acl: str = "open",
        pm: str = "",
        team: list[str] | None = None,
    ) -> int:
        inherited = self.get(project)
        chosen = products or (json.loads(inherited["products"]) if inherited else [])
        return self._insert(
            "sprint",
            name,
            by=by,
            parent=project,
            project=project,
            begin=begin,
            end=end,
            days=days,
            products=json.dumps(chosen),
            acl=acl,
            PM=pm,
            team=json.dumps(team or []),
        )

    def _insert(self, kind: str, name: str, *, by: str, **values: Any) -> int:
        return self._db.insert("project", type=kind, name=name, openedBy=by, openedDate=self._clock.local(), **values)

    def get(self, place_id: int) -> Row | None:
        return self._db.row("SELECT * FROM project WHERE id = ? AND deleted = 0", place_id)

    def execution(self, execution_id: int) -> Row | None:
        found = self.get(execution_id)
        return found if found and found["type"] == "sprint" else None

    def listed(self, kind: str, project: int = 0) -> list[Row]:
        rows = self._db.rows("SELECT * FROM project WHERE type = ? AND deleted = 0 ORDER BY id DESC", kind)
        return [row for row in rows if not project or row["project"] == project]

    def product(self, product_id: int) -> Row | None:
        return self._db.row("SELECT * FROM product WHERE id = ? AND deleted = 0", product_id)

    def products(self) -> list[Row]:
        return self._db.rows("SELECT * FROM product WHERE deleted = 0 ORDER BY id")

    def products_of(self, execution_id: int) -> list[int]:
        found = self.get(execution_id)
        return [int(one) for one in json.loads(found["products"])] if found else []

    def add_member(self, execution_id: int, account: str) -> None:
        found = self.get(execution_id)
        if found:
            team = json.loads(found["team"])
            if account not in team:
                self._db.update("project", execution_id, team=json.dumps([*team, account]))

    def begin_work(self, execution_id: int) -> None:
        """The execution goes to doing with its first started task."""
        self._db.run(
            "UPDATE project SET status = 'doing', realBegan = ? WHERE id = ? AND status = 'wait'",
            self._clock.today(),
            execution_id,
        )

    def visible(self, account: str, execution_id: int) -> bool:
        """Whether ``account`` sees an execution; one that does not exist hides nothing."""
        found = self._db.get("project", execution_id)
        if not found or found["acl"] == "open":
            return True
        user = self._accounts.find(account)
        if user and user["admin"]:
            return True
        return account in {*json.loads(found["team"]), found["PM"], found["openedBy"]}

    def hidden_from(self, account: str) -> list[int]:
        """Ids of the executions that ``account`` can't see."""
        rows = self._db.rows("SELECT id FROM project WHERE type = 'sprint' AND acl <> 'open'")
        return [row["id"] for row in rows if not self.visible(account, row["id"])]

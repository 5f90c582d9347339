"""Lists of tasks and bugs: the cross-execution search, browse types, paging and the stored search form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .accounts import Accounts
from .clock import Clock
from .database import Database, Row
from .errors import Nothing
from .places import Places

_COLUMNS = {
    "task": frozenset(
        [
            "id",
            "project",
            "execution",
            "module",
            "story",
            "name",
            "type",
            "pri",
            "estimate",
            "consumed",
            "left",
            "deadline",
            "status",
            "openedBy",
            "openedDate",
            "assignedTo",
            "assignedDate",
            "estStarted",
            "realStarted",
            "finishedBy",
            "finishedDate",
            "canceledBy",
            "canceledDate",
            "closedBy",
            "closedDate",
            "closedReason",
            "lastEditedBy",
            "lastEditedDate",
            "activatedDate",
            "keywords",
            "desc",
        ]
    ),
    "bug": frozenset(
        [
            "id",
            "project",
            "product",
            "execution",
            "module",
            "task",
            "title",
            "keywords",
            "severity",
            "pri",
            "type",
            "steps",
            "status",
            "confirmed",
            "openedBy",
            "openedDate",
            "assignedTo",
            "assignedDate",
            "resolvedBy",
            "resolution",
            "resolvedDate",
            "closedBy",
            "closedDate",
            "deadline",
            "lastEditedBy",
            "lastEditedDate",
        ]
    ),
}
_BROWSE = frozenset(
    {"all", "unclosed", "assignedtome", "myinvolved", "finishedbyme", "delayed", "bysearch", "needconfirm"}
)
_STATUSES = frozenset({"wait", "doing", "done", "pause", "cancel", "closed"})
_BUG_BROWSE = {
    "all": "1 = 1",
    "unclosed": "status <> 'closed'",
    "unresolved": "status = 'active'",
    "toclosed": "status = 'resolved'",
}


@dataclass(frozen=True)
class Listed:
    """One page: ``page`` is the page really given, which is the last one where a later one was asked for."""

    rows: list[Row]
    total: int
    page: int
    limit: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.limit))


class Queries:
    """Read-only lists, always limited to what the account can see."""

    def __init__(self, database: Database, clock: Clock, accounts: Accounts, places: Places) -> None:
        self._db = database
        self._clock = clock
        self._accounts = accounts
        self._places = places

    def search_tasks(self, account: str, filters: dict[str, str], order: str, page: int, limit: int) -> Listed:
        """``GET /tasks?search=1``. Unknown filters, `type` among them, are ignored as ZenTao does."""
        where, values = ["deleted = 0"], list[Any]()
        for name in ("assignedTo", "status", "pri", "id"):
            if filters.get(name):
                wanted = filters[name].split(",")
                where.append(f'"{name}" IN ({",".join("?" for _ in wanted)})')
                values += wanted
        if filters.get("name"):
            where.append("name LIKE ? ESCAPE '\\'")
            values.append("%" + _escaped(filters["name"]) + "%")
        self._hide(account, where)
        return self._page("task", where, values, order=order or "id_desc", page=page, limit=limit)

    def execution_tasks(
        self, account: str, session: str, execution: int, browse: str, *, order: str, page: int, limit: int
    ) -> Listed:
        """The tasks of one execution by browse type; an unknown type gives nothing."""
        where, values = ["deleted = 0", "execution = ?"], list[Any]([execution])
        kind = browse or "unclosed"
        if kind in _STATUSES:
            where.append("status = ?")
            values.append(kind)
        elif kind not in _BROWSE or kind == "needconfirm":
            where.append("1 = 0")
        elif kind == "unclosed":
            where.append("status <> 'closed'")
        elif kind == "assignedtome":
            where.append("assignedTo = ?")
            values.append(account)
        elif kind == "finishedbyme":
            where.append("finishedBy = ?")
            values.append(account)
        elif kind == "myinvolved":
            where.append("? IN (openedBy, assignedTo, finishedBy, closedBy, canceledBy)")
            values.append(account)
        elif kind == "delayed":
            where.append("deadline < ? AND status IN ('wait', 'doing')")
            values.append(self._clock.today())
        elif kind == "bysearch":
            self._form(session, "task", where, values)
        return self._page("task", where, values, order=order or "status_asc,id_desc", page=page, limit=limit)

    def my_tasks(self, account: str, field: str, page: int, limit: int) -> Listed:
        column = field if field in ("assignedTo", "finishedBy", "openedBy", "closedBy", "canceledBy") else "assignedTo"
        where = ["deleted = 0", f"{column} = ?"]
        if column == "assignedTo":
            where.append("status NOT IN ('closed', 'cancel')")
        return self._page("task", where, [account], order="id_desc", page=page, limit=limit)

    def bugs(
        self,
        account: str,
        session: str,
        place: tuple[str, int],
        browse: str,
        *,
        order: str,
        page: int,
        limit: int,
    ) -> Listed:
        """The bugs of a product, project or execution, by browse type or by the session's search form."""
        where, values = ["deleted = 0", f'"{place[0]}" = ?'], list[Any]([place[1]])
        kind = (browse or "unclosed").lower()
        if kind == "openedbyme":
            where.append("openedBy = ?")
            values.append(account)
        elif kind in ("assigntome", "assignedtome"):
            where.append("assignedTo = ?")
            values.append(account)
        elif kind == "bysearch":
            self._form(session, "bug", where, values)
        else:
            where.append(_BUG_BROWSE.get(kind, "1 = 0"))
        self._hide(account, where)
        return self._page("bug", where, values, order=order or "id_desc", page=page, limit=limit)

    def _form(self, session: str, table: str, where: list[str], values: list[Any]) -> None:
        conditions, joined_by = self._accounts.remembered_query(session, table)
        parts = []
        for field, operator, value in conditions:
            if value == "" or field not in _COLUMNS[table]:
                continue
            if operator == "include":
                parts.append(f"\"{field}\" LIKE ? ESCAPE '\\'")
                values.append("%" + _escaped(value) + "%")
            elif operator in ("=", "!=", ">", "<", ">=", "<="):
                parts.append(f'"{field}" {operator} ?')
                values.append(value)
        if parts:
            where.append("(" + (" OR " if joined_by.lower() == "or" else " AND ").join(parts) + ")")

    def _hide(self, account: str, where: list[str]) -> None:
        hidden = self._places.hidden_from(account)
        if hidden:
            where.append(f"execution NOT IN ({','.join(str(int(one)) for one in hidden)})")

    def _page(self, table: str, where: list[str], values: list[Any], *, order: str, page: int, limit: int) -> Listed:
        limit = limit if limit > 0 else 20
        clause = " AND ".join(where)
        total = int(self._db.value(f'SELECT COUNT(*) FROM "{table}" WHERE {clause}', *values))  # noqa: S608 - built above
        last = max(1, -(-total // limit))
        page = min(max(page, 1), last)
        rows = self._db.rows(
            f'SELECT * FROM "{table}" WHERE {clause} ORDER BY {_order(table, order)} LIMIT ? OFFSET ?',  # noqa: S608 - checked
            *values,
            limit,
            (page - 1) * limit,
        )
        return Listed(rows, total, page, limit)


def _order(table: str, order: str) -> str:
    parts = []
    for one in order.split(","):
        column, _, direction = one.rpartition("_")
        if not column:
            column, direction = one, "asc"
        if column not in _COLUMNS[table] or direction.lower() not in ("asc", "desc"):
            raise Nothing  # the database refuses the column; the answer is 200 and empty
        if column == "status" and table == "task":
            parts.append("CASE status WHEN 'doing' THEN 0 WHEN 'done' THEN 1 WHEN 'wait' THEN 2 ELSE 3 END")
        else:
            parts.append(f'"{column}" {direction.upper()}')
    if not any(part.startswith('"id"') for part in parts):
        parts.append('"id" DESC')
    return ", ".join(parts)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

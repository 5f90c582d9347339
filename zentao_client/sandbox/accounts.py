"""Users, privilege groups, logins with their lock, sessions and 应用 entries."""

from __future__ import annotations

import hashlib
import json
import secrets
import string
from dataclasses import dataclass
from typing import Any, Literal

from . import wording
from .clock import Clock
from .database import Database, Row
from .dialect import Dialect
from .errors import Denied, Refused

SESSION_SECONDS = 1440
LOCK_SECONDS = 600
_ALPHABET = string.ascii_lowercase + string.digits
WEAK = "123456,password,12345,12345678,qwerty,123456789,1234,1234567,abc123,111111,123123"


@dataclass(frozen=True)
class Session:
    """A live login. ``kind`` is ``api`` (v1/v2 token), ``web`` (page login) or ``entry`` (an 应用's key)."""

    token: str
    account: str
    kind: Literal["api", "web", "entry"]


class Accounts:
    """Who may log in, who is logged in, and what they may call."""

    def __init__(self, database: Database, clock: Clock, dialect: Dialect) -> None:
        self._db = database
        self._clock = clock
        self._dialect = dialect

    # users

    def create(
        self,
        account: str,
        password: str,
        realname: str,
        *,
        role: str = "others",
        gender: str = "m",
        admin: bool = False,
        groups: list[int] | None = None,
    ) -> int:
        if self.find(account):
            raise Refused(
                {
                    "account": [
                        f"『用户名』已经有『{account}』这条记录了。"
                        "如果您确定该记录已删除，请到后台-系统-数据-回收站还原。"
                    ]
                }
            )
        if password in WEAK.split(","):
            raise Refused({"password1": f"密码不能使用【{WEAK}】这些常用弱口令。"})
        return self._db.insert(
            "user",
            account=account,
            password=_hash(password),
            realname=realname,
            role=role,
            gender=gender,
            admin=int(admin),
            groups=json.dumps(groups or []),
        )

    def find(self, account: str) -> Row | None:
        return self._db.row('SELECT * FROM "user" WHERE account = ?', account)

    def by_id(self, user_id: int) -> Row | None:
        return self._db.get("user", user_id)

    def all(self) -> list[Row]:
        return self._db.rows('SELECT * FROM "user" WHERE deleted = 0 ORDER BY id')

    def realname(self, account: str) -> str:
        if account == "closed":
            return "Closed"
        found = self.find(account)
        return str(found["realname"]) if found else ""

    def short(self, account: str) -> dict[str, Any] | None:
        """The four-field object v1 uses for users; ``None`` for nobody and for unknown or pseudo accounts."""
        found = self.find(account) if account else None
        if not found:
            return None
        return {"id": found["id"], "account": account, "avatar": "", "realname": found["realname"]}

    def set_groups(self, user_id: int, groups: list[int]) -> None:
        self._db.update("user", user_id, groups=json.dumps(groups))

    # privileges

    def create_group(self, name: str, privileges: list[str]) -> int:
        return self._db.insert("privgroup", name=name, privs=json.dumps(privileges))

    def may(self, account: str, module: str, method: str) -> bool:
        user = self.find(account)
        if not user:
            return False
        if user["admin"]:
            return True
        wanted = f"{module}-{method}".lower()
        for group in json.loads(user["groups"]):
            found = self._db.get("privgroup", int(group))
            if found and wanted in (one.lower() for one in json.loads(found["privs"])):
                return True
        return False

    def demand(self, account: str, module: str, method: str) -> None:
        """Raise ``Denied`` unless ``account`` has the privilege ``module-method``."""
        if not self.may(account, module, method):
            raise Denied(module, method)

    # login

    def check_password(self, account: str, password: str, *, counts: bool) -> None:
        """Raise ``Refused`` with ZenTao's words unless the password is right and the account is not locked.

        ``counts`` is whether a failure counts towards the lock: v1 and the login page do, v2 does not.
        """
        user = self.find(account) if account else None
        if user and user["locked"] and self._clock.seconds_since(user["locked"]) < LOCK_SECONDS:
            raise Refused(wording.LOGIN_LOCKED)
        if user and user["password"] == _hash(password):
            visits = user["visits"] + 1
            self._db.update("user", user["id"], fails=0, locked=None, last=self._clock.local(), visits=visits)
            return
        if not user or not counts:
            raise Refused(wording.LOGIN_REFUSED)
        fails = (0 if user["locked"] else int(user["fails"])) + 1
        self._db.update("user", user["id"], fails=fails, locked=self._clock.local() if fails >= 6 else None)
        if fails >= 6:
            raise Refused(wording.LOGIN_LOCKED)
        if fails >= 3:
            raise Refused(wording.LOGIN_TRIES_LEFT.format(left=6 - fails))
        raise Refused(wording.LOGIN_REFUSED)

    def open_session(self, account: str, kind: Literal["api", "web"], token: str = "") -> str:
        token = token or new_token()
        self._db.run(
            "INSERT OR REPLACE INTO session (token, account, kind, seen) VALUES (?, ?, ?, ?)",
            token,
            account,
            kind,
            self._clock.stamp(),
        )
        return token

    def session(self, token: str) -> Session | None:
        """The live login behind a token; each look renews it. An 应用's key is one too where the version allows."""
        if not token:
            return None
        row = self._db.row("SELECT * FROM session WHERE token = ?", token)
        if row:
            now = self._clock.stamp()
            if self._dialect.serialises_sessions and now - float(row["seen"]) > SESSION_SECONDS:
                self.close_session(token)
                return None
            if now - float(row["seen"]) > 1:
                self._db.run("UPDATE session SET seen = ? WHERE token = ?", now, token)
            return Session(token, row["account"], row["kind"])
        if self._dialect.entry_key_is_token:
            entry = self._db.row('SELECT * FROM entry WHERE "key" = ?', token)
            if entry:
                return Session(token, entry["account"], "entry")
        return None

    def close_session(self, token: str) -> None:
        self._db.run("DELETE FROM session WHERE token = ?", token)

    def expire_sessions(self) -> None:
        """Forget every login, as the server's session clean-up does."""
        self._db.run("DELETE FROM session")

    # the search form kept in a session

    def remember_query(self, token: str, module: str, conditions: list[list[str]], joined_by: str) -> None:
        row = self._db.row("SELECT queries FROM session WHERE token = ?", token)
        queries = json.loads(row["queries"]) if row else {}
        queries[module] = {"conditions": conditions, "joined_by": joined_by}
        self._db.run("UPDATE session SET queries = ? WHERE token = ?", json.dumps(queries), token)

    def remembered_query(self, token: str, module: str) -> tuple[list[list[str]], str]:
        row = self._db.row("SELECT queries FROM session WHERE token = ?", token)
        found = json.loads(row["queries"]).get(module) if row else None
        return (found["conditions"], found["joined_by"]) if found else ([], "and")

    # entries (应用)

    def create_entry(self, name: str, code: str, key: str, account: str) -> int:
        if self._db.value("SELECT 1 FROM entry WHERE code = ?", code):
            raise Refused({"code": [f"『代号』已经有『{code}』这条记录了。"]})
        return self._db.insert("entry", name=name, code=code, key=key, account=account)

    def signed_account(self, code: str, token: str, time: str, query_without_token: str) -> str:
        """The account a signed unversioned call acts as; raises ``Refused({"errcode", "errmsg"})``."""
        entry = self._db.row("SELECT * FROM entry WHERE code = ?", code)
        if not entry:
            raise Refused({"errcode": 404, "errmsg": "应用不存在"})
        key = str(entry["key"])
        if time:
            if token != _md5(code + key + time):
                raise Refused({"errcode": 401, "errmsg": "无效的token参数"})
            if int(time) <= int(entry["calledTime"]):
                raise Refused({"errcode": 405, "errmsg": "Token已失效"})
            self._db.update("entry", entry["id"], calledTime=int(time))
        elif token != _md5(_md5(query_without_token) + key):
            raise Refused({"errcode": 401, "errmsg": "无效的token参数"})
        return str(entry["account"])


def new_token() -> str:
    """26 characters, like a PHP session id."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(26))


def _hash(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

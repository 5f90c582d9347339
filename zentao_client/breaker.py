"""One wrong password costs one login, then waiting: ZenTao locks an account at its sixth failure.

ZenTao's count of failures does not fall with time, only with a successful login, and it does not ask which
password failed. So all refusals of an account count together: the pause of a refused password grows with
each, a new password is tried at once, and after the fourth refusal nothing is tried until somebody removes
the file. The state lies in one small file per server and account, and its lock is held while a login is
tried: threads and processes that start together cost one failure.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from zentao_client.errors import LoginPaused, LoginRefused

PAUSES = (timedelta(minutes=15), timedelta(hours=2), timedelta(hours=24))
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


def default_state_dir() -> Path:
    """Where the breaker lives if the caller names no folder: the user's own state folder."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "zentao-client"


@dataclass(frozen=True, slots=True)
class _Refusals:
    salt: str
    fingerprints: list[str]
    count: int
    until: str
    reason: str


class Breaker:
    """Guards the logins of one account on one server.

    The folder is made if needed, with files for its owner only. They hold salted fingerprints of the refused
    passwords, never a password.
    """

    def __init__(self, state_dir: Path, server: str, account: str, password: str) -> None:
        name = hashlib.sha256(f"{server.rstrip('/')}|{account}".encode()).hexdigest()[:24]
        self._path = state_dir / f"login-{name}.json"
        self._lock_path = state_dir / f"login-{name}.lock"
        self._account = account
        self._password = password

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Around one login: raises `LoginPaused` instead of trying, notes a `LoginRefused`, forgets on
        success.
        """
        with self._locked():
            refused = self._load()
            if refused is not None:
                until = datetime.fromisoformat(refused.until)
                if datetime.now(UTC) < until and (until == FOREVER or self._knows(refused)):
                    raise LoginPaused(self._words(refused, until), until=until)
            try:
                yield
            except LoginRefused as error:
                self._save(refused, str(error))
                raise
            self._path.unlink(missing_ok=True)

    def _words(self, refused: _Refusals, until: datetime) -> str:
        if until == FOREVER:
            when = f"correct the password, then remove {self._path}: ZenTao would soon lock the account"
        else:
            when = f"the next is tried at {until.isoformat(timespec='seconds')}"
        return f"login of {self._account!r} was refused {refused.count} times ({refused.reason}); {when}"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._lock_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _load(self) -> _Refusals | None:
        try:
            return _Refusals(**json.loads(self._path.read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            # A damaged file says only that a login was refused once: begin anew, one failure later.
            self._path.unlink(missing_ok=True)
            return None

    def _save(self, before: _Refusals | None, reason: str) -> None:
        salt = before.salt if before else secrets.token_hex(16)
        known = before.fingerprints if before else []
        count = before.count + 1 if before else 1
        until = datetime.now(UTC) + PAUSES[count - 1] if count <= len(PAUSES) else FOREVER
        fingerprints = sorted({*known, self._fingerprint(salt)})
        refused = _Refusals(salt, fingerprints, count, until.isoformat(), reason)
        part = self._path.with_suffix(".part")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(asdict(refused), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)

    def _knows(self, refused: _Refusals) -> bool:
        mine = self._fingerprint(refused.salt)
        return any(hmac.compare_digest(one, mine) for one in refused.fingerprints)

    def _fingerprint(self, salt: str) -> str:
        # Slow on purpose: the file must not make guessing the password cheap.
        return hashlib.scrypt(self._password.encode(), salt=bytes.fromhex(salt), n=2**14, r=8, p=1).hex()

"""What can go wrong with a host, in words for the person who reads the ticket.

    HostError
    ├── HostUnreachable    nothing answers, or the connection broke: worth trying again later
    ├── HostKeyMismatch    the host shows a key that is unknown, or not the known one
    ├── HostAuthFailed     the host refuses our key, or we can't read it
    ├── HostTimeout        connected, but no answer in time; what was asked may still be going on
    ├── HostDenied         the account on the host has no right to do this
    ├── HostDiskFull       no space left on the host
    ├── HostFileMissing    the file or its folder isn't there
    ├── HostBusy           another run holds the host's lock
    └── StaleGeneration    a newer run has taken the host over since

`code` is a stable word for each kind, for templates and tables that say it in another language.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar


class HostError(Exception):
    """Something on or on the way to a host failed.

    `host` is its name in the inventory, `detail` the technical words behind the message (they may come from
    the host: untrusted, for logs and escaped text only).
    """

    code: ClassVar[str] = "error"

    def __init__(self, host: str, message: str, *, detail: str = "") -> None:
        super().__init__(f"{host}: {message}")
        self.host = host
        self.message = message
        self.detail = detail


class HostUnreachable(HostError):
    """The host's SSH port doesn't answer, or the connection broke; a later try may succeed."""

    code = "unreachable"


class HostKeyMismatch(HostError):
    """The host's key is unknown or another than the known one; a person must look before anything goes on."""

    code = "host_key"


class HostAuthFailed(HostError):
    """The host refused the account's key, or the key file can't be used."""

    code = "auth"


class HostTimeout(HostError):
    """The host took the request but didn't answer in time; the outcome on the host is unknown."""

    code = "timeout"


class HostDenied(HostError):
    """The account on the host lacks the right (file permissions, read-only file system)."""

    code = "denied"


class HostDiskFull(HostError):
    """There is no space left on the host's disk."""

    code = "disk_full"


class HostFileMissing(HostError):
    """The file, or the folder it should go to, doesn't exist on the host."""

    code = "file_missing"


class HostBusy(HostError):
    """Another run holds the host. `holder` is what it wrote about itself (untrusted text)."""

    code = "busy"

    def __init__(self, host: str, *, holder: str, run_id: str, since: datetime) -> None:
        when = since.isoformat(timespec="seconds")
        super().__init__(host, f"in use by {holder} (run {run_id}) since {when}")
        self.holder = holder
        self.run_id = run_id
        self.since = since


class StaleGeneration(HostError):
    """A newer run has taken the host since this one got its lease: stop touching the host."""

    code = "stale_generation"

    def __init__(self, host: str, *, ours: int, current: int) -> None:
        super().__init__(host, f"this run's lease (generation {ours}) is over, the host is at {current}")
        self.ours = ours
        self.current = current

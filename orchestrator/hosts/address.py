"""What this room needs to know of an inventory entry. The inventory's own classes have this shape."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class HostAddress(Protocol):
    """Where a host is, who we are there, and where deployments live on it."""

    @property
    def name(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def user(self) -> str: ...
    @property
    def identity_file(self) -> Path | None: ...
    @property
    def known_hosts(self) -> Path | None: ...
    @property
    def root(self) -> str: ...
    @property
    def python(self) -> str | None: ...


class HostDirectory(Protocol):
    """All hosts by name."""

    @property
    def hosts(self) -> Mapping[str, HostAddress]: ...

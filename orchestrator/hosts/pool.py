"""All hosts of an inventory, with their connections. One pool per process."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType

from orchestrator.hosts.address import HostAddress, HostDirectory
from orchestrator.hosts.host import Host
from orchestrator.hosts.link import Limits
from orchestrator.hosts.links import Links
from orchestrator.hosts.watchdog import Watchdog


class HostPool:
    """Hands out hosts by name and keeps their connections open between uses; thread-safe, closes with `with`.

    A host's key must stand in the entry's `known_hosts`, else in `<state_dir>/known_hosts` or `~/.ssh/known_hosts`.
    """

    def __init__(self, inventory: HostDirectory, *, state_dir: Path, limits: Limits | None = None) -> None:
        self._inventory = inventory
        self._state_dir = state_dir
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._hosts: dict[str, tuple[Host, Links]] = {}
        self._watchdog = Watchdog()
        self._closed = False

    def host(self, name: str) -> Host:
        """The host of that name; KeyError where the inventory has none. Connects on first use, not here."""
        entry = self._inventory.hosts[name]
        with self._lock:
            if self._closed:
                raise RuntimeError("the pool of hosts is closed")
            if name not in self._hosts:
                links = Links(entry, self._known_hosts(entry), self._limits, self._watchdog)
                self._hosts[name] = Host(entry, links), links
            return self._hosts[name][0]

    def close(self) -> None:
        """Close every connection; jobs on the hosts go on."""
        with self._lock:
            self._closed = True
            hosts, self._hosts = list(self._hosts.values()), {}
        for _, links in hosts:
            links.close()
        self._watchdog.close()

    def __enter__(self) -> HostPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _known_hosts(self, entry: HostAddress) -> tuple[Path, ...]:
        if entry.known_hosts is not None:
            return (entry.known_hosts,)
        return self._state_dir / "known_hosts", Path.home() / ".ssh" / "known_hosts"

"""Everything a running orchestrator consists of, in one frozen value.

Workflows are resumed by the engine with plain arguments only, so they reach their tools through `current()`:

    with use(open_context(Settings.load())) as context:
        context.engine.launch()      # from here on workflows run, and `current()` answers in every thread
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.engine import Engine
    from orchestrator.hosts import HostPool
    from orchestrator.inventory import Inventory
    from orchestrator.settings import Settings
    from orchestrator.store import Store
    from zentao_client import Zentao

STORE_FILE = "orchestrator.sqlite"
"""The store's file in the data folder."""


@dataclass(frozen=True, slots=True)
class Context:
    """The tools of one process. All of them may be used from several threads at once."""

    settings: Settings
    inventory: Inventory
    store: Store
    zentao: Zentao
    hosts: HostPool
    engine: Engine

    @property
    def server(self) -> str:
        """The ZenTao server as it stands in transition keys."""
        return self.settings.zentao.url

    def close(self) -> None:
        """Let go of connections and files. The engine is shut down by whoever launched it."""
        self.hosts.close()
        self.zentao.close()
        self.store.close()


_current: Context | None = None


def current() -> Context:
    """The context of this process. Raises RuntimeError when none is in use."""
    if _current is None:
        raise RuntimeError("no context is in use: orchestrator.context.use() comes first")
    return _current


@contextmanager
def use(context: Context) -> Iterator[Context]:
    """Make `context` the one that `current()` gives, for all threads, and close it at the end."""
    global _current  # noqa: PLW0603 - workflows resumed by the engine have no other way to their tools
    before, _current = _current, context
    try:
        yield context
    finally:
        _current = before
        context.close()


def open_context(settings: Settings) -> Context:
    """Open the store, read the inventory and prepare the clients; nothing is sent and nothing launched yet.

    Raises ConfigError for an inventory or a secret that can't be read, OSError when `data_dir` can't be written.
    """
    # Imported here, because the command line imports this file also to print its help.
    from orchestrator.engine import Engine  # noqa: PLC0415
    from orchestrator.hosts import HostPool  # noqa: PLC0415
    from orchestrator.inventory import Inventory  # noqa: PLC0415
    from orchestrator.store import Store  # noqa: PLC0415
    from zentao_client import Entry, Zentao  # noqa: PLC0415

    inventory = Inventory.load(settings.inventory)
    password = settings.zentao.read_password().get_secret_value()
    entry = settings.zentao.entry
    data_dir = settings.data_dir
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Context(
        settings=settings,
        inventory=inventory,
        store=Store.open(data_dir / STORE_FILE),
        zentao=Zentao(
            settings.zentao.url,
            account=settings.zentao.account,
            password=password,
            state_dir=data_dir / "zentao",
            entry=None if entry is None else Entry(entry.code, entry.read_key().get_secret_value()),
            timeout=settings.zentao.timeout_seconds,
        ),
        hosts=HostPool(inventory, state_dir=data_dir / "hosts"),
        engine=Engine(data_dir),
    )

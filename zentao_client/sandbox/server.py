"""The sandbox as something to start: a real HTTP server in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .app import build_app
from .control import Desk
from .database import Row
from .dialect import VersionName, dialect_for
from .faults import Faults
from .gate import Gate
from .person import Person
from .requestlog import RequestLog
from .seeding import Seed, plant
from .site import Site
from .webhooks import DEFAULT_PARAMS

START_SECONDS = 10.0
STOP_SECONDS = 5.0


class Sandbox:
    """A ZenTao of version 18.8 or 22.4 for tests and demos.

    .. code-block:: python

        with Sandbox(version="18.8") as zentao:
            seed = zentao.seed()
            task = zentao.as_user("wangchanpin").create_task(seed.execution, "【IndexTTS2-V23部署】")
            ...  # talk to zentao.url

    ``database`` keeps everything in a file (default: memory). ``request_type`` is the form of page addresses,
    ``clock`` replaces the wall clock (aware datetimes). ``acting_as`` is the human whose buttons the pages show.
    """

    def __init__(
        self,
        version: VersionName = "18.8",
        database: Path | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        request_type: Literal["GET", "PATH_INFO"] = "GET",
        time_zone: str = "Asia/Shanghai",
        clock: Callable[[], datetime] | None = None,
        acting_as: str = "",
    ) -> None:
        self.site = Site(dialect_for(version), database=database, request_type=request_type, zone=time_zone, now=clock)
        self.requests = RequestLog()
        self._host = host
        self._port = port
        self._connections: dict[tuple[str, int], H11Protocol] = {}
        self._desk = Desk(self.requests, acting_as, lambda: dict(self.seed().as_mapping()))
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    # life

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.site.close()

    def start(self) -> None:
        """Listen; the port stays the same when it is stopped and started again."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio: no Nagle
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self._host, self._port))
        self._port = listener.getsockname()[1]
        gate = Gate(
            build_app(self.site, self._desk),
            self.site.faults,
            self.requests,
            serialise=self.site.dialect.serialises_sessions,
            cut=self._cut,
        )
        config = uvicorn.Config(
            gate,
            http=_protocol(self._connections),
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_level="critical",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config, self._connections)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        started = threading.Event()
        waited = 0.0
        while not self._server.started:
            started.wait(0.005)
            waited += 0.005
            if waited > START_SECONDS or not self._thread.is_alive():
                raise RuntimeError("the sandbox did not start")

    def stop(self) -> None:
        """Stop listening; the data stays, so that :meth:`start` can go on."""
        if self._server is None or self._thread is None:
            return
        self._server.end()
        for connection in list(self._connections.values()):
            with contextlib.suppress(RuntimeError):  # the loop is already closed
                connection.loop.call_soon_threadsafe(connection.transport.abort)
        self._thread.join(STOP_SECONDS)
        self._server = self._thread = None

    @contextlib.contextmanager
    def offline(self) -> Iterator[None]:
        """Connections are refused inside the block."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def _cut(self, client: tuple[str, int] | None) -> None:
        protocol = self._connections.get((client[0], client[1])) if client else None
        if protocol is not None:
            connection = protocol.transport.get_extra_info("socket")
            if connection is not None:  # linger 0: the client sees a reset, not an orderly end
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            protocol.transport.abort()

    # where it is and what is in it

    @property
    def url(self) -> str:
        """``http://127.0.0.1:port``, without a slash at the end."""
        return f"http://{self._host}:{self._port}"

    @property
    def version(self) -> str:
        return self.site.dialect.version

    @property
    def faults(self) -> Faults:
        return self.site.faults

    def reset(self) -> None:
        """As new: data, faults and request log forgotten; the address stays."""
        self.site.reset()
        self.requests.clear()

    def seed(self) -> Seed:
        """People, a product, a project, an open and a private execution; planted once."""
        return plant(self.site)

    def as_user(self, account: str) -> Person:
        """Act as a human, without HTTP."""
        return Person(self.site, account, self.url)

    def create_tasks(self, count: int, *, execution: int, assigned_to: str = "", name: str = "任务 {number}") -> None:
        """Many tasks at once, straight into the database: 10,000 in well under a second, without history."""
        now = self.site.clock.local()
        found = self.site.places.execution(execution)
        project = found["project"] if found else 0
        columns = (
            "project",
            "execution",
            "name",
            "type",
            "pri",
            "openedBy",
            "openedDate",
            "assignedTo",
            "assignedDate",
        )
        rows = [
            (project, execution, name.format(number=number), "devel", 3, "admin", now, assigned_to, now)
            for number in range(1, count + 1)
        ]
        self.site.db.insert_many("task", columns, rows)

    def add_webhook(
        self,
        url: str,
        *,
        send_type: Literal["sync", "async"] = "sync",
        executions: tuple[int, ...] = (),
        params: tuple[str, ...] = DEFAULT_PARAMS,
    ) -> int:
        """An outbound webhook of type ``default``; ``async`` ones are delivered by :meth:`send_webhooks`."""
        chosen = ",".join(str(one) for one in executions)
        return self.site.webhooks.create(
            "sandbox", url, domain=self.url, send_type=send_type, executions=chosen, params=params
        )

    def send_webhooks(self) -> int:
        """What ZenTao's cron does each minute: deliver queued webhooks. Returns how many."""
        return self.site.webhooks.send_queued()

    def expire_tokens(self) -> None:
        """Every login is forgotten."""
        self.site.accounts.expire_sessions()

    def task(self, task_id: int) -> Row:
        """A task's stored row, for assertions."""
        return self.site.tasks.get(task_id)

    def actions(self, object_type: str, object_id: int) -> list[Row]:
        """An object's history as stored, oldest first; ``changes`` holds the fields."""
        return self.site.history.of(object_type, object_id)


class _Server(uvicorn.Server):
    """uvicorn, ending at once when told to instead of at its next tenth of a second."""

    def __init__(self, config: uvicorn.Config, connections: dict[tuple[str, int], H11Protocol]) -> None:
        super().__init__(config)
        self._connections = connections
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = asyncio.Event()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        second = 0
        while not self.should_exit:
            await self.on_tick(second * 10)
            second += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        await asyncio.sleep(0)  # who was accepted just before the end becomes known one turn later
        for connection in list(self._connections.values()):
            connection.transport.abort()
        await asyncio.sleep(0)

    def end(self) -> None:
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is already closed
                self._loop.call_soon_threadsafe(self._ended.set)


def _protocol(connections: dict[tuple[str, int], H11Protocol]) -> type[H11Protocol]:
    """uvicorn's protocol, with its connections known by client address so that a fault can cut one."""

    class Known(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if self.client is not None:
                connections[self.client] = self

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client is not None:
                connections.pop(self.client, None)
            super().connection_lost(exc)

    return Known

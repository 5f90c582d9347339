"""What all resources share: the probe's result, the session, the reader and the ways. Made at the first use."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from zentao_client.breaker import Breaker, default_state_dir
from zentao_client.capabilities import Capabilities, choose
from zentao_client.errors import BadReply, Unsupported
from zentao_client.models import Entry, ServerInfo
from zentao_client.parse import Parser
from zentao_client.probe import probe
from zentao_client.session import Session
from zentao_client.transport import TIMEOUT_SECONDS, Transport
from zentao_client.ways.reading import Reader

_CLOCK_STEP = 5.0
"""Seconds; slow corrections move both of our clocks alike."""


@dataclass(frozen=True, slots=True)
class _Opened:
    info: ServerInfo
    session: Session
    parser: Parser
    ways: Capabilities
    offset: float

    @property
    def clock_holds(self) -> bool:
        """False once our clock was set, or stood still: the server's is then another distance away."""
        return abs(_clock_offset() - self.offset) < _CLOCK_STEP


def _clock_offset() -> float:
    return time.time() - time.monotonic()


class Core:
    """One account on one server; shared by all threads. The first use probes, and a failed probe is tried
    again.
    """

    def __init__(
        self,
        url: str,
        account: str,
        password: str,
        *,
        state_dir: Path | None = None,
        entry: Entry | None = None,
        timeout: float = TIMEOUT_SECONDS,
        handler: httpx.BaseTransport | None = None,
    ) -> None:
        self.account = account
        self.transport = Transport(url, timeout=timeout, handler=handler)
        self._password = password
        self._entry = entry
        self._breaker = Breaker(state_dir or default_state_dir(), url, account, password)
        self._opening = threading.Lock()
        self._opened: _Opened | None = None

    @property
    def info(self) -> ServerInfo:
        """What the probe found."""
        return self._open().info

    @property
    def session(self) -> Session:
        """The calls."""
        return self._open().session

    @property
    def parser(self) -> Parser:
        """Reads the server's objects."""
        return self._open().parser

    @property
    def ways(self) -> Capabilities:
        """The ways, best first."""
        return self._open().ways

    @property
    def reader(self) -> Reader:
        """Reads tasks and bugs."""
        return self._open().ways.reader

    def is_me(self, actor: str | None) -> bool:
        """True if an action may be ours: by our account, or by somebody that this server does not tell."""
        return actor is None or actor.casefold() == self.account.casefold()

    def _open(self) -> _Opened:
        opened = self._opened
        if opened is None or not opened.clock_holds:
            with self._opening:
                opened = self._opened
                if opened is None or not opened.clock_holds:
                    opened = self._opened = self._probed(opened)
        return opened

    def _probed(self, before: _Opened | None) -> _Opened:
        """What a probe finds now; an open session keeps its tokens."""
        offset = _clock_offset()
        info = probe(self.transport)
        session = (
            before.session
            if before is not None
            else Session(self.transport, info.request_type, self._log_in, entry=self._entry)
        )
        parser = Parser(info.timezone)
        return _Opened(info, session, parser, choose(info, session, parser, self._entry), offset)

    def _log_in(self) -> str:
        info, ways = self.info, self.ways.logins
        with self._breaker.attempt():
            for way in ways:
                try:
                    return way.log_in(self.transport, self.account, self._password)
                except Unsupported:
                    continue
                except BadReply as error:
                    # Its excerpt could hold a token.
                    raise BadReply(f"the login answered with {error.reason}") from None
        raise Unsupported(f"{info.url} (ZenTao {info.version}) offers no login that this client knows")

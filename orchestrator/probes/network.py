"""The light probes: does the port take connections, does the page answer?"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import httpx

from orchestrator.probes.results import ProbeResult

_PAUSE = 0.25
_ONE_TRY = 5.0


def probe_port(address: str, port: int, timeout: float) -> ProbeResult:
    """Waits until `address`:`port` takes a TCP connection, for at most `timeout` seconds."""

    def attempt(left: float) -> str | None:
        try:
            socket.create_connection((address, port), timeout=left).close()
        except OSError as error:
            return f"port {port} of {address} takes no connection: {error.strerror or error}"
        return None

    return _until(attempt, timeout, f"port {port} of {address} takes connections")


def probe_http(url: str, timeout: float) -> ProbeResult:
    """Waits until `url` answers with a 2xx status, for at most `timeout` seconds.

    It is asked directly, whatever proxy the environment names, and no redirection is followed.
    """
    with httpx.Client(trust_env=False, verify=True) as client:

        def attempt(left: float) -> str | None:
            try:
                with client.stream("GET", url, timeout=left) as response:
                    return None if response.is_success else f"{url} answers {response.status_code}"
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                return f"{url} does not answer: {error or type(error).__name__}"

        return _until(attempt, timeout, f"{url} answers")


def _until(attempt: Callable[[float], str | None], timeout: float, good: str) -> ProbeResult:
    """Tries at once, then every quarter of a second; each try has at most five seconds."""
    begun = time.monotonic()
    while True:
        left = timeout - (time.monotonic() - begun)
        wrong = attempt(min(_ONE_TRY, max(left, 0.05)))
        passed = time.monotonic() - begun
        if wrong is None:
            return ProbeResult(True, passed, good)
        if passed + _PAUSE >= timeout:
            return ProbeResult(False, passed, f"{wrong} (tried for {passed:.0f} s)")
        time.sleep(_PAUSE)

"""The light probes on real sockets."""

from __future__ import annotations

import http.server
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from orchestrator.probes import probe_http, probe_port
from tests.support.ports import free_port


class _Handler(http.server.BaseHTTPRequestHandler):
    left_to_fail = 0

    def do_GET(self) -> None:
        status = {"/gone": 404, "/moved": 302}.get(self.path, 200)
        if self.path == "/warming" and _Handler.left_to_fail > 0:
            _Handler.left_to_fail -= 1
            status = 503
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://example.invalid/")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_a_service_that_answers_is_well(server: str) -> None:
    found = probe_http(f"{server}/healthz", 5)
    assert (found.ok, found.detail) == (True, f"{server}/healthz answers")
    assert probe_port("127.0.0.1", int(server.rpartition(":")[2]), 5).ok


def test_a_dead_port_is_told_in_the_time_given() -> None:
    port = free_port()
    found = probe_http(f"http://127.0.0.1:{port}/", 0.6)
    assert not found.ok
    assert found.seconds < 3
    assert "does not answer" in found.detail
    found = probe_port("127.0.0.1", port, 0.1)
    assert (found.ok, "takes no connection: Connection refused" in found.detail) == (False, True)


def test_a_service_still_warming_up_is_waited_for(server: str) -> None:
    _Handler.left_to_fail = 2
    found = probe_http(f"{server}/warming", 10)
    assert found.ok
    assert found.seconds >= 0.4


@pytest.mark.parametrize(("path", "status"), [("/gone", 404), ("/moved", 302)])
def test_anything_but_success_is_not_well(server: str, path: str, status: int) -> None:
    found = probe_http(server + path, 0.1)
    assert (found.ok, f"answers {status}" in found.detail) == (False, True)


def test_a_peer_that_says_nothing_costs_only_the_time_given() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = probe_http(f"http://127.0.0.1:{silent.getsockname()[1]}/", 0.3)
    assert not found.ok
    assert found.seconds < 3


def test_a_proxy_in_the_environment_is_not_asked(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    assert probe_http(f"{server}/", 2).ok


@pytest.mark.parametrize("url", ["nonsense", "http://", "ftp://127.0.0.1/", "http://127.0.0.1:99999/"])
def test_an_address_that_is_none_is_a_result_not_an_exception(url: str) -> None:
    assert not probe_http(url, 0.1).ok


def test_importing_the_probes_loads_nothing_heavy() -> None:
    code = (
        "import sys, orchestrator.probes, orchestrator.playbook\n"
        "heavy = {'numpy', 'soundfile', 'gradio', 'gradio_client', 'playwright', 'torch'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")

"""A real HTTP server for weights, on loopback, that misbehaves when it is asked to: cuts, alters, redirects, stalls."""

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Served:
    """One file and how it is served; `faults` are used up one request after the other, then all goes well.

    A fault is ``("status", code, headers)``, ``("cut", bytes)`` or ``("stall", bytes)``: after so many bytes the
    connection is closed, or held until `FileServer.release` is set.
    """

    data: bytes
    etag: str | None = None
    ranges: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    faults: list[tuple[Any, ...]] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """One request as it came, and how many bytes of the file went out for it."""

    path: str
    headers: dict[str, str]
    sent: int


class FileServer:
    """Serves `files` by their path; `asked` holds every request that has been answered."""

    def __init__(self) -> None:
        self.files: dict[str, Served] = {}
        self.asked: list[Asked] = []
        self.stalled, self.release = threading.Event(), threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, format: str, *arguments: object) -> None:
                del format, arguments

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}"

    def add(self, path: str, data: bytes, **how: Any) -> Served:
        self.files[path] = Served(data, **({"etag": f'"{hashlib.md5(data).hexdigest()}"'} | how))
        return self.files[path]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        headers = {key.lower(): value for key, value in request.headers.items()}
        served = self.files.get(request.path)
        sent = 0
        try:
            if served is None:
                self._head(request, 404, {"Content-Length": "0"})
            else:
                sent = self._serve(request, served, headers)
        except OSError:
            request.close_connection = True
        finally:
            self.asked.append(Asked(request.path, headers, sent))

    def _serve(self, request: BaseHTTPRequestHandler, served: Served, headers: dict[str, str]) -> int:
        fault = served.faults.pop(0) if served.faults else ("none",)
        if fault[0] == "status":
            self._head(request, fault[1], {"Content-Length": "0", **fault[2]})
            return 0
        data, first = served.data, 0
        asked = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
        if asked and served.ranges and headers.get("if-range", served.etag) == served.etag:
            first = int(asked[1])
            if first >= len(data):
                self._head(request, 416, {"Content-Range": f"bytes */{len(data)}", "Content-Length": "0"})
                return 0
        body = data[first:]
        tag = {"ETag": served.etag} if served.etag else {}
        place = {"Content-Range": f"bytes {first}-{len(data) - 1}/{len(data)}"} if first else {}
        self._head(request, 206 if first else 200, {"Content-Length": str(len(body)), **tag, **place, **served.headers})
        if fault[0] == "none":
            request.wfile.write(body)
            return len(body)
        request.wfile.write(body[: fault[1]])
        request.wfile.flush()
        if fault[0] == "stall":
            self.stalled.set()
            self.release.wait(30)
        request.close_connection = True
        return int(fault[1])

    def _head(self, request: BaseHTTPRequestHandler, status: int, headers: dict[str, str]) -> None:
        request.send_response(status)
        for key, value in headers.items():
            request.send_header(key, value)
        request.end_headers()


@contextmanager
def serving() -> Iterator[FileServer]:
    """Runs a server for the time of the block."""
    server = FileServer()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.http.shutdown()
        server.http.server_close()
        thread.join()

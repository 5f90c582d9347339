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


@dataclass
class Asked:
    """One request as it came, and how many bytes of the file go out for it; written down before they do."""

    path: str
    headers: dict[str, str]
    sent: int = 0


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
        asked = Asked(request.path, headers)
        self.asked.append(asked)
        served = self.files.get(request.path)
        try:
            if served is None:
                self._head(request, 404, {"Content-Length": "0"})
            else:
                self._serve(request, served, asked)
        except OSError:
            request.close_connection = True

    def _serve(self, request: BaseHTTPRequestHandler, served: Served, asked: Asked) -> None:
        fault = served.faults.pop(0) if served.faults else ("none",)
        if fault[0] == "status":
            self._head(request, fault[1], {"Content-Length": "0", **fault[2]})
            return
        data, first = served.data, 0
        place = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
        if place and served.ranges and asked.headers.get("if-range", served.etag) == served.etag:
            first = int(place[1])
            if first >= len(data):
                self._head(request, 416, {"Content-Range": f"bytes */{len(data)}", "Content-Length": "0"})
                return
        body = data[first:]
        tag = {"ETag": served.etag} if served.etag else {}
        span = {"Content-Range": f"bytes {first}-{len(data) - 1}/{len(data)}"} if first else {}
        self._head(request, 206 if first else 200, {"Content-Length": str(len(body)), **tag, **span, **served.headers})
        if fault[0] == "none":
            asked.sent = len(body)
            request.wfile.write(body)
            return
        asked.sent = fault[1]
        request.wfile.write(body[: fault[1]])
        request.wfile.flush()
        if fault[0] == "stall":
            self.stalled.set()
            self.release.wait(30)
        request.close_connection = True

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

"""The FastAPI app, and the thread that serves it."""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from orchestrator.operations import Operations
from orchestrator.triggers.poller import Poller
from orchestrator.version import version
from orchestrator.web.control import control_routes
from orchestrator.web.health import health_routes
from orchestrator.web.webhook import webhook_routes

CONTROL_FILE = "control.json"


def build_app(operations: Operations, poller: Poller, *, webhook_secret: str | None, control_token: str) -> FastAPI:
    """Everything the daemon answers to. No docs pages: nobody outside has to know what there is."""
    app = FastAPI(title="zentao-deploy", openapi_url=None, docs_url=None, redoc_url=None)
    context = operations.context
    app.include_router(webhook_routes(webhook_secret, poller.wake))
    app.include_router(health_routes(operations, poller, version=version(), alive=lambda: context.engine.is_running))
    app.include_router(control_routes(operations, control_token))

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail, "kind": "request"}, error.status_code)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"error": "; ".join(str(each["msg"]) for each in error.errors()), "kind": "request"}, 422)

    return app


class WebServer:
    """Serves an app on a thread of its own, from entering the context to leaving it.

    The port is bound at construction: 0 takes a free one, and `url` says which. Raises OSError when it is taken.
    """

    def __init__(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # Named as TCP, so that asyncio switches Nagle's algorithm off: 40 ms for each answer otherwise.
        self._socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise OSError(f"can't listen on {host}:{port} (web.host, web.port): {error.strerror or error}") from error
        self.port: int = self._socket.getsockname()[1]
        # A wildcard address can't be called; whoever listens everywhere listens here too.
        local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
        self.url = f"http://[{local}]:{self.port}" if ":" in local else f"http://{local}:{self.port}"
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def serve(self, app: FastAPI) -> Self:
        """Begin to answer; returns once it does."""
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=3, lifespan="off"
        )
        server = uvicorn.Server(config)
        # Listening already: a caller that is earlier than the loop waits instead of being refused.
        self._socket.listen(128)
        self._thread = threading.Thread(target=server.run, kwargs={"sockets": [self._socket]}, name="web", daemon=True)
        self._server = server
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop answering and wait for what is being answered, a few seconds at most."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(10)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def new_token() -> str:
    """A control token, good for one life of the daemon."""
    return secrets.token_urlsafe(32)


def write_control_file(data_dir: Path, url: str, token: str) -> Path:
    """Tell the command line where the daemon is and how to prove that one may ask: readable by our user only."""
    path = data_dir / CONTROL_FILE
    part = data_dir / f"{CONTROL_FILE}.part"
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"url": url, "token": token, "pid": os.getpid()}, file)
    part.replace(path)
    return path

"""The FastAPI application: one catch-all that hands each path to the front end it belongs to."""

from __future__ import annotations

import html
import logging
from urllib.parse import parse_qsl

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request, Response
from starlette.datastructures import UploadFile

from . import (
    control,
    legacy,
    pages,
    signed,
    v1,
    v1_bugs,
    v1_people,
    v1_places,
    v1_tasks,
    v2,
    v2_bugs,
    v2_comments,
    v2_events,
    v2_people,
    v2_places,
    v2_tasks,
)
from .call import Call, Reply, crash_reply, html_reply
from .files import Upload
from .gate import CONTROL
from .site import Site

# Imported for their routes.
ROUTE_MODULES = (
    *(v1_bugs, v1_people, v1_places, v1_tasks),
    *(v2_bugs, v2_comments, v2_events, v2_people, v2_places, v2_tasks),
)

_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]
_log = logging.getLogger(__name__)
_THREADS = 200
_FIELD_BYTES = 64 * 1024 * 1024


def build_app(site: Site, desk: control.Desk) -> FastAPI:
    """The application for one site. ``desk`` carries what the control routes steer."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(control.router(site, desk), prefix=CONTROL)
    threads = CapacityLimiter(_THREADS)

    @app.api_route("/{path:path}", methods=_METHODS)
    async def everything(request: Request) -> Response:
        call = await read_call(request)
        reply = await to_thread.run_sync(guarded, site, desk, call, limiter=threads)
        response = Response(reply.content, reply.status)
        response.headers["content-type"] = reply.content_type
        for name, value in reply.headers.items():
            response.headers[name] = value
        return response

    return app


def guarded(site: Site, desk: control.Desk, call: Call) -> Reply:
    """The answer to any request; a slip of ours looks like one of PHP's, and is logged."""
    try:
        return dispatch(site, desk, call)
    except Exception as error:  # whatever a caller sent, the server goes on
        _log.exception("%s %s failed", call.method, call.path)
        return crash_reply(f"{type(error).__name__}: {html.escape(str(error))}")


def dispatch(site: Site, desk: control.Desk, call: Call) -> Reply:
    """The answer to any request."""
    path = call.path
    if path.startswith("/api.php/v1"):
        return v1.answer(site, call, path.removeprefix("/api.php/v1") or "/")
    if path.startswith("/api.php/v2"):
        if not site.dialect.has_v2:
            return crash_reply("class apiv2 not found")
        return v2.answer(site, call, path.removeprefix("/api.php/v2") or "/")
    if path == "/api.php":
        return signed.answer(site, call)
    if path.startswith("/data/upload/1/"):
        return _raw_file(site, path.removeprefix("/data/upload/1/"))
    found = pages.answer(site, desk, call)
    return found or legacy.answer(site, call) or pages.home(site, desk)


def _raw_file(site: Site, place: str) -> Reply:
    row = site.files.by_path(place)
    if row is None:
        return html_reply("<html><body><h1>404 Not Found</h1></body></html>", 404)
    kind = {"png": "image/png", "txt": "text/plain"}.get(str(row["extension"]), "application/octet-stream")
    return Reply(200, bytes(row["content"]), kind)


async def read_call(request: Request) -> Call:
    """Read a request whole: query as PHP does (last value wins), form fields and files."""
    raw = b""
    form: dict[str, list[str]] = {}
    uploads: list[Upload] = []
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        async with request.form(max_files=1000, max_fields=10_000, max_part_size=_FIELD_BYTES) as data:
            for name, value in data.multi_items():
                if isinstance(value, UploadFile):
                    uploads.append(Upload(name, value.filename or "", await value.read()))
                else:
                    form.setdefault(name, []).append(value)
    else:
        raw = await request.body()
        if kind.startswith("application/x-www-form-urlencoded"):
            for name, text in parse_qsl(raw.decode(errors="replace"), keep_blank_values=True):
                form.setdefault(name, []).append(text)
    return Call(
        method=request.method,
        path=request.url.path,
        query_string=request.url.query,
        query=dict(parse_qsl(request.url.query, keep_blank_values=True)),
        headers={name.lower(): value for name, value in request.headers.items()},
        raw=raw,
        form=form,
        uploads=tuple(uploads),
    )

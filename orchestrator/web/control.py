"""The control API: what `zentao-deploy run`, `cancel` and `status` use while a daemon owns the engine.

Only this machine may use it, and only who can read the token in the data folder. Every answer is JSON; errors are
`{"error": …, "kind": …}`.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterator
from hmac import compare_digest
from typing import Any, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from orchestrator.operations import Operations, UnknownRun
from orchestrator.triggers.claim import ClaimRefused
from zentao_client import LoginPaused, LoginRefused, ZentaoError

T = TypeVar("T")


class StartRequest(BaseModel):
    """Body of `POST /control/runs`."""

    model_config = ConfigDict(extra="forbid")

    task_id: int = Field(gt=0, lt=2**31)
    again: bool = False


def control_routes(operations: Operations, token: str) -> APIRouter:
    """The routes under /control, guarded."""

    def guard(request: Request) -> None:
        given = request.headers.get("authorization", "")
        if not _is_local(request) or not compare_digest(given.encode(), f"Bearer {token}".encode()):
            raise HTTPException(404, "not found")

    router = APIRouter(prefix="/control", dependencies=[Depends(guard)])

    @router.post("/runs")
    def start(body: StartRequest) -> JSONResponse:
        try:
            return JSONResponse(operations.run(body.task_id, again=body.again), 201)
        except ClaimRefused as error:
            return JSONResponse({"error": str(error), "kind": "refused", "run_id": error.run_id}, 409)
        except (LoginRefused, LoginPaused) as error:
            return JSONResponse({"error": str(error), "kind": "login"}, 502)
        except ZentaoError as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}", "kind": "zentao"}, 502)

    @router.get("/runs")
    def runs(task_id: int | None = None, active: bool | None = None, limit: int = 20) -> list[dict[str, Any]]:
        return operations.runs(task_id=task_id, active=active, limit=max(1, min(limit, 1000)))

    @router.get("/runs/{run_id}")
    def view(run_id: str) -> dict[str, Any]:
        return _known(lambda: operations.view(run_id))

    @router.post("/runs/{run_id}/cancel")
    def cancel(run_id: str) -> dict[str, Any]:
        return _known(lambda: operations.cancel(run_id))

    @router.get("/runs/{run_id}/follow")
    def follow(run_id: str) -> StreamingResponse:
        changes = _known(lambda: operations.follow(run_id))

        def lines() -> Iterator[bytes]:
            for change in changes:
                yield json.dumps(change, ensure_ascii=False).encode() + b"\n"

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    return router


def _known(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except UnknownRun as error:
        raise HTTPException(404, str(error)) from error


def _is_local(request: Request) -> bool:
    """From this machine, and not passed on by a proxy that would make everybody look so."""
    if request.client is None or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False

"""The sandbox's own control routes: faults, request log, clock of hooks. Loopback callers only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict

from .requestlog import RequestLog
from .site import Site

_LOOPBACK = frozenset({"127.0.0.1", "::1"})


@dataclass(frozen=True)
class Desk:
    """What the control routes and pages steer. ``acting_as`` is the human whose buttons the pages show."""

    requests: RequestLog
    acting_as: str
    seed: Callable[[], dict[str, Any]]


class FaultIn(BaseModel):
    """A fault to switch on; see :class:`zentao_client.sandbox.faults.Fault`."""

    model_config = ConfigDict(extra="forbid")
    kind: str
    path: str = ""
    method: str = ""
    count: int = 1
    seconds: float = 5.0


class DelayIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    seconds: float


def _only_loopback(request: Request) -> None:
    """Refuse anybody from outside, and pages of other origins that post from a local browser."""
    client = request.client
    if client is None or client.host not in _LOOPBACK:
        raise HTTPException(403, "loopback only")
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{request.headers.get('host')}":
        raise HTTPException(403, "foreign origin")


def router(site: Site, desk: Desk) -> APIRouter:
    """``/__sandbox__/faults`` (GET, POST, DELETE), ``/history-delay``, ``/requests``, ``/seed``, ``/send-webhooks``."""
    routes = APIRouter(dependencies=[Depends(_only_loopback)])

    @routes.get("/faults")
    async def faults() -> dict[str, Any]:
        return site.faults.listed()

    @routes.post("/faults")
    async def add_fault(fault: FaultIn) -> dict[str, Any]:
        try:
            added = site.faults.add(
                fault.kind,  # type: ignore[arg-type] # checked inside
                fault.path,
                method=fault.method,
                count=fault.count,
                seconds=fault.seconds,
            )
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        return asdict(added)

    @routes.delete("/faults")
    async def clear_faults() -> dict[str, Any]:
        site.faults.clear()
        return site.faults.listed()

    @routes.put("/history-delay")
    async def history_delay(delay: DelayIn) -> dict[str, Any]:
        site.faults.history_delay = delay.seconds
        return site.faults.listed()

    @routes.get("/requests")
    async def requests() -> list[dict[str, Any]]:
        return [asdict(entry) for entry in desk.requests]

    @routes.delete("/requests")
    async def clear_requests() -> dict[str, bool]:
        desk.requests.clear()
        return {"cleared": True}

    @routes.post("/seed")
    async def seed() -> dict[str, Any]:
        return await to_thread.run_sync(desk.seed)

    @routes.post("/expire-sessions")
    async def expire() -> dict[str, bool]:
        site.accounts.expire_sessions()
        return {"expired": True}

    @routes.post("/send-webhooks")
    async def send() -> dict[str, int]:
        return {"sent": await to_thread.run_sync(site.webhooks.send_queued)}

    return routes

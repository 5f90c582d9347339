"""What runs, and what monitors ask: ``/healthz`` (alive), ``/readyz`` (it can speak), ``/metrics``."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from tts_service.app.admission import Admission
from tts_service.app.errors import public
from tts_service.app.folders import shared_folder
from tts_service.app.metrics import Meter
from tts_service.engines.base import Engine

_ASKED: Final = ["GET", "HEAD"]
"""Some monitors ask for the head alone."""


@dataclass(frozen=True)
class About:
    """What is running: the loaded engine, version, commit, when it came up (UNIX seconds), and the one door before it.

    Whoever lets the engine speak enters through `admission` first and reports to `meter`, page and API alike. `shared`
    is the host's shared folder.
    """

    engine: Engine
    version: str
    commit: str
    started: float = field(default_factory=time.time)
    admission: Admission = field(default_factory=Admission)
    meter: Meter = field(default_factory=Meter)
    shared: Path = field(default_factory=shared_folder)

    @property
    def not_ready(self) -> str:
        """Why no request should be sent here now, or ""."""
        if self.admission.draining:
            return "the service is stopping"
        health = self.engine.health()
        if not health.ok:
            return public(health.detail) or "the engine is not well"
        return "" if self.meter.spoke else "it has not spoken yet"

    @property
    def ready(self) -> bool:
        return not self.not_ready


def health_routes(about: About) -> APIRouter:
    """Makes the routes that programs ask: ``GET /healthz``, ``/readyz`` and ``/metrics``."""
    router = APIRouter()

    @router.api_route("/healthz", methods=_ASKED)
    async def healthz() -> dict[str, Any]:
        """Tells that the service is up. `pid` lets start_app.sh know its own child from a stranger on the port."""
        capabilities = about.engine.capabilities
        return {
            "status": "ok",
            "version": about.version,
            "commit": about.commit,
            "engine": about.engine.name,
            "device": about.engine.device,
            "voices": list(capabilities.voices),
            "emotions": list(capabilities.emotions),
            "sample_rate": capabilities.sample_rate,
            "pid": os.getpid(),
            "uptime_seconds": round(time.time() - about.started, 1),
        }

    @router.api_route("/readyz", methods=_ASKED)
    def readyz() -> JSONResponse:
        """200 when it has spoken and can speak, else 503 with the reason."""
        reason = about.not_ready
        told = {"ready": not reason, "reason": reason, "measures": list(about.engine.health().measures)}
        return JSONResponse(told, 503 if reason else 200, {"Retry-After": "5"} if reason else None)

    @router.api_route("/metrics", methods=_ASKED)
    def metrics() -> Response:
        """Figures for Prometheus."""
        return Response(about.meter.text(about), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router

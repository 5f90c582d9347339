"""``/healthz``: alive, and which version; answers without touching the engine's lock."""

import os
import time
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter

from tts_service.app.admission import Admission
from tts_service.engines.base import Engine


@dataclass(frozen=True)
class About:
    """What is running: the loaded engine, version, commit, when it came up (UNIX seconds), and the one door before it.

    Whoever lets the engine speak enters through `admission` first, page and API alike.
    """

    engine: Engine
    version: str
    commit: str
    started: float = field(default_factory=time.time)
    admission: Admission = field(default_factory=Admission)


def health_routes(about: About) -> APIRouter:
    """Makes the routes that programs ask: ``GET /healthz``."""
    router = APIRouter()

    @router.get("/healthz")
    def healthz() -> dict[str, Any]:
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

    return router

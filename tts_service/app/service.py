"""The service without its page: health and the HTTP API in one FastAPI app."""

from fastapi import FastAPI
from starlette.routing import Route

from tts_service.app.api import Nowhere, api_routes
from tts_service.app.body import Limits
from tts_service.app.health import About, health_routes


def service_app(about: About, limits: Limits | None = None) -> FastAPI:
    """Makes the app; a page may be mounted at ``/`` behind it."""
    app = FastAPI(title="tts-service", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(health_routes(about))
    app.include_router(api_routes(about, limits))
    for path in ("/v1", "/v1/{path:path}"):
        app.router.routes.append(Route(path, Nowhere()))
    return app

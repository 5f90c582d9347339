"""What tests of the speech API ask again and again."""

import asyncio
from typing import Any

from fastapi import FastAPI

from tests.tts_service.asgi import Answer, ask, post


def metrics(app: FastAPI) -> dict[str, float]:
    text = asyncio.run(ask(app, "GET", "/metrics")).body.decode()
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def said(app: FastAPI, **fields: Any) -> Answer:
    return asyncio.run(post(app, {"model": "tts-1", "voice": "alloy", "input": "你好世界", **fields}))

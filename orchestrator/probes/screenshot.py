"""What does a person see? The daemon's side: a child process drives the browser."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol

from orchestrator.probes.child import ChildFailed, run_child
from orchestrator.probes.results import ScreenshotResult


class ScreenshotRequest(Protocol):
    """Where to look and what to do there (CSS selectors); a plan's `verify.screenshot` is one."""

    @property
    def path(self) -> str: ...
    @property
    def fill(self) -> str | None: ...
    @property
    def click(self) -> str | None: ...
    @property
    def wait_for(self) -> str | None: ...
    @property
    def timeout(self) -> float: ...


def take_screenshot(url: str, request: ScreenshotRequest, out_png: Path, *, text: str) -> ScreenshotResult:
    """Opens the page, fills in `text`, clicks, waits, and leaves the whole page as a picture in `out_png`.

    Never raises for what the page or the browser does; without Playwright or a Chromium the result is `skipped`.
    """
    begun = time.monotonic()
    task = {
        "url": url.rstrip("/") + request.path,
        "fill": request.fill,
        "click": request.click,
        "wait_for": request.wait_for,
        "text": text,
        "out": str(out_png.absolute()),
    }
    try:
        finding = run_child("screenshot", task, request.timeout)
    except ChildFailed as failure:
        finding = {"ok": False, "detail": str(failure)}
    return ScreenshotResult(**{**finding, "took": time.monotonic() - begun})

"""The screenshot itself; runs in the child process, where Playwright may be imported."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
BROWSER_VARIABLE = "ZENTAO_DEPLOY_CHROMIUM"
_ERROR = ".toast-body.error"
_SETTLE = 300  # milliseconds between two pictures
_ARGUMENTS = (
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-sync",
    "--disable-domain-reliability", "--disable-client-side-phishing-detection", "--disable-dev-shm-usage",
    "--metrics-recording-only", "--no-first-run", "--no-default-browser-check", "--no-pings", "--no-proxy-server",
    "--mute-audio", "--hide-scrollbars",
)  # fmt: skip


def probe(task: dict[str, Any]) -> dict[str, Any]:
    """The finding for one task, as `ScreenshotResult`'s fields."""
    try:
        from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415
    except ImportError:
        return _skipped("Playwright is not installed (pip install 'zentao-deploy[screenshot]')")
    with sync_playwright() as playwright:
        executable = _browser(playwright.chromium.executable_path)
        if executable is None:
            return _skipped(f"no Chromium found; install one, or name it in {BROWSER_VARIABLE}")
        arguments = [*_ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        try:
            browser = playwright.chromium.launch(executable_path=executable, args=arguments, timeout=_left(task))
        except Error as error:
            return _skipped(f"{executable} does not start: {_first_line(error)}")
        page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="zh-CN", service_workers="block")
        host = urlsplit(task["url"]).netloc
        page.route("**/*", lambda route: route.continue_() if _is_local(route.request.url, host) else route.abort())
        wrong = _visit(page, task, Error)
        try:
            picture = _still(page, task)
        except Error as error:
            return {"ok": False, "detail": "; ".join([*wrong, f"no picture: {_first_line(error)}"])}
        finally:
            browser.close()
    _write(Path(task["out"]), picture)
    return {"ok": not wrong, "detail": "; ".join(wrong) or "the page did what it should"}


def _visit(page: Any, task: dict[str, Any], error_type: type[Exception]) -> list[str]:
    """Does what the task says; gives what went wrong, in words. The page stays as it is for the picture."""
    doing = "opening the page"
    try:
        response = page.goto(task["url"], wait_until="domcontentloaded", timeout=_left(task))
        if response is not None and response.status >= 400:
            return [f"the page answers {response.status}"]
        if task["fill"]:
            doing = f"filling {task['fill']}"
            page.locator(task["fill"]).first.fill(task["text"], timeout=_left(task))
        if task["click"]:
            doing = f"clicking {task['click']}"
            page.locator(task["click"]).first.click(timeout=_left(task))
        if task["wait_for"]:
            doing = f"waiting for {task['wait_for']}"
            either = page.locator(task["wait_for"]).or_(page.locator(_ERROR))
            # The last second is for the picture.
            either.first.wait_for(state="visible", timeout=max(_left(task) - 1000, 1))
    except error_type as error:
        said = _errors(page, error_type)
        return said or [f"{doing}: {_first_line(error)}"]
    return _errors(page, error_type)


def _still(page: Any, task: dict[str, Any]) -> bytes:
    """The picture once it no longer changes: a waveform is drawn some moments after its place is there."""
    before = b""
    for _ in range(6):
        picture: bytes = page.screenshot(full_page=True, animations="disabled", timeout=max(_left(task), 1000))
        if picture == before or _left(task) < 2000:
            break
        before = picture
        page.wait_for_timeout(_SETTLE)
    return picture


def _errors(page: Any, error_type: type[Exception]) -> list[str]:
    """The error messages that the page shows, as Gradio shows them."""
    try:
        texts = page.locator(_ERROR).all_inner_texts()
    except error_type:
        return []
    return [f"the page shows an error: {' '.join(text.split())[:300]}" for text in texts]


def _browser(bundled: str) -> str | None:
    named = os.environ.get(BROWSER_VARIABLE)
    if named:
        return shutil.which(named)
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    return found or (bundled if Path(bundled).is_file() else None)


def _is_local(url: str, host: str) -> bool:
    """Fonts and scripts from elsewhere are left out: the page has to work in a closed network, and nobody is told."""
    parts = urlsplit(url)
    return parts.scheme not in ("http", "https", "ws", "wss") or parts.netloc == host


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)


def _left(task: dict[str, Any]) -> float:
    """Milliseconds to the deadline, never none: to Playwright 0 means no limit."""
    return float(max((task["deadline"] - time.monotonic()) * 1000, 1))


def _skipped(why: str) -> dict[str, Any]:
    return {"ok": False, "skipped": True, "detail": f"screenshot skipped: {why}"}


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]

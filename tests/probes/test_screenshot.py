"""The screenshot with a real Chromium on a real Gradio page."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path
from typing import Any

import pytest

from orchestrator.playbook.schema import ScreenshotCheck
from orchestrator.probes import take_screenshot
from orchestrator.probes.screenshot_child import BROWSERS, probe
from tests.support.ports import free_port

CHECK = {"fill": "#tts-text textarea", "click": "#tts-speak", "wait_for": "#tts-audio #waveform", "timeout": 90}
needs_chromium = pytest.mark.skipif(
    not any(map(shutil.which, BROWSERS)), reason="no Chromium here: install the package chromium"
)


def check(**changes: Any) -> ScreenshotCheck:
    return ScreenshotCheck(**{**CHECK, **changes})


def size_of(picture: Path) -> tuple[int, int]:
    head = picture.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    return width, height


@needs_chromium
def test_the_page_speaks_and_the_picture_shows_it(talking_page: str, tmp_path: Path) -> None:
    out = tmp_path / "evidence" / "webui.png"
    result = take_screenshot(talking_page, check(), out, text="你好，语音服务。")
    assert result.ok, result.detail
    assert not result.skipped
    width, height = size_of(out)
    assert width == 1280
    assert height >= 500


@needs_chromium
def test_an_error_on_the_page_is_seen_and_pictured(talking_page: str, tmp_path: Path) -> None:
    out = tmp_path / "webui.png"
    result = take_screenshot(talking_page, check(), out, text="报错")
    assert not result.ok
    assert "the page shows an error" in result.detail
    assert "显存不足 CUDA out of memory" in result.detail
    assert size_of(out)[0] == 1280


@needs_chromium
def test_a_page_without_the_expected_button_is_pictured_as_it_is(talking_page: str, tmp_path: Path) -> None:
    out = tmp_path / "webui.png"
    result = take_screenshot(talking_page, check(click="#nowhere", timeout=12), out, text="你好")
    assert not result.ok
    assert result.detail.startswith("clicking #nowhere: ")
    assert size_of(out)[0] == 1280


@needs_chromium
def test_a_dead_port_is_a_result(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    result = take_screenshot(url, check(timeout=30), tmp_path / "webui.png", text="你好")
    assert not result.ok
    assert not result.skipped
    assert "opening the page: " in result.detail


def test_without_a_browser_it_is_skipped_and_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENTAO_DEPLOY_CHROMIUM", str(tmp_path / "none"))
    result = take_screenshot("http://127.0.0.1:1", check(timeout=30), tmp_path / "webui.png", text="x")
    assert (result.ok, result.skipped) == (False, True)
    assert result.detail.startswith("screenshot skipped: no Chromium found")


def test_without_playwright_it_is_skipped_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "playwright.sync_api", None)
    assert probe({}) == {
        "ok": False,
        "skipped": True,
        "detail": "screenshot skipped: Playwright is not installed (pip install 'zentao-deploy[screenshot]')",
    }

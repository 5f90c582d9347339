"""A visitor of the page in a real Chromium."""

import io
import shutil
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
PATIENCE = 60_000
"""Milliseconds; a quiet machine needs a hundredth."""
DONE = "#tts-audio #waveform"


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Seat:
    """A visitor's own browser profile, and all that the page asked for and complained about."""

    def __init__(self, browser: Any, url: str, **how: Any) -> None:
        self.url = url
        self.context = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | how))
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page = self.open("")

    def open(self, path: str) -> Any:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.complain(str(error)))
        page.on("console", lambda line: self.complain(line.text) if line.type == "error" else None)
        page.goto(self.url + path)
        page.wait_for_selector("#tts-reading .tts-word")
        return page

    def complain(self, text: str) -> None:
        if not text.startswith("AbortError"):  # a request that a reload cut off
            self.complaints.append(text)

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()
        self.page.get_by_role("tab", name=name, exact=True, selected=True).wait_for()
        self._until_drawn()

    def unfold(self, part: str) -> None:
        self.page.click(f"{part} > button")
        self.page.wait_for_selector(f"{part} input, {part} textarea")
        self._until_drawn()

    def _until_drawn(self) -> None:
        """Waits until what is typed stays.

        Gradio draws controls when they are first seen, and a frame later writes their first values into them once
        more: no visitor is so fast, but a test on a busy machine is.
        """
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() =>"
            " requestIdleCallback(done))))"
        )

    def speak(self, text: str | None = None) -> None:
        """Speaks and waits until the sound is whole."""
        before = self.page.get_attribute("#tts-audio .tts-save", "href")
        if text is not None:
            self.page.fill("#tts-text textarea", text)
        self.page.click("#tts-speak")
        self.page.wait_for_function(
            "before => { const save = document.querySelector('#tts-audio .tts-save');"
            " return !save.hidden && save.getAttribute('href') !== before; }",
            arg=before,
        )
        self.page.wait_for_selector(DONE)

    def upload(self, button: str, path: Path) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.page.click(button)
        chooser.value.set_files(path)

    def fetch(self, href: str) -> bytes:
        answer = self.context.request.get(f"{self.url}/{href}")
        assert answer.ok
        return bytes(answer.body())

    def sound(self, player: str = "#tts-audio") -> np.ndarray:
        href = self.page.get_attribute(f"{player} .tts-save", "href")
        with wave.open(io.BytesIO(self.fetch(href))) as file:
            return np.frombuffer(file.readframes(file.getnframes()), "<i2")

    def outside(self) -> list[str]:
        return [url for url in self.asked if not url.startswith((self.url, "data:", "blob:"))]

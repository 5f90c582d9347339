"""One talking page for all probe tests of a worker; it takes some seconds to come up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.probes import probe_http
from tests.support.ports import free_port


@pytest.fixture(scope="session")
def talking_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running talking page."""
    pytest.importorskip("gradio", reason="the probes are tried on a real Gradio app")
    port = free_port()
    folder = tmp_path_factory.mktemp("talking-page")
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", "TMPDIR": str(folder), "HF_HUB_OFFLINE": "1"}
    with (folder / "log").open("wb") as log:
        app = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("talking_page.py")), str(port)],
            stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        up = probe_http(url, 120)
        assert up.ok, up.detail + "\n" + (folder / "log").read_text("utf-8", "replace")
        yield url
    finally:
        app.kill()
        app.wait()

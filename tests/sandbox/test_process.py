"""The sandbox as a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys

import httpx


def test_the_process_prints_its_address_serves_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "zentao_client.sandbox", "--version", "22.4", "--acting-as", "linyanfa"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            assert httpx.get(f"{url}/index.php?mode=getconfig").json()["version"] == "22.4"
            assert httpx.post(f"{url}/__sandbox__/seed").json()["bot"] == "deploybot"
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_the_client_package_does_not_import_the_sandbox() -> None:
    code = "import sys, zentao_client; print([name for name in sys.modules if 'sandbox' in name or 'fastapi' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""The demo's stage: everything that a deployment needs, made on this machine and on 127.0.0.1 only.

An embedded ZenTao and an embedded SSH host run in this process; the daemon is the ordinary one in its own process.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import yaml

from orchestrator.demo.origin import make_origin
from orchestrator.demo.processes import Child, DemoError
from orchestrator.demo.ssh_host import EmbeddedSshHost
from orchestrator.inventory import Inventory
from orchestrator.settings import Settings
from zentao_client import Zentao
from zentao_client.sandbox import Sandbox, Seed

TREE = Path(__file__).resolve().parents[2]
HOST = "gpu-01"
REQUESTER = "wangchanpin"
DEPLOYER = "linyanfa"
TESTER = "zhaoceshi"


@dataclass(frozen=True)
class Stage:
    """What stands and how to reach it. `root` is the deployment folder on the embedded host."""

    sandbox: Sandbox
    seed: Seed
    daemon: Child
    settings: Settings
    inventory: Inventory
    root: Path
    port: int
    origin_commit: str

    def zentao(self, account: str) -> Zentao:
        """ZenTao as one of the people (or the bot) sees it."""
        return Zentao(
            self.sandbox.url,
            account=account,
            password=self.seed.password,
            state_dir=self.settings.data_dir / "people" / account,
        )


@contextlib.contextmanager
def set_stage(scratch: Path, log: Path, *, version: str = "22.4") -> Iterator[Stage]:
    """Build everything below `scratch`, and take it down at the end: daemon, service, SSH host, ZenTao.

    The daemon's log goes to the file `log`. Raises `DemoError` when something doesn't start.
    """
    root = scratch / "host" / "tts"
    data_dir = scratch / "daemon"
    origin = scratch / "origin.git"
    commit = _origin(origin, scratch)
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(version="18.8" if version == "18.8" else "22.4", acting_as=DEPLOYER))
        seed = sandbox.seed()
        host = stack.enter_context(EmbeddedSshHost(scratch / "host" / "home"))
        known_hosts = scratch / "known_hosts"
        known_hosts.write_text(host.host_key_line, encoding="utf-8")
        port = service_port()
        inventory_file = scratch / "inventory.yaml"
        entry = {
            "address": "127.0.0.1",
            "port": host.port,
            "user": host.user,
            "identity_file": str(host.client_key_path),
            "known_hosts": str(known_hosts),
            "root": str(root),
            "service_bind": "127.0.0.1",
            "service_port": port,
            "python": sys.executable,
            "accounts": [DEPLOYER],
            "variables": {"repository": str(origin)},
        }
        inventory_file.write_text(yaml.safe_dump({"hosts": {HOST: entry}}, allow_unicode=True), encoding="utf-8")
        settings_file = scratch / "zentao-deploy.yaml"
        secret = secrets.token_urlsafe(16)
        values = {
            "zentao": {
                "url": sandbox.url,
                "account": seed.bot,
                "executions": [seed.execution],
                "product": seed.product,
            },
            "poll": {"interval_seconds": 2},
            "web": {"port": 0, "webhook_secret_env": "ZENTAO_DEPLOY_WEBHOOK_SECRET"},
            "data_dir": str(data_dir),
            "inventory": str(inventory_file),
        }
        settings_file.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
        seed_venv(root)
        stack.callback(stop_service, root, port)
        environment = {
            **os.environ,
            "ZENTAO_DEPLOY_PASSWORD": seed.password,
            "ZENTAO_DEPLOY_WEBHOOK_SECRET": secret,
        }
        command = [sys.executable, "-m", "orchestrator.cli", "serve", "--config", str(settings_file)]
        daemon = Child("the daemon", command, log, environment)
        stack.callback(daemon.end)
        web = json.loads(daemon.wait_for(data_dir / "control.json"))["url"]
        sandbox.add_webhook(f"{web}/webhooks/zentao/{secret}")
        yield Stage(
            sandbox=sandbox,
            seed=seed,
            daemon=daemon,
            settings=Settings.load(settings_file),
            inventory=Inventory.load(inventory_file),
            root=root,
            port=port,
            origin_commit=commit,
        )


def seed_venv(root: Path) -> None:
    """Let the service use the environment that this program runs in, as a host would that has one from before."""
    done = subprocess.run(
        ["bash", str(TREE / "tts_service" / "start_app.sh"), "--print-venv-key"],
        env={**os.environ, "PYTHON": sys.executable, "TTS_SHARED": str(root / "shared")},
        capture_output=True,
        text=True,
        check=False,
    )
    key = done.stdout.strip()
    if done.returncode or not key:
        raise DemoError(f"start_app.sh --print-venv-key failed: {done.stderr.strip()}")
    venvs = root / "shared" / "venvs"
    venvs.mkdir(parents=True, exist_ok=True)
    (venvs / key).symlink_to(sys.prefix)


def stop_service(root: Path, port: int) -> None:
    """End the deployed service, whichever release it is."""
    for release in sorted((root / "releases").glob("*")):
        script = release / "tts_service" / "start_app.sh"
        if script.is_file():
            subprocess.run(
                ["bash", str(script), "--stop", "--server_port", str(port), "--host", "127.0.0.1"],
                env={**os.environ, "PYTHON": sys.executable, "TTS_SHARED": str(root / "shared")},
                capture_output=True,
                timeout=60,
                check=False,
            )


def service_port() -> int:
    """A port that nobody listens on at this moment.

    The service takes it some ten seconds later; ports that the system hands out to others by itself are left out.
    """
    for port in random.sample(range(17860, 27860), 100):
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port
    raise DemoError("no free port was found between 17860 and 27860")


def _origin(target: Path, scratch: Path) -> str:
    if not (TREE / "pyproject.toml").is_file():
        raise DemoError(f"the demo deploys the source tree, and {TREE} is none: run it in a checkout")
    try:
        return make_origin(TREE, target, scratch=scratch)
    except (OSError, RuntimeError) as error:
        raise DemoError(f"no git origin could be made of {TREE}: {error}") from error

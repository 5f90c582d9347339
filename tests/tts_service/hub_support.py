"""What the tests of `cache_hub` share: manifests written to disk, the command as a process."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def known(data: bytes) -> dict[str, Any]:
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


UNKNOWN: dict[str, Any] = {"size": None, "sha256": None}


def write_manifest(folder: Path, files: dict[str, Any], sources: list[dict[str, str]], **more: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "weights.json"
    content = {"name": "weights", "version": "1", "sources": sources, "files": files} | more
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def begin(hub: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Starts `python -m tts_service.cache_hub` as a process of its own."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "TTS_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "tts_service.cache_hub", "--hub", str(hub), *arguments],
        cwd=ROOT,
        env=env | {"NO_PROXY": "127.0.0.1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(hub: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    process = begin(hub, *arguments, **environment)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)

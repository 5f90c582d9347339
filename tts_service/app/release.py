"""Which version runs: the package's version and the exact commit of the release."""

import subprocess
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
UNKNOWN: Final = "unknown"


def commit(root: Path = ROOT) -> str:
    """Gives the commit: the file ``COMMIT`` that a deployment writes, else git's word for it, else "unknown"."""
    try:
        written = (root / "COMMIT").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        written = ""
    if written:
        return written[:64]
    if not (root / ".git").exists():
        return UNKNOWN
    try:
        asked = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    return asked.stdout.strip() if asked.returncode == 0 else UNKNOWN


def version(root: Path = ROOT) -> str:
    """Gives the version from the release's ``pyproject.toml`` (the service runs from a folder, it isn't installed)."""
    try:
        return str(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return UNKNOWN

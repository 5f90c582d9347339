"""Where the host keeps what outlives a release: `cache_hub/ venvs/ run/ logs/`, the same rule as in start_app.sh."""

import os
from pathlib import Path

from tts_service.app.release import ROOT


def shared_folder(root: Path = ROOT) -> Path:
    """Gives the shared folder: ``TTS_SHARED``, else ``shared/`` beside ``releases/``, else in the checkout."""
    named = os.environ.get("TTS_SHARED")
    if named:
        return Path(named).resolve()
    return root.parent.parent / "shared" if root.parent.name == "releases" else root / "shared"

"""Where the host keeps what outlives a release: `cache_hub/ venvs/ run/ logs/`, the same rule as in start_app.sh."""

import contextlib
import fcntl
import os
import shutil
from pathlib import Path
from typing import Final

from tts_service.app.release import ROOT

_KEPT: Final = ("history", "batches")
"""Folders of Gradio's that have bounds of their own and outlive a restart."""


def shared_folder(root: Path = ROOT) -> Path:
    """Gives the shared folder: ``TTS_SHARED``, else ``shared/`` beside ``releases/``, else in the checkout."""
    named = os.environ.get("TTS_SHARED")
    if named:
        return Path(named).resolve()
    return root.parent.parent / "shared" if root.parent.name == "releases" else root / "shared"


def empty_uploads(shared: Path) -> int:
    """Removes what visitors of an earlier process uploaded; gives a file descriptor that must stay open.

    It holds a lock on the folder: a second service with the same shared folder, on another port, removes nothing while
    this one runs.
    """
    folder = shared / "run" / "gradio"
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pass  # it is in use
    else:
        for entry in os.scandir(folder):
            if entry.name not in _KEPT:
                with contextlib.suppress(OSError):  # another user's: no reason not to start
                    shutil.rmtree(entry) if entry.is_dir(follow_symlinks=False) else os.unlink(entry)
    fcntl.flock(held, fcntl.LOCK_SH)
    return held

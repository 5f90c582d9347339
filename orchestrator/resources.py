"""Where the data lies that ships with the program: `playbooks/` and `templates/`.

In a checkout (and in an editable install) they stand beside the package; in a wheel they were copied to
`orchestrator/_data/`. Users copy and change them; see `settings.playbooks` for folders of their own.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_folder(name: str) -> Path:
    """The folder `name` (`"playbooks"`, `"templates"`) of this installation.

    Raises FileNotFoundError, naming both places looked at, when the installation is incomplete.
    """
    installed, checkout = _PACKAGE / "_data" / name, _PACKAGE.parent / name
    for folder in (installed, checkout):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"{name}/ is neither at {installed} nor at {checkout}: the installation is incomplete")


def playbooks_folder() -> Path:
    """The playbooks that ship with the program."""
    return data_folder("playbooks")


def templates_folder() -> Path:
    """The texts that ship with the program, in `zh-CN/` and `en/`."""
    return data_folder("templates")

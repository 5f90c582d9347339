"""The data that ships with the program is found, in a checkout and in a wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import resources


def test_playbooks_and_templates_lie_beside_the_package_in_a_checkout() -> None:
    root = Path(resources.__file__).parents[1]
    assert resources.playbooks_folder() == root / "playbooks"
    assert resources.templates_folder() == root / "templates"


def test_in_a_wheel_they_lie_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "orchestrator"
    (package / "_data" / "playbooks").mkdir(parents=True)
    (tmp_path / "site-packages" / "playbooks").mkdir()  # somebody else's
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert resources.playbooks_folder() == package / "_data" / "playbooks"
    with pytest.raises(FileNotFoundError, match="templates/ is neither at"):
        resources.templates_folder()

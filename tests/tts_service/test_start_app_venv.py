"""start_app.sh --prepare: the Python it takes, the venv it builds or reuses, and what it leaves alone."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.tts_service.release import Release


def test_a_python_that_is_too_old_or_missing_is_said(release: Release, tmp_path: Path) -> None:
    fake = tmp_path / "bin"
    fake.mkdir()
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        (fake / name).write_text("#!/bin/sh\necho Python 3.9.2\nexit 1\n")
        (fake / name).chmod(0o755)
    refused = release.run("--prepare", PYTHON="", PATH=f"{fake}:/usr/bin:/bin")
    assert refused.returncode != 0
    assert "Python 3.11 or later is needed (found: Python 3.9.2)" in refused.stderr


def test_too_little_disk_is_said_with_figures(release: Release) -> None:
    for link in (release.shared / "venvs").iterdir():
        link.unlink()
    refused = release.run("--prepare", TTS_MIN_DISK_MB="999999999")
    assert refused.returncode != 0
    assert "999999999 MB are needed" in refused.stderr


def test_prepare_reuses_a_linked_venv(release: Release) -> None:
    prepared = release.run("--prepare")
    assert (prepared.returncode, prepared.stdout) == (0, "reused\n")
    assert not release.service.pid_file.exists()


def test_a_venv_that_lacks_a_package_is_no_seed(release: Release, empty_venv: Path) -> None:
    (release.folder / "requirements.txt").write_text("no-such-package==1.0\n")
    refused = release.run("--prepare", TTS_VENV=str(empty_venv))
    assert refused.returncode != 0
    assert "it lacks no-such-package" in refused.stderr


def test_a_seed_is_linked_under_the_key_and_counts_as_reused(release: Release) -> None:
    (release.folder / "requirements.txt").write_text("pytest\n")
    prepared = release.run("--prepare", TTS_VENV=sys.prefix)
    assert (prepared.returncode, prepared.stdout) == (0, "reused\n"), prepared.stderr
    key = release.run("--print-venv-key").stdout.strip()
    assert (release.shared / "venvs" / key).resolve() == Path(sys.prefix).resolve()


@pytest.mark.slow
def test_two_prepares_at_once_build_one_venv_from_a_folder_of_wheels(release: Release, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    make_wheel(wheels, "torch", "2.13.0")
    make_wheel(wheels, "smallpackage", "1.0")
    (release.folder / "requirements.txt").write_text("torch==2.13.*\nsmallpackage>=1\n")
    environment = {
        "TORCH_INDEX_URL": str(wheels),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "TTS_MIN_DISK_MB": "50",
    }
    both = [release.begin("--prepare", **environment) for _ in range(2)]
    outputs = [process.communicate(timeout=400) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sorted(out for out, _ in outputs) == ["built\n", "reused\n"]
    key = release.run("--print-venv-key").stdout.strip()
    python = release.shared / "venvs" / key / "bin" / "python"
    assert subprocess.run([python, "-c", "import torch, smallpackage"], check=False).returncode == 0
    assert not list((release.shared / "venvs").glob("*.part"))


@pytest.mark.slow
def test_a_failed_installation_leaves_no_venv_behind_and_says_why(release: Release) -> None:
    (release.folder / "requirements.txt").write_text("no-such-package==1.0\n")
    failed = release.run("--prepare", PIP_NO_INDEX="1", TTS_MIN_DISK_MB="50")
    assert failed.returncode != 0
    assert "no-such-package" in failed.stderr
    key = release.run("--print-venv-key").stdout.strip()
    assert not (release.shared / "venvs" / key).exists()


def test_the_key_changes_with_the_requirements_and_with_nothing_else(release: Release) -> None:
    before = release.run("--print-venv-key").stdout
    assert release.run("--print-venv-key", TTS_SHARED=str(release.root / "elsewhere")).stdout == before
    (release.folder / "requirements.txt").write_text("other\n")
    assert release.run("--print-venv-key").stdout != before


def test_cache_hub_is_made_once_and_never_touched(release: Release) -> None:
    weights = release.shared / "cache_hub" / "voices" / "other" / "weights.bin"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"precious")
    for arguments in ([], ["--stop"], ["--prepare"], []):
        release.run(*arguments)
    assert weights.read_bytes() == b"precious"


def make_wheel(folder: Path, name: str, version: str) -> None:
    """Writes the smallest wheel that pip installs."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(path, text)

"""ops/setup.sh, with a Python that writes down what pip is asked for instead of installing it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = """\
#!/bin/bash
if [ "$1" = -m ] && [ "$2" = venv ]; then
    mkdir -p "${@: -1}/bin" && cp "$0" "${@: -1}/bin/python"
elif [ "$1" = -m ] && [ "$2" = pip ]; then
    printf '%s\\n' "${*:3}" >> "$PIP_LOG"
    exit "${PIP_STATUS:-0}"
elif [[ "$*" == *"import sys, torch"* ]]; then
    exit 1
else
    exec "$REAL_PYTHON" "$@"
fi
"""


@dataclass
class Checkout:
    """A copy of what the set-up reads, in a folder with blanks and Chinese in its name."""

    root: Path
    pip_log: Path

    def set_up(self, purpose: str = "check", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.root / "ops" / "setup.sh", purpose],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.root.parent),
                "PYTHON": str(self.root.parent / "my python"),
                "REAL_PYTHON": sys.executable,
                "PIP_LOG": str(self.pip_log),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def asked_of_pip(self) -> list[str]:
        """What pip was asked for since the last question, without the options that are always there."""
        asked = self.pip_log.read_text().splitlines() if self.pip_log.exists() else []
        self.pip_log.unlink(missing_ok=True)
        return [line.partition(" install ")[2] for line in asked]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "我的 checkout"
    shutil.copytree(ROOT / "ops", root / "ops")
    shutil.copy(ROOT / "pyproject.toml", root)
    (tmp_path / "my python").write_text(PYTHON)
    (tmp_path / "my python").chmod(0o755)
    return Checkout(root, tmp_path / "pip.log")


EVERYTHING = "--editable .[tts,probe,screenshot,training,score] --group dev"


def test_the_first_run_installs_torch_as_it_is_and_everything_else_and_the_second_nothing(checkout: Checkout) -> None:
    first = checkout.set_up()
    assert first.returncode == 0, first.stderr
    assert checkout.asked_of_pip() == ["--upgrade pip>=25.1", "torch==2.13.0", EVERYTHING]
    again = checkout.set_up(TORCH_INDEX_URL="https://example.com/another", PIP_STATUS="1")
    assert (again.returncode, again.stderr) == (0, "")
    assert checkout.asked_of_pip() == []


def test_another_build_of_torch_is_a_matter_of_one_variable(checkout: Checkout) -> None:
    checkout.set_up(TORCH_INDEX_URL="https://example.com/cpu", VENV=str(checkout.root / "one"))
    assert checkout.asked_of_pip()[1] == "torch==2.13.0 --no-deps --index-url https://example.com/cpu"
    checkout.set_up(TORCH_WHEELS="/my wheels", VENV=str(checkout.root / "two"))
    assert checkout.asked_of_pip()[1] == "torch==2.13.0 --find-links /my wheels"


def test_changed_dependencies_are_installed_and_changed_settings_of_tools_are_not(checkout: Checkout) -> None:
    checkout.set_up()
    checkout.asked_of_pip()
    project = checkout.root / "pyproject.toml"
    project.write_text(project.read_text().replace("line-length = 120", "line-length = 100"))
    checkout.set_up()
    assert checkout.asked_of_pip() == []
    project.write_text(project.read_text().replace('"httpx>=0.28', '"httpx>=0.28.1'))
    checkout.set_up()
    assert checkout.asked_of_pip()[-1] == EVERYTHING


def test_without_a_network_the_first_run_fails_in_words_and_a_later_one_goes_on(checkout: Checkout) -> None:
    failed = checkout.set_up(PIP_STATUS="1")
    assert failed.returncode == 1
    assert "could not be made" in failed.stderr
    assert checkout.set_up().returncode == 0
    project = checkout.root / "pyproject.toml"
    project.write_text(project.read_text().replace('"httpx>=0.28', '"httpx>=0.28.1'))
    later = checkout.set_up(PIP_STATUS="1")
    assert later.returncode == 0
    assert "going on with what is there" in later.stderr


def test_a_python_that_was_replaced_gets_a_new_environment(checkout: Checkout) -> None:
    checkout.set_up()
    checkout.asked_of_pip()
    (checkout.root / ".venv" / "bin" / "python").unlink()
    checkout.set_up()
    assert checkout.asked_of_pip()[-1] == EVERYTHING


def test_nothing_can_be_run_before_the_set_up(checkout: Checkout) -> None:
    run = [str(checkout.root / "ops" / "run.sh"), "-c", "print('here')"]
    refused = subprocess.run(run, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "make demo" in refused.stderr
    checkout.set_up()
    done = subprocess.run(
        run, env={**os.environ, "REAL_PYTHON": sys.executable}, capture_output=True, text=True, check=False
    )
    assert done.stdout == "here\n"


def test_a_missing_git_is_named_with_the_command_to_type_or_installed(checkout: Checkout, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for folder in ("/usr/bin", "/bin", "/usr/sbin"):
        for program in Path(folder).iterdir():
            if program.name not in ("git", "apt-get") and not (programs / program.name).exists():
                (programs / program.name).symlink_to(program)
    (programs / "id").unlink(missing_ok=True)
    (programs / "id").write_text('#!/bin/sh\necho "$WHO"\n')
    (programs / "id").chmod(0o755)
    (programs / "apt-get").write_text('#!/bin/sh\necho "$@" >> "$APT_LOG"\n')
    (programs / "apt-get").chmod(0o755)
    paths = {"PATH": str(programs), "APT_LOG": str(tmp_path / "apt.log")}
    refused = checkout.set_up("demo", WHO="1000", **paths)
    assert refused.returncode == 1
    assert "sudo apt-get install git" in refused.stderr
    assert not (tmp_path / "apt.log").exists()
    checkout.set_up("demo", WHO="0", **paths)
    assert "install -y -qq --no-install-recommends git" in (tmp_path / "apt.log").read_text()

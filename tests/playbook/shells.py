"""Running planned scripts as a host does: `sh script`, a file for outputs, nothing else in the environment."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.inventory import HostEntry
from orchestrator.playbook import Plan, Playbook, as_environment, build_plan, check_outputs, outcome_of
from orchestrator.tickets.spec import DeploySpec


@dataclass(frozen=True)
class Ran:
    """What a script did: exit code, log, the outputs it wrote and what they say of it."""

    code: int
    log: str
    outputs: dict[str, str]
    outcome: str


def run_script(script: str, folder: Path, env: Mapping[str, str] | None = None) -> tuple[int, str, dict[str, str]]:
    """Runs `script` with `sh`, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "script").write_text(script, "utf-8")
    (folder / "output").write_text("")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "ZD_OUTPUT": str(folder / "output")}
    environment |= {"GIT_CONFIG_NOSYSTEM": "1", **(env or {})}
    with (folder / "log").open("wb") as log:
        done = subprocess.run(
            ["sh", str(folder / "script")], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT, timeout=60, check=False,
        )  # fmt: skip
    lines = (folder / "output").read_text("utf-8").splitlines()
    return done.returncode, (folder / "log").read_text("utf-8"), dict(line.split("=", 1) for line in lines)


class Deployment:
    """One plan's way over a host's folder, step by step, outputs handed on as the daemon does."""

    def __init__(self, plan: Plan, jobs: Path) -> None:
        self.plan = plan
        self.known: dict[str, str] = {}
        self._jobs = jobs

    def run(self, name: str) -> Ran:
        """Runs the step or rollback step called `name`; outputs count only where it succeeded."""
        step = self.plan.step(name)
        code, log, raw = run_script(step.script, self._jobs / name, as_environment(self.known))
        if code != 0:
            return Ran(code, log, raw, "failed")
        self.known |= check_outputs(step, raw)
        return Ran(code, log, raw, outcome_of(raw, step))

    def run_all(self) -> None:
        """Runs every step; each has to succeed."""
        for step in self.plan.steps:
            ran = self.run(step.name)
            assert ran.code == 0, f"{step.name}: {ran.log}"

    def roll_back(self) -> list[Ran]:
        """Runs the rollback steps in order."""
        return [self.run(step.name) for step in self.plan.rollback]


def planned(
    playbook: Playbook, host: HostEntry, values: Mapping[str, str] | None = None, spec: DeploySpec | None = None
) -> Plan:
    """The plan; problems fail the test."""
    plan = build_plan(playbook, spec or DeploySpec(), host, values=values)
    assert isinstance(plan, Plan), str(plan)
    return plan

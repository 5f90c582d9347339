"""What a step found out on the host: checked before anything else sees it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestrator.playbook.plan import PlannedStep
from orchestrator.playbook.variables import CONTROL

OUTCOMES = ("ok", "reused", "skipped")
MAX_LENGTH = 4096


class OutputRefused(ValueError):
    """A step's output is missing, undeclared, or not what the playbook says it looks like."""


def check_outputs(step: PlannedStep, raw: Mapping[str, str]) -> dict[str, str]:
    """The declared outputs of `step` from what its job wrote, `outcome` left out. Raises OutputRefused.

    Each declared name must be there and match its pattern as a whole; nothing undeclared may be.
    """
    for name, value in raw.items():
        if name != "outcome" and name not in step.outputs:
            raise OutputRefused(f"step {step.name} wrote the undeclared output {name[:40]!r}")
        if len(value) > MAX_LENGTH or CONTROL.search(value):
            raise OutputRefused(f"step {step.name}: the output {name} is too long or holds control characters")
    outcome_of(raw, step)
    checked = {}
    for name, pattern in step.outputs.items():
        if name not in raw:
            raise OutputRefused(f"step {step.name} did not write its output {name}")
        if not re.fullmatch(pattern, raw[name]):
            raise OutputRefused(f"step {step.name}: the output {name} is {raw[name][:80]!r}, which is not {pattern}")
        checked[name] = raw[name]
    return checked


def outcome_of(raw: Mapping[str, str], step: PlannedStep) -> str:
    """`ok`, or what the step says of itself: `reused` (found its work done), `skipped` (had none)."""
    outcome = raw.get("outcome", "ok")
    if outcome not in OUTCOMES:
        raise OutputRefused(f"step {step.name}: the outcome {outcome[:40]!r} is none of {', '.join(OUTCOMES)}")
    return outcome


def as_environment(outputs: Mapping[str, str]) -> dict[str, str]:
    """Outputs as the environment that later steps and the rollback get: `commit` is `ZD_COMMIT`."""
    return {f"ZD_{name.upper()}": value for name, value in outputs.items()}

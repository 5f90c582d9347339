"""Playbooks: the schema, loading with line numbers, shell quoting, and the plan. Pure apart from reading the file."""

from orchestrator.playbook.build import build_plan
from orchestrator.playbook.loader import Playbook, find_playbook, known_playbooks
from orchestrator.playbook.outputs import OutputRefused, as_environment, check_outputs, outcome_of
from orchestrator.playbook.plan import Plan, PlannedStep, PlannedValue, PlanProblem, PlanProblems
from orchestrator.playbook.schema import VerifySpec
from orchestrator.playbook.words import Words

__all__ = [
    "OutputRefused",
    "Plan",
    "PlanProblem",
    "PlanProblems",
    "PlannedStep",
    "PlannedValue",
    "Playbook",
    "VerifySpec",
    "Words",
    "as_environment",
    "build_plan",
    "check_outputs",
    "find_playbook",
    "known_playbooks",
    "outcome_of",
]

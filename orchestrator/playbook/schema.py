"""What a playbook file may hold. See docs/playbooks.md for the same in a user's words."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from orchestrator.playbook.variables import Variable
from orchestrator.playbook.words import NO_WORDS, WordsField
from orchestrator.probes.limits import SpeechLimits
from orchestrator.tickets.rule import ExtraRule

Phase = Literal["fetch", "install", "stop", "start", "cutover"]
PHASES: tuple[Phase, ...] = ("fetch", "install", "stop", "start", "cutover")
"""In this order. `fetch` and `install` leave the running service alone; verification stands before `cutover`."""

BUILT_IN = ("root", "host", "port", "bind", "python", "playbook")
"""Values that every template has, from the inventory and the ticket."""

TICKET_FIELDS = ("service", "ref", "port", "text")
"""Variables that a ticket's own fields fill; others come from its further keys."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_STEP = re.compile(r"[a-z][a-z0-9-]{0,40}")


def _variable_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("a name has lower-case letters, digits and underscores, and starts with a letter")
    return value


def _step_name(value: str) -> str:
    if not _STEP.fullmatch(value):
        raise ValueError("a step's name has lower-case letters, digits and hyphens, and starts with a letter")
    return value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    return value


VariableName = Annotated[str, AfterValidator(_variable_name)]
StepName = Annotated[str, AfterValidator(_step_name)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Step(_Part):
    """One script on the host. `outputs`: values it finds out, each with the pattern it must match."""

    name: StepName
    title: WordsField
    phase: Phase
    run: str = Field(min_length=1)
    timeout: float = Field(gt=0, le=86400)
    outputs: dict[VariableName, Pattern] = Field(default_factory=dict)


class RollbackStep(_Part):
    """One script that brings the previous release back."""

    name: StepName
    title: WordsField
    run: str = Field(min_length=1)
    timeout: float = Field(gt=0, le=86400)


class HealthCheck(_Part):
    """Until `path` answers 200, for at most `ready_timeout` seconds."""

    path: str = Field(default="/", pattern=r"^/[^\s]*$")
    ready_timeout: float = Field(default=120, gt=0, le=7200)


class SpeechCheck(_Part):
    """A sentence is synthesised through the Gradio endpoint `api_name` and its sound checked.

    `inputs` are passed by name; `{{ text }}` in them is the ticket's sentence, else `text`. Without `inputs` the
    sentence is passed as `text`.
    """

    api_name: str = Field(pattern=r"^/[A-Za-z0-9_]+$")
    text: str = Field(min_length=1, max_length=1000)
    inputs: dict[str, JsonValue] = {"text": "{{ text }}"}
    timeout: float = Field(default=120, gt=0, le=3600)
    limits: SpeechLimits = SpeechLimits()


class ScreenshotCheck(_Part):
    """The page as a person sees it: fill a field with the sentence, click, wait, take the picture (CSS selectors)."""

    path: str = Field(default="/", pattern=r"^/[^\s]*$")
    fill: str | None = None
    click: str | None = None
    wait_for: str | None = None
    timeout: float = Field(default=60, gt=0, le=600)


class VerifySpec(_Part):
    """When a service counts as well: it answers, it speaks, its page works."""

    health: HealthCheck = HealthCheck()
    speech: SpeechCheck | None = None
    screenshot: ScreenshotCheck | None = None


class OnFailure(_Part):
    """What is worth keeping when a step or a check fails: log files on the host, relative ones below the root."""

    collect: tuple[str, ...] = ()


class PlaybookFile(_Part):
    """The whole file."""

    name: StepName
    title: WordsField = NO_WORDS
    description: WordsField = NO_WORDS
    variables: dict[VariableName, Variable] = Field(default_factory=dict)
    functions: str = ""
    steps: tuple[Step, ...] = Field(min_length=1)
    verify: VerifySpec = VerifySpec()
    rollback: tuple[RollbackStep, ...] = ()
    on_failure: OnFailure = OnFailure()

    @model_validator(mode="after")
    def _in_order(self) -> PlaybookFile:
        order = [PHASES.index(step.phase) for step in self.steps]
        if order != sorted(order):
            raise ValueError(f"steps: the phases must stand in the order {', '.join(PHASES)}")
        names = [step.name for step in self.steps] + [step.name for step in self.rollback]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"steps and rollback: used twice as a name: {', '.join(twice)}")
        reserved = sorted(set(self.variables) & (set(BUILT_IN) - {"port"}))
        if reserved:
            raise ValueError(f"variables: {', '.join(reserved)}: every playbook has these already")
        return self

    def extra_rules(self) -> tuple[ExtraRule, ...]:
        """The further keys that a ticket for this playbook may set, for `TicketRules.extras`."""
        return tuple(
            ExtraRule(name=name, aliases=variable.ticket_keys, allowed=variable.choices)
            for name, variable in self.variables.items()
            if variable.source == "ticket" and name not in TICKET_FIELDS
        )

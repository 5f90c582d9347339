"""A plan: exactly what will run on one host, known before anything runs. It prints itself and travels as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from orchestrator.playbook.schema import Phase, VerifySpec
from orchestrator.playbook.words import Language, Words

ValueSource = Literal["operator", "ticket", "inventory", "playbook"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class PlannedValue(_Value):
    """A variable's value, and who said so."""

    name: str
    value: str
    source: ValueSource


class PlannedStep(_Value):
    """One script, to be run by bash on the host as it stands. `timeout` in seconds; `outputs`: name → pattern."""

    name: str
    title: Words
    script: str
    timeout: float
    outputs: dict[str, str]
    phase: Phase | Literal["rollback"]

    @property
    def touches_service(self) -> bool:
        """Whether the running service is another one, or gone, once this step has begun."""
        return self.phase not in ("fetch", "install")


class Plan(_Value):
    """What will be done on one host.

    `steps` in order; verification stands between `before_verify` and `after_verify`. When a step that
    `touches_service` (or the verification) fails, `rollback` brings the previous release back. `collect`: absolute
    paths of log files worth keeping after a failure. `preamble`: how every script begins. `digest`: the SHA-256 of
    the playbook's file.
    """

    playbook: str
    digest: str
    title: Words
    host: str
    address: str
    root: str
    port: int
    service_url: str
    values: tuple[PlannedValue, ...]
    preamble: str
    steps: tuple[PlannedStep, ...]
    verify: VerifySpec
    rollback: tuple[PlannedStep, ...]
    collect: tuple[str, ...]

    @property
    def before_verify(self) -> tuple[PlannedStep, ...]:
        """The steps up to the started service."""
        return tuple(step for step in self.steps if step.phase != "cutover")

    @property
    def after_verify(self) -> tuple[PlannedStep, ...]:
        """The steps that make a service that proved itself the current one."""
        return tuple(step for step in self.steps if step.phase == "cutover")

    def step(self, name: str) -> PlannedStep:
        """The step or rollback step called `name`. Raises KeyError."""
        for step in (*self.steps, *self.rollback):
            if step.name == name:
                return step
        raise KeyError(name)

    def value(self, name: str) -> str | None:
        """A variable's value; None if the playbook has no such variable."""
        return next((item.value for item in self.values if item.name == name), None)

    def to_json(self) -> str:
        """The plan as JSON; the same plan gives the same text."""
        return self.model_dump_json(by_alias=True)

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """The plan that `to_json` wrote."""
        return cls.model_validate_json(text)

    def render(self) -> str:
        """The plan for people: every script byte for byte as it runs (what all begin with: once), and what is checked.

        Stable: the same plan gives the same text.
        """
        lines = [
            f"Plan        {self.playbook} (playbook {self.digest[:12]})",
            f"Host        {self.host} ({self.address})",
            f"Root        {self.root}",
            f"Service     {self.service_url}",
        ]
        lines += [f"Value       {item.name} = {item.value!r} ({item.source})" for item in self.values]
        lines += ["", "==== Every script begins with", self.preamble.rstrip("\n")]
        for number, step in enumerate(self.before_verify, 1):
            lines += self._step(f"Step {number}/{len(self.steps)}", step)
        lines += ["", "==== Verify", *_verify(self)]
        for number, step in enumerate(self.after_verify, len(self.before_verify) + 1):
            lines += self._step(f"Step {number}/{len(self.steps)}", step)
        for number, step in enumerate(self.rollback, 1):
            lines += self._step(f"Only if that fails: {number}/{len(self.rollback)}", step)
        if self.collect:
            lines += ["", "==== Kept after a failure", *self.collect]
        return "\n".join(lines) + "\n"

    def _step(self, heading: str, step: PlannedStep) -> list[str]:
        title = step.title.zh_cn if step.title.zh_cn == step.title.en else f"{step.title.zh_cn} / {step.title.en}"
        script = step.script.removeprefix(self.preamble).strip("\n")
        return ["", f"==== {heading}: {step.name} [{step.phase}, at most {step.timeout:g} s] {title}", script]


def _verify(plan: Plan) -> list[str]:
    verify = plan.verify
    lines = [f"GET {plan.service_url}{verify.health.path} answers 200 within {verify.health.ready_timeout:g} s"]
    if verify.speech is not None:
        speech, limits = verify.speech, verify.speech.limits
        lines += [
            f"Gradio {speech.api_name} speaks {speech.text!r} within {speech.timeout:g} s, inputs {speech.inputs!r}",
            f"  {limits.min_seconds:g}–{limits.max_seconds:g} s, loudness from {limits.min_rms:g}, peak up to "
            f"{limits.max_peak:g}, clipped up to {limits.max_clipped:g}, silence up to {limits.max_silence:g}, "
            f"from {limits.min_sample_rate} Hz" + ("" if limits.max_rtf is None else f", rtf up to {limits.max_rtf:g}"),
        ]
    if verify.screenshot is not None:
        picture = verify.screenshot
        actions = [f"{verb} {selector!r}" for verb, selector in (
            ("fill", picture.fill), ("click", picture.click), ("wait for", picture.wait_for)) if selector]  # fmt: skip
        lines.append(f"Picture of {picture.path}" + (": " + ", ".join(actions) if actions else ""))
    return lines


@dataclass(frozen=True)
class PlanProblem:
    """One reason why there can be no plan. `field`: the variable; `value`: what was given, shortened; `code`: the
    kind (`bad_ref`, `out_of_range`, `not_allowed`, `missing`, …); `allowed`: what would do."""

    code: str
    field: str
    value: str
    source: ValueSource
    message: Words
    allowed: Words

    def said(self, language: Language) -> str:
        """The problem in one sentence."""
        return self.message.said(language)


@dataclass(frozen=True)
class PlanProblems:
    """Why there can be no plan: everything at once."""

    problems: tuple[PlanProblem, ...]

    def __str__(self) -> str:
        return "\n".join(problem.said("en") for problem in self.problems)

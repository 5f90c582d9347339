"""The description that a new deployment task starts with: a table to fill in and instructions for a newcomer."""

from __future__ import annotations

from orchestrator.answers.contexts import Setting, TaskDescription
from orchestrator.answers.texts import render
from orchestrator.tickets import values, wording
from orchestrator.tickets.rule import FIELDS, TicketRules
from orchestrator.tickets.spec import DeploySpec


def task_description(spec: DeploySpec, rules: TicketRules, *, bot: str = "") -> str:
    """The HTML of a description that asks for `spec`; parsing it gives `spec` again.

    Fields that the spec leaves open become empty rows, so that people see what they may set. `bot` is the name to
    assign the task to, where that is how tasks are found.
    """
    choices = {"service": rules.services, "host": rules.hosts, "playbook": rules.playbooks}
    rows = [
        Setting(
            field=name,
            label=wording.label(name, rules.language),
            value="" if (value := getattr(spec, name)) is None else str(value),
            choices=choices.get(name, ()),
        )
        for name in FIELDS
    ]
    rows += [
        Setting(
            field=extra.name,
            label=(extra.aliases or (extra.name,))[0],
            value=spec.extras.get(extra.name, ""),
            choices=extra.allowed,
        )
        for extra in rules.extras
    ]
    return render("task_description", TaskDescription(settings=tuple(rows), bot=bot), rules.language)


def example_lines(rules: TicketRules) -> tuple[str, ...]:
    """A correct description as lines, for an answer that refuses one."""
    fields = ["ref", "host", "port", "text"]
    if rules.services:
        fields.insert(0, "service")
    return tuple(line for name in fields if (line := values.example(name, rules)))

"""From a playbook, a ticket's wishes and a host to the plan. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from orchestrator.inventory import HostEntry
from orchestrator.playbook.loader import Playbook
from orchestrator.playbook.plan import Plan, PlannedStep, PlannedValue, PlanProblem, PlanProblems, ValueSource
from orchestrator.playbook.schema import RollbackStep, Step, VerifySpec
from orchestrator.playbook.templates import TemplateProblem, quote, render_plain, render_shell
from orchestrator.playbook.variables import CONTROL, BadValue, Variable
from orchestrator.playbook.words import NO_WORDS, Words, both
from orchestrator.tickets.spec import DeploySpec

_PORT = Variable(kind="port", source="ticket", description=both("服务端口", "the service's port"))
_SHOWN = 80


def build_plan(
    playbook: Playbook, spec: DeploySpec, host: HostEntry, *, values: Mapping[str, str] | None = None
) -> Plan | PlanProblems:
    """What this playbook will do on `host` for a ticket that says `spec`.

    `values` are the operator's own, from the command line or a rehearsal: they win over ticket, inventory and
    playbook, and are checked like everything else. Never raises for what a ticket, an inventory variable or the
    operator said: each thing wrong is a problem in the result.
    """
    chosen = _Choice(playbook, spec, host, values or {})
    chosen.decide()
    if chosen.problems:
        return PlanProblems(tuple(chosen.problems))
    port = int(chosen.values["port"].value)
    known: dict[str, str | int] = {item.name: item.value for item in chosen.values.values()}
    known |= {"root": host.root, "host": host.name, "bind": host.service_bind, "python": host.python}
    known |= {"port": port, "playbook": playbook.name}
    service_url = host.service_url(port)
    head = _head(known, service_url)
    try:
        functions = render_shell(playbook.functions, known)
        start = head + (functions.rstrip("\n") + "\n\n" if functions.strip() else "\n")
        return Plan(
            playbook=playbook.name,
            digest=playbook.digest,
            title=playbook.title,
            host=host.name,
            address=f"{host.user}@{host.address}:{host.port}",
            root=host.root,
            port=port,
            service_url=service_url,
            values=tuple(chosen.values.values()),
            preamble=start,
            steps=tuple(_planned(step, start, known) for step in playbook.steps),
            verify=_verify(playbook.verify, spec, known),
            rollback=tuple(_planned(step, start, known) for step in playbook.rollback),
            collect=tuple(_collected(path, host.root, known) for path in playbook.on_failure.collect),
        )
    except TemplateProblem as error:
        words = both(f"剧本 {playbook.name} 无法使用：{error}", f"the playbook {playbook.name} can't be used: {error}")
        return PlanProblems((PlanProblem("bad_template", "", "", "playbook", words, NO_WORDS),))


@dataclass(frozen=True)
class _Given:
    value: str
    source: ValueSource


class _Choice:
    """Which value each variable takes, and what is wrong with it."""

    def __init__(self, playbook: Playbook, spec: DeploySpec, host: HostEntry, operator: Mapping[str, str]) -> None:
        self._playbook = playbook
        self._host = host
        self._operator = operator
        self._spec = spec
        self._variables = {"port": _PORT, **playbook.variables}
        own = {"service": spec.service, "ref": spec.ref, "port": None if spec.port is None else str(spec.port)}
        self._ticket = {**spec.extras, **{name: value for name, value in own.items() if value is not None}}
        if "text" in playbook.variables and spec.text is not None:
            self._ticket["text"] = spec.text
        self.values: dict[str, PlannedValue] = {}
        self.problems: list[PlanProblem] = []

    def decide(self) -> None:
        for name, variable in self._variables.items():
            given = self._given(name, variable)
            if given is None:
                nothing = _Given("", variable.source)
                self._problem(
                    "missing", name, nothing, both(f"缺少 {name}", f"{name} is missing"), variable.description
                )
            else:
                self._take(name, variable, given)
        for name in self._operator.keys() - self._variables.keys():
            self._unknown(name, _Given(self._operator[name], "operator"))
        for name, value in self._ticket.items():
            self._check_ticket_key(name, _Given(value, "ticket"))
        if self._spec.text is not None and CONTROL.search(self._spec.text):
            message = both("文本含控制字符", "the text holds control characters")
            given = _Given(self._spec.text, "ticket")
            self._problem("control_character", "text", given, message, both("一行文字", "one line of text"))

    def _given(self, name: str, variable: Variable) -> _Given | None:
        if name in self._operator:
            return _Given(self._operator[name], "operator")
        if variable.source == "ticket" and name in self._ticket:
            return _Given(self._ticket[name], "ticket")
        if variable.source != "playbook" and name in self._host.variables:
            return _Given(self._host.variables[name], "inventory")
        if variable.default is not None:
            return _Given(str(variable.default), "playbook")
        return _Given(str(self._host.service_port), "inventory") if name == "port" else None

    def _take(self, name: str, variable: Variable, given: _Given) -> None:
        try:
            empty = given.value == "" and variable.default == ""
            value = "" if empty else variable.checked(given.value)
        except BadValue as error:
            zh, en, shown = error.allowed.zh_cn, error.allowed.en, _shown(given.value)
            message = both(f"{name} 的值“{shown}”不可用；应为：{zh}", f"{name} can't be {shown!r}; it must be: {en}")
            self._problem(error.code, name, given, message, error.allowed)
            return
        self.values[name] = PlannedValue(name=name, value=value, source=given.source)

    def _check_ticket_key(self, name: str, given: _Given) -> None:
        variable = self._variables.get(name)
        if variable is None:
            if name != "service":  # it chooses the playbook; only some playbooks also take it as a value
                self._unknown(name, given)
        elif variable.source != "ticket" and name not in self._operator:
            who = both("由管理员规定，不能在任务中填写", "set by the operator, not by a ticket")
            self._problem("not_allowed", name, given, both(f"{name} {who.zh_cn}", f"{name} is {who.en}"), who)

    def _unknown(self, name: str, given: _Given) -> None:
        takes = ", ".join(name for name, variable in self._variables.items() if variable.source == "ticket")
        name, book = _shown(name), self._playbook.name
        message = both(f"剧本 {book} 没有“{name}”这一项", f"the playbook {book} takes no {name!r}")
        self._problem("unknown_variable", name, given, message, both(takes, takes))

    def _problem(self, code: str, field: str, given: _Given, message: Words, allowed: Words) -> None:
        self.problems.append(PlanProblem(code, field, _shown(given.value), given.source, message, allowed))


def _shown(value: str) -> str:
    text = CONTROL.sub("␦", value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _head(known: Mapping[str, str | int], service_url: str) -> str:
    """What stands at the top of each script: bash with strict errors, and the values that never change."""
    lines = ["#!/usr/bin/env bash"]
    # Whoever starts the script (`sh script`) gets bash, and bash as itself, not as `sh`.
    lines += ['[ -n "${ZD_BASH-}" ] || ZD_BASH=1 exec bash "$0"', "unset ZD_BASH", "set -euo pipefail"]
    lines += [
        f"export ZD_{name.upper()}={quote(str(known[name]))}" for name in ("playbook", "host", "root", "port", "bind")
    ]
    lines += [
        f"export ZD_PYTHON={quote(str(known['python']))}",
        f"export ZD_URL={quote(service_url)}",
        "export GIT_TERMINAL_PROMPT=0 GIT_SSH_COMMAND='ssh -o BatchMode=yes'",
    ]
    return "\n".join(lines) + "\n"


def _planned(step: Step | RollbackStep, start: str, known: Mapping[str, str | int]) -> PlannedStep:
    return PlannedStep(
        name=step.name,
        title=step.title,
        script=start + render_shell(step.run, known).rstrip("\n") + "\n",
        timeout=step.timeout,
        outputs=step.outputs if isinstance(step, Step) else {},
        phase=step.phase if isinstance(step, Step) else "rollback",
    )


def _verify(verify: VerifySpec, spec: DeploySpec, known: Mapping[str, str | int]) -> VerifySpec:
    if verify.speech is None:
        return verify
    text = spec.text or verify.speech.text
    inputs = {name: _filled(value, {**known, "text": text}) for name, value in verify.speech.inputs.items()}
    return verify.model_copy(update={"speech": verify.speech.model_copy(update={"text": text, "inputs": inputs})})


def _filled(value: JsonValue, known: Mapping[str, str | int]) -> JsonValue:
    if isinstance(value, str):
        return render_plain(value, known)
    if isinstance(value, list):
        return [_filled(item, known) for item in value]
    if isinstance(value, dict):
        return {name: _filled(item, known) for name, item in value.items()}
    return value


def _collected(path: str, root: str, known: Mapping[str, str | int]) -> str:
    rendered = render_plain(path, known)
    return rendered if rendered.startswith("/") else f"{root}/{rendered}"

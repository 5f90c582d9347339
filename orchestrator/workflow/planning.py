"""From a ticket to the plan, or to the reasons why there is none. `zentao-deploy plan` and the workflow share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from orchestrator.context import Context
from orchestrator.inventory import HostEntry
from orchestrator.playbook import Plan, PlanProblem, Playbook, build_plan, find_playbook, known_playbooks
from orchestrator.settings import Language
from orchestrator.tickets.parse import parse_ticket
from orchestrator.tickets.rule import ExtraRule, TicketRules, TitleRule
from orchestrator.tickets.spec import DeploySpec, TicketProblem, TicketProblems


@dataclass(frozen=True, slots=True)
class Planned:
    """A ticket that can be carried out."""

    spec: DeploySpec
    host: HostEntry
    plan: Plan


@dataclass(frozen=True, slots=True)
class NotPlanned:
    """A ticket that can't: everything that has to be corrected, in the language of its readers."""

    problems: tuple[TicketProblem, ...]

    def __str__(self) -> str:
        return "\n".join(
            f"line {problem.line}: {problem.message}" if problem.line else problem.message for problem in self.problems
        )


def plan_for_task(context: Context, task_id: int, *, values: Mapping[str, str] | None = None) -> Planned | NotPlanned:
    """The plan for a ticket as it stands in ZenTao now. Raises the client's errors."""
    task = context.zentao.tasks.get(task_id)
    return plan_for_ticket(context, task.name, task.description, values=values)


def plan_for_ticket(
    context: Context, title: str, description: str, *, values: Mapping[str, str] | None = None
) -> Planned | NotPlanned:
    """The plan for a title and a description (HTML). Reads the playbooks, touches nothing."""
    language = context.settings.zentao.language
    spec = parse_ticket(title, description, rules=ticket_rules(context))
    if isinstance(spec, TicketProblems):
        return NotPlanned(spec.problems)
    host = _host(context, spec)
    playbook = load_playbook(find_playbook(playbook_name(context, spec), context.settings.playbooks))
    plan = build_plan(playbook, spec, host, values=values)
    if isinstance(plan, Plan):
        return Planned(spec, host, plan)
    return NotPlanned(tuple(_ticket_problem(problem, language) for problem in plan.problems))


def ticket_rules(context: Context) -> TicketRules:
    """What this installation's tickets may say: its hosts, its playbooks and their further keys."""
    settings, hosts = context.settings, tuple(context.inventory.hosts)
    paths = known_playbooks(settings.playbooks)
    extras: dict[str, ExtraRule] = {}
    for path in paths.values():
        for rule in load_playbook(path).extra_rules():
            extras.setdefault(rule.name, rule)
    return TicketRules(
        hosts=hosts,
        services=tuple(paths),
        playbooks=tuple(paths),
        required=frozenset() if len(hosts) == 1 else frozenset({"host"}),
        title=TitleRule(settings.rule.title),
        extras=tuple(extras.values()),
        language=settings.zentao.language,
    )


def load_playbook(path: Path) -> Playbook:
    """The playbook in a file, read again only when the file was changed: reading one costs 40 ms, and tickets wait."""
    stat = path.stat()
    return _load(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _load(path: Path, _changed: int, _size: int) -> Playbook:
    return Playbook.load(path)


def playbook_name(context: Context, spec: DeploySpec) -> str:
    """The playbook that a ticket asks for: by name, by its service, else the configured one."""
    return spec.playbook or spec.service or context.settings.default_playbook


def _host(context: Context, spec: DeploySpec) -> HostEntry:
    if spec.host is not None:
        return context.inventory.hosts[spec.host]
    # The rules demand a host as soon as there are several.
    (only,) = context.inventory.hosts.values()
    return only


def _ticket_problem(problem: PlanProblem, language: Language) -> TicketProblem:
    allowed = problem.allowed.said(language)
    return TicketProblem(
        code=problem.code,
        message=problem.said(language),
        shown=problem.value,
        key=problem.field,
        allowed=(allowed,) if allowed else (),
    )

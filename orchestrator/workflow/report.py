"""From what is stored of a run to what the texts need. Reads, never writes."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal, cast

from orchestrator.answers.contexts import Deployment, Speech, Step, StepOutcome
from orchestrator.answers.patience import Patience
from orchestrator.answers.texts import clean_log, redact
from orchestrator.context import current
from orchestrator.diagnosis import RuleBook, load_rules, rule_files
from orchestrator.hosts import HostFacts
from orchestrator.playbook import Plan
from orchestrator.resources import playbooks_folder
from orchestrator.store import Run
from orchestrator.tickets.example import example_lines as ticket_example
from orchestrator.workflow.planning import ticket_rules
from orchestrator.workflow.records import Result, evidence_of
from zentao_client import Zentao, ZentaoError

_CHECK_TITLES = {
    "zh-CN": {
        "port": "端口可达",
        "http": "网页可访问",
        "speech": "合成一句话并检查声音",
        "screenshot": "网页截图",
    },
    "en": {
        "port": "the port answers",
        "http": "the page answers",
        "speech": "a sentence is spoken and its sound checked",
        "screenshot": "a picture of the page",
    },
}


@dataclass(frozen=True, slots=True)
class Check:
    """One proof that the service works."""

    name: str
    title: str


def checks(plan: Plan) -> tuple[Check, ...]:
    """What is checked after the start, in this order."""
    titles = _CHECK_TITLES[current().settings.zentao.language]
    names = ["port", "http"]
    names += ["speech"] if plan.verify.speech else []
    names += ["screenshot"] if plan.verify.screenshot else []
    return tuple(Check(name, titles[name]) for name in names)


def deployment(run: Run) -> Deployment:
    """Which deployment an answer is about."""
    plan = Plan.from_json(run.detail["plan"]) if "plan" in run.detail else None
    outputs = run.detail.get("outputs", {})
    return Deployment(
        task_id=run.task_id,
        run_id=run.run_id,
        service=plan.title.said(current().settings.zentao.language) if plan else run.playbook or "",
        host=run.host or "",
        port=plan.port if plan else None,
        ref=run.ref,
        commit=run.commit,
        previous_commit=outputs.get("previous") or None,
        requested_by=person(run.actor),
    )


def steps(run_id: str) -> tuple[Step, ...]:
    """The rows of the table of steps."""
    return tuple(
        Step(step.name, step.title, step.seconds, cast(StepOutcome, step.outcome))
        for step in current().store.steps(run_id)
    )


def speech(run: Run) -> Speech | None:
    """What the service said, as it was measured."""
    found = run.detail.get("speech")
    if not found:
        return None
    names = ("text", "seconds", "rms", "rtf", "peak", "sample_rate")
    return Speech(**{name: found[name] for name in names if name in found})


def person(account: str | None) -> str:
    """An account as people know it (姓名); one that the bot may not look up stays an account."""
    if not account:
        return ""
    try:
        return _real_name(current().zentao, account) or account
    except ZentaoError:
        return account


@functools.lru_cache(maxsize=256)
def _real_name(zentao: Zentao, account: str) -> str:
    return zentao.users.get(account).realname


def local(moment: datetime) -> datetime:
    """A time as ZenTao's users read it: in the server's zone."""
    # A daemon that was started while ZenTao is away knows nothing of it yet: waiting is all there is to do.
    server = Patience()(lambda: current().zentao.server, doing="reach ZenTao")
    return moment.astimezone(server.timezone)


def page_url(kind: Literal["task", "bug"], object_id: int) -> str:
    """The address of a task or bug for people."""
    return Patience()(lambda: current().zentao.page_url(kind, object_id), doing="reach ZenTao")


def product(execution: int) -> int:
    """Where bugs of this execution are filed: the configured product, else the execution's first one."""
    context = current()
    if context.settings.zentao.product is not None:
        return context.settings.zentao.product
    read = functools.partial(context.zentao.executions.products, execution)
    products = Patience()(read, doing=f"read execution {execution}")
    return products[0] if products else 0


def log_text(run_id: str) -> str:
    """The service's and the deployment's log, cleaned, without our secrets; what ended the run stands at its end."""
    evidence = evidence_of(run_id)
    service = evidence.read("service.log")
    parts = [service.decode("utf-8", "replace") if service else "", evidence.deploy_log()]
    settings = current().settings.zentao
    secrets = [settings.read_password().get_secret_value()]
    if settings.entry is not None:
        secrets.append(settings.entry.read_key().get_secret_value())
    return clean_log(redact("\n".join(part for part in parts if part), secrets)).strip()


def log_place(run: Run) -> str:
    """Where the whole log lies after a failure: on the bug, since a paused ticket takes no files safely."""
    return f"{run.run_id}-deploy.txt (Bug #{run.bug_id})" if run.bug_id else ""


def error_line(result: Result) -> str:
    """A failure in the program's own words, as the diagnosis table knows them."""
    kind = result.get("kind") or "StepFailed"
    detail = f" ({result['detail']})" if result.get("detail") else ""
    return f"{kind}: {result['message']}{detail}"


def step_title(run_id: str, failure: Result) -> str:
    """The failed step as people know it."""
    for row in current().store.steps(run_id):
        if row.name == failure["step"]:
            return row.title
    return str(failure["step"])


def restored_url(run: Run, failure: Result) -> str:
    """Where the previous version serves again, or nothing."""
    return str(failure.get("restored_url", "")) if failure.get("rollback") == "restored" else ""


def environment(run: Run) -> tuple[tuple[str, str], ...]:
    """What the host was like, for the bug."""
    return tuple((str(name), str(value)) for name, value in run.detail.get("environment", ()))


def describe_host(facts: HostFacts) -> list[list[str]]:
    """A host's facts as rows of name and value."""
    gib = 1024**3

    def size(value: int | None) -> str:
        return "?" if value is None else f"{value / gib:.1f} GiB"

    rows: list[list[str]] = [
        ["OS", facts.os or facts.kernel],
        ["CPU", f"{facts.cpus} × {facts.arch}"],
        ["RAM", f"{size(facts.memory_available)} / {size(facts.memory_total)}"],
        ["Disk", f"{size(facts.disk_free)} / {size(facts.disk_total)}"],
        ["Python", ", ".join(f"{python.command} {python.version}" for python in facts.pythons) or "-"],
    ]
    for gpu in facts.gpus:
        used, total = gpu.memory_used, gpu.memory_total
        rows.append([f"GPU {gpu.index}", f"{gpu.name}, {used}/{total} MiB, driver {gpu.driver}"])
    if not facts.gpus:
        rows.append(["GPU", "-"])
    return rows


def example_lines() -> tuple[str, ...]:
    """A correct description, line by line, with names that exist here."""
    return ticket_example(ticket_rules(current()))


@lru_cache(maxsize=1)
def rule_book() -> RuleBook:
    """The diagnosis table that ships, and the operator's own beside it."""
    own = [path for path in current().settings.playbooks if path.is_dir()]
    return load_rules(*rule_files([playbooks_folder(), *own]))

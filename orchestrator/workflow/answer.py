"""The steps of the story that speak: each is one answer in ZenTao, exactly once, also after a cancel."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from orchestrator.answers.contexts import (
    Accepted,
    BugAgain,
    BugSteps,
    BugTitle,
    Cancelled,
    Failed,
    Finished,
    HostProblem,
    Interrupted,
    NotAllowed,
    Refused,
    Succeeded,
)
from orchestrator.answers.contexts import Bug as BugLink
from orchestrator.answers.desk import BugReport, Desk
from orchestrator.answers.texts import render
from orchestrator.context import current
from orchestrator.diagnosis import Finding, diagnose
from orchestrator.engine import step
from orchestrator.settings import Language
from orchestrator.store import EventState, utc_now
from orchestrator.tickets import values, wording
from orchestrator.tickets.spec import TicketProblem
from orchestrator.workflow import report
from orchestrator.workflow.evidence import SCREENSHOT, SERVICE_LOG, SPEECH
from orchestrator.workflow.planning import ticket_rules
from orchestrator.workflow.records import Result, as_plain, evidence_of, failed, load_plan, load_run

REF_MISSING = "ref-missing"
"""The rule of the diagnosis table that says so."""

HOST_CODES = frozenset(
    {"unreachable", "host_key", "auth", "timeout", "denied", "disk_full", "busy", "stale_generation"}
)
"""Failures of the host rather than of the service: told in other words."""


def _desk() -> Desk:
    context = current()
    return Desk(context.zentao, context.store, settle_seconds=context.settings.zentao.settle_seconds)


def _language() -> Language:
    return current().settings.zentao.language


@step("say accepted", cleanup=True)
def say_accepted(run_id: str) -> None:
    """The first comment: what will be done where, and how to stop it."""
    run, plan = load_run(run_id), load_plan(run_id)
    titles = [planned.title.said(_language()) for planned in plan.before_verify]
    titles += [check.title for check in report.checks(plan)]
    titles += [planned.title.said(_language()) for planned in plan.after_verify]
    context = Accepted(
        deployment=report.deployment(run),
        plan=tuple(titles),
        stop_command=f"zentao-deploy cancel {run_id}",
    )
    _desk().comment(run_id, "accepted", run.task_id, render("accepted", context, _language()))


@step("say succeeded", cleanup=True)
def say_succeeded(run_id: str) -> None:
    """The result with the screenshot; the files follow with the transition."""
    run, plan, evidence = load_run(run_id), load_plan(run_id), evidence_of(run_id)
    picture = evidence.read(SCREENSHOT)
    html = _desk().image(f"{run_id}-{SCREENSHOT}", picture) if picture else ""
    speech = report.speech(run)
    context = Succeeded(
        deployment=report.deployment(run),
        service_url=plan.service_url,
        steps=report.steps(run_id),
        started_at=report.local(run.created_at),
        finished_at=report.local(utc_now()),
        speech=speech,
        audio_file=f"{run_id}-{SPEECH}" if evidence.read(SPEECH) else "",
        screenshot_html=html,
    )
    _desk().comment(run_id, "succeeded", run.task_id, render("succeeded", context, _language()))
    current().store.update_run(run_id, service_url=plan.service_url)


@step("finish the task", cleanup=True)
def finish_task(run_id: str) -> None:
    """Move the ticket to 已完成 with the measured effort, and attach log, sound and picture in the same form.

    A ticket that is 已完成 already (because that is what started us, or somebody was faster) takes no files safely.
    """
    run = load_run(run_id)
    uploads = evidence_of(run_id).uploads(run_id, SPEECH, SCREENSHOT, log=report.log_text(run_id))
    hours = (utc_now() - run.created_at).total_seconds() / 3600
    context = Finished(deployment=report.deployment(run), hours=hours, files=tuple(upload.name for upload in uploads))
    text = render("finished", context, _language())
    unmoved = render("finished", replace(context, files=()), _language())
    _desk().transition(run_id, "finish", run.task_id, text, hours=hours, files=uploads, unmoved=unmoved)


@step("say refused", cleanup=True)
def say_refused(run_id: str, result: Result) -> None:
    """Pause the ticket with what is wrong and how it would be right; restarting it tries again."""
    run = load_run(run_id)
    if result["code"] == "not_allowed":
        html = render("not_allowed", _not_allowed(run_id), _language())
    else:
        problems = tuple(
            TicketProblem(**{**problem, "allowed": tuple(problem["allowed"])}) for problem in result["problems"]
        )
        context = Refused(
            task_id=run.task_id,
            problems=problems,
            example=report.example_lines(),
            returned_to=report.person(run.actor),
        )
        html = render("refused", context, _language())
    _desk().transition(run_id, "pause", run.task_id, html)
    current().store.set_event_state(run.event_key, EventState.REFUSED, run_id=run_id, note=result["code"])


def _not_allowed(run_id: str) -> NotAllowed:
    run, inventory = load_run(run_id), current().inventory
    account = run.actor or ""
    return NotAllowed(
        task_id=run.task_id,
        host=run.host or "",
        account=account,
        allowed_hosts=inventory.deployable(account),
        returned_to=report.person(run.actor),
    )


@step("hand the task back", cleanup=True)
def hand_back(run_id: str) -> None:
    """Assign the ticket to whoever moved it, as far as that is known."""
    run = load_run(run_id)
    if run.actor:
        _desk().assign(run.task_id, run.actor)


@step("say cancelled", cleanup=True)
def say_cancelled(run_id: str, result: Result) -> None:
    """Pause the ticket and say how far it got."""
    run = load_run(run_id)
    context = Cancelled(
        deployment=report.deployment(run),
        rollback=result.get("rollback", "untouched"),
        steps=report.steps(run_id),
        step=report.step_title(run_id, result) if result["step"] else "",
        service_url=report.restored_url(run, result),
        returned_to=report.person(run.actor),
    )
    _desk().transition(run_id, "pause", run.task_id, render("cancelled", context, _language()))


@step("diagnose", cleanup=True)
def diagnose_failure(run_id: str, result: Result) -> Result:
    """Find cause and remedy for a failure; the result says what the bug and the comment need."""
    log = report.log_text(run_id)
    found = diagnose(log, step=result["step"], rules=report.rule_book(), error=report.error_line(result))
    finding = found.finding(_language()) if found else report.rule_book().unknown_finding(_language())
    if found and found.rule == REF_MISSING:
        return _ticket_is_wrong(run_id, result)
    rule = found.rule if found else f"unknown-{result['step'] or 'deployment'}"
    current().store.update_run(run_id, detail={"rule": rule, "cause": finding.cause, "remedy": finding.remedy})
    names = ("title", "cause", "remedy", "line", "known")
    return {**result, "rule": rule, "finding": {name: getattr(finding, name) for name in names}}


def _ticket_is_wrong(run_id: str, result: Result) -> Result:
    """A version that the repository doesn't have: only git could tell, but the ticket has to be corrected."""
    rules = ticket_rules(current())
    problem = wording.problem(
        "ref_missing",
        _language(),
        key="ref",
        value=load_run(run_id).ref or "",
        example=values.example("ref", rules),
    )
    return failed("ticket", problem.message, step=result["step"], problems=[as_plain(problem)])


@step("report the bug", cleanup=True)
def report_bug(run_id: str, failure: Result) -> None:
    """A bug linked to the ticket: new, or the one that this failure has already, commented or activated."""
    run = load_run(run_id)
    event = current().store.event(run.event_key)
    assert event is not None
    deployment, finding = report.deployment(run), Finding(**failure["finding"])
    step_title, log, now = report.step_title(run_id, failure), report.log_text(run_id), report.local(utc_now())
    uploads = evidence_of(run_id).uploads(run_id, SERVICE_LOG, SCREENSHOT, log=log)
    log_file = uploads[0].name if uploads else ""
    task_url = report.page_url("task", run.task_id)
    steps = BugSteps(
        deployment=deployment,
        finding=finding,
        step=step_title,
        task_url=task_url,
        rollback=failure.get("rollback", "untouched"),
        happened_at=now,
        steps=report.steps(run_id),
        environment=report.environment(run),
        log=log,
        log_file=log_file,
    )
    again = BugAgain(
        deployment=deployment,
        finding=finding,
        step=step_title,
        task_url=task_url,
        happened_at=now,
        log=log,
        log_file=log_file,
    )
    title = render("bug_title", BugTitle(deployment=deployment, finding=finding, step=step_title), _language())
    bug_id = _desk().bug(
        run_id,
        BugReport(
            product=report.product(event.execution),
            execution=event.execution,
            project=event.project,
            task_id=run.task_id,
            keyword=keyword(current().server, run.task_id, run.host or "", failure["rule"]),
            title=title,
            steps=render("bug_steps", steps, _language()),
            again=render("bug_again", again, _language()),
            severity=2,
            assigned_to=run.actor,
            files=uploads,
        ),
    )
    current().store.update_run(run_id, bug_id=bug_id or None, detail={"bug_title": title})


def keyword(server: str, task_id: int, host: str, rule: str) -> str:
    """What identifies a failure across deployments: same server, ticket, host and cause find the same bug again."""
    return "zd-" + hashlib.sha256(f"{server}|{task_id}|{host}|{rule}".encode()).hexdigest()[:16]


@step("say broken", cleanup=True)
def say_broken(run_id: str, result: Result) -> None:
    """The last resort: something in this program failed, and the ticket says so in few words."""
    run = load_run(run_id)
    finding = report.rule_book().unknown_finding(_language())
    context = HostProblem(deployment=report.deployment(run), finding=finding, error=result["message"])
    _desk().transition(run_id, "pause", run.task_id, render("host_problem", context, _language()))


@step("say interrupted", cleanup=True)
def say_interrupted(run_id: str, at_risk: bool) -> None:
    """Pause the ticket and say that an upgrade of this program ended the deployment, and what that means."""
    run = load_run(run_id)
    context = Interrupted(
        deployment=report.deployment(run),
        at_risk=at_risk,
        steps=report.steps(run_id),
        returned_to=report.person(run.actor),
    )
    _desk().transition(run_id, "pause", run.task_id, render("interrupted", context, _language()))


@step("say failed", cleanup=True)
def say_failed(run_id: str, failure: Result) -> None:
    """Pause the ticket with cause, remedy, bug and the end of the log."""
    run = load_run(run_id)
    finding = Finding(**failure["finding"])
    bug = None
    if run.bug_id is not None:
        bug = BugLink(run.bug_id, report.page_url("bug", run.bug_id), run.detail.get("bug_title", ""))
    log = report.log_text(run_id)
    if failure["code"] in HOST_CODES and finding.known:
        html = render(
            "host_problem",
            HostProblem(
                deployment=report.deployment(run),
                finding=finding,
                error=report.error_line(failure),
                rollback=failure.get("rollback", "untouched"),
                log=log,
                log_file=report.log_place(run),
                bug=bug,
                returned_to=report.person(run.actor),
            ),
            _language(),
        )
    else:
        html = render(
            "failed",
            Failed(
                deployment=report.deployment(run),
                step=report.step_title(run_id, failure),
                finding=finding,
                rollback=failure.get("rollback", "untouched"),
                steps=report.steps(run_id),
                started_at=report.local(run.created_at),
                finished_at=report.local(utc_now()),
                log=log,
                log_file=report.log_place(run),
                service_url=report.restored_url(run, failure),
                bug=bug,
                returned_to=report.person(run.actor),
            ),
            _language(),
        )
    _desk().transition(run_id, "pause", run.task_id, html)

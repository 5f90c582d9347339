"""Proving that a service works: each check is a step, and its result stands in the run."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import urlsplit

from orchestrator.context import current
from orchestrator.engine import step
from orchestrator.playbook import Plan
from orchestrator.probes import probe_http, probe_port, probe_speech, take_screenshot
from orchestrator.workflow.evidence import SCREENSHOT, SPEECH
from orchestrator.workflow.records import Result, evidence_of, failed, load_plan, record

_PORT_SECONDS = 30.0


@step("check")
def run_check(run_id: str, position: int, name: str, title: str) -> Result:
    """Run the check `name` against the service that was started."""
    plan = load_plan(run_id)
    outcome, result, seconds = _check(run_id, plan, plan.service_url, name)
    record(run_id, position, name, title, outcome, seconds, "" if result["ok"] else result["message"])
    words = result.get("message", "ok")
    evidence_of(run_id).write_step_log(position, name, f"{name}: {words}\n")
    return result


@step("check what was put back", cleanup=True)
def check_restored(run_id: str, position: int, url: str) -> Result:
    """The previous release has to answer and, where the playbook says how, to speak."""
    plan = load_plan(run_id)
    title = {"zh-CN": "验证恢复的版本", "en": "check the restored release"}[current().settings.zentao.language]
    seconds = 0.0
    result: Result = {"ok": True}
    for name in ("http", "speech") if plan.verify.speech else ("http",):
        _, result, took = _check(run_id, plan, url, name, restored=True)
        seconds += took
        if not result["ok"]:
            break
    record(run_id, position, "check-restored", title, "ok" if result["ok"] else "failed", seconds)
    return result


def _check(run_id: str, plan: Plan, url: str, name: str, *, restored: bool = False) -> tuple[str, Result, float]:
    evidence, verify = evidence_of(run_id), plan.verify
    parts = urlsplit(url)
    if name == "port":
        found = probe_port(parts.hostname or "", parts.port or 80, _PORT_SECONDS)
        return _judged(name, found.ok, found.detail, found.seconds)
    if name == "http":
        found = probe_http(url.rstrip("/") + verify.health.path, verify.health.ready_timeout)
        return _judged(name, found.ok, found.detail, found.seconds)
    if name == "speech":
        assert verify.speech is not None
        file = evidence.path("restored.wav" if restored else SPEECH)
        spoken = probe_speech(url, verify.speech, file)
        if not restored:
            values = {**asdict(spoken), "text": verify.speech.text}
            current().store.update_run(run_id, detail={"speech": values})
        return _judged(name, spoken.ok, spoken.detail, spoken.took)
    assert verify.screenshot is not None
    text = verify.speech.text if verify.speech else ""
    picture = take_screenshot(url, verify.screenshot, evidence.path(SCREENSHOT), text=text)
    if picture.skipped:
        return "skipped", {"ok": True, "message": picture.detail}, picture.took
    # The picture is evidence for people; a service that speaks isn't put back because a browser failed.
    outcome = "ok" if picture.ok else "failed"
    return outcome, {"ok": True, "message": picture.detail}, picture.took


def _judged(name: str, ok: bool, detail: str, seconds: float) -> tuple[str, Result, float]:
    if ok:
        return "ok", {"ok": True, "message": detail}, seconds
    return "failed", failed("check_failed", detail, step=name, kind="ProbeFailed"), seconds

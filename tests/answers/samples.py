"""One realistic and one hostile context for every outcome."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

from orchestrator.answers.contexts import (
    Accepted,
    Bug,
    BugAgain,
    BugSteps,
    BugTitle,
    Cancelled,
    Context,
    Deployment,
    Failed,
    Finished,
    HostProblem,
    Interrupted,
    NotAllowed,
    Refused,
    Setting,
    Speech,
    Step,
    Succeeded,
    TaskDescription,
)
from orchestrator.diagnosis import Finding, RuleBook, diagnose, load_rules
from orchestrator.resources import playbooks_folder
from orchestrator.settings import Language
from orchestrator.tickets import TicketProblems, TicketRules, parse_ticket
from orchestrator.tickets.example import example_lines

CHINA = timezone(timedelta(hours=8))
BEGAN = datetime(2026, 11, 22, 13, 42, 17, tzinfo=CHINA)
ENDED = datetime(2026, 11, 22, 13, 45, 37, tzinfo=CHINA)
NEW, OLD = "3f2a9c1d5b7e8f60a1b2c3d4e5f60718293a4b5c", "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"

LOG = """\
$ bash start_app.sh --server_port 7860 --host 0.0.0.0
[start_app] Python 3.11.7, venv shared/venvs/5d41402abc4b
>> loading acoustic model (2.9 M parameters)
Traceback (most recent call last):
  File "/srv/tts/releases/3f2a9c1d5b7e/tts_service/webui.py", line 88, in <module>
    engine = Engine.load(args.device)
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.30 GiB. GPU 0 has a total capacity of 7.79 GiB of \
which 1.02 GiB is free. Process 4242 has 6.20 GiB memory in use.
[start_app] the service exited before it was ready (exit code 1)
"""

STEPS = {
    "zh-CN": ("获取代码", "准备环境", "停止旧服务", "启动服务", "验证说话"),
    "en": ("Fetch the code", "Prepare the environment", "Stop the old service", "Start the service", "Make it speak"),
}


@cache
def rule_book() -> RuleBook:
    return load_rules(playbooks_folder() / "diagnosis.yaml")


def finding(language: Language, log: str = LOG, error: str = "") -> Finding:
    book = rule_book()
    found = diagnose(log, step="start", rules=book, error=error)
    return found.finding(language) if found else book.unknown_finding(language)


def problems(language: Language) -> TicketProblems:
    rules = TicketRules(hosts=("gpu-01", "gpu-02"), services=("bundled-tts", "index-tts"), language=language)
    description = (
        "<p>分支：v23; rm -rf /</p><p>主机：gpu-9</p><p>端口：80</p><p>prot: 7860</p><p>服务：<b>bundled-tts</b></p>"
    )
    parsed = parse_ticket("【IndexTTS2-V23部署】", description, rules=rules)
    assert isinstance(parsed, TicketProblems)
    return parsed


def contexts(language: Language) -> dict[str, Context]:
    """A realistic context for every outcome."""
    titles = STEPS[language]
    deployment = Deployment(
        task_id=128, run_id="run-128-931-5c0ffee1", service="bundled-tts", host="gpu-01", port=7860, ref="v2.3.0",
        commit=NEW, previous_commit=OLD, requested_by="王小明",
    )  # fmt: skip
    good = (
        Step("fetch", titles[0], 3.42, "ok"),
        Step("install", titles[1], 0.2, "reused"),
        Step("stop", titles[2], 1.1, "ok"),
        Step("start", titles[3], 12.8, "ok"),
        Step("verify", titles[4], 185.0, "ok"),
    )
    bad = (*good[:3], Step("start", titles[3], 12.8, "failed"), Step("verify", titles[4], None, "skipped"))
    bug = Bug(77, "http://zentao.example/index.php?m=bug&f=view&bugID=77", "bundled-tts · gpu-01")
    picture = '<img src="/index.php?m=file&amp;f=read&amp;t=png&amp;fileID=26" alt="" />'
    oom = finding(language)
    unreachable = "HostUnreachable: gpu-01: nothing answers at 10.0.0.7:22 within 10 s"
    hello = {"zh-CN": "你好，欢迎使用语音合成。", "en": "Hello, this is the speech service."}[language]
    task_url = "http://zentao.example/index.php?m=task&f=view&taskID=128"
    all_contexts: tuple[Context, ...] = (
        Accepted(
            deployment=deployment, plan=titles, estimate_minutes=(5, 15),
            stop_command="zentao-deploy cancel 128",
        ),
        Succeeded(
            deployment=deployment, service_url="http://10.0.0.7:7860", steps=good, started_at=BEGAN, finished_at=ENDED,
            speech=Speech(text=hello, seconds=2.84, rms=0.082, rtf=0.121, peak=0.61, sample_rate=24000),
            audio_file="speech.wav", screenshot_html=picture, files=("deploy.txt", "speech.wav", "webui.png"),
        ),
        Finished(deployment=deployment, hours=0.0556, files=("run-128-deploy.txt", "speech.wav", "webui.png")),
        Failed(
            deployment=deployment, step=titles[3], finding=oom, rollback="restored", steps=bad, started_at=BEGAN,
            finished_at=ENDED, log=LOG, log_file="run-128-931-5c0ffee1-deploy.txt", service_url="http://10.0.0.7:7860",
            bug=bug, returned_to="王小明",
        ),
        Refused(
            task_id=128, problems=problems(language).problems, returned_to="王小明",
            example=example_lines(TicketRules(hosts=("gpu-01",), services=("bundled-tts",), language=language)),
        ),
        NotAllowed(task_id=128, host="gpu-02", account="wangxm", allowed_hosts=("gpu-01",), returned_to="王小明"),
        HostProblem(
            deployment=dataclasses.replace(deployment, commit=None), finding=finding(language, "", unreachable),
            error=unreachable, returned_to="王小明",
        ),
        Cancelled(
            deployment=deployment, rollback="restored", steps=bad[:4], cancelled_by="王小明", step=titles[3],
            service_url="http://10.0.0.7:7860", log_file="run-128-931-5c0ffee1-deploy.txt",
            returned_to="王小明",
        ),
        Interrupted(deployment=deployment, at_risk=True, steps=good[:3], returned_to="王小明"),
        BugTitle(deployment=deployment, finding=oom, step=titles[3]),
        BugSteps(
            deployment=deployment, finding=oom, step=titles[3], task_url=task_url, rollback="restored",
            happened_at=ENDED, steps=bad, log=LOG, log_file="run-128-931-5c0ffee1-deploy.txt",
            environment=(("GPU", "NVIDIA RTX 4060 8 GB"), ("Python", "3.11.7"), ("torch", "2.13.0")),
        ),
        BugAgain(
            deployment=deployment, finding=oom, step=titles[3], task_url=task_url, happened_at=ENDED, log=LOG,
            log_file="run-128-931-5c0ffee1-deploy.txt",
        ),
        TaskDescription(
            settings=(
                Setting(field="service", label="服务" if language == "zh-CN" else "service", value="bundled-tts"),
                Setting(field="ref", label="分支" if language == "zh-CN" else "ref", value="v2.3.0"),
                Setting(
                    field="host", label="主机" if language == "zh-CN" else "host", choices=("gpu-01", "gpu-02")
                ),
            ),
            bot="部署机器人",
        ),
    )  # fmt: skip
    return {context.outcome: context for context in all_contexts}


def poisoned(context: Context, poison: str) -> Context:
    """The same context with `poison` as every text in it, however deep, apart from values that are one of a few."""
    changed = _poison(context, poison)
    assert isinstance(changed, type(context))
    return changed


_FIXED = {"outcome", "rollback", "field"}


def _poison(value: Any, poison: str) -> Any:
    if isinstance(value, str):
        return poison
    if isinstance(value, tuple):
        return tuple(_poison(item, poison) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [item.name for item in dataclasses.fields(value)]
        kept = _FIXED | ({"outcome"} if isinstance(value, Step) else set())
        return dataclasses.replace(
            value, **{name: _poison(getattr(value, name), poison) for name in names if name not in kept}
        )
    return value

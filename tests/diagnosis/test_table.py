"""The table that ships: every rule is found by its sample, and says something useful in both languages."""

from __future__ import annotations

import re
from functools import cache
from typing import get_args

import pytest

from orchestrator.diagnosis import Rule, RuleBook, diagnose, load_rules, rule_files
from orchestrator.hosts.errors import (
    HostAuthFailed,
    HostDenied,
    HostDiskFull,
    HostError,
    HostKeyMismatch,
    HostTimeout,
    HostUnreachable,
    StaleGeneration,
)
from orchestrator.resources import playbooks_folder
from orchestrator.settings import Language

LANGUAGES = get_args(Language)


@cache
def book() -> RuleBook:
    return load_rules(*rule_files([playbooks_folder()]))


@pytest.mark.parametrize("rule", book().rules, ids=lambda rule: rule.id)
def test_a_rule_is_found_by_its_sample_and_no_rule_before_it(rule: Rule) -> None:
    found = diagnose(rule.sample, step=rule.sample_step, rules=book(), error=rule.sample_error)
    assert found is not None
    assert found.rule == rule.id
    assert found.severity == rule.severity
    assert found.line
    for language in LANGUAGES:
        finding = found.finding(language)
        assert finding.known
        assert not re.search(r"\{\w+\}", finding.title + finding.cause + finding.remedy)


def test_out_of_gpu_memory_names_the_amount_the_neighbour_and_three_ways_out() -> None:
    log = (
        ">> loading\n"
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.30 GiB. GPU 0 has a total capacity of "
        "7.79 GiB of which 1.02 GiB is free. Process 4242 has 6.20 GiB memory in use.\n"
        "the service ended\n"
    )
    found = diagnose(log, step="start", rules=book())
    assert found is not None
    finding = found.finding("zh-CN")
    assert finding.title == "显存不足"
    assert "2.30 GiB" in finding.cause
    assert "进程 4242，占 6.20 GiB" in finding.cause
    assert all(word in finding.remedy for word in ("低显存", "半精度", "换一张", "nvidia-smi", "CPU"))
    assert found.line_number == 2


def test_the_short_message_alone_is_enough() -> None:
    found = diagnose("CUDA out of memory. Tried to allocate 2.30 GiB", step="start", rules=book())
    assert found is not None
    assert found.rule == "cuda-oom"
    assert "2.30 GiB" in found.finding("en").cause


def test_the_same_failure_while_speaking_has_another_remedy() -> None:
    found = diagnose("CUDA out of memory. Tried to allocate 2.30 GiB", step="speech", rules=book())
    assert found is not None
    assert found.rule == "cuda-oom-speaking"


@pytest.mark.parametrize(
    ("error", "rule"),
    [
        (HostUnreachable("gpu-01", "nothing answers at 10.0.0.7:22"), "host-unreachable"),
        (HostKeyMismatch("gpu-01", "shows another key"), "host-key"),
        (HostAuthFailed("gpu-01", "refuses the key"), "host-auth"),
        (HostDenied("gpu-01", "may not write /srv/tts"), "host-denied"),
        (HostDiskFull("gpu-01", "nothing left"), "disk-full"),
        (HostTimeout("gpu-01", "no answer"), "start-timeout"),
        (StaleGeneration("gpu-01", ours=4, current=5), "lease-lost"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_kind_of_host_error_has_words_for_people(error: HostError, rule: str) -> None:
    found = diagnose("", step="start", rules=book(), error=f"{type(error).__name__}: {error}")
    assert found is not None
    assert found.rule == rule
    assert found.line_number is None


def test_a_busy_host_names_who_holds_it() -> None:
    found = diagnose("", step=None, rules=book(), error="HostBusy: in use by 王小明 (run run-7-31) since 10:00")
    assert found is not None
    assert "王小明" in found.finding("zh-CN").cause


def test_a_special_cause_wins_over_what_follows_from_it() -> None:
    log = "OSError: [Errno 28] No space left on device\nthe service exited before it was ready\n"
    found = diagnose(log, step="start", rules=book(), error="StepFailed: ended with status 1")
    assert found is not None
    assert found.rule == "disk-full"


def test_a_harmless_lack_of_rights_does_not_hide_the_real_cause() -> None:
    log = "matplotlib: mkdir -p failed: [Errno 13] Permission denied\nCUDA out of memory. Tried to allocate 2.30 GiB\n"
    assert diagnose(log, step="start", rules=book()).rule == "cuda-oom"  # type: ignore[union-attr]


def test_a_taken_port_names_who_has_it() -> None:
    log = "ERROR: port 7860 is taken by process 88 (python sd-webui.py), which is not this service: end it\n"
    found = diagnose(log, step="start", rules=book())
    assert found is not None
    assert found.rule == "port-taken"
    assert "占用者：process 88 (python sd-webui.py)" in found.finding("zh-CN").cause


def test_a_warning_is_told_only_when_there_is_no_error() -> None:
    warning = "Failed to load custom CUDA kernel for BigVGAN. Falling back to torch.\n"
    assert diagnose(warning, step="start", rules=book()).rule == "bigvgan-kernel"  # type: ignore[union-attr]
    with_error = warning + "OSError: Cannot find empty port in range: 7860-7860.\n"
    assert diagnose(with_error, step="start", rules=book()).rule == "port-taken"  # type: ignore[union-attr]


def test_an_unknown_failure_is_not_guessed() -> None:
    assert diagnose("something odd happened\n" * 50, step="start", rules=book(), error="StepFailed: odd") is None
    finding = book().unknown_finding("zh-CN")
    assert not finding.known
    assert "不猜测" in finding.cause


@pytest.mark.parametrize("rtf", ["0.21", "2.9"])
def test_a_quick_voice_is_no_failure(rtf: str) -> None:
    assert diagnose(f">> RTF: {rtf}\n", step="speech", rules=book()) is None

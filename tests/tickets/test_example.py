"""The description that a new task starts with, read back by our own parser."""

from __future__ import annotations

from typing import get_args

import pytest

from orchestrator.settings import Language
from orchestrator.tickets import DeploySpec, ExtraRule, TicketRules, parse_ticket
from orchestrator.tickets.example import example_lines, task_description

SPECS = [
    DeploySpec(),
    DeploySpec(
        service="bundled-tts",
        ref="v2.3.0",
        host="gpu-01",
        port=7861,
        playbook="bundled-tts",
        text="你好 <世界> & 大家。",
    ),
    DeploySpec(ref="release/1.0", extras={"emotion": "happy"}),
]


def rules(language: Language) -> TicketRules:
    return TicketRules(
        hosts=("gpu-01", "gpu-02"),
        services=("bundled-tts",),
        playbooks=("bundled-tts",),
        extras=(ExtraRule("emotion", ("情感",), ("neutral", "happy")),),
        language=language,
    )


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("spec", SPECS)
def test_the_description_asks_for_exactly_what_it_was_made_for(spec: DeploySpec, language: Language) -> None:
    html = task_description(spec, rules(language), bot="部署机器人")
    assert parse_ticket("【A部署】", html, rules=rules(language)) == spec


@pytest.mark.parametrize("language", get_args(Language))
def test_the_example_shown_after_a_mistake_is_correct(language: Language) -> None:
    html = "".join(f"<p>{line}</p>" for line in example_lines(rules(language)))
    parsed = parse_ticket("【A部署】", html, rules=rules(language))
    assert isinstance(parsed, DeploySpec)
    assert None not in (parsed.service, parsed.ref, parsed.host, parsed.port, parsed.text)


def test_the_description_tells_a_newcomer_what_to_do_and_what_never() -> None:
    html = task_description(DeploySpec(), rules("zh-CN"))
    for word in ("点「开始」", "优先级和截止日期", "cache_hub", "5–15 分钟", "来源", "gpu-01、gpu-02"):
        assert word in html

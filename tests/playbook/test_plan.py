"""From playbook, ticket and host to a plan: who may say what, what is refused, and what is printed."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from orchestrator.inventory import HostEntry
from orchestrator.playbook import Plan, PlanProblems, Playbook, build_plan
from orchestrator.playbook.variables import BadValue, Variable
from orchestrator.tickets.spec import DeploySpec
from tests.playbook.shells import planned, run_script

PLAYBOOK = """\
name: small
title: {zh-CN: 小剧本, en: Small}
variables:
  repository: {type: repository, from: inventory}
  ref: {type: ref, from: ticket, default: main}
  mood: {type: choice, from: ticket, default: calm, choices: [calm, 高兴], ticket_keys: [情感]}
  note: {type: string, from: ticket, default: ''}
  workers: {type: integer, from: inventory, default: 2, minimum: 1, maximum: 8}
  keep: {type: integer, default: 5}
functions: |
  greet() { printf '%s|' "$@"; }
steps:
  - name: one
    title: {zh-CN: 第一步, en: First}
    phase: fetch
    timeout: 10
    outputs: {commit: '[0-9a-f]+'}
    run: |
      greet {{ ref }} {{ mood }} {{ note }} {{ workers }} {{ port }} {{ host }} {{ bind }}
      greet "$ZD_ROOT" "$ZD_PORT" "$ZD_HOST" "$ZD_BIND" "$ZD_PYTHON" "$ZD_URL" "$ZD_PLAYBOOK"
  - {name: two, title: Second, phase: start, timeout: 10, run: 'echo start'}
  - {name: three, title: Third, phase: cutover, timeout: 10, run: 'echo cut'}
verify:
  speech: {api_name: /say, text: 缺省, inputs: {text: '{{ text }}', moods: ['{{ mood }}', 1], speed: 1.5}}
rollback:
  - {name: back, title: Back, timeout: 5, run: 'echo back'}
on_failure: {collect: ['shared/logs/{{ port }}.log', /var/log/x.log]}
"""
HOST = HostEntry(
    name="gpu-01", address="10.0.0.1", user="tts", root="/data/语音 服务", service_port=7861,
    variables={"repository": "/srv/tts.git", "workers": "3"},
)  # fmt: skip


@pytest.fixture
def playbook(tmp_path: Path) -> Playbook:
    path = tmp_path / "small.yaml"
    path.write_text(PLAYBOOK, "utf-8")
    return Playbook.load(path)


def refused(
    playbook: Playbook, spec: DeploySpec, values: dict[str, str] | None = None, host: HostEntry = HOST
) -> dict[str, str]:
    problems = build_plan(playbook, spec, host, values=values)
    assert isinstance(problems, PlanProblems)
    return {problem.field: problem.code for problem in problems.problems}


def test_each_value_comes_from_where_the_playbook_says(playbook: Playbook) -> None:
    spec = DeploySpec(ref="v23", port=7900, text="测试", extras={"mood": "高兴"})
    plan = planned(playbook, HOST, {"keep": "7"}, spec)
    assert {item.name: (item.value, item.source) for item in plan.values} == {
        "port": ("7900", "ticket"),
        "repository": ("/srv/tts.git", "inventory"),
        "ref": ("v23", "ticket"),
        "mood": ("高兴", "ticket"),
        "note": ("", "playbook"),
        "workers": ("3", "inventory"),
        "keep": ("7", "operator"),
    }
    assert (plan.port, plan.service_url) == (7900, "http://10.0.0.1:7900")
    assert plan.value("ref") == "v23"
    assert plan.value("nope") is None


def test_a_silent_ticket_gets_the_usual(playbook: Playbook) -> None:
    plan = planned(playbook, HOST)
    assert (plan.port, plan.value("ref"), plan.value("mood")) == (7861, "main", "calm")
    assert plan.verify.speech is not None
    assert plan.verify.speech.text == "缺省"
    assert plan.verify.speech.inputs == {"text": "缺省", "moods": ["calm", 1], "speed": 1.5}
    assert plan.collect == ("/data/语音 服务/shared/logs/7861.log", "/var/log/x.log")


def test_the_tickets_sentence_is_what_will_be_spoken(playbook: Playbook) -> None:
    plan = planned(playbook, HOST, spec=DeploySpec(text="你好“$(reboot)”"))
    assert plan.verify.speech is not None
    assert plan.verify.speech.inputs["text"] == plan.verify.speech.text == "你好“$(reboot)”"
    assert all("reboot" not in step.script for step in plan.steps)


def test_the_planned_script_is_what_runs(playbook: Playbook, tmp_path: Path) -> None:
    plan = planned(playbook, HOST, spec=DeploySpec(ref="v23", extras={"note": "说明 文字"}))
    code, log, _ = run_script(plan.step("one").script, tmp_path / "job")
    assert code == 0
    assert log == (
        "v23|calm|说明 文字|3|7861|gpu-01|0.0.0.0|"
        "/data/语音 服务|7861|gpu-01|0.0.0.0|python3|http://10.0.0.1:7861|small|"
    )


def test_a_failing_command_fails_the_step(playbook: Playbook, tmp_path: Path) -> None:
    plan = planned(playbook, HOST)
    for line in ("false\necho on", "false | true\necho on", 'echo "$ZD_NEVER_SET"\necho on'):
        code, log, _ = run_script(plan.preamble + line, tmp_path / "job")
        assert code != 0
        assert "on\n" not in log.splitlines(keepends=True)


@pytest.mark.parametrize(
    "ref",
    [
        "v23; rm -rf /", "$(reboot)", "`reboot`", "v23\nreboot", "v23\0", "--upload-pack=reboot", "-b", "a b", "a..b",
        "a//b", "x.lock", "x/", "/x", "x@{1}", "refs/*", "x^{}", "x:y", "a" * 200, "",
    ],
)  # fmt: skip
def test_a_ref_that_is_no_ref_gives_no_plan(playbook: Playbook, ref: str) -> None:
    assert refused(playbook, DeploySpec(ref=ref))["ref"] in ("bad_ref", "control_character")


@pytest.mark.parametrize("ref", ["main", "v2.3.0", "feature/x_1", "release-2025", "0a1b2c3", "deps/@types", "v1.0+cpu"])
def test_ordinary_refs_are_taken(playbook: Playbook, ref: str) -> None:
    assert planned(playbook, HOST, spec=DeploySpec(ref=ref)).value("ref") == ref


@pytest.mark.parametrize("port", [0, 80, 1023, 65536, -1, 99999])
def test_a_port_out_of_range_gives_no_plan(playbook: Playbook, port: int) -> None:
    assert refused(playbook, DeploySpec(port=port)) == {"port": "out_of_range"}


def test_a_ticket_can_not_set_what_the_operator_decides(playbook: Playbook) -> None:
    spec = DeploySpec(extras={"repository": "/tmp/evil.git", "workers": "8", "keep": "1", "root": "/", "unheard": "x"})
    assert refused(playbook, spec) == {
        "repository": "not_allowed",
        "workers": "not_allowed",
        "keep": "not_allowed",
        "root": "unknown_variable",
        "unheard": "unknown_variable",
    }


def test_every_problem_is_told_at_once_in_both_languages(playbook: Playbook) -> None:
    spec = DeploySpec(ref="a b", port=1, extras={"mood": "angry", "note": "a;b"})
    problems = build_plan(playbook, spec, HOST.model_copy(update={"variables": {"workers": "many"}}))
    assert isinstance(problems, PlanProblems)
    said = {problem.field: problem for problem in problems.problems}
    assert {field: problem.code for field, problem in said.items()} == {
        "port": "out_of_range", "repository": "missing", "ref": "bad_ref", "mood": "not_a_choice", "note": "bad_text",
        "workers": "not_a_number",
    }  # fmt: skip
    assert said["mood"].said("zh-CN") == "mood 的值“angry”不可用；应为：calm、高兴"
    assert said["mood"].said("en") == "mood can't be 'angry'; it must be: calm, 高兴"
    assert said["workers"].source == "inventory"
    assert "ref can't be 'a b'" in str(problems)
    assert pickle.loads(pickle.dumps(problems)) == problems


def test_the_operators_values_win_and_are_checked_too(playbook: Playbook) -> None:
    spec = DeploySpec(ref="from-ticket")
    assert (
        planned(playbook, HOST, {"ref": "mine", "repository": "git@git.example.com:tts.git"}, spec).value("ref")
        == "mine"
    )
    assert refused(playbook, spec, {"ref": "a b", "nope": "1"}) == {"ref": "bad_ref", "nope": "unknown_variable"}


def test_a_refused_value_is_shown_short_and_without_control_characters(playbook: Playbook) -> None:
    problems = build_plan(playbook, DeploySpec(ref="\x1b[31m" + "x" * 1_000_000), HOST)
    assert isinstance(problems, PlanProblems)
    (problem,) = problems.problems
    assert len(problem.value) < 100
    assert "\x1b" not in problem.value + problem.said("en") + problem.said("zh-CN")


def test_a_playbook_without_a_ref_refuses_a_ticket_with_one(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text("name: plain\nsteps: [{name: a, title: A, phase: start, timeout: 1, run: 'true'}]\n")
    playbook = Playbook.load(path)
    assert planned(playbook, HOST, spec=DeploySpec(service="plain", port=7000)).port == 7000
    assert refused(playbook, DeploySpec(ref="v1")) == {"ref": "unknown_variable"}


def test_a_control_character_in_the_sentence_gives_no_plan(playbook: Playbook) -> None:
    assert refused(playbook, DeploySpec(text="a\x00b")) == {"text": "control_character"}


def test_a_plan_knows_what_comes_before_and_after_the_proof(playbook: Playbook) -> None:
    plan = planned(playbook, HOST)
    assert [step.name for step in plan.before_verify] == ["one", "two"]
    assert [step.name for step in plan.after_verify] == ["three"]
    assert [step.touches_service for step in plan.steps] == [False, True, True]
    assert plan.step("back").phase == "rollback"
    with pytest.raises(KeyError):
        plan.step("nope")


def test_the_printed_plan_is_stable_and_holds_every_script_as_it_runs(playbook: Playbook) -> None:
    plan = planned(playbook, HOST, spec=DeploySpec(ref="v23", text="你好"))
    text = plan.render()
    assert text == planned(playbook, HOST, spec=DeploySpec(ref="v23", text="你好")).render()
    assert plan.preamble.rstrip("\n") in text
    for step in (*plan.steps, *plan.rollback):
        assert step.script.startswith(plan.preamble)
        assert step.script.removeprefix(plan.preamble).strip("\n") in text
    assert "greet 'v23' 'calm' '' '3' '7861' 'gpu-01' '0.0.0.0'" in text
    assert "Gradio /say speaks '你好'" in text
    order = [
        text.index(words) for words in ("one [fetch", "two [start", "==== Verify", "three [cutover", "back [rollback")
    ]
    assert order == sorted(order)


def test_a_plan_travels_as_json_and_by_pickle(playbook: Playbook) -> None:
    plan = planned(playbook, HOST, spec=DeploySpec(ref="v23", text="你好"))
    assert Plan.from_json(plan.to_json()) == plan
    assert Plan.from_json(plan.to_json()).to_json() == plan.to_json()
    assert pickle.loads(pickle.dumps(plan)) == plan


@pytest.mark.parametrize(
    "repository",
    [
        "ext::sh -c reboot", "--upload-pack=x", "https://user:secret@h/x.git", "https://token@h/x.git", "https://h/x;reboot",
        "file:///a/../b", "../x", "x", "-oProxyCommand=x@h:y", "git@-oProxy:x", "git@h:-x", "https://-x/y", "ssh://-oProxy/x",
        "https://h/$(reboot)", "/a\nb", "",
    ],
)  # fmt: skip
def test_a_repository_that_git_could_take_for_a_command_or_that_holds_a_secret_is_refused(repository: str) -> None:
    with pytest.raises(BadValue):
        Variable(kind="repository", source="inventory").checked(repository)


@pytest.mark.parametrize(
    "repository",
    [
        "https://git.example.com/a/b.git",
        "ssh://git@h:2222/x.git",
        "git@github.com:a/b.git",
        "/srv/语音 库.git",
        "file:///srv/x",
    ],
)
def test_ordinary_repositories_are_taken(repository: str) -> None:
    assert Variable(kind="repository", source="inventory").checked(repository) == repository


@pytest.mark.parametrize("path", ["relative", "/a/../b", "~", "/a\tb", ""])
def test_a_path_has_to_be_absolute(path: str) -> None:
    with pytest.raises(BadValue):
        Variable(kind="path", source="ticket").checked(path)


def test_a_text_from_a_ticket_holds_no_shell_characters_unless_the_author_allows_them() -> None:
    plain = Variable(kind="string", source="ticket")
    assert plain.checked("你好，世界 v2.3 (a=b)".replace("(", "").replace(")", "")) == "你好，世界 v2.3 a=b"
    for text in ("a;b", "$x", "`x`", "-rf", "a|b", "a&b", "a>b", "'", '"', "\\", "a\u200bb"):
        with pytest.raises(BadValue):
            plain.checked(text)
    assert Variable(kind="string", source="ticket", pattern="[a-z;]+").checked("a;b") == "a;b"

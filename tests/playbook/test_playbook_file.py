"""Playbook files: what is accepted, and how mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.lined_yaml import ConfigError
from orchestrator.playbook import Playbook, find_playbook, known_playbooks
from orchestrator.tickets.rule import ExtraRule

GOOD = """\
name: small
variables:
  ref: {type: ref, from: ticket, default: main}
  mood: {type: choice, from: ticket, default: calm, choices: [calm, glad], ticket_keys: [情感]}
  flags: {type: string, default: -v}
steps:
  - name: one
    title: {zh-CN: 第一步, en: First}
    phase: fetch
    timeout: 10
    outputs: {commit: '[0-9a-f]+'}
    run: |
      cd {{ root }}
      git show {{ ref }} {{ flags | shell }}
  - name: two
    title: Second
    phase: start
    timeout: 10
    run: echo "$ZD_COMMIT" {{ port }}
rollback:
  - {name: back, title: Back, timeout: 5, run: 'echo "$ZD_COMMIT"'}
on_failure: {collect: ['logs/{{ port }}.log']}
"""


def load(folder: Path, text: str) -> Playbook:
    path = folder / "small.yaml"
    path.write_text(text, "utf-8")
    return Playbook.load(path)


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return [f"{problem.line}: {problem.message}" for problem in caught.value.problems]


def test_a_small_playbook_loads(tmp_path: Path) -> None:
    playbook = load(tmp_path, GOOD)
    assert [step.name for step in playbook.steps] == ["one", "two"]
    assert playbook.steps[0].title.said("zh-CN") == "第一步"
    assert playbook.steps[1].title.said("zh-CN") == playbook.steps[1].title.said("en") == "Second"
    assert len(playbook.digest) == 64


def test_its_further_ticket_keys_become_rules_for_reading_tickets(tmp_path: Path) -> None:
    rules = load(tmp_path, GOOD).extra_rules()
    assert rules == (ExtraRule(name="mood", aliases=("情感",), allowed=("calm", "glad")),)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("phase: fetch", "fase: fetch", "7: steps[1].phase: is missing"),
        ("on_failure:", "on_fail:", "22: on_fail: unknown key (did you mean `on_failure`?)"),
        ("timeout: 10\n    outputs", "timeout: soon\n    outputs", "10: steps[1].timeout: Input should be"),
        ("phase: fetch", "phase: cutover", "1: steps: the phases must stand in the order"),
        ("name: two", "name: one", "1: steps and rollback: used twice as a name: one"),
        ("name: two", "name: Two!", "15: steps[2].name: a step's name has lower-case"),
        ("  ref: {", "  root: {", "1: variables: root: every playbook has these already"),
        ("type: ref,", "type: refs,", "3: variables.ref.type: Input should be"),
        ("default: main", "default: 'a b'", "3: variables.ref: its own default does not fit"),
        ("default: -v", "default: yes", "5: variables.flags.default: put yes, no"),
        (", default: -v", "", "5: variables.flags: needs a `default`"),
        (", choices: [calm, glad]", "", "4: variables.mood: `choices` belongs to type choice"),
        ("default: -v", "default: -v, pattern: '('", "5: variables.flags.pattern: is not a regular expression"),
        ("default: -v", "default: -v, minimum: 1", "5: variables.flags: `minimum` and `maximum` belong to"),
        ("default: -v", "default: -v, ticket_keys: [x]", "5: variables.flags: `ticket_keys` needs"),
        ("'[0-9a-f]+'", "'[0-9'", "11: steps[1].outputs.commit: is not a regular expression"),
        ("{{ ref }}", "{{ reff }}", "14: step one: `reff` is not declared"),
        ("{{ ref }}", '"{{ ref }}"', "14: step one: a placeholder inside double quotes"),
        ("{{ ref }}", "{{ ref | shell }}", "14: step one: `| shell` takes a literal"),
        ("cd {{ root }}", "cd {{ root", "14: step one: expected token"),
        ("echo \"$ZD_COMMIT\" {{ port }}", 'echo "$ZD_COMIT"', "19: step two: ZD_COMIT is no output"),
        ("cd {{ root }}", 'cd "$ZD_COMMIT"', "13: step one: ZD_COMMIT is no output of a step before it"),
        ("outputs: {commit:", "outputs: {root:", "11: step one: the output root is there already"),
        ("'echo \"$ZD_COMMIT\"'", "'echo \"$ZD_LATER\"'", "21: step back: ZD_LATER is no output"),
        ("'logs/{{ port }}.log'", "'logs/{{ nope }}.log'", "22: on_failure.collect.1: `nope` is not declared"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert GOOD.count(old) >= 1
    assert any(line.startswith(told) for line in mistakes(tmp_path, GOOD.replace(old, new, 1)))


def test_a_rollback_counts_only_on_outputs_from_before_anything_was_touched(tmp_path: Path) -> None:
    text = GOOD.replace("    timeout: 10\n    run: echo", "    timeout: 10\n    outputs: {late: '.*'}\n    run: echo")
    assert load(tmp_path, text)
    told = mistakes(tmp_path, text.replace("'echo \"$ZD_COMMIT\"'", "'echo \"$ZD_LATE\"'"))
    assert told == ["22: step back: ZD_LATE is no output of a step before it"]


def test_speech_inputs_may_use_the_sentence_and_declared_values_only(tmp_path: Path) -> None:
    inputs = "{text: '{{ text }}', mood: '{{ mood }}', s: 1.5}"
    verify = f"verify:\n  speech:\n    api_name: /say\n    text: 你好\n    inputs: {inputs}\n"
    assert load(tmp_path, GOOD + verify).verify.speech is not None
    told = mistakes(tmp_path, GOOD + verify.replace("{{ mood }}", "{{ moood }}"))
    assert told[0].startswith("27: verify.speech.inputs.mood: `moood` is not declared")
    assert mistakes(tmp_path, GOOD + verify + "    limits: {min_second: 1}\n") == [
        "28: verify.speech.limits.min_second: unknown key (did you mean `min_seconds`?)"
    ]


def test_own_playbooks_come_before_those_that_ship(tmp_path: Path) -> None:
    (tmp_path / "bundled-tts.yaml").write_text(GOOD)
    (tmp_path / "single.yaml").write_text(GOOD)
    shipped = find_playbook("bundled-tts", [])
    assert shipped.name == "bundled-tts.yaml"
    assert find_playbook("bundled-tts", [tmp_path]) == tmp_path / "bundled-tts.yaml"
    assert find_playbook("single", [tmp_path / "single.yaml"]) == tmp_path / "single.yaml"
    assert "diagnosis" not in known_playbooks([])


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "nope", "", "bundled-tts.yaml", "a\nb"])
def test_a_name_that_is_no_playbook_is_refused_with_the_ones_there_are(name: str) -> None:
    with pytest.raises(LookupError, match=r"there are: .*bundled-tts"):
        find_playbook(name, [])


def test_every_playbook_that_ships_loads() -> None:
    for path in known_playbooks([]).values():
        assert Playbook.load(path).name == path.stem

"""How rules are written, merged and matched."""

from __future__ import annotations

import pickle
import time
from pathlib import Path
from textwrap import dedent, indent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.diagnosis import MAX_LOG, Pattern, diagnose, load_rules
from orchestrator.lined_yaml import ConfigError
from orchestrator.resources import playbooks_folder

UNKNOWN = """\
unknown:
  title: {zh-CN: 未知, en: unknown}
  cause: {zh-CN: 未知, en: unknown}
  remedy: {zh-CN: 未知, en: unknown}
"""


def rule(name: str, pattern: str, more: str = "") -> str:
    text = f"""\
    - id: {name}
      pattern: "{pattern}"
      title: {{zh-CN: "标题 {name}", en: "title {name}"}}
      cause: {{zh-CN: "原因 {{word}}", en: "cause {{word}}"}}
      remedy: {{zh-CN: 办法, en: remedy}}
      sample: "{pattern}"
    """
    return indent(dedent(text), "  ") + (indent(more, "    ") + "\n" if more else "")


def table(tmp_path: Path, *rules: str, name: str = "own.yaml", unknown: str = UNKNOWN) -> Path:
    path = tmp_path / name
    path.write_text(unknown + "rules:\n" + "".join(rules), encoding="utf-8")
    return path


def test_a_pattern_is_a_piece_of_a_line_whatever_its_case() -> None:
    pattern = Pattern("Address already IN use")
    line = "OSError: [Errno 98] address already in use: 7860"
    assert pattern.match(line, line.lower()) == {}


def test_a_gap_stands_for_anything_within_the_line() -> None:
    pattern = Pattern("MaxRetryError*huggingface")
    assert pattern.match("", "maxretryerror: https://huggingface.co") == {}
    assert pattern.match("", "huggingface maxretryerror") is None


def test_words_are_taken_out_between_and_behind() -> None:
    line = "Process 4242 has 6.20 GiB memory in use. flag: --fp8, and more"
    pattern = Pattern("Process {pid} has {used} memory in use. flag: {flag}")
    assert pattern.match(line, line.lower()) == {"pid": "4242", "used": "6.20 GiB", "flag": "--fp8"}


def test_what_stands_in_the_way_is_no_word() -> None:
    pattern = Pattern("Process {pid} has")
    line = "process " + "x" * 200 + " has"
    assert pattern.match(line, line) is None
    assert pattern.match("process  has", "process  has") is None


@pytest.mark.parametrize("text", ["", "*", "ab", "{word} first", "one {a}{b} two", "x*{a}y long"])
def test_a_pattern_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        Pattern(text)


def test_the_last_matching_line_is_shown(tmp_path: Path) -> None:
    rules = load_rules(table(tmp_path, rule("one", "lost {word}")))
    found = diagnose("lost first\nfine\nlost second\nfine\n", step=None, rules=rules)
    assert found is not None
    assert (found.line, found.line_number) == ("lost second", 3)
    assert found.finding("en").cause == "cause second"


def test_a_users_file_replaces_a_rule_and_comes_first_among_equals(tmp_path: Path) -> None:
    base = table(tmp_path, rule("one", "lost {word}"), rule("two", "gone {word}"), name="base.yaml")
    own = table(tmp_path, rule("two", "went {word}"), rule("three", "lost {word} today"), unknown="")
    rules = load_rules(base, own)
    assert [item.id for item in rules.rules] == ["two", "three", "one"]
    assert diagnose("gone away", step=None, rules=rules) is None
    assert diagnose("lost it today", step=None, rules=rules).rule == "three"  # type: ignore[union-attr]


def test_the_smallest_priority_is_tried_first(tmp_path: Path) -> None:
    rules = load_rules(table(tmp_path, rule("one", "lost {word}"), rule("two", "lost {word}", "priority: 5")))
    assert diagnose("lost it", step=None, rules=rules).rule == "two"  # type: ignore[union-attr]


def test_a_rule_may_wait_for_its_step_its_place_a_second_line_or_a_number(tmp_path: Path) -> None:
    rules = load_rules(
        table(
            tmp_path,
            rule("step", "lost {word}", "steps: [install]"),
            rule("place", "gone {word}", "where: error"),
            rule("second", "went {word}", "requires: webui.py"),
            rule("number", "took {word}", "above: {word: 3}"),
        )
    )

    def found(log: str, step: str = "start", error: str = "") -> str | None:
        hit = diagnose(log, step=step, rules=rules, error=error)
        return hit.rule if hit else None

    assert (found("lost it"), found("lost it", "install")) == (None, "step")
    assert (found("gone away"), found("", error="gone away")) == (None, "place")
    assert (found("went off"), found("went off\nin webui.py")) == (None, "second")
    assert (found("took 2.5"), found("took 3.5"), found("took long")) == (None, "number", None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (rule("one", "lost {word}") * 2, "rules[2]: the id one is given twice"),
        (rule("one", "ab"), "too short"),
        (rule("one", "lost {word}", "colour: red"), "unknown key"),
        (rule("one", "lost {word}", "severity: fatal"), "severity"),
        (rule("One!", "lost {word}"), "id"),
        (rule("one", "lost {word}").replace("sample:", "steps: []  #"), "sample"),
    ],
)
def test_a_mistake_in_a_table_is_named_with_file_and_line(tmp_path: Path, text: str, words: str) -> None:
    path = table(tmp_path, text)
    with pytest.raises(ConfigError) as failure:
        load_rules(path)
    assert words in str(failure.value)
    assert re_line(str(failure.value), path)


def re_line(message: str, path: Path) -> bool:
    return message.startswith(f"{path}:") and message[len(str(path)) + 1].isdigit()


def test_a_table_without_the_word_for_unknown_is_no_first_table(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown: is missing"):
        load_rules(table(tmp_path, rule("one", "lost {word}"), unknown=""))


def test_a_diagnosis_can_be_stored() -> None:
    rules = load_rules(playbooks_folder() / "diagnosis.yaml")
    found = diagnose("CUDA out of memory", step=None, rules=rules)
    assert pickle.loads(pickle.dumps(found)) == found


def test_an_endless_log_takes_no_time() -> None:
    rules = load_rules(playbooks_folder() / "diagnosis.yaml")
    hostile = [
        "Failed to build " * 200_000,
        "Process " * 400_000 + " memory in use",
        ("Tried to allocate " + "9" * 3000 + "\n") * 1000,
        "x" * 3_000_000,
        "\n" * 3_000_000,
    ]
    began = time.process_time()
    for log in hostile:
        diagnose(log, step="install", rules=rules)
    assert time.process_time() - began < 5


def test_only_the_end_of_a_log_is_read_and_lines_keep_their_numbers() -> None:
    rules = load_rules(playbooks_folder() / "diagnosis.yaml")
    lines = MAX_LOG // 10
    log = (
        "disk: No space left on device\n"
        + "fine fine\n" * (lines + 100)
        + "Connection to db timed out\nthe end: Found no NVIDIA driver\n"
    )
    found = diagnose(log, step="start", rules=rules)
    assert found is not None
    assert found.rule == "gpu-driver"
    assert found.line_number == lines + 103


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300), st.text(max_size=100))
def test_no_log_can_make_it_fail(log: str, error: str) -> None:
    diagnose(log, step="start", rules=_BOOK, error=error)


_BOOK = load_rules(playbooks_folder() / "diagnosis.yaml")

"""What a step says it found out is checked before later steps see it."""

from __future__ import annotations

import pytest

from orchestrator.playbook import OutputRefused, PlannedStep, Words, as_environment, check_outputs, outcome_of

STEP = PlannedStep(
    name="resolve", title=Words(zh_cn="", en=""), script="", timeout=1,
    outputs={"commit": "[0-9a-f]{4}", "previous": "([0-9a-f]{4})?"}, phase="fetch",
)  # fmt: skip
GOOD = {"commit": "0a1b", "previous": ""}


def test_declared_outputs_become_the_environment_of_later_steps() -> None:
    known = check_outputs(STEP, {**GOOD, "outcome": "reused"})
    assert known == GOOD
    assert as_environment(known) == {"ZD_COMMIT": "0a1b", "ZD_PREVIOUS": ""}


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({"commit": "0a1b"}, "did not write its output previous"),
        ({**GOOD, "commit": "0a1b2"}, "which is not"),
        ({**GOOD, "commit": "$(reboot)"}, "which is not"),
        ({**GOOD, "commit": "0a1b\n"}, "control characters"),
        ({**GOOD, "path": "/evil"}, "undeclared output 'path'"),
        ({**GOOD, "outcome": "fine"}, "none of ok, reused, skipped"),
    ],
)
def test_anything_else_is_refused(raw: dict[str, str], told: str) -> None:
    with pytest.raises(OutputRefused, match=told):
        check_outputs(STEP, raw)


def test_a_step_that_says_nothing_of_itself_did_its_work() -> None:
    assert outcome_of({}, STEP) == "ok"
    assert outcome_of({"outcome": "skipped"}, STEP) == "skipped"

"""What a ticket or a host wrote is shown by the terminal, never obeyed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.cli.app import main
from orchestrator.context import STORE_FILE
from orchestrator.store import Run, RunState, StepRecord, Store

HOSTILE = "【部署】\x1b]0;owned\x07\x1b[31m [red]x[/red] \x9b2J \u202etxet"
COMMANDS = "\x1b\x07\x9b\u202e"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "300")
    path = tmp_path / "zentao-deploy.yaml"
    path.write_text(
        f"zentao: {{url: http://zentao.example, account: bot, executions: [3]}}\ndata_dir: {tmp_path}\n"
        "inventory: hosts.yaml\n"
    )
    with Store.open(tmp_path / STORE_FILE) as store:
        store.create_run(Run("run-8-1-x", "event", 8, HOSTILE, "pm", state=RunState.FAILED))
        store.record_step(StepRecord("run-8-1-x", 1, "fetch", "fetch", "failed", 1.0, f"from the host: {HOSTILE}"))
    return path


@pytest.mark.parametrize("arguments", [["status"], ["status", "run-8-1-x"], ["status", "--json"]])
def test_status_shows_hostile_words_and_a_terminal_obeys_none(
    arguments: list[str], config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--config", str(config)]) == 0
    told = capsys.readouterr()
    assert not set(COMMANDS) & set(told.out + told.err)
    assert "[red]x[/red]" in told.out
    if "--json" in arguments:
        assert json.loads(told.out)[0]["title"] == HOSTILE


def test_an_error_with_hostile_words_is_only_words(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", f"run-{HOSTILE}", "--config", str(config)]) == 1
    assert not set(COMMANDS) & set(capsys.readouterr().err)

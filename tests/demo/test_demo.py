"""The demo itself, with the real voice: what `make demo` promises is what comes out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.demo.shape import check_shape

ROOT = Path(__file__).parents[2]
LIMIT = 400


def demo(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ZENTAO_DEPLOY_WEB__PORT": "none of the demo's business", "TMPDIR": str(out.parent)}
    return subprocess.run(
        [sys.executable, "-m", "orchestrator.demo", "--out", str(out), *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def summary(out: Path) -> dict[str, Any]:
    return check_shape(json.loads((out / "summary.json").read_text("utf-8")))


def leftovers(folder: Path) -> list[str]:
    """What a demo left behind beside its results."""
    return [path.name for path in folder.iterdir() if path.name.startswith("zentao-deploy-demo-")]


@pytest.mark.slow
@pytest.mark.tts
def test_a_ticket_becomes_a_speaking_service(tmp_path: Path) -> None:
    out = tmp_path / "results 结果"
    done = demo(out)
    assert done.returncode == 0, done.stderr
    found = summary(out)
    assert (found["final_status"], "bug" in found) == ("done", False)
    assert found["speech"]["rms"] > 0.01
    assert [step["name"] for step in found["steps"]][-1] == "cut-over"
    assert {step["name"]: step["outcome"] for step in found["steps"]}["install"] == "reused"
    assert "failed" not in {step["outcome"] for step in found["steps"]}
    names = [name.split("-", 4)[-1] for name in found["attachments"]]
    pictured = [name for name in ("webui.png", "ticket.png") if (out / name).exists()]
    assert {"deploy.txt", "speech.wav"} <= set(names)
    with soundfile.SoundFile(out / "speech.wav") as sound:
        assert sound.samplerate >= 22050
        assert abs(sound.frames / sound.samplerate - found["speech"]["seconds"]) < 0.01
        samples = sound.read(dtype="float32")
    assert abs(float((samples**2).mean() ** 0.5) - found["speech"]["rms"]) < 0.005
    # Without a browser the demo goes on and says so.
    assert len(pictured) == 2 or "no picture" in done.stderr
    assert "Ticket: http://127.0.0.1:" in done.stderr
    assert leftovers(tmp_path) == []


@pytest.mark.slow
@pytest.mark.tts
def test_a_version_that_dies_at_start_becomes_a_linked_bug_with_cause_and_remedy(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = demo(out, "--broken", "--zentao", "18.8")
    assert done.returncode == 0, done.stderr
    found = summary(out)
    assert (found["final_status"], found["speech"], found["service_url"]) == ("pause", None, None)
    assert found["bug"]["task"] == found["ticket"]
    assert "显存" in found["bug"]["cause"]
    assert found["bug"]["remedy"]
    assert found["bug"]["attachments"]
    assert leftovers(tmp_path) == []


@pytest.mark.slow
def test_a_demo_that_is_told_to_end_in_the_middle_leaves_nothing_behind(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "orchestrator.demo", "--out", str(out), "--broken"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if line.startswith("3 "):
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(60) == 130, said + rest
    assert "Stopped." in rest
    assert leftovers(tmp_path) == []
    until = time.monotonic() + 10
    while mine := [name for name in _commands() if str(tmp_path) in name]:
        assert time.monotonic() < until, mine
        time.sleep(0.1)


def _commands() -> list[str]:
    """The command lines of this machine's processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found

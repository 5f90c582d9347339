"""The speech probe on a real Gradio app: what spoke, what didn't, and what never answered."""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import soundfile

from orchestrator.playbook.schema import SpeechCheck
from orchestrator.probes import SpeechLimits, probe_speech
from orchestrator.probes.child import ChildFailed, run_child
from tests.support.ports import free_port


def request(text: str, **changes: Any) -> SpeechCheck:
    values: dict[str, Any] = {
        "api_name": "/synthesize",
        "text": text,
        "inputs": {"text": text},
        "timeout": 60,
        **changes,
    }
    return SpeechCheck(**values)


def test_a_service_that_speaks_is_well_and_leaves_its_sound(talking_page: str, tmp_path: Path) -> None:
    out = tmp_path / "evidence" / "speech.wav"
    inputs = {"text": "你好，语音服务已经就绪。", "voice": "男声", "emotion": "中性", "speed": 1.0}
    result = probe_speech(talking_page, request("x", inputs=inputs), out)
    assert result.ok, result.detail
    assert result.seconds == pytest.approx(1.8, abs=0.01)
    assert result.rms == pytest.approx(0.283, abs=0.01)
    assert result.peak == pytest.approx(0.4, abs=0.01)
    assert (result.rtf, result.sample_rate, result.clipped, result.silence) == (0.25, 22050, 0.0, 0.0)
    assert result.detail.startswith("it spoke: 1.80 s at 22050 Hz")
    assert soundfile.info(out).duration == pytest.approx(1.8, abs=0.01)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("安静的一段文字", "too quiet: loudness 0.0000, at least 0.01; silent for 100% of the time"),
        ("破了的一段文字", "clipped: "),
        ("短", "too short: 0.10 s, at least 0.5 s"),
    ],
)
def test_a_sound_that_is_no_speech_is_refused_and_kept(talking_page: str, tmp_path: Path, text: str, told: str) -> None:
    result = probe_speech(talking_page, request(text), tmp_path / "speech.wav")
    assert not result.ok
    assert told in result.detail
    assert result.rms is not None
    assert (tmp_path / "speech.wav").is_file()


def test_without_its_own_figure_the_factor_is_measured(talking_page: str, tmp_path: Path) -> None:
    result = probe_speech(talking_page, request("测一测速度"), tmp_path / "speech.wav")
    assert result.ok
    assert result.rtf is not None
    assert result.rtf > 0
    assert result.detail.endswith("measured")


def test_an_error_of_the_service_is_told_in_its_own_words(talking_page: str, tmp_path: Path) -> None:
    result = probe_speech(talking_page, request("报错"), tmp_path / "speech.wav")
    assert (result.ok, result.seconds) == (False, None)
    assert result.detail == "/synthesize answered with an error: 显存不足 CUDA out of memory"
    assert not (tmp_path / "speech.wav").exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"api_name": "/speak"}, "the service has no endpoint /speak (it has: /echo, /synthesize)"),
        (
            {"inputs": {"text": "a", "pitch": 2}},
            "/synthesize has no input 'pitch' (it has: text, voice, emotion, speed)",
        ),
        ({"api_name": "/echo"}, "answered without a sound file"),
        ({"inputs": {"text": "无"}}, "/synthesize answered without a sound file"),
    ],
)
def test_a_service_that_can_not_be_asked_so_is_told(
    talking_page: str, tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    if changes.get("api_name") == "/echo":
        changes = {**changes, "inputs": {"needed": "/etc/hostname.wav"}}
    result = probe_speech(talking_page, request("a", **changes), tmp_path / "speech.wav")
    assert not result.ok
    assert told in result.detail


def test_inputs_may_be_named_as_the_page_labels_them(talking_page: str, tmp_path: Path) -> None:
    inputs = {"文本": "按标签来找输入框", "语速": 2.0}
    result = probe_speech(talking_page, request("x", inputs=inputs), tmp_path / "speech.wav")
    assert result.ok, result.detail
    assert result.seconds == pytest.approx(0.6, abs=0.01)


def test_a_dead_port_is_a_result(tmp_path: Path) -> None:
    result = probe_speech(f"http://127.0.0.1:{free_port()}", request("a"), tmp_path / "speech.wav")
    assert not result.ok
    assert "could not be asked for speech" in result.detail


def test_a_service_that_hangs_costs_only_the_time_given(talking_page: str, tmp_path: Path) -> None:
    begun = time.monotonic()
    result = probe_speech(talking_page, request("慢", timeout=10), tmp_path / "speech.wav")
    assert not result.ok
    assert result.detail == "/synthesize did not answer in time"
    assert time.monotonic() - begun < 14


def test_the_limits_are_the_playbooks(talking_page: str, tmp_path: Path) -> None:
    limits = SpeechLimits(max_seconds=0.5, min_rms=0.5, max_peak=0.1, min_sample_rate=44100, max_rtf=0.01)
    result = probe_speech(talking_page, request("你好", limits=limits), tmp_path / "speech.wav")
    assert [part.split(":")[0].split(" (")[0] for part in result.detail.split("; ")] == [
        "too long", "too quiet", "too loud", "sample rate 22050 Hz, at least 44100 Hz", "too slow",
    ]  # fmt: skip


def test_a_child_that_never_ends_is_ended_with_all_its_family(tmp_path: Path) -> None:
    # The grandchild leads a group of its own, as a browser does.
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'], start_new_session=True)\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
        "time.sleep(300)\n"
    )
    with pytest.raises(ChildFailed, match=r"no result within 0\.5 s; the test probe was ended"):
        run_child("test", {}, 0.5, command=[sys.executable, "-c", code])
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 5
    while _lives(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _lives(pid)


def test_a_child_that_crashes_is_told_with_its_last_words() -> None:
    code = "import sys; print('boom', file=sys.stderr); sys.exit(3)"
    with pytest.raises(ChildFailed, match="ended with status 3 and no result: boom"):
        run_child("test", {}, 20, command=[sys.executable, "-c", code])


def test_results_are_plain_values() -> None:
    result = dataclasses.asdict(probe_speech("nonsense", request("a", timeout=30), Path(os.devnull)))
    assert result["ok"] is False
    assert set(result) >= {"seconds", "rms", "peak", "rtf", "sample_rate", "detail", "took"}


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in ("Z", "X")

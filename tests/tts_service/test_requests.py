"""What may be asked of an engine, and what it answers otherwise; which version runs; what an import costs."""

import math
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tts_service.app.folders import shared_folder
from tts_service.app.release import commit, version
from tts_service.engines.base import Capabilities, RequestRefused, SynthesisRequest
from tts_service.webui import arguments

ROOT = Path(__file__).resolve().parents[2]
CAN = Capabilities(voices=("清岚", "云峰"), emotions=("中性", "开心"), sample_rate=22050)


def test_what_is_left_out_becomes_the_first_voice_and_emotion() -> None:
    assert SynthesisRequest("你好").checked(CAN) == SynthesisRequest("你好", "清岚", "中性", 1.0)
    assert SynthesisRequest("你好", "", "", 2).checked(CAN) == SynthesisRequest("你好", "清岚", "中性", 2.0)


@pytest.mark.parametrize(
    ("request_", "zh", "en"),
    [
        (SynthesisRequest(""), "请输入", "enter a text"),
        (SynthesisRequest("  \n"), "请输入", "enter a text"),
        (SynthesisRequest("好" * 2001), "一次最多 2000 字", "at most 2000"),
        (SynthesisRequest("好", voice="周杰伦"), "没有这个音色：周杰伦。可选：清岚、云峰。", "Allowed: 清岚, 云峰"),
        (SynthesisRequest("好", emotion="愤怒"), "没有这个情感", "Unknown emotion"),
        (SynthesisRequest("好", speed=0), "0.5 到 2.0", "between 0.5 and 2.0"),
        (SynthesisRequest("好", speed=math.nan), "语速", "Speed"),
        (SynthesisRequest("好", speed=math.inf), "语速", "Speed"),
        (SynthesisRequest("好", speed="快"), "语速", "Speed"),  # type: ignore[arg-type]
        (SynthesisRequest("好", speed=True), "语速", "Speed"),
        (SynthesisRequest(None), "请输入", "enter a text"),  # type: ignore[arg-type]
    ],
)
def test_a_request_that_cannot_be_met_is_refused_in_both_languages(
    request_: SynthesisRequest, zh: str, en: str
) -> None:
    with pytest.raises(RequestRefused) as refused:
        request_.checked(CAN)
    assert zh in refused.value.zh
    assert en in refused.value.en


def test_the_commit_comes_from_the_deployed_file_then_from_git_then_is_unknown(tmp_path: Path) -> None:
    assert commit(tmp_path) == "unknown"
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", "-C", str(tmp_path), *identity, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    head = subprocess.run(["git", "-C", str(tmp_path), "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    assert commit(tmp_path) == head.stdout.strip()
    (tmp_path / "COMMIT").write_text("0123abc\n")
    assert commit(tmp_path) == "0123abc"


def test_the_version_is_the_projects(tmp_path: Path) -> None:
    assert version() == tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert version(tmp_path) == "unknown"


def test_the_shared_folder_lies_beside_the_releases_or_where_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TTS_SHARED", raising=False)
    assert shared_folder(tmp_path / "releases" / "abc") == tmp_path / "shared"
    assert shared_folder(tmp_path / "checkout") == tmp_path / "checkout" / "shared"
    monkeypatch.setenv("TTS_SHARED", str(tmp_path / "elsewhere"))
    assert shared_folder(tmp_path / "releases" / "abc") == tmp_path / "elsewhere"


def test_both_names_of_the_port_are_understood_and_the_default_is_7860() -> None:
    assert arguments([]).server_port == 7860
    assert arguments(["--port", "7861"]).server_port == arguments(["--server_port", "7861"]).server_port == 7861
    with pytest.raises(SystemExit):
        arguments(["--server_port", "70000"])


def test_what_start_app_installs_is_what_the_project_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {*project["dependencies"], *project["optional-dependencies"]["tts"]}
    lines = (ROOT / "tts_service" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert {line for line in lines if not line.startswith("#")} <= declared


@pytest.mark.parametrize(
    "module",
    ["tts_service", "tts_service.webui", "tts_service.say", "tts_service.engines.bundled", "tts_service.text.frontend"],
)
def test_importing_costs_neither_torch_nor_gradio_nor_dictionaries(module: str) -> None:
    heavy = {"torch", "gradio", "jieba", "pypinyin", "wetext"}
    code = f"import sys, {module}; print({heavy} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert loaded.stdout.strip() == "set()"

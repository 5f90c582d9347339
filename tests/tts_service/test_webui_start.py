"""What the service's process says and does at its start, before it has loaded anything heavy."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tts_service.webui import arguments

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("重庆 chong2 qing4\n".encode("gbk"), "lexicon.txt line 1: this is not UTF-8; save the file as UTF-8"),
        ("重庆 foo9\n".encode(), "lexicon.txt line 1: '重庆' needs a reading"),
    ],
)
def test_a_lexicon_that_cannot_be_used_ends_the_start_with_one_plain_line(
    tmp_path: Path, data: bytes, told: str
) -> None:
    (tmp_path / "lexicon.txt").write_bytes(data)
    command = [sys.executable, str(ROOT / "tts_service" / "webui.py"), "--server_port", str(free_port())]
    environment = {**os.environ, "TTS_SHARED": str(tmp_path), "TTS_ENGINE": "bundled"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1
    assert f"ERROR: {told}" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "9" * 5000, ""])
def test_what_is_no_port_is_told_with_what_is(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments([f"--server_port={port}"])
    assert ended.value.code == 2
    assert "is no port: 1 to 65535" in capsys.readouterr().err

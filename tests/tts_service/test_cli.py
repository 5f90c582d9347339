"""The command tts-service: its parts, its exit codes, and that it loads only what is asked for."""

import hashlib
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tts_service import cli
from tts_service.audit import AuditLog, audit_file, head_file, records
from tts_service.engines.base import Declaration, Reference
from tts_service.mark_reading import read_mark
from tts_service.marking import new_mark, write_wav_file
from tts_service.references import admit

ROOT = Path(__file__).resolve().parents[2]
SOUND = np.zeros(2205, np.float32)


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TTS_SHARED", str(tmp_path))
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str]:
    """Exit code and output of a command, as a shell would see them."""
    try:
        code = cli.main([str(word) for word in words])
    except SystemExit as ended:
        code = int(ended.code or 0)
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def test_it_works_from_a_release_without_being_installed_and_loads_nothing_heavy() -> None:
    script = (
        "import sys, runpy\n"
        "sys.argv = ['tts-service', '--help']\n"
        "try:\n    runpy.run_module('tts_service', run_name='__main__')\n"
        "except SystemExit:\n    pass\n"
        "print(sorted({'torch', 'gradio', 'numpy', 'fastapi', 'soundfile'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
    for name in cli.COMMANDS:
        assert f"  {name} " in done.stdout


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for name in cli.COMMANDS:
        code, output = run(capsys, name, "--help")
        assert (name, code) == (name, 0)
        assert "usage:" in output


def test_an_unknown_command_and_none_end_with_two_and_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["speak"]):
        code, output = run(capsys, *words)
        assert code == 2
        assert "usage: tts-service" in output


def test_the_version_comes_with_the_commit(capsys: pytest.CaptureFixture[str]) -> None:
    code, output = run(capsys, "--version")
    assert code == 0
    assert output.startswith("tts-service 0.")
    assert " commit " in output


def test_audit_verify_says_that_all_is_in_order_and_gives_the_hash_to_keep(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = AuditLog(audit_file(shared)).append("speech.made", voice="清岚")
    code, output = run(capsys, "audit", "verify")
    assert code == 0
    assert "OK: " in output
    assert "1 records, none changed, removed, inserted or moved" in output
    assert f"head: {record.hash}" in output
    assert run(capsys, "audit", "verify", "--expect-head", record.hash)[0] == 0
    code, output = run(capsys, "audit", "verify", "--expect-head", "0" * 64)
    assert code == 1
    assert "no record has the expected hash" in output


def test_audit_verify_names_the_first_line_that_is_wrong(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = shared / "copy.jsonl"
    for _ in range(3):
        AuditLog(path).append("speech.made", voice="清岚")
    path.write_bytes(path.read_bytes().replace("清岚".encode(), "老周".encode(), 1))
    code, output = run(capsys, "audit", "verify", "--file", path)
    assert code == 1
    assert "ALTERED: " in output
    assert "line 1: record 1 was changed" in output
    assert "Traceback" not in output


def test_audit_verify_without_a_file_is_in_order_unless_something_was_expected(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "audit", "verify") == (0, f"{audit_file(shared)}: no audit file yet, nothing was recorded\n")
    assert run(capsys, "audit", "verify", "--expect-head", "0" * 64)[0] == 1


def test_audit_verify_notices_that_the_whole_file_is_gone(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    AuditLog(audit_file(shared)).append("speech.made")
    audit_file(shared).unlink()
    assert head_file(audit_file(shared)).exists()
    code, output = run(capsys, "audit", "verify")
    assert code == 1
    assert "the end was cut off" in output


def test_a_file_that_can_not_be_read_is_told(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, output = run(capsys, "audit", "verify", "--file", shared)
    assert code == 1
    assert "ERROR: " in output


def test_audit_show_prints_the_last_records_as_a_table(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "audit", "show") == (0, "no records\n")
    log = AuditLog(audit_file(shared))
    for number in range(5):
        log.append("reference.admitted", source=f"第{number}次录音", consent="张三同意", sha256="ab" * 32, seconds=3.5)
    code, output = run(capsys, "audit", "show", "-n", "2")
    lines = output.splitlines()
    assert code == 0
    assert len(lines) == 3
    assert lines[1].startswith("4 ")
    assert "source=第4次录音 consent=张三同意 seconds=3.5" in lines[2]


def test_a_record_can_not_steer_the_terminal(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    AuditLog(audit_file(shared)).append("speech.made", voice="\x1b[2J清岚\n第二行")
    output = run(capsys, "audit", "show")[1]
    assert "\x1b" not in output
    assert len(output.splitlines()) == 2


def test_a_reference_is_listed_and_forgotten(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    time = np.arange(44100) / 22050
    sound = io.BytesIO()
    soundfile.write(sound, 0.3 * np.sin(2 * np.pi * 200 * time), 22050, format="WAV")
    stated = Declaration("会议录音", "张三同意", "内部测试")
    reference = admit(sound.getvalue(), stated, shared=shared, channel="cli")

    code, output = run(capsys, "reference", "list")
    assert code == 0
    assert reference.sha256[:16] in output
    assert "会议录音  张三同意" in output
    for name in (reference.sha256[:4], "f" * 64, ""):
        assert run(capsys, "reference", "forget", name, "--reason", "张三撤回同意")[0] == 1
    assert run(capsys, "reference", "forget", reference.sha256[:12], "--reason", "无")[0] == 1
    assert reference.path.exists()

    code, output = run(capsys, "reference", "forget", reference.sha256[:12], "--reason", "张三撤回同意")
    assert (code, output) == (0, f"deleted {reference.sha256}\n")
    assert not reference.path.exists()
    assert run(capsys, "reference", "list") == (0, "")
    assert "reason=张三撤回同意" in run(capsys, "audit", "show")[1]


@pytest.mark.tts
def test_say_with_a_reference_needs_its_declaration_and_leaves_a_marked_file_and_records(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, matched = shared / "plain.wav", shared / "matched.flac"
    assert run(capsys, "say", "请把会议记录发给项目组的每一位同事。", "--voice", "老周", "-o", plain)[0] == 0
    assert run(capsys, "mark", "show", plain)[0] == 0

    asked: list[str | Path] = ["say", "你好，今天天气不错。", "-o", matched, "--reference", plain]
    code, output = run(capsys, *asked, "--source", "合成的测试录音")
    assert code == 2
    assert "请声明本人同意" in output
    assert not matched.exists()

    stated = ["--source", "合成的测试录音", "--consent", "无真人参与", "--purpose", "内部测试"]
    code, output = run(capsys, *asked, *stated)
    assert code == 0
    assert "音色匹配（近似）：老周" in output
    found = read_mark(matched)
    assert found is not None
    assert found.told["declaration"]["consent"] == "无真人参与"
    log = list(records(audit_file(shared)))
    assert [record.kind for record in log] == ["reference.admitted", "speech.made"]
    assert log[1].fields["request"] == found.aigc["ProduceID"]
    assert log[1].fields["output_sha256"] == hashlib.sha256(matched.read_bytes()).hexdigest()
    assert run(capsys, "audit", "verify")[0] == 0


def test_mark_show_tells_where_a_sound_comes_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference = Reference(tmp_path, Declaration("会议录音", "张三同意", "内部测试"), "ab" * 32)
    path = write_wav_file(SOUND, 22050, new_mark(engine="bundled", voice="清岚", reference=reference), tmp_path)
    code, output = run(capsys, "mark", "show", path)
    assert code == 0
    for expected in (
        "AI-generated",
        "清岚",
        "会议录音",
        "张三同意",
        "内部测试",
        "the samples are those that were marked",
    ):
        assert expected in output


def test_mark_show_ends_with_one_for_a_file_without_a_mark_or_with_other_samples(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = tmp_path / "plain.wav"
    soundfile.write(plain, SOUND, 22050)
    assert run(capsys, "mark", "show", plain) == (1, f"{plain}: no mark\n")

    changed = write_wav_file(SOUND, 22050, new_mark(engine="bundled", voice="清岚"), tmp_path)
    changed.write_bytes(changed.read_bytes()[:-2] + b"\x01\x00")
    code, output = run(capsys, "mark", "show", changed)
    assert code == 1
    assert "THE SAMPLES WERE CHANGED" in output
    code, output = run(capsys, "mark", "show", tmp_path / "none.wav")
    assert code == 1
    assert "can't be read" in output


def test_a_reader_that_has_seen_enough_ends_it_without_a_traceback(tmp_path: Path) -> None:
    sound = write_wav_file(SOUND, 22050, new_mark(engine="bundled", voice="清岚"), tmp_path)
    command = [sys.executable, "-m", "tts_service", "mark", "show", *[str(sound)] * 2000]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1

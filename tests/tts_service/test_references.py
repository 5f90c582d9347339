"""Reference recordings: a declaration first, a short clear recording second, everything on record."""

import io
import json
import os
import random
import stat
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tts_service.audit import AuditError, audit_file, head_file
from tts_service.audit_verify import verify
from tts_service.engines.base import Declaration, Reference, RequestRefused
from tts_service.references import LARGEST, LONGEST_STATEMENT, PURPOSE, admit, drop_leftovers, forget

STATED = Declaration("张三在三号会议室录制", "张三本人书面同意", PURPOSE)


def tone(seconds: float, rate: int = 22050, channels: int = 1) -> NDArray[np.float64]:
    """A harmonic sound of 200 Hz, (samples, channels)."""
    time = np.arange(int(seconds * rate)) / rate
    sound = 0.2 * sum(np.sin(2 * np.pi * 200 * k * time) / k for k in range(1, 8))
    return np.stack([sound] * channels, axis=1)


def encoded(
    sound: NDArray[np.float64] | NDArray[np.int16], rate: int = 22050, kind: str = "WAV", subtype: str = "PCM_16"
) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound, rate, format=kind, subtype=subtype)
    return file.getvalue()


def handed_in(data: bytes, shared: Path, stated: Declaration = STATED) -> Reference:
    return admit(data, stated, shared=shared, channel="api")


def refusal(data: bytes, shared: Path, stated: Declaration = STATED) -> RequestRefused:
    """What a refused recording is told; nothing of it may stay behind."""
    with pytest.raises(RequestRefused) as caught:
        handed_in(data, shared, stated)
    assert not (shared / "references").exists()
    assert not audit_file(shared).exists()
    return caught.value


def test_a_declared_recording_is_stored_for_the_service_alone_and_stands_in_the_audit_file(tmp_path: Path) -> None:
    reference = handed_in(encoded(tone(3.0)), tmp_path)

    assert reference.declaration == STATED
    assert stat.S_IMODE(reference.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(reference.path.parent.stat().st_mode) == 0o700
    with wave.open(str(reference.path)) as stored:
        assert (stored.getnchannels(), stored.getsampwidth(), stored.getframerate()) == (1, 2, 22050)
        assert stored.getnframes() == 3 * 22050
    record = json.loads(audit_file(tmp_path).read_text(encoding="utf-8"))
    assert record["kind"] == "reference.admitted"
    assert record["fields"]["sha256"] == reference.sha256
    assert record["fields"]["source"] == STATED.source
    assert record["fields"]["consent"] == STATED.consent
    assert record["fields"]["purpose"] == PURPOSE
    assert record["fields"]["channel"] == "api"


@pytest.mark.parametrize(
    ("stated", "zh", "en"),
    [
        (Declaration("", "张三同意", PURPOSE), "请声明来源", "Declare the source"),
        (Declaration("   ", "张三同意", PURPOSE), "请声明来源", "Declare the source"),
        (Declaration("。。。", "张三同意", PURPOSE), "请声明来源", "Declare the source"),
        (Declaration("会议录音", "", PURPOSE), "请声明本人同意", "the person's consent"),
        (Declaration("会议录音", "没有", PURPOSE), "请声明本人同意", "the person's consent"),
        (Declaration("会议录音", "None", PURPOSE), "请声明本人同意", "the person's consent"),
        (Declaration("会议录音", "没有。", PURPOSE), "请声明本人同意", "the person's consent"),
        (Declaration("会议录音", "不同意！", PURPOSE), "请声明本人同意", "the person's consent"),
        (Declaration("会议录音", "无 同意", PURPOSE), "请声明本人同意", "the person's consent"),
        (Declaration("N/A", "张三同意", PURPOSE), "请声明来源", "Declare the source"),
        (Declaration("会议录音", "张三同意", ""), "只能用于“内部测试”", "internal tests"),
        (Declaration("会议录音", "张三同意", "对外发布"), "只能用于“内部测试”", "internal tests"),
        (
            Declaration("会" * (LONGEST_STATEMENT + 1), "张三同意", PURPOSE),
            "声明太长：201 字，最多 200 字",
            "at most 200",
        ),
        (Declaration("会议\n录音", "张三同意", PURPOSE), "控制字符", "control characters"),
        (Declaration("会议录音", "张三\x1b[31m同意", PURPOSE), "控制字符", "control characters"),
        (Declaration("会议录音\ud800", "张三同意", PURPOSE), "控制字符", "control characters"),
        (Declaration("会议\u202e录音", "张三同意", PURPOSE), "控制字符", "control characters"),
        (Declaration(None, 3, b"x"), "请声明来源", "Declare the source"),  # type: ignore[arg-type]
    ],
)
def test_without_a_full_declaration_nothing_is_taken(tmp_path: Path, stated: Declaration, zh: str, en: str) -> None:
    refused = refusal(encoded(tone(3.0)), tmp_path, stated)
    assert zh in refused.zh
    assert en in refused.en
    assert refused.param == "declaration"


@pytest.mark.parametrize(
    ("kind", "subtype", "rate", "channels"),
    [
        ("WAV", "PCM_16", 22050, 1),
        ("WAV", "PCM_U8", 22050, 1),
        ("WAV", "PCM_24", 96000, 2),
        ("WAV", "FLOAT", 44100, 1),
        ("WAV", "ULAW", 8000, 1),
        ("FLAC", "PCM_16", 16000, 1),
        ("OGG", "VORBIS", 44100, 2),
        ("OGG", "OPUS", 48000, 1),
        ("MP3", "MPEG_LAYER_III", 44100, 1),
    ],
)
def test_every_common_file_becomes_the_same_plain_wav(
    tmp_path: Path, kind: str, subtype: str, rate: int, channels: int
) -> None:
    reference = handed_in(encoded(tone(2.0, rate, channels), rate, kind, subtype), tmp_path)

    sound, stored_rate = soundfile.read(reference.path)
    assert (stored_rate, sound.ndim) == (22050, 1)
    assert abs(len(sound) / stored_rate - 2.0) < 0.1
    expected = tone(2.0)[:, 0]
    middle = slice(11025, 33075)
    spectra = [np.abs(np.fft.rfft(each[middle] * np.hanning(22050))) for each in (sound, expected)]
    assert int(np.argmax(spectra[0])) == int(np.argmax(spectra[1])) == 200
    assert 0.9 < np.linalg.norm(spectra[0]) / np.linalg.norm(spectra[1]) < 1.1


def _float_wav(value: float) -> bytes:
    sound = tone(2.0)
    sound[500] = value
    return encoded(sound, subtype="FLOAT")


@pytest.mark.parametrize(
    ("data", "zh"),
    [
        pytest.param(b"", "没有收到", id="nothing"),
        pytest.param("这是一段文字，不是声音。".encode() * 100, "不是可识别的音频文件", id="text"),
        pytest.param(b"\x7fELF" + bytes(4000), "不是可识别的音频文件", id="a program"),
        pytest.param(b"RIFF\xff\xff\xff\x7fWAVEfmt " + b"\xff" * 300, "已损坏", id="a wav's head and then junk"),
        pytest.param(b"ID3\x04" + bytes(100), "已损坏", id="an mp3's tag alone"),
        pytest.param(encoded(tone(3.0), kind="FLAC")[:3000], "已损坏", id="a cut flac"),
        pytest.param(encoded(tone(0.1)), "太短：0.10 秒", id="0.1 s"),
        pytest.param(encoded(tone(16.0)), "太长：16.0 秒", id="16 s"),
        pytest.param(encoded(np.zeros(600 * 8000, np.int16), 8000), "太长：600.0 秒", id="10 minutes"),
        pytest.param(encoded(tone(30.0, 44100), 44100, "MP3", "MPEG_LAYER_III"), "太长", id="30 s of mp3"),
        pytest.param(encoded(np.zeros((44100, 1))), "几乎没有声音", id="silence"),
        pytest.param(encoded(np.full((44100, 1), 0.5)), "几乎没有声音", id="a constant"),
        pytest.param(_float_wav(float("nan")), "NaN", id="NaN"),
        pytest.param(_float_wav(float("inf")), "NaN", id="infinite"),
        pytest.param(encoded(tone(2.0, channels=6)), "6 个声道", id="six channels"),
        pytest.param(encoded(tone(2.0, 4000), 4000), "4000 Hz", id="4 kHz"),
        pytest.param(encoded(tone(2.0), kind="AIFF"), "不是可识别的音频文件", id="aiff"),
        pytest.param(b"RIFF" + bytes(LARGEST), "文件太大：20.0 MB", id="too many bytes"),
    ],
)
def test_what_is_no_short_clear_recording_is_refused_with_what_is_allowed(tmp_path: Path, data: bytes, zh: str) -> None:
    refused = refusal(data, tmp_path)
    assert zh in refused.zh
    assert "1 至 15 秒" in refused.zh
    assert "1 to 15 seconds" in refused.en
    assert refused.param == "reference"


def test_a_small_file_that_unpacks_to_an_hour_is_refused_from_its_head(tmp_path: Path) -> None:
    hour = encoded(np.zeros(3600 * 8000, np.int16), 8000, "FLAC")
    assert len(hour) < 150_000
    assert "太长：3600.0 秒" in refusal(hour, tmp_path).zh


def test_a_head_that_promises_less_than_there_is_does_not_get_more_through(tmp_path: Path) -> None:
    data = bytearray(encoded(tone(30.0), kind="FLAC"))
    stream = 4 + 4 + 10  # marker, block header, then sample rate and length within STREAMINFO
    data[stream + 3] &= 0xF0
    data[stream + 4 : stream + 8] = (0).to_bytes(4, "big")  # "length unknown"
    refused = refusal(bytes(data), tmp_path)
    assert "1 至 15 秒" in refused.zh


def test_files_altered_at_random_are_taken_or_refused_and_nothing_else(tmp_path: Path) -> None:
    chance = random.Random(7)
    kinds = [("WAV", "PCM_16"), ("WAV", "MS_ADPCM"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")]
    whole = [encoded(tone(1.2), 22050, kind, subtype) for kind, subtype in kinds]
    taken, told = 0, []
    for _ in range(250):
        data = bytearray(chance.choice(whole))
        for _ in range(chance.choice((1, 5, 30))):
            place = chance.randrange(min(len(data), chance.choice((64, 400, len(data)))))
            data[place : place + chance.randrange(3)] = chance.randbytes(chance.randrange(4))
        try:
            handed_in(bytes(data), tmp_path)
            taken += 1
        except RequestRefused as refused:
            told.append(refused.zh)
    assert 10 < taken < 240
    assert all("1 至 15 秒" in sentence for sentence in told)


def test_channels_that_cancel_each_other_out_are_heard_all_the_same(tmp_path: Path) -> None:
    sound = tone(2.0, channels=2)
    sound[:, 1] *= -1
    stored, _ = soundfile.read(handed_in(encoded(sound), tmp_path).path)
    assert np.sqrt(np.mean(stored**2)) > 0.05


def test_a_loud_float_recording_is_scaled_not_clipped(tmp_path: Path) -> None:
    stored, _ = soundfile.read(handed_in(encoded(tone(2.0) * 50, subtype="FLOAT"), tmp_path).path)
    assert 0.99 < np.abs(stored).max() <= 1.0
    assert np.count_nonzero(np.abs(stored) > 0.98) < len(stored) * 0.1


def test_the_same_file_again_is_one_recording_and_a_second_record(tmp_path: Path) -> None:
    data = encoded(tone(2.0))
    first = handed_in(data, tmp_path)
    second = handed_in(data, tmp_path, Declaration("另一次说明", "张三再次同意", PURPOSE))

    assert first.path == second.path
    assert len(list((tmp_path / "references").iterdir())) == 1
    lines = audit_file(tmp_path).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["fields"]["source"] for line in lines] == [STATED.source, "另一次说明"]


def test_what_a_kill_left_of_a_recording_goes_and_one_that_is_being_stored_stays(tmp_path: Path) -> None:
    folder = tmp_path / "references"
    drop_leftovers(tmp_path)
    folder.mkdir()
    left, fresh = folder / ".part-left", folder / ".part-fresh"
    for path in (left, fresh):
        path.write_bytes(b"RIFF")
    os.utime(left, (1000, 1000))
    drop_leftovers(tmp_path)
    assert list(folder.iterdir()) == [fresh]


def test_what_can_not_be_put_on_record_is_not_kept(tmp_path: Path) -> None:
    audit_file(tmp_path).parent.mkdir()
    head_file(audit_file(tmp_path)).write_text("7 " + "0" * 64 + "\n", encoding="ascii")

    with pytest.raises(AuditError, match="does not agree with its head"):
        handed_in(encoded(tone(2.0)), tmp_path)
    assert list((tmp_path / "references").iterdir()) == []


def test_a_recording_whose_consent_is_withdrawn_is_deleted_and_that_goes_on_record(tmp_path: Path) -> None:
    reference = handed_in(encoded(tone(2.0)), tmp_path)
    with pytest.raises(ValueError, match="Declare the reason"):
        forget(reference.sha256, shared=tmp_path, reason=" ")
    assert reference.path.exists()

    forget(reference.sha256, shared=tmp_path, reason="张三撤回同意")

    assert not reference.path.exists()
    last = json.loads(audit_file(tmp_path).read_text(encoding="utf-8").splitlines()[-1])
    assert last["kind"] == "reference.deleted"
    assert last["fields"] == {"sha256": reference.sha256, "reason": "张三撤回同意"}
    assert verify(audit_file(tmp_path)).ok
    with pytest.raises(FileNotFoundError):
        forget(reference.sha256, shared=tmp_path, reason="张三撤回同意")


def test_outer_blanks_of_a_declaration_do_not_matter(tmp_path: Path) -> None:
    reference = handed_in(encoded(tone(2.0)), tmp_path, Declaration(" 会议录音 ", "\t张三同意\n", f" {PURPOSE}\n"))
    assert reference.declaration == Declaration("会议录音", "张三同意", PURPOSE)


def test_a_channel_is_a_plain_word(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no channel"):
        admit(encoded(tone(2.0)), STATED, shared=tmp_path, channel="API\n")

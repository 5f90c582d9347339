"""Every export says that a machine made it, and carries what was declared; the mark can be read back."""

import io
import json
import subprocess
import wave
from pathlib import Path
from shutil import which

import numpy as np
import pytest
import soundfile

from tts_service import marking
from tts_service.engines.base import Declaration, Reference
from tts_service.mark_reading import read_mark
from tts_service.marking import Mark, new_mark

SOUND = (0.3 * np.sin(np.arange(22051) / 10)).astype(np.float32)
REFERENCE = Reference(
    Path("x.wav"), Declaration("张三在三号会议室录制“样音”", "张三本人书面同意\\编号7", "内部测试"), "ab" * 32
)


@pytest.fixture
def mark() -> Mark:
    return new_mark(engine="bundled", voice="清岚", reference=REFERENCE, matching="音色匹配（近似）：清岚")


def chunks(data: bytes) -> dict[bytes, bytes]:
    found, at = {}, 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        found[data[at : at + 4]] = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return found


def test_the_mark_has_the_seven_fields_of_the_standard_in_its_characters(mark: Mark) -> None:
    fields = json.loads(mark.aigc())["AIGC"]
    assert list(fields) == [
        "Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2",
    ]  # fmt: skip
    assert fields["Label"] == "1"
    assert fields["ContentPropagator"] == fields["ContentProducer"] == "tts-service"
    assert fields["PropagateID"] == fields["ProduceID"] == mark.produce_id
    assert all(0x21 <= ord(character) <= 0x7E for value in fields.values() for character in value)


def test_a_marked_wav_is_an_ordinary_wav_to_everybody_else(mark: Mark, tmp_path: Path) -> None:
    data = marking.write_wav(SOUND, 22050, mark)

    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 22050)
        assert file.readframes(file.getnframes()) == marking.pcm16(SOUND)
    sound, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    assert rate == 22050
    assert np.abs(sound - SOUND).max() < 1e-4
    if which("soxi"):
        (tmp_path / "x.wav").write_bytes(data)
        told = subprocess.run(["soxi", "-s", tmp_path / "x.wav"], capture_output=True, text=True, check=True)
        assert (told.stdout.strip(), told.stderr) == ("22051", "")


def test_a_wav_carries_the_standards_chunk_and_texts_for_players(mark: Mark) -> None:
    found = chunks(marking.write_wav(SOUND, 22050, mark))
    assert json.loads(found[b"AIGC"])["AIGC"]["Label"] == "1"
    listed = found[b"LIST"].decode("utf-8", "replace")
    assert marking.TITLE in listed
    assert marking.NOTICE in listed
    assert "参考音频来源：张三在三号会议室录制“样音”；本人同意：张三本人书面同意\\编号7；用途：内部测试。" in listed


def test_the_declaration_travels_in_a_wav_and_comes_back_in_chinese(mark: Mark, tmp_path: Path) -> None:
    path = marking.write_wav_file(SOUND, 22050, mark, tmp_path / "出 口")
    found = read_mark(path)
    assert found is not None
    assert found.intact
    assert found.aigc["ProduceID"] == mark.produce_id
    assert found.told["voice"] == "清岚"
    assert found.told["matching"] == "音色匹配（近似）：清岚"
    assert found.told["declaration"] == {
        "source": REFERENCE.declaration.source, "consent": REFERENCE.declaration.consent, "purpose": "内部测试",
    }  # fmt: skip
    assert found.told["reference_sha256"] == REFERENCE.sha256


def test_two_files_of_one_folder_never_share_a_name(mark: Mark, tmp_path: Path) -> None:
    assert marking.write_wav_file(SOUND, 22050, mark, tmp_path) != marking.write_wav_file(SOUND, 22050, mark, tmp_path)


def test_speech_without_a_reference_is_marked_all_the_same(tmp_path: Path) -> None:
    path = marking.write_wav_file(SOUND, 22050, new_mark(engine="bundled", voice="云峰"), tmp_path)
    found = read_mark(path)
    assert found is not None
    assert found.aigc["Label"] == "1"
    assert "declaration" not in found.told
    assert "matching" not in found.told


def test_changed_samples_are_noticed(mark: Mark, tmp_path: Path) -> None:
    path = marking.write_wav_file(SOUND, 22050, mark, tmp_path)
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    found = read_mark(path)
    assert found is not None
    assert found.intact is False


def test_a_streamed_wav_is_marked_from_its_first_byte(mark: Mark, tmp_path: Path) -> None:
    path = tmp_path / "stream.wav"
    path.write_bytes(marking.wav_head(22050, mark) + marking.pcm16(SOUND))
    found = read_mark(path)
    assert found is not None
    assert found.intact is None
    assert found.told["declaration"]["purpose"] == "内部测试"
    assert soundfile.info(path).frames == len(SOUND)


@pytest.mark.parametrize(
    ("kind", "subtype", "rate"), [("FLAC", "PCM_16", 22050), ("OGG", "VORBIS", 22050), ("OGG", "OPUS", 24000)]
)
def test_flac_and_ogg_carry_it_as_tags(mark: Mark, tmp_path: Path, kind: str, subtype: str, rate: int) -> None:
    path = tmp_path / "x"
    with soundfile.SoundFile(path, "w", rate, 1, format=kind, subtype=subtype) as file:
        for name, text in marking.tags(mark).items():
            setattr(file, name, text)
        file.write(SOUND)

    found = read_mark(path)
    assert found is not None
    assert found.aigc["ProduceID"] == mark.produce_id
    assert found.told["declaration"]["consent"] == REFERENCE.declaration.consent
    with soundfile.SoundFile(path) as file:
        assert file.title == marking.TITLE
        assert file.copyright == mark.sentence()


def test_the_longest_declaration_fits_everywhere(tmp_path: Path) -> None:
    stated = Declaration("源" * 200, "同" * 200, "内部测试")
    mark = new_mark(engine="bundled", voice="清岚", reference=Reference(Path("x"), stated, "cd" * 32))
    path = tmp_path / "x.flac"
    with soundfile.SoundFile(path, "w", 22050, 1, format="FLAC") as file:
        for name, text in marking.tags(mark).items():
            setattr(file, name, text)
        file.write(SOUND)
    mp3 = tmp_path / "x.mp3"
    mp3.write_bytes(marking.id3(mark))
    for each in (path, mp3, marking.write_wav_file(SOUND, 22050, mark, tmp_path)):
        found = read_mark(each)
        assert found is not None
        assert found.told["declaration"]["source"] == stated.source


def test_mp3_carries_it_in_utf8_and_still_plays(mark: Mark, tmp_path: Path) -> None:
    file = io.BytesIO()
    soundfile.write(file, SOUND, 22050, format="MP3")
    path = tmp_path / "x.mp3"
    path.write_bytes(marking.id3(mark) + file.getvalue())

    found = read_mark(path)
    assert found is not None
    assert found.told["declaration"]["source"] == REFERENCE.declaration.source
    with soundfile.SoundFile(path) as opened:
        assert opened.title == marking.TITLE
        assert opened.frames >= len(SOUND)


def test_headers_are_plain_ascii(mark: Mark) -> None:
    headers = marking.headers(mark)
    assert json.loads(headers["X-AIGC"])["AIGC"]["Label"] == "1"
    assert all(value.isascii() and "\n" not in value for value in headers.values())


def test_an_operator_sets_the_producers_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTS_PRODUCER", "001191310000MA1FL00X5T10001")
    mark = new_mark(engine="bundled", voice="清岚")
    assert json.loads(mark.aigc())["AIGC"]["ContentProducer"] == "001191310000MA1FL00X5T10001"


@pytest.mark.parametrize("producer", ["某公司", "a b", 'a"b', "a\\b", "x" * 65])
def test_a_producer_that_the_standard_does_not_allow_is_refused(monkeypatch: pytest.MonkeyPatch, producer: str) -> None:
    monkeypatch.setenv("TTS_PRODUCER", producer)
    with pytest.raises(ValueError, match="TTS_PRODUCER"):
        new_mark(engine="bundled", voice="清岚")


def test_a_number_given_from_outside_is_checked_too() -> None:
    assert new_mark(engine="b", voice="v", produce_id="req-1").produce_id == "req-1"
    with pytest.raises(ValueError, match="produce_id"):
        new_mark(engine="b", voice="v", produce_id="req\r\nSet-Cookie: x")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"RIFF\xff\xff\xff\xffWAVELIST\xff\xff\xff\xffINFO",
        b"RIFF\x00\x00\x00\x00WAVEAIGC\x05\x00\x00\x00[1,2]",
        b"RIFF\x00\x00\x00\x00WAVEAIGC\x0a\x00\x00\x00" + b'{"AIGC":1}',
        b"RIFF\x00\x00\x00\x00WAVEAIGC\x50\xc3\x00\x00" + b"[" * 50000,
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7fTXXX\x7f\x7f\x7f\x7f\x00\x00\x03MARK\x00{}",
        b"ID3\x03\x00\x00\x00\x00\x00\x0aTXXX",
        b"fLaC" + b"\xff" * 100,
        bytes(range(256)) * 10,
    ],
)
def test_a_file_without_a_mark_or_with_a_broken_one_has_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x").write_bytes(data)
    assert read_mark(tmp_path / "x") is None


def test_a_wav_made_elsewhere_has_no_mark(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", SOUND, 22050)
    assert read_mark(tmp_path / "x.wav") is None

"""What the shipped voice does."""

import json
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tts_service.models.store import MANIFEST, VOCODER, VoiceError
from tts_service.models.symbols import ARPABET_CONSONANTS, ARPABET_VOWELS, SYLLABLES
from tts_service.models.voice import CHUNK, Voice
from tts_service.training.pitch import track

pytestmark = pytest.mark.tts

GREETING = ["ni3", "hao3", "#1", "huan1", "ying2", "#1", "shi3", "yong4", "#2", "yu3", "yin1", "#1", "fu2", "wu4", "#4"]
WEATHER = ["jin1", "tian1", "#1", "tian1", "qi4", "#2", "hen3", "#1", "bu4", "cuo4", "#4"]
CPU = ["en:S", "en:IY1", "#1", "en:P", "en:IY1", "#1", "en:Y", "en:UW1"]

Sound = npt.NDArray[np.float32]


def say(voice: Voice, units: Sequence[str], **how: object) -> Sound:
    options: dict[str, object] = {"speaker": voice.speakers[0], "emotion": "中性", **how}
    return voice.synthesize(units, **options)  # type: ignore[arg-type]


def contour(voice: Voice, syllable: str) -> npt.NDArray[np.floating]:
    """The pitch, in semitones, of a syllable between two level ones."""
    units = ["ma1", syllable, "ma1", "#4"]
    score = voice.score(units, speaker=voice.speakers[0], emotion="中性")
    sound = next(voice.sound(score))
    ends = np.cumsum(score.durations.numpy())
    begin, end = int(ends[2]), int(ends[4])  # silence, m, a1 | m, a?
    pitch = track(sound, lowest=95)[begin:end]
    return 12 * np.log2(pitch[pitch > 0])


def test_different_text_gives_different_speech(voice: Voice) -> None:
    first, second = say(voice, GREETING), say(voice, WEATHER)
    length = min(len(first), len(second))
    assert abs(len(first) - len(second)) > 1000
    assert np.corrcoef(np.abs(first[:length]), np.abs(second[:length]))[0, 1] < 0.5


def test_the_same_arguments_give_the_same_sound(voice: Voice) -> None:
    np.testing.assert_array_equal(say(voice, GREETING), say(voice, GREETING))
    assert not np.array_equal(say(voice, GREETING), say(voice, GREETING, seed=1))


def test_a_sentence_has_the_length_and_level_of_speech(voice: Voice) -> None:
    sound = say(voice, GREETING)
    assert voice.sample_rate == 22050
    assert sound.dtype == np.float32
    assert 1.5 < len(sound) / voice.sample_rate < 5.0  # ten syllables
    assert 0.02 < float(np.sqrt(np.mean(sound**2))) < 0.3


def test_tones_can_be_seen_in_the_pitch(voice: Voice) -> None:
    level, rising, falling = (contour(voice, f"ma{tone}") for tone in "124")
    assert np.ptp(level[2:-2]) < 3.0
    assert rising[-3:].mean() - rising.min() > 1.0
    assert falling.max() - falling[-3:].mean() > 2.0
    assert contour(voice, "ma3").mean() < level.mean() - 2.0


def test_a_question_ends_higher_than_a_statement(voice: Voice) -> None:
    ends = []
    for boundary in ("#4", "#?"):
        score = voice.score(["ta1", "lai2", "ma1", boundary], speaker=voice.speakers[0], emotion="中性")
        voiced = np.flatnonzero(score.voiced[0].numpy())
        ends.append(score.pitch[0].numpy()[voiced[-10:]].mean())
    assert ends[1] > ends[0] + 2 * np.log(2) / 12


def test_speed_changes_the_duration(voice: Voice) -> None:
    lengths = [len(say(voice, GREETING, speed=speed)) for speed in (0.5, 0.8, 1.0, 1.25, 2.0)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] / lengths[2] == pytest.approx(2.0, rel=0.15)
    assert lengths[4] / lengths[2] == pytest.approx(0.5, rel=0.15)


def test_speakers_and_emotions_sound_different(voice: Voice) -> None:
    assert len(voice.speakers) >= 6
    assert voice.emotions == ("中性", "开心", "悲伤", "生气", "严肃", "温柔")

    def register(**how: str) -> float:
        score = voice.score(GREETING, **{"speaker": voice.speakers[0], "emotion": "中性", **how})  # type: ignore[arg-type]
        return float(score.pitch[score.voiced > 0].mean())

    speakers = [register(speaker=name) for name in voice.speakers]
    assert max(speakers) - min(speakers) > np.log(1.7)  # more than nine semitones between the highest and the lowest
    assert register(emotion="开心") > register(emotion="中性") > register(emotion="悲伤")
    assert len(say(voice, GREETING, emotion="悲伤")) > len(say(voice, GREETING, emotion="生气"))


def test_intensity_moves_between_neutral_and_the_emotion(voice: Voice) -> None:
    np.testing.assert_array_equal(say(voice, GREETING, emotion="悲伤", intensity=0.0), say(voice, GREETING))
    lengths = [len(say(voice, GREETING, emotion="悲伤", intensity=x)) for x in (0.0, 0.5, 1.0)]
    assert lengths[0] < lengths[1] < lengths[2]


@pytest.mark.parametrize("emotion", ["生气", "开心", "中性"])
def test_nothing_clips_whoever_speaks(voice: Voice, emotion: str) -> None:
    for speaker in voice.speakers:
        sound = say(voice, GREETING, speaker=speaker, emotion=emotion)
        assert np.isfinite(sound).all()
        assert float(np.abs(sound).max()) < 1.0


def test_pauses_are_silent(voice: Voice) -> None:
    units = ["hao3", "#3", "hao3", "#4"]
    score = voice.score(units, speaker=voice.speakers[0], emotion="中性")
    sound = next(voice.sound(score))
    closed = np.repeat(score.open[0].numpy() == 0, 256)
    assert closed.mean() > 0.1
    assert float(np.abs(sound[closed]).max()) < 10 ** (-60 / 20)


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("int8", 0.05)])
def test_a_stream_is_the_same_sound_in_pieces(folder: Path, precision: str, tolerance: float) -> None:
    voice = Voice.load(folder, precision=precision)
    score = voice.score(GREETING + WEATHER, speaker=voice.speakers[0], emotion="中性")
    pieces = list(voice.sound(score, chunk=CHUNK))
    assert len(pieces) > 2
    assert len(pieces[0]) < voice.sample_rate / 2
    whole = say(voice, GREETING + WEATHER)
    # 8 bits are dealt out over the range of each piece, so theirs differ by a few hundredths
    assert np.sqrt(np.mean((np.concatenate(pieces) - whole) ** 2)) < tolerance * np.sqrt(np.mean(whole**2))


def test_english_and_single_syllables_are_spoken(voice: Voice) -> None:
    for units in (CPU, ["hao3"], ["a5", "#4"], ["en:AY1"], ["wo3", "#1", *CPU, "#4"]):
        sound = say(voice, units)
        assert float(np.abs(sound).max()) > 0.02, units


def test_every_known_unit_can_be_spoken(voice: Voice) -> None:
    units = [syllable + "12345"[index % 5] for index, syllable in enumerate(SYLLABLES)]
    units += [
        f"en:{phone}"
        for pair in zip(ARPABET_CONSONANTS, ARPABET_VOWELS * 2, strict=False)
        for phone in (pair[0], pair[1] + "1")
    ]
    for start in range(0, len(units), 60):
        sound = say(voice, units[start : start + 60])
        assert np.isfinite(sound).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"speaker": "nobody"}, "unknown speaker"),
        ({"emotion": "困惑"}, "unknown emotion"),
        ({"speed": 0.0}, "speed"),
        ({"speed": float("nan")}, "speed"),
        ({"speed": 9.0}, "speed"),
        ({"intensity": -1.0}, "intensity"),
        ({"intensity": float("nan")}, "intensity"),
    ],
)
def test_what_the_voice_does_not_know_is_refused(voice: Voice, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        say(voice, GREETING, **changes)


def test_an_unknown_unit_and_an_empty_list_are_refused(voice: Voice) -> None:
    with pytest.raises(ValueError, match="unknown unit 'foo9'"):
        say(voice, ["ni3", "foo9"])
    with pytest.raises(ValueError, match="nothing to say"):
        say(voice, [])


def test_loading_touches_no_network(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the voice opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    assert Voice.load(folder).speakers


def test_altered_cut_and_missing_weights_are_refused(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "voice"
    shutil.copytree(folder, copy)
    weights = copy / VOCODER
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(VoiceError, match="SHA-256"):
        Voice.load(copy)
    weights.write_bytes(whole[:-100])
    with pytest.raises(VoiceError, match="bytes instead of"):
        Voice.load(copy)
    weights.unlink()
    with pytest.raises(VoiceError, match="missing"):
        Voice.load(copy)
    (copy / MANIFEST).write_text("{")
    with pytest.raises(VoiceError, match="manifest"):
        Voice.load(copy)


def test_the_voice_is_small_enough_for_the_repository(folder: Path) -> None:
    listed = json.loads((folder / MANIFEST).read_text("utf-8"))["files"]
    assert sum(entry["size"] for entry in listed.values()) < 12_000_000


def test_eight_bits_say_the_same(folder: Path) -> None:
    exact = Voice.load(folder, precision="float32").synthesize(WEATHER, speaker="清岚", emotion="中性")
    quick = Voice.load(folder, precision="int8").synthesize(WEATHER, speaker="清岚", emotion="中性")
    assert len(quick) == len(exact)  # durations and pitch are left as they are
    error = np.sqrt(np.mean((quick - exact) ** 2)) / np.sqrt(np.mean(exact**2))
    assert error < 0.1

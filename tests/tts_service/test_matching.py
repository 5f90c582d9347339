"""音色匹配（近似）: the nearest voice is found, bent towards the recording, and nobody calls it cloning."""

import io
import subprocess
from dataclasses import replace
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tts_service.engines.base import Declaration, Reference, RequestRefused, SynthesisRequest
from tts_service.engines.bundled import SHIPPED, BundledEngine
from tts_service.references import PURPOSE, admit, forget
from tts_service.text.frontend import FrontEnd

if TYPE_CHECKING:
    from tts_service.matching.profile import Profile
    from tts_service.models.voice import Voice

pytestmark = pytest.mark.tts
Sound = NDArray[np.float32]
STATED = Declaration("合成的测试录音，没有真人", "无真人，测试人员同意", PURPOSE)
UNSEEN = "请把会议记录发给项目组的每一位同事，明天上午十点以前回复。"
SPOKEN = "新版本的发布说明已经写好，请您抽空看一看。"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def voice() -> "Voice":
    """The bundled voice by itself, beside the engine."""
    from tts_service.models.voice import Voice

    return Voice.load(next(SHIPPED.glob("*/manifest.json")).parent)


@pytest.fixture(scope="module")
def engine(shared: Path) -> BundledEngine:
    made = BundledEngine(shared, device="cpu", say=lambda line: None)
    made.load()
    return made


def recorded(sound: Sound, shared: Path, rate: int = 22050) -> Reference:
    file = io.BytesIO()
    soundfile.write(file, sound, rate, format="WAV")
    return admit(file.getvalue(), STATED, shared=shared, channel="test")


def said(engine: BundledEngine, text: str, **how: object) -> Sound:
    return engine.synthesize(replace(SynthesisRequest(text), **how)).samples  # type: ignore[arg-type]


def measured(sound: Sound) -> "Profile":
    from tts_service.matching.profile import profile

    found = profile(sound)
    assert found is not None
    return found


def stranger(variant: str, shared: Path, pace: int = 165) -> Reference:
    """A speaker that the voice has never met: a variant of Debian's espeak-ng that its teacher doesn't use."""
    if which("espeak-ng") is None:
        pytest.skip("needs espeak-ng to speak with voices that are not ours")
    path = shared / f"{variant}.wav"
    subprocess.run(["espeak-ng", "-v", f"cmn+{variant}", "-s", str(pace), "-w", path, UNSEEN], check=True, timeout=30)
    return admit(path.read_bytes(), STATED, shared=shared, channel="test")


def test_each_of_our_own_voices_is_recognised_from_a_sentence_that_was_not_measured(
    engine: BundledEngine, shared: Path
) -> None:
    for voice in engine.capabilities.voices:
        found = engine.match(recorded(said(engine, UNSEEN, voice=voice), shared))
        assert found.voice == voice
        assert abs(found.semitones) < 1.0
        assert 0.9 < found.speed < 1.15
        assert found.warp == 1.0


def test_a_stranger_is_matched_nearer_than_by_any_voice_as_it_is(engine: BundledEngine, shared: Path) -> None:
    from tts_service.matching.profile import colour_distance, semitones

    default = measured(said(engine, SPOKEN))
    before, after = [], []
    for variant in ("f1", "f4", "m2", "m5"):
        reference = stranger(variant, shared)
        heard = measured(soundfile.read(reference.path, dtype="float32")[0])
        found = engine.match(reference)
        plain = measured(said(engine, SPOKEN, voice=found.voice))
        bent = measured(said(engine, SPOKEN, reference=reference))

        assert colour_distance(bent, heard) < colour_distance(plain, heard)
        before.append(colour_distance(default, heard))
        after.append(colour_distance(bent, heard))
        assert abs(semitones(bent.pitch, heard.pitch)) < 1.5
        assert abs(bent.pace / heard.pace - 1) < 0.15
    assert np.mean(after) < 0.75 * np.mean(before)


def test_a_shifted_voice_is_followed(engine: BundledEngine, voice: "Voice", shared: Path) -> None:
    units = FrontEnd().read(UNSEEN).sentences[0].units
    higher = voice.synthesize(units, speaker="云峰", emotion="中性", semitones=3.0)
    found = engine.match(recorded(higher, shared))
    assert found.voice == "云峰"
    assert 2.0 < found.semitones < 4.0


def test_a_slow_and_a_quick_speaker_change_the_pace(engine: BundledEngine, shared: Path) -> None:
    paces = [engine.match(recorded(said(engine, UNSEEN, speed=speed), shared)).speed for speed in (0.75, 1.0, 1.4)]
    assert paces[0] < 0.9
    assert 0.9 < paces[1] < 1.15
    assert paces[2] > 1.15


def test_a_telephone_recording_is_matched_by_what_it_holds(engine: BundledEngine, shared: Path) -> None:
    from tts_service.score.resample import resample

    narrow = resample(said(engine, UNSEEN, voice="石磊"), 22050, 8000)
    found = engine.match(recorded(narrow, shared, 8000))
    assert found.voice == "石磊"
    assert max(map(abs, found.gains)) < 12.0


def test_the_same_recording_gives_the_same_match_to_another_matcher(
    engine: BundledEngine, voice: "Voice", shared: Path
) -> None:
    from tts_service.matching.matcher import Matcher

    reference = recorded(said(engine, UNSEEN, voice="小禾", speed=1.2), shared)
    assert Matcher(voice).match(reference) == engine.match(reference)


def test_a_stream_is_the_same_sound_in_pieces(engine: BundledEngine, shared: Path) -> None:
    reference = recorded(said(engine, UNSEEN, voice="老周", speed=1.2), shared)
    request = SynthesisRequest(SPOKEN, reference=reference, seed=3)
    whole = engine.synthesize(request)
    stream = engine.stream(request)
    pieces = list(stream.chunks)

    assert len(pieces) > 3
    assert np.array_equal(np.concatenate(pieces), whole.samples)
    assert (stream.voice, stream.matching, stream.reference) == (whole.voice, whole.matching, reference)


def test_the_answer_names_voice_and_approximation_and_never_a_clone(engine: BundledEngine, shared: Path) -> None:
    reference = recorded(said(engine, UNSEEN, voice="若溪"), shared)
    speech = engine.synthesize(SynthesisRequest(SPOKEN, voice="老周", reference=reference))

    assert speech.voice == "若溪"
    assert speech.matching.startswith("音色匹配（近似）：若溪，音高")
    assert "克隆" not in speech.matching
    assert speech.reference == reference
    assert engine.capabilities.matching
    assert not engine.capabilities.cloning
    assert engine.synthesize(SynthesisRequest("你好。")).matching == ""


def test_bent_speech_keeps_its_level_and_is_not_clipped(engine: BundledEngine, shared: Path) -> None:
    reference = stranger("m8", shared)
    found = engine.match(reference)
    plain, bent = said(engine, SPOKEN, voice=found.voice), said(engine, SPOKEN, reference=reference)
    levels = [float(np.sqrt(np.mean(sound**2))) for sound in (plain, bent)]
    assert 0.6 < levels[1] / levels[0] < 1.6
    assert np.abs(bent).max() < 0.99


@pytest.mark.parametrize("what", ["noise", "a click track", "a low hum", "a held tone", "a whistle"])
def test_a_recording_without_a_voice_is_refused(engine: BundledEngine, shared: Path, what: str) -> None:
    time = np.arange(3 * 22050) / 22050
    sounds = {
        "noise": np.random.default_rng(1).normal(0, 0.1, len(time)),
        "a click track": (np.arange(len(time)) % 5000 < 40) * 0.5,
        "a held tone": 0.3 * np.sign(np.sin(2 * np.pi * 150 * time)),
        "a whistle": 0.3 * np.sin(2 * np.pi * 1000 * time),
        "a low hum": 0.3 * np.sin(2 * np.pi * 20 * time),
    }
    sound = sounds[what].astype(np.float32)
    with pytest.raises(RequestRefused, match=r"听不出人声|几乎没有声音") as refused:
        engine.synthesize(SynthesisRequest(SPOKEN, reference=recorded(sound, shared)))
    assert "recording" in refused.value.en


def test_a_recording_that_was_removed_is_asked_for_again(engine: BundledEngine, shared: Path) -> None:
    reference = recorded(said(engine, UNSEEN, speed=1.3), shared)
    assert engine.match(reference).voice == "清岚"
    forget(reference.sha256, shared=shared, reason="本人撤回同意")
    with pytest.raises(RequestRefused, match="请重新上传"):
        engine.synthesize(SynthesisRequest(SPOKEN, reference=reference))


def test_bending_by_nothing_changes_nothing() -> None:
    from tts_service.matching.match import warping

    assert np.array_equal(warping(1.0), np.eye(80, dtype=np.float32))
    assert np.allclose(warping(1.2).sum(axis=1), 1.0)

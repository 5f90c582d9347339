"""The judge: what it listens for, how it counts, and that it hears the bundled voice."""

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from tts_service.models.features import SAMPLE_RATE
from tts_service.models.symbols import TOKENS, encode
from tts_service.models.voice import Voice
from tts_service.score.judge.judge import CAVEAT, SHIPPED, WEIGHTS, Heard, Judge, JudgeError, save, verdict
from tts_service.score.judge.network import LAGS, STEP, Listener, ListenerConfig, levelled, pitch_picture
from tts_service.score.judge.phones import PLAIN, TONED, TWINS, edits, phones_of_tokens, phones_of_units, without_tone

pytestmark = pytest.mark.tts

UNITS = [
    "jin1", "tian1", "#1", "de5", "#1", "tian1", "qi4", "#2", "hen3", "hao3", "#3", "wo3", "men5", "#1", "qu4", "#1",
    "gong1", "yuan2", "#1", "san4", "bu4", "#3", "en:G", "en:UH1", "en:D", "#1", "ma5", "#?",
]  # fmt: skip


@pytest.fixture(scope="module")
def judge() -> Judge:
    torch.set_num_threads(1)
    return Judge.load()


def test_boundaries_and_silence_are_not_heard_and_english_has_no_stress() -> None:
    assert phones_of_units(["ni3", "#1", "an1", "er5", "en:HH", "en:AH0", "#4"]) == [
        "n", "i3", "an1", "er5", "en:HH", "en:AH",
    ]  # fmt: skip
    assert phones_of_tokens([0, 1, *encode(["ma1"]), 1]) == ["m", "a1"]


def test_every_token_that_sounds_is_a_phone_with_and_without_tone() -> None:
    heard = {phone for index in range(len(TOKENS)) for phone in phones_of_tokens([index])}
    assert heard == set(TONED[1:])
    assert {without_tone(phone) for phone in heard} == set(PLAIN[1:])


@pytest.mark.parametrize(
    ("heard", "expected", "count"),
    [("", "", 0), ("abc", "abc", 0), ("abc", "ac", 1), ("ac", "abc", 1), ("abc", "axc", 1), ("kitten", "sitting", 3)],
)
def test_edits_are_counted(heard: str, expected: str, count: int) -> None:
    assert edits(heard, expected) == count


def test_a_wrong_tone_counts_only_with_tones() -> None:
    said = verdict(Heard(("m", "a"), ("m", "a3")), ["m", "a1"])
    assert (said.percent, said.percent_toned) == (0.0, 50.0)
    with pytest.raises(ValueError, match="nothing to judge"):
        verdict(Heard((), ()), [])


def test_an_english_phone_may_be_heard_as_the_mandarin_one_that_sounds_the_same() -> None:
    said = verdict(Heard(("m", "en:IY", "en:T"), ("m", "en:IY", "en:T")), ["en:M", "i4", "en:D"])
    assert (said.wrong, said.wrong_apart, said.wrong_toned) == (1, 3, 2)
    assert set(TWINS) | set(TWINS.values()) <= set(PLAIN)
    assert len(set(TWINS.values())) == len(TWINS)


def test_the_level_of_a_recording_does_not_matter() -> None:
    sound = torch.randn(SAMPLE_RATE) * torch.linspace(0, 0.3, SAMPLE_RATE)
    torch.testing.assert_close(levelled(sound), levelled(sound * 0.01), rtol=1e-4, atol=1e-6)
    assert not levelled(torch.zeros(SAMPLE_RATE)).any()


def test_a_rising_pitch_is_a_line_in_the_picture() -> None:
    hertz = np.linspace(100, 300, SAMPLE_RATE)
    phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
    sound = (0.1 * np.sin(np.arange(1, 9)[:, None] * phase).sum(0)).astype(np.float32)
    picture = pitch_picture(torch.from_numpy(sound)[None])[0]
    assert picture.shape == (SAMPLE_RATE // STEP, LAGS)
    # the shortest strong lag is the pitch; two periods explain the sound as well
    strong = picture > 0.75 * picture.max(1, keepdim=True).values
    places = [int(torch.nonzero(row).max()) for row in strong[3:-3]]
    assert all(later >= earlier - 1 for earlier, later in pairwise(places))
    octaves = np.log2(620 / 50) * np.array(places) / (LAGS - 1)
    np.testing.assert_allclose(50 * 2**octaves, hertz[STEP // 2 :: STEP][3 : 3 + len(places)], rtol=0.1)


def test_a_row_beside_longer_ones_is_remembered_as_if_it_were_alone() -> None:
    listener = Listener(ListenerConfig())
    rows = torch.randn(3, 12, listener.config.channels)
    lengths = torch.tensor([12, 7, 10])
    together = listener.remembered(rows, lengths)
    for row, length, found in zip(rows, lengths.tolist(), together, strict=True):
        alone = listener.memory(row[None, :length])[0][0]
        assert torch.allclose(found[:length], alone, atol=1e-5)
        assert not found[length:].any()


def test_weights_come_back_from_disk_and_a_changed_file_is_refused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = ListenerConfig(channels=16, hidden=16, blocks=1, memory=8)
    save(tmp_path, Listener(config), {"steps": 3})
    loaded = Judge.load(tmp_path)
    assert loaded.about["notes"] == {"steps": 3}
    assert len(loaded.version) == 12
    weights = tmp_path / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(JudgeError, match="SHA-256 differs"):
        Judge.load(tmp_path)
    weights.unlink()
    with pytest.raises(JudgeError, match="no readable judge"):
        Judge.load(tmp_path)


def test_a_judge_for_other_phones_is_refused(tmp_path: Path) -> None:
    for name in (WEIGHTS, "manifest.json"):
        shutil.copy(SHIPPED / name, tmp_path / name)
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    manifest["plain"][1] = "bb"
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(JudgeError, match="other phones"):
        Judge.load(tmp_path)


def test_the_shipped_weights_are_small_and_say_what_they_are_valid_for(judge: Judge) -> None:
    assert (SHIPPED / WEIGHTS).stat().st_size < 1_500_000
    assert judge.about["valid_for"] == "bundled voice"
    assert "bundled voice only" in CAVEAT


def test_every_speaker_is_heard_right(judge: Judge, voice: Voice) -> None:
    expected = phones_of_units(UNITS)
    wrong = toned = 0
    for speaker in voice.speakers:
        sound = voice.synthesize(UNITS, speaker=speaker, emotion=voice.emotions[0])
        said = verdict(judge.listen(sound, voice.sample_rate), expected)
        wrong += said.wrong
        toned += said.wrong_toned
    phones = len(expected) * len(voice.speakers)
    assert wrong / phones < 0.04
    assert toned / phones < 0.06


def test_other_words_are_told_from_those_expected(judge: Judge, voice: Voice) -> None:
    sound = voice.synthesize(UNITS, speaker=voice.speakers[0], emotion=voice.emotions[0])
    heard = judge.listen(sound, voice.sample_rate)
    other = phones_of_units(["fu2", "wu4", "qi4", "#1", "yi3", "jing1", "#1", "qi3", "dong4", "#4"])
    assert verdict(heard, other).percent > 60
    swapped = [phone.replace("4", "2") if not phone.startswith("en:") else phone for phone in phones_of_units(UNITS)]
    against = verdict(heard, swapped)
    assert against.percent_toned > against.percent + 8


def test_another_rate_and_some_noise_change_little(judge: Judge, voice: Voice) -> None:
    from tts_service.score.resample import resample

    sound = voice.synthesize(UNITS, speaker=voice.speakers[0], emotion=voice.emotions[0])
    noise = np.random.default_rng(5).normal(0, 0.002, len(sound)).astype(np.float32)
    expected = phones_of_units(UNITS)
    for changed, rate in ((resample(sound, SAMPLE_RATE, 48000), 48000), (sound * 0.1, 22050), (sound + noise, 22050)):
        assert verdict(judge.listen(changed, rate), expected).percent < 8


def test_silence_holds_no_phones(judge: Judge) -> None:
    assert judge.listen(np.zeros(SAMPLE_RATE, np.float32)) == Heard((), ())

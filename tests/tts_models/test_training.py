"""The parts that the voice is made with: prosody rules, pitch tracker, teacher, measures, training loop."""

import importlib.util
import itertools
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from tts_service.models.acoustic import spread
from tts_service.models.features import HOP, SAMPLE_RATE
from tts_service.models.position import FEATURES, positions
from tts_service.models.prosody import deliver, groups
from tts_service.models.symbols import ARPABET_CONSONANTS, ARPABET_VOWELS, SILENCE, encode
from tts_service.training.loop import Loop
from tts_service.training.measures import align, cepstra, mel_cepstral_distortion
from tts_service.training.pitch import track

pytestmark = pytest.mark.tts

QUESTION = ["ta1", "lai2", "#1", "le5", "#3", "ni3", "ne5", "#?"]
MIXED = ["yong4", "#1", "en:S", "en:IY1", "#1", "en:P", "en:IY1", "hao3", "#4"]

needs_teacher = pytest.mark.skipif(
    importlib.util.find_spec("espeakng_loader") is None,
    reason="the teacher needs the extra `training` (espeakng-loader), which only training uses",
)


def test_words_are_cut_at_boundaries_and_syllables_one_by_one() -> None:
    assert [(group.units, group.after) for group in groups(MIXED)] == [
        (("yong4",), "#1"),
        (("en:S", "en:IY1"), "#1"),
        (("en:P", "en:IY1"), ""),
        (("hao3",), "#4"),
    ]


def test_of_several_boundaries_the_strongest_counts() -> None:
    assert [group.after for group in groups(["ma1", "#1", "#3", "ma1", "#2", "#4"])] == ["#3", "#4"]


def test_the_last_syllable_before_a_pause_is_longest_and_a_question_rises() -> None:
    statement, question = (deliver(groups([*QUESTION[:-1], end])) for end in ("#4", "#?"))
    assert statement[-1].length > statement[-2].length
    assert question[-1].semitones > statement[-1].semitones + 3
    assert statement[-1].full_third
    assert not statement[3].full_third


def test_positions_count_from_and_to_the_next_boundary() -> None:
    ids = [SILENCE, *encode(QUESTION), SILENCE]
    places = positions(ids)
    assert places.shape == (len(ids), FEATURES)
    assert places[:, :11].min() >= 0.0
    assert places[:, :11].max() <= 1.0
    clauses = places[:, 3]
    assert clauses[0] == 0.0
    assert clauses[-2] == 0.5
    assert places[-4, 4] == 1.0  # inside the question
    assert places[2, 4] == 0.0


def test_each_token_carries_what_the_rules_say_about_its_syllable_or_word() -> None:
    ids = [SILENCE, *encode(MIXED), SILENCE]  # <sil> y-ong4 #1 S IY1 #1 P IY1 h ao3 #4 <sil>
    rules = deliver(groups(MIXED))
    registers = (positions(ids)[:, 11] * 8).round(4).tolist()
    owners = [None, 0, None, 1, 1, None, 2, 2, 3, 3, None, None]
    assert registers == [0.0 if owner is None else pytest.approx(rules[owner].semitones, abs=1e-3) for owner in owners]
    assert positions(ids)[-3, 14] == 1.0  # the full third tone before the stop


def test_the_tracker_follows_a_gliding_pitch() -> None:
    hertz = np.linspace(240, 120, SAMPLE_RATE)
    phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
    harmonics = np.arange(1, 12)[:, None]
    sound = (0.1 * (np.sin(harmonics * phase) / harmonics).sum(0)).astype(np.float32)
    pitch = track(sound)
    frames = np.arange(len(pitch)) * HOP + HOP // 2
    found = pitch > 0
    assert found.mean() > 0.9
    cents = 1200 * np.log2(pitch[found] / hertz[frames[found]])
    assert np.median(np.abs(cents)) < 15


def test_silence_has_no_pitch() -> None:
    assert not track(np.zeros(SAMPLE_RATE // 2, np.float32)).any()


def test_tokens_are_spread_over_exactly_their_frames() -> None:
    over = spread(torch.tensor([[2.0, 0.0, 3.4, 1.6]]))
    assert over.token[0].tolist() == [0, 0, 2, 2, 2, 3, 3]
    padded = spread(torch.tensor([[2.0, 2.0], [1.0, 0.0]]))
    assert padded.mask is not None
    assert padded.mask[..., 0].tolist() == [[1, 1, 1, 1], [1, 0, 0, 0]]


def test_a_sound_is_nearer_to_its_slower_self_than_to_noise() -> None:
    chance = np.random.default_rng(3)
    times = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    sound = (0.3 * np.sin(2 * np.pi * (200 + 900 * times) * times)).astype(np.float32)
    slower = np.interp(np.arange(0, len(sound), 0.8), np.arange(len(sound)), sound).astype(np.float32)
    noise = chance.normal(0, 0.1, len(sound)).astype(np.float32)
    ours = cepstra(sound)
    distances = [mel_cepstral_distortion(ours, c, align(ours, c)) for c in map(cepstra, (sound, slower, noise))]
    assert distances[0] == pytest.approx(0.0, abs=1e-6)
    assert distances[0] < distances[1] < distances[2]


def test_a_stopped_training_goes_on_where_it_was(tmp_path: Path) -> None:
    def losses(step: int) -> dict[str, torch.Tensor]:
        inputs = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
        return {"square": (model(inputs) - inputs.sum(1, keepdim=True)).square().mean()}

    torch.manual_seed(0)
    model = torch.nn.Linear(4, 1)
    first = Loop(model, tmp_path / "c.pt", minutes=0.01, rate=0.01)
    untrained = float(losses(10_000)["square"].detach())
    first.run(losses)
    model = torch.nn.Linear(4, 1)
    second = Loop(model, tmp_path / "c.pt", minutes=0.02, rate=0.01)
    assert second.step == first.step
    assert second.spent >= 0.6
    second.run(losses)
    assert second.step > first.step
    assert float(losses(10_000)["square"].detach()) < untrained


@needs_teacher
def test_the_teacher_gives_each_token_its_place() -> None:
    from tts_service.training.corpus import pitch_and_voicing
    from tts_service.training.teacher import speak

    lesson = speak(MIXED, speaker="清岚", emotion="中性", length=1.0)
    assert lesson.tokens.tolist() == [SILENCE, *encode(MIXED), SILENCE]
    assert lesson.durations.sum() * HOP == pytest.approx(len(lesson.sound))
    assert (lesson.durations >= 0).all()
    pitch, voiced = pitch_and_voicing(lesson, "清岚")
    assert 0.3 < voiced.mean() < 0.95
    assert 100 < np.median(pitch[voiced > 0]) < 400


@needs_teacher
def test_the_same_seed_makes_the_same_utterances(tmp_path: Path) -> None:
    from tts_service.training.corpus import load_shard, make_shard

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        make_shard(tmp_path / name, "000", 6.0)
    first, second = (load_shard(tmp_path / name / "000.npz") for name in ("a", "b"))
    assert len(first) == len(second) > 0
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.tokens, other.tokens)
        assert (one.speaker, one.emotion, one.pace) == (other.speaker, other.emotion, other.pace)
        np.testing.assert_allclose(one.durations, other.durations, atol=1.0)  # the teacher's state leaks a little


def test_a_tuning_begins_anew_when_the_vocoder_has_learned_since_and_else_goes_on(tmp_path: Path) -> None:
    from tts_service.training.vocoder import begin_anew_if_outdated

    first, tuned = tmp_path / "vocoder.pt", tmp_path / "vocoder-tuned.pt"
    begin_anew_if_outdated(tuned, first)
    for path, seconds in ((first, 1_000), (tuned, 2_000)):
        path.touch()
        os.utime(path, (seconds, seconds))
    begin_anew_if_outdated(tuned, first)
    assert tuned.exists()
    os.utime(first, (3_000, 3_000))
    begin_anew_if_outdated(tuned, first)
    assert first.exists()
    assert not tuned.exists()


@needs_teacher
def test_no_sound_of_english_is_so_rare_in_the_corpus_that_it_is_never_learned() -> None:
    from tts_service.training.texts import utterances

    drawn = Counter(unit.rstrip("012") for units in itertools.islice(utterances(seed=5), 600) for unit in units)
    counts = {sound: drawn[f"en:{sound}"] for sound in (*ARPABET_CONSONANTS, *ARPABET_VOWELS)}
    assert min(counts.values()) >= 12, counts  # in some 40 minutes of speech; the corpus has sixteen times as much


@needs_teacher
def test_the_teacher_can_speak_every_sentence_with_english_inside_and_all_its_sounds_are_there() -> None:
    from tts_service.models.symbols import TOKENS
    from tts_service.training.mixed import SENTENCES, spoken

    examples = list(spoken())
    assert len(examples) == len(SENTENCES)
    said = {TOKENS[token].rstrip("012") for example in examples for token in example.tokens}
    assert {f"en:{sound}" for sound in (*ARPABET_CONSONANTS, *ARPABET_VOWELS)} <= said

"""The measures of a sound itself, on sounds whose figures are known."""

import importlib.util

import numpy as np
import pytest

from tts_service.score.dnsmos import Dnsmos, mel_spectrogram
from tts_service.score.measures import clipped_samples, loudness, measure
from tts_service.score.resample import resample

pytestmark = pytest.mark.tts

RATE = 22050


def tone(hertz: float, seconds: float, level: float = 0.1, rate: int = RATE) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.parametrize("rate", [16000, 22050, 48000])
def test_a_full_sine_of_1_khz_has_the_loudness_of_the_standard(rate: int) -> None:
    assert loudness(tone(997, 2, 1.0, rate), rate) == pytest.approx(-3.01, abs=0.06)


def test_pauses_do_not_lower_the_loudness() -> None:
    speech = tone(997, 2)
    paused = np.concatenate([speech, np.zeros(4 * RATE, np.float32), speech])
    assert loudness(paused, RATE) == pytest.approx(loudness(speech, RATE) or 0, abs=0.6)
    assert loudness(np.zeros(RATE), RATE) is None


def test_length_silence_and_the_longest_pause() -> None:
    gap = np.zeros(RATE // 2, np.float32)
    sound = np.concatenate([gap, tone(200, 1), gap, gap, tone(200, 1), gap])
    found = measure(sound, RATE)
    assert found.seconds == pytest.approx(4.0, abs=0.01)
    assert found.sounding_seconds == pytest.approx(3.0, abs=0.05)
    assert found.longest_pause == pytest.approx(1.0, abs=0.05)
    assert found.silence_share == pytest.approx(0.5, abs=0.03)
    assert found.rms_dbfs == pytest.approx(-23.0, abs=0.2)


@pytest.mark.parametrize("rate", [16000, 44100])
def test_the_range_of_the_pitch_at_any_rate(rate: int) -> None:
    hertz = np.linspace(120, 240, 2 * rate)
    phase = 2 * np.pi * np.cumsum(hertz) / rate
    sound = (0.002 * np.sin(np.arange(1, 9)[:, None] * phase).sum(0)).astype(np.float32)
    found = measure(sound, rate)
    assert found.f0_low == pytest.approx(126, rel=0.03)
    assert found.f0_median == pytest.approx(180, rel=0.03)
    assert found.f0_high == pytest.approx(234, rel=0.03)


def test_only_samples_that_stay_at_full_scale_are_clipped() -> None:
    assert clipped_samples(tone(440, 0.5, 0.9)) == 0
    assert clipped_samples(np.array([0.1, 1.0, 1.0, 0.2, -1.0, -1.0, -1.0, 1.0, 0.0])) == 4
    assert clipped_samples(np.clip(tone(100, 0.5, 2.0), -1, 1)) > 1000


@pytest.mark.parametrize(("rate", "wanted"), [(48000, 22050), (22050, 16000), (8000, 22050), (44100, 22050)])
def test_another_rate_keeps_length_and_shape(rate: int, wanted: int) -> None:
    sound = tone(440, 0.5, rate=rate) * np.hanning(rate // 2).astype(np.float32)
    changed = resample(sound, rate, wanted)
    expected = tone(440, 0.5, rate=wanted) * np.hanning(wanted // 2)
    assert abs(len(changed) - len(expected)) <= 1
    size = min(len(changed), len(expected))
    np.testing.assert_allclose(changed[:size], expected[:size], atol=2e-4)


def test_the_mel_bands_for_dnsmos_have_the_models_shape() -> None:
    bands = mel_spectrogram(tone(1000, 9, rate=16000))
    assert bands.shape == (900, 120)
    assert bands.max() == pytest.approx(1.0)
    assert bands.min() >= -1.0
    # Slaney's scale is even up to 1 kHz, 15 of its 45.2 units: 40 of 120 bands
    assert abs(int(bands.mean(0).argmax()) - 39) <= 1


@pytest.mark.skipif(
    importlib.util.find_spec("speechmos") is None or importlib.util.find_spec("onnxruntime") is None,
    reason="DNSMOS needs the optional extra `score` (speechmos, onnxruntime)",
)
def test_dnsmos_hears_noise() -> None:
    dnsmos = Dnsmos.load()
    assert dnsmos is not None
    clean = tone(180, 2) * (1 + np.sin(2 * np.pi * 4 * np.arange(2 * RATE) / RATE)).astype(np.float32)
    noisy = clean + np.random.default_rng(2).normal(0, 0.1, len(clean)).astype(np.float32)
    first, second = dnsmos(clean, RATE), dnsmos(noisy, RATE)
    assert 1 <= second.background < first.background <= 5

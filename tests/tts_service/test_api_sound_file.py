"""Speech as files: what a decoder gets back, whole and from a stream, and at which rate."""

import io
import itertools
import wave

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tts_service.marking import NOTICE, Mark, new_mark
from tts_service.resample import Resampler
from tts_service.sound_file import FORMATS, PCM_RATE, available, encode, encoder

RATE = 22050
Samples = NDArray[np.float32]


def tone(seconds: float, hertz: float = 440.0, rate: int = RATE) -> Samples:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def mark() -> Mark:
    return new_mark(engine="bundled", voice="清岚")


def heard(name: str, data: bytes) -> tuple[Samples, int]:
    if name == "pcm":
        return (np.frombuffer(data, "<i2") / 32768).astype(np.float32), PCM_RATE
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    return samples, rate


def pitch(samples: Samples, rate: int) -> float:
    middle = samples[len(samples) // 4 : 3 * len(samples) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    return float(np.argmax(spectrum) * rate / len(middle))


def test_this_machine_writes_all_five_formats() -> None:
    assert available() == tuple(FORMATS) == ("wav", "pcm", "flac", "mp3", "opus")


@pytest.mark.parametrize("name", FORMATS)
def test_a_whole_file_sounds_as_what_went_in_and_has_its_length(name: str) -> None:
    samples, rate = heard(name, encode(name, tone(1.7), RATE, mark()))
    assert rate == (FORMATS[name].rate or RATE)
    assert pitch(samples, rate) == pytest.approx(440, abs=3)
    assert len(samples) / rate == pytest.approx(1.7, abs=0.08 if name in ("mp3", "opus") else 0.0001)


@pytest.mark.parametrize("name", FORMATS)
def test_a_stream_gives_bytes_before_its_end_and_the_same_sound(name: str) -> None:
    sound = tone(6.0)
    made = encoder(name, RATE, mark())
    pieces = [made.feed(sound[begin : begin + 11_000]) for begin in range(0, len(sound), 11_000)]
    rest = made.finish()
    assert sum(map(len, pieces[:4])) > 0
    assert sum(map(len, pieces)) > 3 * len(rest)
    if name == "flac":  # libsndfile believes the unknown length in the head; other decoders read to the end
        assert b"".join([*pieces, rest])[:4] == b"fLaC"
        return
    samples, rate = heard(name, b"".join([*pieces, rest]))
    assert pitch(samples, rate) == pytest.approx(440, abs=3)
    assert len(samples) / rate == pytest.approx(6.0, abs=0.08)


def test_a_whole_wav_tells_its_exact_length_to_the_simplest_reader() -> None:
    with wave.open(io.BytesIO(encode("wav", tone(0.5), RATE, mark()))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        assert file.getnframes() == RATE // 2


@pytest.mark.parametrize("name", ["wav", "flac", "opus", "mp3"])
def test_every_file_carries_the_mark_of_synthetic_speech(name: str) -> None:
    data = encode(name, tone(0.3), RATE, mark())
    assert NOTICE.encode() in data
    made = encoder(name, RATE, mark())
    assert NOTICE.encode() in made.feed(tone(2.0)) + made.finish()


@pytest.mark.parametrize("name", FORMATS)
def test_a_sound_of_no_length_is_no_trouble(name: str) -> None:
    made = encoder(name, RATE, mark())
    assert isinstance(made.feed(np.zeros(0, np.float32)) + made.finish(), bytes)
    made.close()


def test_an_encoder_may_be_closed_before_its_end() -> None:
    for name in FORMATS:
        made = encoder(name, RATE, mark())
        made.feed(tone(0.2))
        made.close()
        made.close()


@pytest.mark.parametrize("wanted", [24_000, 16_000, 48_000, 8_000])
def test_resampling_in_pieces_is_resampling_in_one_and_keeps_pitch_level_and_length(wanted: int) -> None:
    sound = tone(1.0, 1000.0)
    whole = Resampler(RATE, wanted)
    at_once = np.concatenate([whole.feed(sound), whole.finish()])
    pieces = Resampler(RATE, wanted)
    cuts = [0, 1, 2, 300, 7000, 7001, len(sound)]
    by_piece = np.concatenate([*(pieces.feed(sound[a:b]) for a, b in itertools.pairwise(cuts)), pieces.finish()])
    assert len(at_once) == len(by_piece) == wanted
    assert np.allclose(at_once, by_piece, atol=1e-6)
    exact = tone(1.0, 1000.0, wanted)
    inner = slice(wanted // 10, -wanted // 10)
    assert np.abs(at_once[inner] - exact[inner]).max() < 2e-3


def test_resampling_downwards_leaves_no_mirror_of_what_no_longer_fits() -> None:
    made = Resampler(RATE, 8_000)
    out = np.concatenate([made.feed(tone(1.0, 6000.0)), made.finish()])
    assert np.abs(out[400:-400]).max() < 1e-3

"""When memory runs out: the ladder of measures, injected into the real voice, and seen in answers and figures."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tts_service.asgi import ask, post
from tts_service.app.health import About
from tts_service.app.service import service_app
from tts_service.engines.base import EngineFailed, SynthesisRequest
from tts_service.engines.bundled import SHIPPED, BundledEngine
from tts_service.engines.ladder import FREED, HALVED, ON_CPU, SHORTER, STEPS, Ladder, next_step, out_of_memory
from tts_service.engines.segments import segments
from tts_service.text.units import BOUNDARIES

TEXT = "语音合成服务已经部署完成，现在可以使用了，请大家打开页面，输入一段文字，再选择喜欢的音色和情感。"
CUDA = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 7.79 GiB"


def quiet(line: str) -> None:
    """Says nothing."""


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (RuntimeError(CUDA), True),
        (RuntimeError("cuBLAS error: CUBLAS_STATUS_ALLOC_FAILED"), True),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
            True,
        ),
        (MemoryError(), True),
        (RuntimeError("size mismatch"), False),
        (ValueError("out of memory"), False),
        (EngineFailed("out of memory"), False),
    ],
)
def test_only_what_says_that_memory_ran_out_is_taken_for_it(error: Exception, is_it: bool) -> None:
    assert out_of_memory(error) is is_it


def test_the_cheapest_measure_that_can_still_help_comes_next() -> None:
    assert next_step(STEPS, [], []) == FREED
    assert next_step(STEPS, [], [FREED]) == SHORTER
    assert next_step(STEPS, [SHORTER], [FREED]) == HALVED
    assert next_step(STEPS, [SHORTER, HALVED], [FREED]) == ON_CPU
    assert next_step(STEPS, [SHORTER, HALVED, ON_CPU], []) == FREED
    assert next_step([FREED, SHORTER], [SHORTER], [FREED]) is None


def test_a_measure_that_finds_no_memory_itself_gives_way_to_the_next() -> None:
    done: list[str] = []

    def broke() -> None:
        raise RuntimeError(CUDA)

    ladder = Ladder({FREED: broke, SHORTER: lambda: done.append(SHORTER)}, say=quiet)
    tried: list[str] = []
    ladder.take(RuntimeError(CUDA), tried)
    assert (tried, done, ladder.measures) == ([FREED, SHORTER], [SHORTER], (FREED, SHORTER))
    assert SHORTER in ladder
    assert FREED not in ladder
    with pytest.raises(EngineFailed, match="nothing is left"):
        ladder.take(RuntimeError(CUDA), tried)


def test_another_error_is_not_the_ladders_business() -> None:
    ladder = Ladder({FREED: lambda: None}, say=quiet)
    with pytest.raises(RuntimeError, match="size mismatch"):
        ladder.take(RuntimeError("size mismatch"), [])
    assert ladder.measures == ()


def test_segments_are_short_end_with_pauses_and_lose_nothing() -> None:
    first = ("da4", "#1", "jia1", "#2", "hao3", "#3")
    units = [*first, "wo3", "#1", "lai2", "#1", "le5", "#2", "ni3", "ne5", "ni3", "ne5", "ni3", "ne5", "#4"]
    for longest in range(1, 12):
        pieces = segments(units, longest)
        spoken = [[unit for unit in piece if unit not in BOUNDARIES] for piece in pieces]
        assert [unit for piece in spoken for unit in piece] == [unit for unit in units if unit not in BOUNDARIES]
        assert all(0 < len(piece) <= longest for piece in spoken)
        assert all(piece[-1] == "#3" for piece in pieces[:-1])
        assert pieces[-1][-1] == "#4"
    assert segments(units, 5)[0] == first
    assert segments(units, 99) == [tuple(units)]


# With the real voice ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared")


@pytest.fixture
def loaded(shared: Path) -> BundledEngine:
    engine = BundledEngine(shared, device="cpu", say=quiet)
    engine.load()
    return engine


class Shortage:
    """Lets the vocoder or the acoustic model run out of memory at given calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def strike(self, target: str, fails: Callable[[int], bool], error: Callable[[], Exception] | None = None) -> None:
        """`fails` says for each call of `target` (``module.Class.method``), counted from 0, whether it fails."""
        import torch

        from tts_service.models import acoustic, vocoder

        owner: Any = {"shape": vocoder.Vocoder, "encode": acoustic.AcousticModel}[target]
        real, calls = getattr(owner, target), iter(range(10**9))

        def short(*args: Any, **kwargs: Any) -> Any:
            if fails(next(calls)):
                raise error() if error else torch.OutOfMemoryError(CUDA)
            return real(*args, **kwargs)

        self._monkeypatch.setattr(owner, target, short)


@pytest.fixture
def shortage(monkeypatch: pytest.MonkeyPatch) -> Shortage:
    return Shortage(monkeypatch)


@pytest.mark.tts
def test_once_out_of_memory_in_the_middle_of_a_stream_and_nobody_hears_it(
    loaded: BundledEngine, shortage: Shortage
) -> None:
    undisturbed = loaded.synthesize(SynthesisRequest(TEXT))
    shortage.strike("shape", lambda call: call == 3)
    stream = loaded.stream(SynthesisRequest(TEXT))
    samples = np.concatenate(list(stream.chunks))
    assert list(stream.measures) == [FREED]
    assert np.array_equal(samples, undisturbed.samples)
    assert loaded.health().measures == (FREED,)
    assert loaded.synthesize(SynthesisRequest("好")).measures == ()


@pytest.mark.tts
def test_on_a_cpu_short_segments_are_the_second_and_last_measure(loaded: BundledEngine, shortage: Shortage) -> None:
    whole = loaded.synthesize(SynthesisRequest(TEXT))
    shortage.strike("encode", lambda call: call < 2, lambda: RuntimeError("DefaultCPUAllocator: can't allocate memory"))
    short = loaded.synthesize(SynthesisRequest(TEXT))
    assert short.measures == (FREED, SHORTER)
    assert short.seconds == pytest.approx(whole.seconds, rel=0.3)
    shortage.strike("encode", lambda call: True)
    with pytest.raises(EngineFailed, match="nothing is left"):
        loaded.synthesize(SynthesisRequest(TEXT))
    assert loaded.health().ok


@pytest.fixture
def on_cuda(shared: Path, monkeypatch: pytest.MonkeyPatch) -> BundledEngine:
    """The engine as on a GPU: whatever device is asked for, this machine's memory is used."""
    from tts_service.engines import bundled
    from tts_service.models.voice import Voice

    real = Voice.load
    monkeypatch.setattr(Voice, "load", lambda folder, device="cpu": real(folder, "cpu", "float32"))
    monkeypatch.setattr(bundled, "_device", lambda wanted: "cuda")
    engine = BundledEngine(shared, say=quiet)
    engine.load()
    return engine


@pytest.mark.tts
@pytest.mark.filterwarnings("ignore:CUDA is not available:UserWarning")
def test_on_a_gpu_it_goes_down_to_half_precision_and_at_last_to_the_cpu(
    on_cuda: BundledEngine, shortage: Shortage
) -> None:
    assert (on_cuda.device, on_cuda.health().precision) == ("cuda", "float32")
    shortage.strike("encode", lambda call: call < 3)
    assert on_cuda.synthesize(SynthesisRequest(TEXT)).measures == (FREED, SHORTER, HALVED)
    assert (on_cuda.health().device, on_cuda.health().precision) == ("cuda", "float16")
    shortage.strike("encode", lambda call: call < 2)
    assert on_cuda.synthesize(SynthesisRequest(TEXT)).measures == (FREED, ON_CPU)
    health = on_cuda.health()
    assert (health.device, health.precision, health.measures) == ("cpu", "float32", STEPS)


@pytest.mark.tts
def test_measures_are_told_in_the_answer_in_metrics_and_by_models(
    loaded: BundledEngine, shared: Path, shortage: Shortage
) -> None:
    app = service_app(About(loaded, "1", "abc", shared=shared))
    shortage.strike("encode", lambda call: call < 2)
    answer = asyncio.run(post(app, {"input": TEXT, "response_format": "wav"}))
    assert answer.headers["x-tts-measures"] == "freed cache, short segments"
    text = asyncio.run(ask(app, "GET", "/metrics")).body.decode()
    assert 'tts_memory_measures_total{measure="short segments"} 1.0' in text
    assert asyncio.run(ask(app, "GET", "/v1/models")).json["data"][0]["measures"] == [FREED, SHORTER]
    streamed = asyncio.run(post(app, {"input": TEXT, "response_format": "pcm"}))
    assert "x-tts-measures" not in streamed.headers  # nothing had to be done for this one


@pytest.mark.tts
def test_low_memory_starts_on_a_lower_rung(shared: Path) -> None:
    engine = BundledEngine(shared, device="cpu", low_memory=True, say=quiet)
    engine.load()
    assert engine.health().measures == (SHORTER,)


@pytest.mark.tts
def test_the_voice_sounds_the_same_in_half_precision() -> None:
    import torch

    from tts_service.engines.bundled_voice import halve
    from tts_service.models.voice import Voice

    voice = Voice.load(next(SHIPPED.glob("*/manifest.json")).parent, precision="float32")
    units = ["ni3", "#1", "hao3", "#3", "shi4", "jie4", "#4"]
    score = voice.score(units, speaker=voice.speakers[0], emotion=voice.emotions[0])
    full = next(voice.sound(score))
    halve(voice)
    with torch.autocast("cpu", dtype=torch.float16):
        half = next(voice.sound(score))
        again = voice.score(units, speaker=voice.speakers[0], emotion=voice.emotions[0])
    assert abs(again.frames - score.frames) <= 2
    error = np.sqrt(np.mean(np.square(full - half))) / np.sqrt(np.mean(np.square(full)))
    assert error < 0.05

"""The engine ``auto``, and which engine a name and the environment give."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.indextts_standin import tone
from tests.support.ports import free_port
from tts_service.engines.auto import AutoEngine
from tts_service.engines.base import (
    Capabilities,
    Declaration,
    EngineFailed,
    Health,
    Reference,
    RequestRefused,
    Speech,
    SpeechStream,
    SynthesisRequest,
)
from tts_service.engines.bundled import BundledEngine
from tts_service.engines.choose import choose, indextts_settings
from tts_service.engines.indextts import IndexTTSEngine
from tts_service.engines.indextts_voices import OWN

REFERENCE = Reference(Path("voice.wav"), Declaration("自己录音", "本人同意", "内部测试"), "0" * 64)


@dataclass
class Scripted:
    """An engine that does as it is told and remembers what it was asked."""

    name: str
    capabilities: Capabilities
    device: str = "cpu"
    ill: str = ""
    breaks: str = ""
    after: int = 0
    """Pieces of a stream before it breaks."""
    asked: list[SynthesisRequest] = field(default_factory=list)
    examined: int = 0
    loads: threading.Event = field(default_factory=threading.Event)

    def prepare(self) -> None:
        return

    def reload_lexicon(self) -> None:
        return

    def close(self) -> None:
        return

    def load(self) -> None:
        assert self.loads.wait(20)
        if self.ill:
            raise EngineFailed(self.ill)

    def health(self) -> Health:
        self.examined += 1
        return Health(not self.ill, self.ill, self.device, "float32")

    def synthesize(self, request: SynthesisRequest) -> Speech:
        self.asked.append(request)
        checked = request.checked(self.capabilities)
        if self.breaks:
            raise EngineFailed(self.breaks)
        samples = np.zeros(100, np.float32)
        return Speech(samples, 22050, 0.1, request.text, checked.voice or "", checked.emotion or "", checked.speed)

    def stream(self, request: SynthesisRequest) -> SpeechStream:
        self.asked.append(request)
        checked = request.checked(self.capabilities)

        def chunks() -> Iterator[NDArray[np.float32]]:
            for index in range(3):
                if self.breaks and index >= self.after:
                    raise EngineFailed(self.breaks)
                yield np.full(10, index, np.float32)

        return SpeechStream(chunks(), 22050, request.text, checked.voice or "", checked.emotion or "", checked.speed)


@dataclass
class Pair:
    """Both engines, auto over them, and its clock."""

    first: Scripted
    second: Scripted
    auto: AutoEngine
    said: list[str]
    now: list[float]


@pytest.fixture
def pair() -> Pair:
    emotions = ("中性", "开心", "严肃")
    first = Scripted("indextts", Capabilities(("小安", OWN), (*emotions, "惊讶"), 22050, cloning=True), "cuda")
    second = Scripted("bundled", Capabilities(("清岚", "云朗"), emotions, 22050))
    said, now = list[str](), [0.0]
    auto = AutoEngine(first, second, fresh=5.0, clock=lambda: now[0], say=said.append)
    first.loads.set()
    second.loads.set()
    auto.load()
    assert auto.loaded(20)
    return Pair(first, second, auto, said, now)


def test_indextts_speaks_while_it_is_well_and_the_answer_says_so(pair: Pair) -> None:
    speech = pair.auto.synthesize(SynthesisRequest("你好"))
    assert (speech.engine, speech.note, speech.voice) == ("indextts", "", "小安")
    assert (pair.auto.health().ok, pair.auto.device) == (True, "cuda")


def test_the_bundled_engine_speaks_while_indextts_is_ill_and_the_answer_says_why(pair: Pair) -> None:
    pair.first.ill = "not reachable"
    speech = pair.auto.synthesize(SynthesisRequest("你好", voice="小安", emotion="开心"))
    assert (speech.engine, speech.note, speech.voice, speech.emotion) == ("bundled", "not reachable", "清岚", "开心")
    assert pair.first.asked == []
    health = pair.auto.health()
    assert (health.ok, health.device, health.detail) == (True, "cpu", "bundled speaks: not reachable")


def test_when_indextts_fails_in_the_middle_the_bundled_engine_says_it(pair: Pair) -> None:
    pair.first.breaks = "the GPU's memory ran out"
    speech = pair.auto.synthesize(SynthesisRequest("你好"))
    assert (speech.engine, speech.note) == ("bundled", "the GPU's memory ran out")
    assert pair.said == ["indextts failed, bundled speaks: the GPU's memory ran out"]


def test_which_device_it_is_is_told_without_asking(pair: Pair) -> None:
    assert (pair.auto.device, pair.first.examined) == ("cpu", 0)


def test_health_is_asked_for_once_in_a_few_seconds_and_again_after_a_failure(pair: Pair) -> None:
    for _ in range(5):
        pair.auto.synthesize(SynthesisRequest("你好"))
    assert pair.first.examined == 1
    pair.now[0] += 5.0
    pair.auto.synthesize(SynthesisRequest("你好"))
    assert pair.first.examined == 2
    pair.first.breaks = "crashed"
    pair.auto.synthesize(SynthesisRequest("你好"))
    pair.auto.synthesize(SynthesisRequest("你好"))
    assert pair.first.examined == 3


def test_a_mistake_of_the_user_is_refused_and_not_said_by_another_engine(pair: Pair) -> None:
    for request in (
        SynthesisRequest(""),
        SynthesisRequest("你好", voice="无此人"),
        SynthesisRequest("你好", speed=9.0),
        SynthesisRequest("你好", voice=OWN),
    ):
        with pytest.raises(RequestRefused):
            pair.auto.synthesize(request)
    assert (pair.first.asked, pair.second.asked) == ([], [])


def test_a_voice_of_the_bundled_engine_goes_there(pair: Pair) -> None:
    speech = pair.auto.synthesize(SynthesisRequest("你好", voice="云朗"))
    assert (speech.engine, speech.voice, speech.note) == ("bundled", "云朗", "the voice belongs to bundled")


def test_a_speed_that_indextts_lacks_goes_to_the_bundled_engine(pair: Pair) -> None:
    pair.first.capabilities = Capabilities(("小安", OWN), ("中性",), 22050, slowest=1.0, fastest=1.0, cloning=True)
    speech = pair.auto.synthesize(SynthesisRequest("你好", speed=1.5))
    assert (speech.engine, speech.note) == ("bundled", "indextts can't speak at this speed")


def test_an_emotion_that_the_bundled_engine_lacks_becomes_a_vector(pair: Pair) -> None:
    pair.first.ill = "loading"
    speech = pair.auto.synthesize(SynthesisRequest("你好", emotion="惊讶", intensity=0.5))
    assert speech.emotion == "惊讶"
    assert pair.second.asked[0].vector == (0, 0, 0, 0, 0, 0, 0.3, 0)


def test_a_cloned_voice_is_never_replaced_by_another(pair: Pair) -> None:
    pair.first.ill = "not reachable"
    with pytest.raises(EngineFailed, match=r"a reference recording needs indextts.*not reachable"):
        pair.auto.synthesize(SynthesisRequest("你好", reference=REFERENCE))
    assert pair.second.asked == []


def test_a_recording_goes_over_where_the_bundled_engine_can_match_it(pair: Pair) -> None:
    pair.second.capabilities = Capabilities(("清岚",), ("中性",), 22050, matching=True)
    pair.first.ill = "not reachable"
    speech = pair.auto.synthesize(SynthesisRequest("你好", reference=REFERENCE))
    assert (speech.engine, speech.note) == ("bundled", "not reachable")
    assert pair.second.asked[0].reference == REFERENCE


def test_without_a_voice_of_the_operator_the_bundled_engine_speaks_what_names_none(pair: Pair) -> None:
    pair.first.capabilities = Capabilities((OWN,), ("中性",), 22050, cloning=True)
    assert pair.auto.capabilities.voices == ("清岚", "云朗", OWN)
    speech = pair.auto.synthesize(SynthesisRequest("你好"))
    assert (speech.engine, speech.note) == ("bundled", "indextts has no voice of the operator's")
    assert pair.auto.synthesize(SynthesisRequest("你好", reference=REFERENCE)).engine == "indextts"


def test_both_engines_voices_and_emotions_are_offered(pair: Pair) -> None:
    offered = pair.auto.capabilities
    assert offered.voices == ("小安", "清岚", "云朗", OWN)
    assert offered.emotions == ("中性", "开心", "严肃", "惊讶")
    assert offered.cloning


def test_a_stream_is_taken_over_before_its_first_piece(pair: Pair) -> None:
    pair.first.breaks = "crashed"
    stream = pair.auto.stream(SynthesisRequest("你好"))
    assert (stream.engine, stream.note) == ("bundled", "crashed")
    assert [chunk[0] for chunk in stream.chunks] == [0, 1, 2]


def test_a_stream_that_breaks_later_fails_instead_of_changing_its_voice(pair: Pair) -> None:
    pair.first.breaks, pair.first.after = "crashed", 2
    stream = pair.auto.stream(SynthesisRequest("你好"))
    assert stream.engine == "indextts"
    assert [next(stream.chunks)[0], next(stream.chunks)[0]] == [0, 1]
    with pytest.raises(EngineFailed, match="crashed"):
        next(stream.chunks)


def test_while_indextts_loads_the_bundled_engine_speaks(pair: Pair) -> None:
    pair.first.loads.clear()
    pair.auto.load()
    pair.now[0] += 5.0
    speech = pair.auto.synthesize(SynthesisRequest("你好"))
    assert (speech.engine, speech.note) == ("bundled", "indextts is being loaded")
    pair.first.loads.set()
    assert pair.auto.loaded(20)
    assert pair.auto.synthesize(SynthesisRequest("你好")).engine == "indextts"


def test_names_choose_engines(tmp_path: Path) -> None:
    url = {"TTS_INDEXTTS_URL": "http://127.0.0.1:7860"}
    said: list[str] = []

    def kind(name: str, environment: dict[str, str]) -> type:
        return type(choose(name, tmp_path, say=said.append, environment=environment))

    assert kind("bundled", url) is BundledEngine
    assert kind("", {}) is BundledEngine
    assert kind("indextts", url) is IndexTTSEngine
    assert kind("", {**url, "TTS_ENGINE": "auto"}) is AutoEngine
    assert kind("indextts", {"TTS_INDEXTTS_DIR": str(tmp_path)}) is IndexTTSEngine
    assert said == []
    assert kind("auto", {}) is BundledEngine
    assert "neither TTS_INDEXTTS_URL nor TTS_INDEXTTS_DIR" in said[0]


@pytest.mark.parametrize(
    ("name", "environment", "told"),
    [
        ("espeak", {}, "no engine 'espeak': choose one of bundled, indextts, auto"),
        ("indextts", {}, "engine indextts needs TTS_INDEXTTS_URL"),
        ("auto", {"TTS_INDEXTTS_URL": "127.0.0.1:7860"}, "is no address: http://"),
        ("auto", {"TTS_INDEXTTS_URL": "http://a", "TTS_INDEXTTS_DIR": "/b"}, "both set"),
        ("auto", {"TTS_INDEXTTS_DIR": "/b", "TTS_INDEXTTS_VERSION": "1.5"}, "versions 2 and 2.5 are known"),
        ("auto", {"TTS_INDEXTTS_DIR": "/b", "TTS_INDEXTTS_PORT": "http"}, "TTS_INDEXTTS_PORT 'http': a number"),
        ("auto", {"TTS_INDEXTTS_URL": "http://a", "TTS_INDEXTTS_PATIENCE": "nan"}, "TTS_INDEXTTS_PATIENCE 'nan'"),
    ],
)
def test_a_wrong_setting_is_told_with_what_is_allowed(
    tmp_path: Path, name: str, environment: dict[str, str], told: str
) -> None:
    with pytest.raises(EngineFailed, match=told):
        choose(name, tmp_path, environment=environment)


def test_voices_lie_in_the_shared_folder_unless_told_otherwise(tmp_path: Path) -> None:
    url = {"TTS_INDEXTTS_URL": "http://127.0.0.1:7860"}
    told = indextts_settings(url, tmp_path)
    assert told is not None
    assert told.voices == tmp_path / "indextts_voices"
    other = indextts_settings({**url, "TTS_INDEXTTS_VOICES": "/v", "TTS_INDEXTTS_PATIENCE": "30"}, tmp_path)
    assert other is not None
    assert (other.voices, other.patience) == (Path("/v"), 30.0)


@pytest.mark.tts
def test_the_bundled_voice_really_speaks_when_nobody_is_at_the_address(tmp_path: Path) -> None:
    environment = {"TTS_INDEXTTS_URL": f"http://127.0.0.1:{free_port()}"}
    voices = tmp_path / "indextts_voices"
    voices.mkdir()
    tone(voices / "小安.wav", 2.0, 220)
    (voices / "小安.json").write_text('{"source": "自己录音", "consent": "本人同意", "purpose": "内部测试"}', "utf-8")
    engine = choose("auto", tmp_path, device="cpu", say=lambda _: None, environment=environment)
    assert isinstance(engine, AutoEngine)
    engine.load()
    assert engine.loaded(60)
    speech = engine.synthesize(SynthesisRequest("你好", emotion="惊讶"))
    assert speech.seconds > 0.3
    assert speech.engine == "bundled"
    assert "is not reachable" in speech.note

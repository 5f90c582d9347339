"""The engine that ships with the project: our front end, our voice, weights through `cache_hub`."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tts_service import cache_hub
from tts_service.engines.base import (
    Capabilities,
    EngineFailed,
    Health,
    Reference,
    RequestRefused,
    Speech,
    SpeechStream,
    SynthesisRequest,
)
from tts_service.text.frontend import FrontEnd, Reading
from tts_service.text.lexicon import Lexicon, LexiconProblem

if TYPE_CHECKING:
    from tts_service.engines.bundled_voice import LoadedVoice
    from tts_service.matching.match import VoiceMatch

Samples = NDArray[np.float32]
SHIPPED: Final = Path(__file__).resolve().parent.parent / "voices"
_NOT_LOADED: Final = "the bundled voice is not loaded yet"
_BETWEEN_SENTENCES: Final = 0.15
"""Seconds of silence added where one sentence ends and the next begins."""


class BundledEngine:
    """Speaks with the bundled voice.

    `shared` is the host's shared folder (its ``cache_hub/`` receives the weights); `device` is ``auto``, ``cpu`` or
    ``cuda``; a lexicon file ``lexicon.txt`` in `shared` is the user's. `low_memory` begins with short segments and, on
    a GPU, half precision; without `warm` loading doesn't speak, and the first request takes longer. Nothing heavy
    happens before `load`. One thread of its own computes, on one core, and requests take turns piece by piece: PyTorch
    keeps buffers and helper threads for every thread that ever called it.
    """

    name = "bundled"

    def __init__(
        self,
        shared: Path,
        *,
        device: str = "auto",
        low_memory: bool = False,
        warm: bool = True,
        voices: Path = SHIPPED,
        say: Callable[[str], None] = print,
    ) -> None:
        self._shared, self._wanted, self._low_memory = shared, device, low_memory
        self._voices, self._say, self._warm = voices, say, warm
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="voice", initializer=_alone)
        self._voice: LoadedVoice | None = None
        self._front_end = FrontEnd()

    @property
    def device(self) -> str:
        return self._voice.device if self._voice else "cpu"

    @property
    def capabilities(self) -> Capabilities:
        voice = self._loaded().voice
        return Capabilities(tuple(voice.speakers), tuple(voice.emotions), voice.sample_rate, matching=True)

    def load(self) -> None:
        """Fetches the weights into `cache_hub`, loads them and (`warm`) speaks once: the first request is fast then.

        Raises EngineFailed: no such weights, damaged ones, no such device, a lexicon line that can't be used.
        """
        try:
            self._front_end = FrontEnd(Lexicon.load(self._shared / "lexicon.txt"))
            shipped = _first_voice(self._voices)
            folder = cache_hub.ensure(
                cache_hub.Manifest.load(shipped),
                cache_hub.FolderSource(shipped),
                self._shared / "cache_hub",
                kind="voices",
                name=shipped.name,
                say=self._say,
            )
            device = _device(self._wanted)
            from tts_service.engines.bundled_voice import LoadedVoice  # noqa: PLC0415 - torch takes seconds, only here
            from tts_service.models.store import VoiceError  # noqa: PLC0415

            try:
                self._voice = LoadedVoice(folder, device, low_memory=self._low_memory, say=self._say)
            except VoiceError as error:
                raise EngineFailed(str(error)) from error
        except (cache_hub.CacheHubError, LexiconProblem) as error:
            raise EngineFailed(str(error)) from error
        if self._warm:
            self.synthesize(SynthesisRequest("你好，服务已经启动。"))

    def reload_lexicon(self) -> None:
        """Reads the user's lexicon again: what is asked for from now on is read with it, what is being spoken isn't.

        Raises EngineFailed for a line that can't be used; the lexicon before stays in effect then.
        """
        try:
            self._front_end = FrontEnd(Lexicon.load(self._shared / "lexicon.txt"))
        except LexiconProblem as error:
            raise EngineFailed(str(error)) from error

    def health(self) -> Health:
        """Tells how it is."""
        if self._voice is None:
            return Health(False, _NOT_LOADED, "cpu", "float32")
        return Health(True, "", self._voice.device, self._voice.precision, self._voice.measures)

    def match(self, reference: Reference) -> "VoiceMatch":
        """Tells which voice a reference recording is matched to, and how it is bent: an approximation, no clone.

        A request with the reference is spoken so, whatever voice it names. The first call takes some seconds. Raises
        RequestRefused for a recording that nothing can be matched to.
        """
        return self._worker.submit(self._loaded().matcher.match, reference).result()

    def synthesize(self, request: SynthesisRequest) -> Speech:
        """Speaks. The sound of several sentences is joined with short silences."""
        stream, spent = self._begin(request)
        samples = np.concatenate(list(stream.chunks))
        return stream.spoken(samples, sum(spent))

    def stream(self, request: SynthesisRequest) -> SpeechStream:
        """Speaks in pieces, a short one first."""
        return self._begin(request)[0]

    def _begin(self, request: SynthesisRequest) -> tuple[SpeechStream, list[float]]:
        """The stream, and where the seconds that each piece takes will be noted."""
        request, reading, matching = self._read(request)
        measures: list[str] = []
        spent: list[float] = []
        stream = SpeechStream(
            chunks=self._chunks(self._sounds(reading, request, measures), spent),
            sample_rate=self._loaded().voice.sample_rate,
            text=reading.normalised,
            voice=request.voice or "",
            emotion=request.emotion or "",
            speed=request.speed,
            unreadable=reading.unreadable,
            measures=measures,
            reference=request.reference,
            matching=matching,
        )
        return stream, spent

    def _read(self, request: SynthesisRequest) -> tuple[SynthesisRequest, Reading, str]:
        request = request.checked(self.capabilities)
        reading = self._front_end.read(request.text)
        if not reading.sentences:
            raise RequestRefused(
                "没有可以朗读的内容：请输入汉字、数字或英文。",
                "There is nothing to read aloud: enter Chinese characters, digits or English.",
                "text",
            )
        if request.reference is None:
            return request, reading, ""
        found = self.match(request.reference)
        return replace(request, voice=found.voice), reading, found.told

    def _chunks(self, sounds: Iterator[Samples], spent: list[float]) -> Iterator[Samples]:
        """Fetches piece by piece from the thread that computes: between two pieces others have their turn."""

        def made() -> Samples | None:
            begun = time.perf_counter()
            piece = next(sounds, None)
            spent.append(time.perf_counter() - begun)
            return piece

        try:
            while (piece := self._worker.submit(made).result()) is not None:
                yield piece
        except EngineFailed:
            raise
        except RuntimeError as error:  # torch's own: a broken device
            raise EngineFailed(f"the voice failed while speaking: {error}") from error

    def _sounds(self, reading: Reading, request: SynthesisRequest, measures: list[str]) -> Iterator[Samples]:
        loaded = self._loaded()
        for index, sentence in enumerate(reading.sentences):
            if index:
                yield np.zeros(int(_BETWEEN_SENTENCES * loaded.voice.sample_rate), np.float32)
            yield from loaded.sounds(sentence.units, request, measures)

    def _loaded(self) -> "LoadedVoice":
        if self._voice is None:
            raise EngineFailed(_NOT_LOADED)
        return self._voice


def _alone() -> None:
    """Keeps PyTorch from dividing a piece among cores: to meet again after every layer takes longer than the layer, and
    the other cores have connections to serve.
    """
    import torch  # noqa: PLC0415 - loaded by now

    torch.set_num_threads(1)


def _first_voice(voices: Path) -> Path:
    found = sorted(folder.parent for folder in voices.glob(f"*/{cache_hub.MANIFEST}"))
    if not found:
        raise EngineFailed(f"no voice in {voices}: the release is incomplete, fetch it again")
    return found[0]


def _device(wanted: str) -> str:
    import torch  # noqa: PLC0415 - seconds

    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise EngineFailed(
            "device cuda was asked for, but PyTorch sees no CUDA device: check nvidia-smi and the PyTorch build "
            "(TORCH_INDEX_URL), or start with --device cpu"
        )
    return "cuda" if available and wanted != "cpu" else "cpu"

"""A small engine without a network: a tone for every character, in chunks that a test can hold back and count."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tts_service.engines.base import (
    Capabilities,
    EngineFailed,
    Health,
    RequestRefused,
    Speech,
    SpeechStream,
    SynthesisRequest,
)

RATE = 22050
CHUNK = RATE // 10
VOICES = ("清岚", "若溪", "云峰")
EMOTIONS = ("中性", "开心")


@dataclass
class ToneEngine:
    """Speaks one chunk (0.1 s) for every readable character.

    `go` is awaited before every chunk; `made` counts chunks; `closed` is set when a stream was closed before its end;
    a text with 坏 breaks the engine at that place.
    """

    go: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)
    started: threading.Event = field(default_factory=threading.Event)
    made: int = 0
    well: bool = True
    name: str = "tone"
    device: str = "cpu"
    matching: bool = False
    asked: list[SynthesisRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.go.set()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(VOICES, EMOTIONS, RATE, matching=self.matching)

    def load(self) -> None:
        """Nothing to load."""

    def health(self) -> Health:
        return Health(self.well, "" if self.well else "the tone is out of tune", "cpu", "float32")

    def synthesize(self, request: SynthesisRequest) -> Speech:
        stream = self.stream(request)
        samples = np.concatenate(list(stream.chunks))
        return Speech(samples, RATE, 0.001, stream.text, stream.voice, stream.emotion, stream.speed)

    def stream(self, request: SynthesisRequest) -> SpeechStream:
        request = request.checked(self.capabilities)
        said = "".join(character for character in request.text if character.isalnum())
        if not said:
            raise RequestRefused("没有可以朗读的内容。", "There is nothing to read aloud.", "text")
        self.asked.append(request)
        return SpeechStream(
            chunks=self._chunks(said),
            sample_rate=RATE,
            text=said,
            voice=request.voice or "",
            emotion=request.emotion or "",
            speed=request.speed,
        )

    def _chunks(self, said: str) -> Iterator[NDArray[np.float32]]:
        finished = False
        try:
            for character in said:
                self.started.set()
                if not self.go.wait(20):
                    raise EngineFailed("the test forgot the engine")
                if character == "坏":
                    raise EngineFailed("坏 was said")
                self.made += 1
                yield (0.3 * np.sin(0.1 * np.arange(CHUNK))).astype(np.float32)
            finished = True
        finally:
            if not finished:
                self.closed.set()


class OneByOne(threading.Event):
    """Lets so many chunks pass, and all of them once it is set."""

    def __init__(self, allowed: int) -> None:
        super().__init__()
        self._allowed = allowed

    def wait(self, timeout: float | None = None) -> bool:
        self._allowed -= 1
        return True if self._allowed >= 0 else super().wait(timeout)

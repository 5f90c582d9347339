"""What an engine is: it says what it can, is loaded once, and turns a request into speech."""

import math
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

LONGEST_TEXT: Final = 2000
"""Characters in one request."""
SLOWEST: Final = 0.5
FASTEST: Final = 2.0


class RequestRefused(ValueError):
    """A request can't be carried out as it is; `zh` and `en` tell the user what is allowed."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} {en}")
        self.zh, self.en = zh, en


class EngineFailed(RuntimeError):
    """The engine could not be loaded, or broke while speaking; the text says why."""


@dataclass(frozen=True)
class Capabilities:
    """What an engine offers. The first voice and the first emotion are the defaults.

    `cloning` is true only where a reference recording really becomes a voice.
    """

    voices: tuple[str, ...]
    emotions: tuple[str, ...]
    sample_rate: int
    slowest: float = SLOWEST
    fastest: float = FASTEST
    longest_text: int = LONGEST_TEXT
    cloning: bool = False


@dataclass(frozen=True)
class SynthesisRequest:
    """What is to be said, and how. None or "" takes the engine's first voice or emotion; `speed` 1.0 is natural."""

    text: str
    voice: str | None = None
    emotion: str | None = None
    speed: float = 1.0

    def checked(self, capabilities: Capabilities) -> "SynthesisRequest":
        """Fills in the defaults; raises RequestRefused for whatever the engine can't do, naming what it can."""
        if not isinstance(self.text, str) or not self.text.strip():
            raise RequestRefused("请输入要合成的文字。", "Please enter a text.")
        if len(self.text) > capabilities.longest_text:
            raise RequestRefused(
                f"文字太长：{len(self.text)} 字，一次最多 {capabilities.longest_text} 字，请分段合成。",
                f"The text has {len(self.text)} characters, at most {capabilities.longest_text} are allowed at once.",
            )
        voice = _chosen(self.voice, capabilities.voices, "音色", "voice")
        emotion = _chosen(self.emotion, capabilities.emotions, "情感", "emotion")
        return SynthesisRequest(self.text, voice, emotion, _speed(self.speed, capabilities))


def _chosen(value: object, allowed: tuple[str, ...], zh: str, en: str) -> str:
    if value is None or value == "":
        return allowed[0]
    if isinstance(value, str) and value in allowed:
        return value
    raise RequestRefused(
        f"没有这个{zh}：{str(value)[:40]}。可选：{'、'.join(allowed)}。",
        f"Unknown {en}. Allowed: {', '.join(allowed)}.",
    )


def _speed(value: object, capabilities: Capabilities) -> float:
    low, high = capabilities.slowest, capabilities.fastest
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and low <= value <= high:
        return float(value)
    raise RequestRefused(
        f"语速须在 {low} 到 {high} 之间，1.0 为正常语速。",
        f"Speed must lie between {low} and {high}; 1.0 is natural.",
    )


@dataclass(frozen=True)
class Speech:
    """Spoken sound and how it came to be.

    `samples`: mono float32 within ±1. `seconds`: length of the sound. `compute_seconds`: time it took; `rtf` is their
    ratio. `text`: as it was spoken. `unreadable`: characters that were left out.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    compute_seconds: float
    text: str
    voice: str
    emotion: str
    speed: float
    unreadable: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate

    @property
    def rtf(self) -> float:
        return self.compute_seconds / self.seconds if self.seconds else 0.0


class Engine(Protocol):
    """One way to speak. `load` before the rest; `synthesize` may be called from several threads."""

    @property
    def name(self) -> str:
        """A short name, as in ``/healthz``."""
        ...

    @property
    def device(self) -> str:
        """What it computes on: ``cpu`` or ``cuda``."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it offers; known once it is loaded."""
        ...

    def load(self) -> None:
        """Makes it ready to speak; raises EngineFailed."""
        ...

    def synthesize(self, request: SynthesisRequest) -> Speech:
        """Speaks; raises RequestRefused for the caller's mistakes, EngineFailed for its own."""
        ...

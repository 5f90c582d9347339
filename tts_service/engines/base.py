"""What an engine is: it says what it can, is loaded once, and turns a request into speech."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

LONGEST_TEXT: Final = 2000
"""Characters in one request."""
SLOWEST: Final = 0.5
FASTEST: Final = 2.0
STRONGEST: Final = 1.5
"""The highest intensity of an emotion; 0 is neutral, 1 as it was made."""
VECTOR: Final = ("happy", "angry", "sad", "afraid", "disgusted", "melancholic", "surprised", "calm")
"""What the eight values of an emotion vector stand for, in IndexTTS2's order."""


class RequestRefused(ValueError):
    """A request can't be carried out as it is; `zh` and `en` tell the user what is allowed.

    `param` names the field of `SynthesisRequest` that is wrong, where it is one.
    """

    def __init__(self, zh: str, en: str, param: str | None = None) -> None:
        super().__init__(f"{zh} {en}")
        self.zh, self.en, self.param = zh, en, param


class EngineFailed(RuntimeError):
    """The engine could not be loaded, or broke while speaking; the text says why."""


@dataclass(frozen=True)
class Capabilities:
    """What an engine offers. The first voice and the first emotion are the defaults.

    `cloning` is true only where a reference recording really becomes a voice; `matching` where it only chooses and
    bends the nearest voice of the engine's own.
    """

    voices: tuple[str, ...]
    emotions: tuple[str, ...]
    sample_rate: int
    slowest: float = SLOWEST
    fastest: float = FASTEST
    longest_text: int = LONGEST_TEXT
    cloning: bool = False
    matching: bool = False


@dataclass(frozen=True)
class Declaration:
    """What a user states about a reference recording: where it comes from, whose consent there is, what it is for."""

    source: str
    consent: str
    purpose: str


@dataclass(frozen=True)
class Reference:
    """A reference recording that was admitted (checked, declared and entered into the audit file).

    `path` is a mono 16-bit wav of at most 15 s; `sha256` that of the file as it was handed in.
    """

    path: Path
    declaration: Declaration
    sha256: str


@dataclass(frozen=True)
class SynthesisRequest:
    """What is to be said, and how. None or "" takes the engine's first voice or emotion; `speed` 1.0 is natural.

    `intensity` goes from 0 (neutral) to 1.5 of the emotion. `vector` (eight values of `VECTOR`, each 0 to 1) takes the
    place of the emotion. `seed` decides what is left to chance: the same request gives the same sound.
    """

    text: str
    voice: str | None = None
    emotion: str | None = None
    speed: float = 1.0
    intensity: float = 1.0
    vector: tuple[float, ...] | None = None
    reference: Reference | None = None
    seed: int = 0

    def checked(self, capabilities: Capabilities) -> "SynthesisRequest":
        """Fills in the defaults; raises RequestRefused for whatever the engine can't do, naming what it can."""
        if not isinstance(self.text, str) or not self.text.strip():
            raise RequestRefused("请输入要合成的文字。", "Please enter a text.", "text")
        if len(self.text) > capabilities.longest_text:
            raise RequestRefused(
                f"文字太长：{len(self.text)} 字，一次最多 {capabilities.longest_text} 字，请分段合成。",
                f"The text has {len(self.text)} characters, at most {capabilities.longest_text} are allowed at once.",
                "text",
            )
        voice = _chosen(self.voice, capabilities.voices, "音色", "voice")
        emotion = _chosen(self.emotion, capabilities.emotions, "情感", "emotion")
        if self.reference is not None and not (capabilities.cloning or capabilities.matching):
            raise RequestRefused("这个引擎不支持参考音频。", "This engine takes no reference recording.", "reference")
        return replace(
            self,
            voice=voice,
            emotion=emotion,
            speed=_within(self.speed, capabilities.slowest, capabilities.fastest, "语速", "Speed"),
            intensity=_within(self.intensity, 0.0, STRONGEST, "情感强度", "Intensity"),
            vector=_vector(self.vector),
            seed=_seed(self.seed),
        )


def _chosen(value: object, allowed: tuple[str, ...], zh: str, en: str) -> str:
    if value is None or value == "":
        return allowed[0]
    if isinstance(value, str) and value in allowed:
        return value
    given = f"没有这个{zh}：{value[:40]}。" if isinstance(value, str) else f"{zh}须为文字。"
    raise RequestRefused(f"{given}可选：{'、'.join(allowed)}。", f"Unknown {en}. Allowed: {', '.join(allowed)}.", en)


def _number(value: object) -> float | None:
    """The finite number that a value is, else None; True is none."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return None
    return number if math.isfinite(number) else None


def _within(value: object, low: float, high: float, zh: str, en: str) -> float:
    number = _number(value)
    if number is None or not low <= number <= high:
        raise RequestRefused(
            f"{zh}须在 {low:.1f} 到 {high:.1f} 之间，1 为正常。",
            f"{en} must lie between {low:.1f} and {high:.1f}; 1 is natural.",
            en.lower(),
        )
    return number


def _vector(value: object) -> tuple[float, ...] | None:
    if value is None:
        return None
    numbers = [_number(item) for item in value] if isinstance(value, list | tuple) else []
    if len(numbers) != len(VECTOR) or any(number is None or not 0.0 <= number <= 1.0 for number in numbers):
        raise RequestRefused(
            f"情感向量须为 {len(VECTOR)} 个 0 到 1 之间的数，依次为：{'、'.join(VECTOR)}。",
            f"The emotion vector takes {len(VECTOR)} numbers between 0 and 1: {', '.join(VECTOR)}.",
            "vector",
        )
    return tuple(number for number in numbers if number is not None)


def _seed(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31:
        return value
    raise RequestRefused(
        "随机种子须为 0 到 2147483647 的整数。", "The seed must be an integer from 0 to 2147483647.", "seed"
    )


@dataclass(frozen=True)
class Speech:
    """Spoken sound and how it came to be.

    `samples`: mono float32 within ±1. `seconds`: length of the sound. `compute_seconds`: time it took; `rtf` is their
    ratio. `text`: as it was spoken. `unreadable`: characters that were left out. `measures`: what was done because
    memory ran out (see `Health`), in order. `engine`: which engine spoke, where one chooses between several, else "";
    `note` then says why it wasn't the first choice. `reference`: the recording whose voice it is, whether it came with
    the request or belongs to the chosen voice; `matching` how a voice of the engine's own was bent towards it.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    compute_seconds: float
    text: str
    voice: str
    emotion: str
    speed: float
    unreadable: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    engine: str = ""
    note: str = ""
    reference: Reference | None = None
    matching: str = ""

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate

    @property
    def rtf(self) -> float:
        return self.compute_seconds / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class SpeechStream:
    """Speech that is still being made: what is known at once, and `chunks` of mono float32 samples within ±1.

    Closing `chunks` (a generator) ends the work at the next chunk; a stream that is dropped is closed. `measures` may
    grow while it is spoken; it, `engine`, `note`, `reference` and `matching` are those of `Speech`.
    """

    chunks: Iterator[NDArray[np.float32]]
    sample_rate: int
    text: str
    voice: str
    emotion: str
    speed: float
    unreadable: tuple[str, ...] = ()
    measures: Sequence[str] = ()
    engine: str = ""
    note: str = ""
    reference: Reference | None = None
    matching: str = ""

    def spoken(self, samples: NDArray[np.float32], compute_seconds: float) -> Speech:
        """The finished speech, once all chunks have been joined to `samples`."""
        return Speech(
            samples=samples,
            sample_rate=self.sample_rate,
            compute_seconds=compute_seconds,
            text=self.text,
            voice=self.voice,
            emotion=self.emotion,
            speed=self.speed,
            unreadable=self.unreadable,
            measures=tuple(self.measures),
            engine=self.engine,
            note=self.note,
            reference=self.reference,
            matching=self.matching,
        )


@dataclass(frozen=True)
class Health:
    """How an engine is. `ok`: it can speak; `detail` says why not, or "".

    `device` is ``cpu`` or ``cuda``, `precision` ``float32``, ``float16`` or ``int8``: what it computes with now, not
    what was asked for. `measures`: steps taken since load because memory ran out: ``freed cache``, ``short segments``,
    ``half precision``, ``cpu``.
    """

    ok: bool
    detail: str
    device: str
    precision: str
    measures: tuple[str, ...] = ()


class Engine(Protocol):
    """One way to speak. `load` before the rest; `synthesize` and `stream` may be called from several threads."""

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

    def stream(self, request: SynthesisRequest) -> SpeechStream:
        """Speaks in pieces. Refuses at once, before the first piece, whatever `synthesize` would refuse."""
        ...

    def health(self) -> Health:
        """Tells how it is, quickly and without speaking."""
        ...

"""What counts as speech: the limits that a synthesised sentence is held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict


@dataclass(frozen=True)
class SpeechLimits:
    """Limits for one synthesised sentence; a None is not checked.

    `min_seconds`, `max_seconds`: its length. `min_rms`: its loudness (root mean square, full scale is 1).
    `max_peak`: its highest sample (0–1). `max_clipped`: the share of samples at full scale (a service that scales
    its sound to full range has one of them, a clipped one thousands). `max_silence`: the share of 20 ms windows
    that hold no sound. `min_sample_rate` in Hz. `max_rtf`: seconds of computing for a second of sound.
    """

    min_seconds: float = 0.5
    max_seconds: float = 120.0
    min_rms: float = 0.01
    max_peak: float = 1.0
    max_clipped: float = 0.001
    max_silence: float = 0.8
    min_sample_rate: int = 16000
    max_rtf: float | None = None

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

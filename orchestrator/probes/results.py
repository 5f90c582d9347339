"""What a probe found. Plain values; `detail` is one line for a log or a ticket, `took` the probe's own seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ProbeResult:
    """Whether something answered, and after how many seconds."""

    ok: bool
    seconds: float
    detail: str


@dataclass(frozen=True)
class SpeechResult:
    """Whether the service spoke, and how it sounded; the figures are None where there was no sound to measure.

    `seconds`: the sound's length. `rms`, `peak`: loudness and highest sample, full scale is 1. `clipped`, `silence`:
    shares (0–1) of samples at full scale and of windows without sound. `sample_rate` in Hz. `rtf`: seconds of
    computing for a second of sound, as the service says, else as measured from here.
    """

    ok: bool
    detail: str
    seconds: float | None = None
    rms: float | None = None
    peak: float | None = None
    clipped: float | None = None
    silence: float | None = None
    sample_rate: int | None = None
    rtf: float | None = None
    took: float = 0.0


@dataclass(frozen=True)
class ScreenshotResult:
    """Whether the page did what a person would see. `skipped`: no browser here, so nothing was tried.

    A picture may be there although `ok` is False: it then shows what was wrong.
    """

    ok: bool
    detail: str
    skipped: bool = False
    took: float = 0.0

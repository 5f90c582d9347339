"""Chooses the voice that comes nearest to a reference recording, and how far it is bent towards it."""

import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tts_service.engines.base import Reference, RequestRefused
from tts_service.matching.profile import Profile, colour_distance, profile, semitones
from tts_service.models.features import MEL_BANDS, SAMPLE_RATE

Floats = npt.NDArray[np.floating[Any]]
WIDEST_SHIFT: Final = 7.0
"""Semitones that a voice is moved at most."""
SLOWEST, FASTEST = 0.8, 1.25
"""Bounds of the pace, as a factor of the voice's own."""
STRONGEST_GAIN: Final = 4.0
"""Decibels that a band is raised or lowered at most."""
_WARPS: Final = tuple(float(np.exp(step)) for step in np.linspace(-0.16, 0.16, 17))
_LEAST_REACH: Final = 32  # bands, to about 1.3 kHz: less is a hum or a whistle
_LEAST_PACE: Final = 0.8  # syllables a second: less is a held tone
_SHAPES: Final = 6  # cosines over the bands: a tilt and what is a little finer than it
# decibels that a semitone, a doubling of the formants and a decibel of gain count for, against what can't be bent away
_PER_SEMITONE, _PER_WARP, _PER_GAIN = 0.15, 8.0, 0.1


@dataclass(frozen=True)
class VoiceMatch:
    """An approximation, not a copy of the person: one of the engine's own voices, bent.

    `voice`; `semitones` its pitch is moved by; `speed` its natural pace is multiplied with; `warp` its formants are
    multiplied with; `gains` (80 mel bands, dB). `nearest` and `bent`: root mean square distance of the long-term
    spectrum to the reference in dB, of the voice as it is and as it is expected to be when bent;
    `pitch_left`: semitones between the reference and the bent voice.
    """

    voice: str
    semitones: float
    speed: float
    warp: float
    gains: tuple[float, ...]
    nearest: float
    bent: float
    pitch_left: float

    @property
    def told(self) -> str:
        """One line for users, marks and the audit file."""
        return f"音色匹配（近似）：{self.voice}，音高 {self.semitones:+.1f} 半音，语速 ×{self.speed:.2f}"


def match(reference: Reference, voices: Mapping[str, Profile]) -> VoiceMatch:
    """Finds the nearest of an engine's voices; the same recording gives the same match.

    Raises RequestRefused for a recording that is no speech (no pitch, no syllables), or is no longer there.
    """
    heard = profile(_samples(reference.path))
    if heard is None or heard.reach < _LEAST_REACH or heard.pace < _LEAST_PACE:
        raise RequestRefused(
            "参考音频里听不出人声，请换一段清晰的说话录音。",
            "No voice can be heard in the reference recording: use clear speech.",
            "reference",
        )
    return min((_bent(name, own, heard) for name, own in voices.items()), key=_cost)


def _samples(path: Path) -> npt.NDArray[np.float32]:
    try:
        with wave.open(str(path), "rb") as file:
            frames = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise RequestRefused(
            "参考音频已不在服务器上，请重新上传。",
            "The reference recording is no longer there: hand it in again.",
            "reference",
        ) from error
    return (np.frombuffer(frames, "<i2") / 32768).astype(np.float32)


def _cost(found: VoiceMatch) -> float:
    effort = float(np.sqrt(np.mean(np.square(found.gains))))
    return (
        found.bent
        + _PER_SEMITONE * abs(found.semitones)
        + _PER_WARP * abs(float(np.log2(found.warp)))
        + _PER_GAIN * effort
    )


def _bent(name: str, own: Profile, heard: Profile) -> VoiceMatch:
    """The best that can be made of one voice."""
    wanted = semitones(own.pitch, heard.pitch)
    shift = float(np.clip(wanted, -WIDEST_SHIFT, WIDEST_SHIFT))
    pace = float(np.clip(heard.pace / own.pace if own.pace else 1.0, SLOWEST, FASTEST))
    near = colour_distance(own, heard)
    candidates = []
    for warp in _WARPS:
        warped = warping(warp) @ own.colour
        gains = _gains(warped, own.colour, heard)
        reach = heard.reach
        left = (heard.colour - warped - gains)[:reach]
        bent = float(np.sqrt(np.mean((left - left.mean()) ** 2)))
        candidates.append(
            VoiceMatch(
                name,
                round(shift, 2),
                round(pace, 3),
                warp,
                tuple(gains.tolist()),
                near,
                bent,
                round(wanted - shift, 2),
            )
        )
    return min(candidates, key=_cost)


def _gains(warped: Floats, own: Floats, heard: Profile) -> Floats:
    """A smooth curve from a voice's colour to the reference's, within bounds, that leaves the loudness as it is."""
    reach = heard.reach
    steps = (np.arange(reach) + 0.5) / reach
    shapes = np.cos(np.pi * np.arange(_SHAPES)[:, None] * steps)
    apart = (heard.colour - warped)[:reach]
    parts = np.linalg.lstsq(shapes.T, apart, rcond=None)[0]
    curve = np.empty(MEL_BANDS)
    curve[:reach] = parts @ shapes
    curve[reach:] = curve[reach - 1]  # the recording holds nothing there: nothing finer is known
    curve = np.clip(curve - curve.mean(), -STRONGEST_GAIN, STRONGEST_GAIN)
    louder = np.sum(10.0 ** ((warped + curve) / 10.0)) / np.sum(10.0 ** (own / 10.0))
    gains: Floats = curve - 10.0 * np.log10(louder)
    return gains


def warping(factor: float) -> npt.NDArray[np.float32]:
    """The matrix (80, 80) that moves what lies at a frequency to `factor` times that frequency, in mel bands."""
    top = 2595.0 * np.log10(1.0 + SAMPLE_RATE / 2 / 700.0)
    centres = 700.0 * (10.0 ** (np.linspace(0.0, top, MEL_BANDS + 2)[1:-1] / 2595.0) - 1.0)
    place = np.interp(centres / factor, centres, np.arange(MEL_BANDS))
    below = np.clip(np.floor(place).astype(int), 0, MEL_BANDS - 2)
    share = place - below
    matrix = np.zeros((MEL_BANDS, MEL_BANDS), np.float32)
    rows = np.arange(MEL_BANDS)
    matrix[rows, below] = 1.0 - share
    matrix[rows, below + 1] += share
    return matrix

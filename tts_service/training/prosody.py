"""Who the teacher is and how it feels: speakers, emotions, pauses. How an utterance runs: `models/prosody.py`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Emotion:
    """How an emotion sounds: register in semitones, pitch range (eSpeak's R, 50 = plain), length, level and tilt.

    ``length`` multiplies every duration, ``decibel`` the level; ``tilt`` is the gain in dB at 4 kHz and above.
    """

    semitones: float
    range: int
    length: float
    decibel: float
    tilt: float


EMOTIONS: dict[str, Emotion] = {
    "中性": Emotion(0.0, 50, 1.00, 0.0, 0.0),
    "开心": Emotion(2.5, 80, 0.93, 1.0, 2.0),
    "悲伤": Emotion(-2.0, 25, 1.25, -3.0, -4.0),
    "生气": Emotion(1.0, 70, 0.86, 2.5, 3.0),
    "严肃": Emotion(-1.5, 38, 1.08, 0.0, 0.5),
    "温柔": Emotion(0.8, 38, 1.14, -2.0, -3.0),
}


@dataclass(frozen=True)
class Speaker:
    """A speaker: eSpeak voice variant, how far its register is moved in semitones, the pitch it stays within, Hz."""

    variant: str
    semitones: float
    lowest: float
    highest: float


SPEAKERS: dict[str, Speaker] = {
    "清岚": Speaker("f2", 2.0, 95, 620),
    "若溪": Speaker("f3", 0.0, 90, 620),
    "小禾": Speaker("f5", 4.0, 110, 620),
    "云峰": Speaker("m3", 3.5, 52, 330),
    "石磊": Speaker("m7", 3.0, 52, 330),
    "老周": Speaker("Denis", 1.5, 52, 330),
}

_PAUSE_SECONDS = {"#1": 0.0, "#2": 0.03, "#3": 0.22, "#4": 0.42, "#?": 0.42}


def pause_seconds(boundary: str, length: float) -> float:
    """Says how long the silence at a boundary is, at a factor `length` on all durations."""
    return _PAUSE_SECONDS[boundary] * length

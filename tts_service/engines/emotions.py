"""Emotions between engines: a name and its intensity, and the eight values that IndexTTS2 takes."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from tts_service.engines.base import VECTOR, SynthesisRequest

_NEAREST: Final = {
    "happy": "开心", "angry": "生气", "sad": "悲伤", "afraid": "悲伤", "disgusted": "生气", "melancholic": "悲伤",
    "surprised": "开心", "calm": "严肃",
}  # fmt: skip
NEUTRAL: Final = "中性"
MIXTURES: Final = MappingProxyType(
    {
        NEUTRAL: {},
        "开心": {"happy": 0.6},
        "悲伤": {"sad": 0.6},
        "生气": {"angry": 0.6},
        "严肃": {"calm": 0.6},
        "温柔": {"calm": 0.4, "happy": 0.15},
        "害怕": {"afraid": 0.6},
        "厌恶": {"disgusted": 0.6},
        "低落": {"melancholic": 0.6},
        "惊讶": {"surprised": 0.6},
    }
)
"""Emotions by name as they are mixed from the eight values, at intensity 1."""
MOST: Final = 0.8
"""The highest sum of the eight values that IndexTTS2 takes; it scales down what lies above."""


def voice_weights(request: SynthesisRequest, emotions: Sequence[str]) -> dict[str, float]:
    """Weighs an engine's own emotions (the first is neutral) as a checked request asks; the weights add up to one.

    Each of a vector's values goes to the emotion that comes nearest; what is missing to one is neutral.
    """
    weights: dict[str, float] = {}
    if request.vector is None:
        name = request.emotion or emotions[0]
        weights[name] = request.intensity
    else:
        scale = 1.0 / max(1.0, sum(request.vector))
        for dimension, value in zip(VECTOR, request.vector, strict=True):
            nearest = _NEAREST[dimension]
            name = nearest if nearest in emotions else emotions[0]
            weights[name] = weights.get(name, 0.0) + value * scale
    weights[emotions[0]] = weights.get(emotions[0], 0.0) + 1.0 - sum(weights.values())
    return weights


def emotion_vector(request: SynthesisRequest) -> tuple[float, ...]:
    """Gives the eight values of `VECTOR` for a checked request: its own vector, else its emotion times its intensity.

    They add up to at most `MOST`; all zero means: as the reference recording sounds. An emotion that isn't in
    `MIXTURES` counts as neutral.
    """
    if request.vector is not None:
        values = request.vector
    else:
        mixture = MIXTURES.get(request.emotion or NEUTRAL, {})
        values = tuple(min(1.0, mixture.get(dimension, 0.0) * request.intensity) for dimension in VECTOR)
    total = sum(values)
    return tuple(round(value * MOST / total, 4) for value in values) if total > MOST else values

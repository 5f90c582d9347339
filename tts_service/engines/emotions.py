"""Emotions between engines: a name and its intensity, and the eight values that IndexTTS2 takes."""

from collections.abc import Sequence
from typing import Final

from tts_service.engines.base import VECTOR, SynthesisRequest

_NEAREST: Final = {
    "happy": "开心", "angry": "生气", "sad": "悲伤", "afraid": "悲伤", "disgusted": "生气", "melancholic": "悲伤",
    "surprised": "开心", "calm": "严肃",
}  # fmt: skip


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

"""Held-out utterances: which of the dev shard, and the units they were made from."""

from collections.abc import Sequence

from tts_service.models.features import FRAME_RATE
from tts_service.models.symbols import BOUNDARIES, SYLLABLES, decode
from tts_service.training.corpus import Example

_SHORTEST, _LONGEST = 1.5, 12.0  # seconds
_SPELLING = {parts: spelling for spelling, parts in reversed(SYLLABLES.items())}


def units_of(example: Example) -> list[str]:
    """The units that an example's tokens came from."""
    units: list[str] = []
    initial = ""
    for token in decode(example.tokens.tolist())[1:-1]:
        if token in BOUNDARIES or token.startswith("en:"):
            units.append(token)
        elif token[-1].isdigit():
            units.append(_SPELLING[initial, token[:-1]] + token[-1])
            initial = ""
        else:
            initial = token
    return units


def held_out(examples: Sequence[Example], count: int) -> list[Example]:
    """The first `count` dev examples of a sentence's length."""
    return [e for e in examples if _SHORTEST < len(e.pitch) / FRAME_RATE < _LONGEST][:count]

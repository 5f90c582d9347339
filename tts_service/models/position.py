"""Where each token stands in its word, phrase and clause, and what the prosody rules say about it.

Numbers that a short convolution could not count.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tts_service.models.prosody import deliver, groups
from tts_service.models.symbols import BOUNDARIES, FINALS, TOKENS, TONES

FEATURES = 15
_RANK = {"#1": 1, "#2": 2, "#3": 3, "#4": 4, "#?": 4}
_NUCLEI = {final + tone for final in FINALS for tone in TONES}


def _is_nucleus(token: str) -> bool:
    """A token that makes a syllable: a Mandarin final, or an English vowel."""
    return token in _NUCLEI or (token.startswith("en:") and token[-1] in "012")


def _from_edges(nucleus: Sequence[bool], rank: Sequence[int], least: int) -> tuple[list[int], list[int]]:
    """Syllables since the last boundary of rank `least` or more, and until the next one, for every token."""
    since, until = [], [0] * len(rank)
    count = 0
    for is_nucleus, strength in zip(nucleus, rank, strict=True):
        if strength >= least:
            count = 0
        since.append(count)
        count += is_nucleus
    count = 0
    for index in range(len(rank) - 1, -1, -1):
        if rank[index] >= least:
            count = 0
        count += nucleus[index]
        until[index] = max(count - 1, 0)
    return since, until


def _deliveries(tokens: Sequence[str]) -> list[tuple[float, float, float, float]]:
    """What the rules say about the syllable or English word of each token: register, length, level, full third tone.

    Scaled to about -1 to 1; zeros for silence and boundaries.
    """
    owners: list[int] = []
    units: list[str] = []
    count, in_word = 0, False
    for token in tokens:
        english = token.startswith("en:")
        if token in BOUNDARIES or english or token in _NUCLEI:
            units.append(token)  # a final and its tone are all the rules look at
        spoken = token not in BOUNDARIES and not token.startswith("<")
        owners.append(count - (english and in_word) if spoken else -1)
        count += token in _NUCLEI or (english and not in_word)
        in_word = english
    rules = deliver(groups(units))
    return [
        (0.0, 0.0, 0.0, 0.0)
        if owner < 0
        else (
            rules[owner].semitones / 8,
            4 * math.log(rules[owner].length),
            rules[owner].decibel / 5,
            float(rules[owner].full_third),
        )
        for owner in owners
    ]


def positions(ids: Sequence[int]) -> npt.NDArray[np.float32]:
    """Position features of an utterance's tokens: (tokens, FEATURES), none far from -1 to 1."""
    tokens = [TOKENS[index] for index in ids]
    nucleus = [_is_nucleus(token) for token in tokens]
    rank = [_RANK.get(token, 0) for token in tokens]
    clause_since, clause_until = _from_edges(nucleus, rank, 3)
    phrase_since, phrase_until = _from_edges(nucleus, rank, 2)
    word_since, word_until = _from_edges(nucleus, rank, 1)
    number = 0
    clause_number = []
    question, final = [0.0] * len(tokens), [0.0] * len(tokens)
    closing = "#4"
    for index in range(len(tokens) - 1, -1, -1):
        if rank[index] >= 3:
            closing = tokens[index]
        question[index], final[index] = float(closing == "#?"), float(closing != "#3")
    for strength in rank:
        clause_number.append(number)
        number += strength >= 3
    columns = [
        [min(i, 24) / 24 for i in clause_since],
        [min(j, 24) / 24 for j in clause_until],
        [i / max(i + j, 4) for i, j in zip(clause_since, clause_until, strict=True)],
        [min(n, 2) / 2 for n in clause_number],
        question,
        final,
        [min(i, 4) / 4 for i in phrase_since],
        [min(j, 4) / 4 for j in phrase_until],
        [min(i, 3) / 3 for i in word_since],
        [min(j, 3) / 3 for j in word_until],
        [float(j == 0) for j in clause_until],
        *zip(*_deliveries(tokens), strict=True),
    ]
    return np.array(columns, np.float32).T.reshape(len(tokens), FEATURES)

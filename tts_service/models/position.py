"""Where each token stands in its word, phrase and clause: numbers that a short convolution could not count."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tts_service.models.symbols import FINALS, TOKENS, TONES

FEATURES = 11
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


def positions(ids: Sequence[int]) -> npt.NDArray[np.float32]:
    """Position features of an utterance's tokens: (tokens, FEATURES), each between 0 and 1."""
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
    ]
    return np.array(columns, np.float32).T.reshape(len(tokens), FEATURES)

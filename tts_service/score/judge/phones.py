"""What the judge listens for: phones without and with tone, and how far two sequences of them are apart."""

from collections.abc import Iterable, Sequence
from typing import Final

from tts_service.models.symbols import (
    ARPABET_CONSONANTS,
    ARPABET_VOWELS,
    FINALS,
    INITIALS,
    SILENCE,
    TOKENS,
    TONES,
    decode,
    encode,
)

_ENGLISH: Final = tuple(f"en:{phone}" for phone in (*ARPABET_CONSONANTS, *ARPABET_VOWELS))
PLAIN: Final = ("<blank>", *INITIALS, *FINALS, *_ENGLISH)
"""Phones without tone: initials, finals, English phones without stress. The first is CTC's blank."""
TONED: Final = ("<blank>", *INITIALS, *(final + tone for final in FINALS for tone in TONES), *_ENGLISH)
"""The same with the tone on each final. English stress is not judged: it has no one sound."""


def phone(token: str) -> str:
    """The phone of a token of `models.symbols`, with its tone; "" for silence, padding and boundaries."""
    if token[0] in "<#":
        return ""
    return token.rstrip("012") if token.startswith("en:") else token


def without_tone(phone: str) -> str:
    """Takes the tone off a final; other phones stay as they are."""
    return phone if phone.startswith("en:") else phone.rstrip("12345")


TWINS: Final = {
    "en:IY": "i", "en:EY": "ei", "en:OW": "ou",
    "en:M": "m", "en:N": "n", "en:L": "l", "en:F": "f", "en:S": "s",
}  # fmt: skip
"""English phones that the bundled voice's teacher gives the sound of a Mandarin one: in the middle of these, the mel
bands of the two lie 0.15 to 0.29 apart, and each is the other's nearest of all phones (of other phones mostly 0.3 to
0.6). Which of the two it was is told by the word, not by the sound, so taking one for the other is no error.
"""


def one_of_twins(phone: str) -> str:
    """Gives the Mandarin twin of an English phone that sounds like it; other phones stay as they are."""
    return TWINS.get(phone, phone)


def phones_of_tokens(ids: Iterable[int]) -> list[str]:
    """The toned phones of token ids."""
    return [found for token in decode(list(ids)) if (found := phone(token))]


def phones_of_units(units: Iterable[str]) -> list[str]:
    """The toned phones of an utterance's units; raises ValueError for an unknown unit."""
    return phones_of_tokens(encode(units))


def edits(heard: Sequence[str], expected: Sequence[str]) -> int:
    """How many phones must be put in, taken out or exchanged to make `expected` of `heard` (Levenshtein)."""
    row = list(range(len(expected) + 1))
    for place, one in enumerate(heard, 1):
        corner, row[0] = row[0], place
        for index, other in enumerate(expected, 1):
            corner, row[index] = row[index], min(row[index] + 1, row[index - 1] + 1, corner + (one != other))
    return row[-1]


PLAIN_OF_TONED: Final = tuple(PLAIN.index(without_tone(phone)) for phone in TONED)
"""For each toned phone its place in PLAIN."""
TONE_OF_TONED: Final = tuple(
    TONES.index(phone[-1]) if phone[-1] in TONES and not phone.startswith("en:") else len(TONES) for phone in TONED
)
"""For each toned phone the place of its tone in TONES, one past the last for phones without one."""
PHONE_OF_TOKEN: Final = tuple(TONED.index(found) if (found := phone(token)) else 0 for token in TOKENS)
"""For each token id its place in TONED, 0 for what is not heard."""

assert PHONE_OF_TOKEN[SILENCE] == 0

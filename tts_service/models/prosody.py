"""Our own prosody: how register, length and loudness run through an utterance.

The rules give each syllable or English word its place in the fall of a clause, its lengthening before a pause, the rise
of a question, from nothing but the units. The teacher speaks by them, and the acoustic model is told what they say, so
that it has to learn how they sound and not how to count.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tts_service.models.symbols import BOUNDARIES


@dataclass(frozen=True)
class Group:
    """What is spoken in one piece: a syllable or an English word, with the boundary that follows it.

    ``after`` is the strongest boundary behind it ("" = inside a word); ``units`` are its units without boundaries.
    """

    units: tuple[str, ...]
    after: str

    @property
    def english(self) -> bool:
        return self.units[0].startswith("en:")


@dataclass(frozen=True)
class Delivery:
    """How a group is spoken: register in semitones against the speaker, factor on length, level, full third tone."""

    semitones: float
    length: float
    decibel: float
    full_third: bool


_STRENGTH = {"": 0, **{boundary: index + 1 for index, boundary in enumerate(BOUNDARIES)}}
_DECLINATION = 3.2  # semitones from a clause's first syllable to its last
_TONE_REGISTER = {"1": 0.4, "2": 0.0, "3": -1.5, "4": 0.3, "5": 0.0}
_AFTER_TONE = {"1": 1.0, "2": 2.0, "3": 5.0, "4": 0.0, "5": -0.5}


def groups(units: Sequence[str]) -> list[Group]:
    """Cuts units into groups: each Mandarin syllable by itself, English phones up to the next boundary or syllable."""
    result: list[Group] = []
    english: list[str] = []

    def close() -> None:
        if english:
            result.append(Group(tuple(english), ""))
            english.clear()

    for unit in units:
        if unit in BOUNDARIES:
            close()
            if result:
                last = result[-1]
                strongest = max(last.after, unit, key=_STRENGTH.__getitem__)
                result[-1] = Group(last.units, strongest)
        elif unit.startswith("en:"):
            english.append(unit)
        else:
            close()
            result.append(Group((unit,), ""))
    close()
    return result


def deliver(spoken: Sequence[Group]) -> list[Delivery]:
    """Applies the rules to an utterance's groups, in order."""
    result = []
    clause_start = 0
    clauses: list[tuple[int, int]] = []
    for index, group in enumerate(spoken):
        if group.after in ("#3", "#4", "#?") or index == len(spoken) - 1:
            clauses.append((clause_start, index))
            clause_start = index + 1
    for number, (start, end) in enumerate(clauses):
        question = spoken[end].after == "#?"
        last_clause = spoken[end].after != "#3"
        phrase_start = word_start = True
        since_phrase = 0
        previous_tone = "1"
        for index in range(start, end + 1):
            group = spoken[index]
            run = (index - start) / max(end - start, 4)
            decline = _DECLINATION * (0.3 if question else 1.0)
            semitones = 1.4 - 0.5 * min(number, 2) - decline * run
            if phrase_start and index > start:
                since_phrase = 0
            semitones += 0.8 * max(0.0, 1 - since_phrase / 3)
            length, decibel = 1.0, 0.0
            if word_start:
                semitones += 0.3
            inside = group.after == ""
            length *= 0.95 if inside else 1.02
            tone = group.units[-1][-1]
            if not group.english:
                semitones += _TONE_REGISTER[tone]
            if not group.english and tone == "5":
                semitones += _AFTER_TONE[previous_tone]
                length *= 0.85
                decibel -= 2.0
            if group.after == "#2":
                length *= 1.12
            elif index == end:
                length *= 1.25 if group.after == "#3" else 1.32
                if question:
                    semitones += 3.5
                elif last_clause:
                    semitones -= 1.2
                    decibel -= 2.0
                else:
                    semitones += 0.6
            full_third = group.after in ("#2", "#3", "#4", "#?") or index == end
            result.append(Delivery(semitones, length, decibel - 1.5 * run, full_third))
            previous_tone = "1" if group.english else tone
            word_start = not inside
            phrase_start = group.after not in ("", "#1")
            since_phrase += 1
    return result

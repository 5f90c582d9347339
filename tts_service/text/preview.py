"""How a text will be read, word by word, before it is spoken; and a person's corrections, written into the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Final

from tts_service.engines.base import RequestRefused
from tts_service.text import english
from tts_service.text.clean import clean
from tts_service.text.frontend import FrontEnd, Sentence
from tts_service.text.markup import FIRST_MARK, Marked, extract
from tts_service.text.normalise import normalise
from tts_service.text.units import BOUNDARIES, END, PAUSE, QUESTION, checked_reading

_HAN: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_LATIN: Final = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*")
_UNSPOKEN: Final = frozenset(" ，。？\n")
_SIGNS: Final = {PAUSE: "，", END: "。", QUESTION: "？"}


@dataclass(frozen=True)
class Word:
    """One word as it will be said: what is written, its units, the sign of the pause behind it or "", and whether the
    reading was given in the text. `editable` is false where a reading can't be told word by word. `start` and `end`
    are its place in the normalised text, where a given reading is a single character.
    """

    text: str
    units: tuple[str, ...]
    pause: str = ""
    given: bool = False
    editable: bool = True
    start: int = -1
    end: int = -1

    @property
    def reading(self) -> str:
        """Its reading as a person would type it: ``chong2 qing4``; ARPAbet for English."""
        return _shown(self.units)


@dataclass(frozen=True)
class Segment:
    """One sentence, and its words."""

    text: str
    words: tuple[Word, ...]

    @property
    def reading(self) -> str:
        """The whole sentence's reading, words parted by spaces."""
        return " ".join(word.reading for word in self.words)


def preview(front_end: FrontEnd, text: str) -> tuple[Segment, ...]:
    """Tells how `text` will be read; nothing readable gives no segment. Costs some milliseconds per sentence."""
    marked = extract(clean(text))
    said = normalise(marked.text)
    at = mark = 0
    segments: list[Segment] = []
    for sentence in front_end.read(text).sentences:
        words: list[Word] = []
        for word in _words(sentence, front_end, marked):
            sign = said.find(chr(FIRST_MARK + mark), at) if mark < len(marked.readings) else -1
            start = said.find(word.text, at)
            if given := sign >= 0 and (start < 0 or sign < start):
                start = sign
                mark += 1
            end = start + (1 if given else len(word.text))
            words.append(replace(word, given=given, editable=word.editable and start >= 0, start=start, end=end))
            at = max(at, end)
        segments.append(Segment(sentence.text, tuple(words)))
    return tuple(segments)


def corrected(front_end: FrontEnd, text: str, segment: int, word: int, reading: str) -> str:
    """Gives the text in which that word of the preview has this reading, as ``<重庆|CHONG2 QING4>``; an empty reading
    takes a given one back.

    Signs and digits stay as the user wrote them unless the word is made of them (then they stand there as they are
    said). Raises RequestRefused for a reading that can't be said or doesn't fit, and for a place that isn't there.
    """
    before = preview(front_end, text)
    if not (0 <= segment < len(before) and 0 <= word < len(before[segment].words)):
        raise RequestRefused("文字已改变，请重新查看读音。", "The text has changed, look at its reading again.")
    old = before[segment].words[word]
    units = _checked(old, reading)
    if units == (old.units if old.given else ()):
        return text
    marked = extract(clean(text))
    said = normalise(marked.text)
    mark = f"<{old.text}|{_shown(units).upper()}>" if units else old.text
    place = sum(len(item.text) for part in before[:segment] for item in part.words)
    place += sum(len(item.text) for item in before[segment].words[:word])
    if old.editable:
        for candidate in (
            _in_original(marked.text, said, old.start, old.end, mark),
            said[: old.start] + mark + said[old.end :],
        ):
            written = _with_marks(candidate, marked)
            if _reads_as(preview(front_end, written), before, place, old.text, units):
                return written
    raise RequestRefused(
        f"这里的“{old.text}”不能单独改读音，请在文字里写成 <词|PIN1 YIN1>。",
        f"The reading of {old.text!r} can't be changed here: write <word|PIN1 YIN1> in the text.",
    )


def _checked(word: Word, reading: str) -> tuple[str, ...]:
    if not reading.strip():
        return ()
    units = checked_reading(reading)
    if units is None:
        raise RequestRefused(
            f"“{reading.strip()[:40]}”不是可用的读音。请写带声调数字的拼音，如 chong2 qing4（轻声写 5，ü 写 v），"
            "英文可写 ARPAbet 音标，如 R EH1 D。",
            f"{reading.strip()[:40]!r} is no reading. Write pinyin with tone digits, such as chong2 qing4 (5 for the "
            "neutral tone, v for ü), or ARPAbet for English, such as R EH1 D.",
        )
    if _HAN.fullmatch(word.text) and len(units) != len(word.text):
        raise RequestRefused(
            f"“{word.text}”有 {len(word.text)} 个字，读音却有 {len(units)} 个音节，请一字一音。",
            f"{word.text!r} has {len(word.text)} characters, but the reading has {len(units)} syllables.",
        )
    return units


def _words(sentence: Sentence, front_end: FrontEnd, marked: Marked) -> list[Word]:
    """Puts a sentence's units beside what is written: a character takes one syllable, an English word its phones, a
    word of the lexicon or of the text's own marks what was given for it.
    """
    groups = list(_groups(sentence.units))
    words: list[Word] = []
    at = index = 0
    while index < len(groups):
        while sentence.text[at : at + 1] in _UNSPOKEN:
            at += 1
        taken = _next_word(sentence.text, at, groups, index, front_end, marked)
        if taken is None:
            return [Word(sentence.text, tuple(unit for group, _ in groups for unit in group), editable=False)]
        written, count = taken
        units = tuple(unit for group, _ in groups[index : index + count] for unit in group)
        words.append(Word(written, units, _SIGNS.get(groups[index + count - 1][1], "")))
        at += len(written)
        index += count
    return words


def _groups(units: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Parts units at their boundaries: (units of a word, the boundary behind it)."""
    group: list[str] = []
    for unit in units:
        if unit not in BOUNDARIES:
            group.append(unit)
        elif group:
            yield tuple(group), unit
            group = []


def _next_word(
    text: str,
    at: int,
    groups: list[tuple[tuple[str, ...], str]],
    index: int,
    front_end: FrontEnd,
    marked: Marked,
) -> tuple[str, int] | None:
    """What is written for the next group, and how many groups it takes; None when that can't be told."""
    group = groups[index][0]
    spoken = all(not unit.startswith("en:") for unit in group)
    known = front_end.lexicon.pattern.match(text, at) if front_end.lexicon.pattern else None
    if known and front_end.lexicon.words[known[0]] == group:
        return known[0], 1
    if (run := _LATIN.match(text, at)) and (parts := english.pronounce(run[0])):
        following = [units for units, _ in groups[index : index + len(parts)]]
        if following == [tuple(part) for part in parts]:
            return run[0], len(parts)
    if spoken and _HAN.fullmatch(text, at, at + len(group)) and len(text) >= at + len(group):
        return text[at : at + len(group)], 1
    for written, units in marked.readings:
        if units == group and text.startswith(written, at):
            return written, 1
    return None


def _shown(units: tuple[str, ...]) -> str:
    """Units as a person types them; the prefix stays where a phone would be taken for a syllable (``ER1``)."""
    return " ".join(
        bare if checked_reading(bare := unit.removeprefix("en:")) == (unit,) else unit.replace("en:", "EN:")
        for unit in units
    )


def _in_original(original: str, said: str, start: int, end: int, mark: str) -> str:
    """Puts the mark into the original; where that differs from what is said around it, what is said takes its place."""
    first, last = start, end  # in what is said
    from_, to = 0, len(original)  # the same in the original
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, original, said, autojunk=False).get_opcodes():
        if kind == "equal":
            if j1 <= start <= j2:
                from_ = i1 + start - j1
            if j1 <= end <= j2:
                to = i1 + end - j1
        elif j1 < end and j2 > start:
            if j1 <= start:
                first, from_ = j1, i1
            if j2 >= end:
                last, to = j2, i2
    return original[:from_] + said[first:start] + mark + said[end:last] + original[to:]


def _with_marks(text: str, marked: Marked) -> str:
    """Writes the readings that were taken out of a text back into it."""

    def written(char: str) -> str:
        reading = marked.reading(char)
        return f"<{reading[0]}|{_shown(reading[1]).upper()}>" if reading else char

    return "".join(written(char) for char in text)


def _reads_as(
    after: tuple[Segment, ...], before: tuple[Segment, ...], place: int, text: str, units: tuple[str, ...]
) -> bool:
    """Whether the corrected text says the same words, and that one at that place with these units."""
    words = [word for part in after for word in part.words]
    if "".join(word.text for word in words) != "".join(word.text for part in before for word in part.words):
        return False
    at = 0
    for word in words:
        if at == place and units:
            return word.given and word.text == text and word.units == units
        at += len(word.text)
    return True


def plain(text: str) -> str:
    """The text as it is written, without the readings in it: ``<重庆|CHONG2 QING4>`` becomes 重庆."""
    marked = extract(text)

    def written(char: str) -> str:
        reading = marked.reading(char)
        return reading[0] if reading else char

    return "".join(map(written, marked.text))

"""Readings written into the text: ``<行|XING2>``, ``<重庆|CHONG2 QING4>`` (IndexTTS's syntax), ``<read|R EH1 D>``."""

import re
from dataclasses import dataclass
from typing import Final

from tts_service.text.units import checked_reading

FIRST_MARK: Final = 0xE000
MOST_MARKS: Final = 0x1000
_MARK: Final = re.compile(r"<([^<>|\n]{1,40})\|([A-Za-z0-9: ]{1,200})>")


@dataclass(frozen=True)
class Marked:
    """Text whose marked places are single private-use characters; `readings[i]` belongs to ``chr(0xE000 + i)``."""

    text: str
    readings: tuple[tuple[str, tuple[str, ...]], ...]
    problems: tuple[str, ...]

    def reading(self, char: str) -> tuple[str, tuple[str, ...]] | None:
        """Gives (what was written, its units) for a mark, None for an ordinary character."""
        index = ord(char) - FIRST_MARK
        return self.readings[index] if 0 <= index < len(self.readings) else None


def extract(text: str) -> Marked:
    """Takes the readings out of cleaned text.

    A reading the voice can't say is named in `problems`, and the written characters are read as usual.
    """
    readings: list[tuple[str, tuple[str, ...]]] = []
    problems: list[str] = []

    def take(match: re.Match[str]) -> str:
        written = match[1].strip()
        units = checked_reading(match[2])
        if units is None or len(readings) >= MOST_MARKS:
            problems.append(match[0])
            return written
        readings.append((written, units))
        return chr(FIRST_MARK + len(readings) - 1)

    return Marked(_MARK.sub(take, text), tuple(readings), tuple(problems))

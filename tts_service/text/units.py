"""The units that front end and voice agree on: what one is, and whether a person's reading consists of them."""

from typing import Final

from tts_service.models.symbols import encode

WORD: Final = "#1"
PHRASE: Final = "#2"
PAUSE: Final = "#3"
END: Final = "#4"
QUESTION: Final = "#?"
BOUNDARIES: Final = frozenset({WORD, PHRASE, PAUSE, END, QUESTION})


def is_known(unit: str) -> bool:
    """Tells whether the voice can say this unit."""
    try:
        encode([unit])
    except ValueError:
        return False
    return True


def checked_reading(text: str) -> tuple[str, ...] | None:
    """Reads what a person typed as a pronunciation: pinyin with tones (``XING2``, ``lü4`` as ``lv4``) or ARPAbet
    phones (``R EH1 D``), parted by spaces. None when any part is unknown or nothing is there.
    """
    units: list[str] = []
    for part in text.replace("ü", "v").replace("u:", "v").replace("U:", "v").split():
        syllable, phone = part.lower(), "en:" + part.upper().removeprefix("EN:")
        if syllable[-1:] in "12345" and is_known(syllable):
            units.append(syllable)
        elif is_known(phone):
            units.append(phone)
        else:
            return None
    return tuple(units) or None

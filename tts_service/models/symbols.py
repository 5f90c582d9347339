"""What the bundled voice can say: units of text, and the token ids they become.

The front end hands over one list of *units* for an utterance:

========================  =============================================================================
unit                      meaning
========================  =============================================================================
``"ni3"``, ``"lv4"``      a Mandarin syllable, Hanyu Pinyin without accents, ``v`` for ü, tone 1–5
                          (5 = neutral); erhua is the syllable followed by ``"er5"``
``"en:HH"``, ``"en:AH0"`` an English phone in CMU ARPAbet; vowels carry their stress 0–2
``"#1"``, ``"#2"``        end of a word, end of a prosodic phrase (a slight break)
``"#3"``                  a pause, as at a comma
``"#4"``, ``"#?"``        the end of a statement, the end of a question
========================  =============================================================================

A syllable becomes an initial (if it has one) and a final that carries the tone: 21 initials and 38 finals are
few enough for every one of them to be heard often in training, whatever the syllable.
"""

from collections.abc import Iterable, Sequence
from typing import Final

INITIALS: Final = (
    "b",
    "p",
    "m",
    "f",
    "d",
    "t",
    "n",
    "l",
    "g",
    "k",
    "h",
    "j",
    "q",
    "x",
    "zh",
    "ch",
    "sh",
    "r",
    "z",
    "c",
    "s",
)

_ZERO_INITIAL: Final = {
    "a": "a", "o": "o", "e": "e", "ai": "ai", "ei": "ei", "ao": "ao", "ou": "ou", "an": "an", "en": "en", "ang": "ang",
    "eng": "eng", "er": "er", "yi": "i", "ya": "ia", "yo": "io", "ye": "ie", "yao": "iao", "you": "iu", "yan": "ian",
    "yin": "in", "yang": "iang", "ying": "ing", "yong": "iong", "wu": "u", "wa": "ua", "wo": "uo", "wai": "uai",
    "wei": "ui", "wan": "uan", "wen": "un", "wang": "uang", "weng": "ueng", "yu": "v", "yue": "ve", "yuan": "van",
    "yun": "vn",
}  # fmt: skip

_AFTER_INITIAL: Final = {
    "b": "a o ai ei ao an en ang eng i ie iao ian in ing u",
    "p": "a o ai ei ao ou an en ang eng i ie iao ian in ing u",
    "m": "a o e ai ei ao ou an en ang eng i ie iao iu ian in ing u",
    "f": "a o ei ou an en ang eng u",
    "d": "a e ai ei ao ou an en ang eng ong i ia ie iao iu ian in ing u uo ui uan un",
    "t": "a e ai ei ao ou an ang eng ong i ie iao ian ing u uo ui uan un",
    "n": "a e ai ei ao ou an en ang eng ong i ia ie iao iu ian in iang ing u uo uan un v ve",
    "l": "a o e ai ei ao ou an ang eng ong i ia ie iao iu ian in iang ing u uo uan un v ve",
    "g": "a e ai ei ao ou an en ang eng ong u ua uo uai ui uan un uang",
    "k": "a e ai ei ao ou an en ang eng ong u ua uo uai ui uan un uang",
    "h": "a e ai ei ao ou an en ang eng ong u ua uo uai ui uan un uang",
    "j": "i ia ie iao iu ian in iang ing iong v ve van vn",
    "q": "i ia ie iao iu ian in iang ing iong v ve van vn",
    "x": "i ia ie iao iu ian in iang ing iong v ve van vn",
    "zh": "a e ai ei ao ou an en ang eng ong ih u ua uo uai ui uan un uang",
    "ch": "a e ai ao ou an en ang eng ong ih u ua uo uai ui uan un uang",
    "sh": "a e ai ei ao ou an en ang eng ih u ua uo uai ui uan un uang",
    "r": "an ang ao e en eng ih ong ou u ua uan ui un uo",
    "z": "a e ai ei ao ou an en ang eng ong ih u uo ui uan un",
    "c": "a e ai ei ao ou an en ang eng ong ih u uo ui uan un",
    "s": "a e ai ei ao ou an en ang eng ong ih u uo ui uan un",
}

# Interjections without a vowel, and spellings that dictionaries use beside the standard one.
_SPOKEN_AS: Final = {
    "ê": "ei", "m": "en", "n": "en", "ng": "en", "hm": "heng", "hng": "heng", "lue": "lve", "nue": "nve",
    "yai": "ya", "r": "er", "len": "leng", "fiao": "fei",
}  # fmt: skip

ARPABET_CONSONANTS: Final = (
    "B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH", "T", "TH", "V", "W",
    "Y", "Z", "ZH",
)  # fmt: skip
ARPABET_VOWELS: Final = (
    "AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW",
)  # fmt: skip
BOUNDARIES: Final = ("#1", "#2", "#3", "#4", "#?")
TONES: Final = ("1", "2", "3", "4", "5")


def _spelling(initial: str, final: str) -> str:
    """Writes initial and final the way Hanyu Pinyin does: shi for sh+ih, ju for j+v."""
    if final == "ih":
        return initial + "i"
    if final.startswith("v") and initial in ("j", "q", "x"):
        return initial + "u" + final[1:]
    return initial + final


SYLLABLES: Final[dict[str, tuple[str, str]]] = {
    **{spelling: ("", final) for spelling, final in _ZERO_INITIAL.items()},
    **{
        _spelling(initial, final): (initial, final)
        for initial, finals in _AFTER_INITIAL.items()
        for final in finals.split()
    },
}
"""Every toneless syllable in its spelling → (initial or "", final)."""

FINALS: Final = tuple(sorted({final for _, final in SYLLABLES.values()}))

TOKENS: Final[tuple[str, ...]] = (
    "<pad>",
    "<sil>",
    *BOUNDARIES,
    *INITIALS,
    *(final + tone for final in FINALS for tone in TONES),
    *(f"en:{phone}" for phone in ARPABET_CONSONANTS),
    *(f"en:{phone}{stress}" for phone in ARPABET_VOWELS for stress in "012"),
)
"""All tokens; a token's place is its id. Shipped weights depend on this order: append, never reorder."""

_ID: Final = {token: index for index, token in enumerate(TOKENS)}
PAD: Final = _ID["<pad>"]
SILENCE: Final = _ID["<sil>"]


def split_syllable(unit: str) -> tuple[str, str, str]:
    """Takes ``"zhuang4"`` apart into ``("zh", "uang", "4")``; the initial is empty for ``"ai4"``.

    Raises ValueError that names the unit when it is no syllable with a tone.
    """
    base, tone = unit[:-1], unit[-1:]
    base = _SPOKEN_AS.get(base, base)
    if tone not in TONES or base not in SYLLABLES:
        raise ValueError(
            f"unknown unit {unit[:40]!r}: expected a pinyin syllable with tone 1-5 (ni3), "
            f"an ARPAbet phone (en:AH0) or a boundary ({' '.join(BOUNDARIES)})"
        )
    initial, final = SYLLABLES[base]
    return initial, final, tone


def unit_tokens(unit: str) -> tuple[str, ...]:
    """Names the one or two tokens of a unit; raises ValueError for a unit the voice does not know."""
    if unit in _ID and (unit in BOUNDARIES or unit.startswith("en:")):
        return (unit,)
    initial, final, tone = split_syllable(unit)
    return (initial, final + tone) if initial else (final + tone,)


def encode(units: Iterable[str]) -> list[int]:
    """Turns an utterance's units into token ids, in order; raises ValueError for the first unknown unit."""
    return [_ID[token] for unit in units for token in unit_tokens(unit)]


def decode(ids: Sequence[int]) -> list[str]:
    """Names the tokens of ids, for logs and tests."""
    return [TOKENS[index] for index in ids]

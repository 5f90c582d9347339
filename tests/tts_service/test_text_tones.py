"""How Chinese words sound together: 一, 不 and the third tone, neutral syllables, 儿, readings by the neighbours.

``text_cases/tones.tsv`` holds the cases: what they are about, what is written, the syllables as they are spoken.
"""

from pathlib import Path

import pytest

from tts_service.text.frontend import FrontEnd

FRONT_END = FrontEnd()
TABLE = Path(__file__).with_name("text_cases") / "tones.tsv"
CASES = [line.split("\t") for line in TABLE.read_text("utf-8").splitlines()[1:]]


@pytest.mark.parametrize(("about", "written", "spoken"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_words_sound_together_as_people_say_them(about: str, written: str, spoken: str) -> None:
    sentences = FRONT_END.read(written).sentences
    units = [unit for sentence in sentences for unit in sentence.units if not unit.startswith("#")]
    assert " ".join(units) == spoken, about


def test_no_case_is_asked_twice() -> None:
    assert len({written for _, written, _ in CASES}) == len(CASES)

"""pypinyin's dictionaries in our own form: the same readings, a file that can be trusted, and no file at all."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from pypinyin import Style, pinyin
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

from tts_service.text import readings


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[readings.Readings, Path]:
    folder = tmp_path_factory.mktemp("readings")
    return readings.load(folder), folder


def test_words_are_read_as_pypinyin_reads_them(kept: tuple[readings.Readings, Path]) -> None:
    chance = random.Random(5)
    words = [*chance.sample(sorted(PHRASES_DICT), 3000), *map(chr, chance.sample(sorted(PINYIN_DICT), 2000))]
    for word in words:
        theirs = pinyin(word, style=Style.TONE3, neutral_tone_with_five=True)
        assert kept[0].word(word) == [each[0] for each in theirs], word


def test_a_word_that_no_phrase_covers_is_read_by_the_longest_phrases_and_then_by_characters(
    kept: tuple[readings.Readings, Path],
) -> None:
    assert kept[0].word("银行行长") == ["yin2", "hang2", "hang2", "zhang3"]
    assert kept[0].word("放长线") == ["fang4", "chang2", "xian4"]
    assert kept[0].word("龘□") == ["da2", ""]
    assert kept[0].word("") == []


def test_a_character_has_all_its_readings_and_is_no_phrase(kept: tuple[readings.Readings, Path]) -> None:
    assert kept[0].character("行")[:2] == ("xing2", "hang2")
    assert kept[0].character("绿") == ("lv4", "lu4")
    assert kept[0].phrase("行") == ()
    assert kept[0].character("A") == ()


def test_the_second_start_reads_the_file_and_a_damaged_one_is_made_again(
    kept: tuple[readings.Readings, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> dict[str, str]:
        raise AssertionError("the file was there")

    (path,) = kept[1].iterdir()
    whole = path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(readings, "entries_of", refused)
        assert readings.load(kept[1]).word("长大") == ["zhang3", "da4"]
        assert kept[1].joinpath(path.name).read_bytes() == whole
    for damaged in (b"", whole[:900], b"x" * 200):
        path.write_bytes(damaged)
        assert readings.load(kept[1]).word("长大") == ["zhang3", "da4"]
        assert len(path.read_bytes()) == len(whole)


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    assert readings.load(tmp_path / "missing").word("重庆") == ["chong2", "qing4"]


def test_reading_chinese_imports_no_dictionary_of_pypinyin_once_the_file_is_there() -> None:
    program = (
        "import sys; from tts_service.text.frontend import FrontEnd; "
        "print(FrontEnd().read('银行行长重新上任').sentences[0].units); print('pypinyin' in sys.modules)"
    )
    readings.shipped()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    units, imported = done.stdout.splitlines()
    assert "zhang3" in units
    assert imported == "False"

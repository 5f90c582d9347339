"""jieba's dictionary in our own form: the same cuts, a file that can be trusted, and no file at all."""

import random
from pathlib import Path
from typing import Any

import jieba
import numpy as np
import pytest

from tts_service.text import dictionary

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SOURCE = Path(jieba.__file__).with_name(jieba.DEFAULT_DICT_NAME)


@pytest.fixture(scope="module")
def counted() -> tuple[dict[str, int], int]:
    with SOURCE.open("rb") as file:
        counts, total = jieba.Tokenizer().gen_pfdict(file)
        return counts, total


def cutter(words: Any, total: int) -> Any:
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total, tokenizer.initialized = words, total, True
    return tokenizer


def test_every_word_has_its_count_and_texts_are_cut_as_jieba_cuts_them(
    tmp_path: Path, counted: tuple[dict[str, int], int]
) -> None:
    counts, total = counted
    words, ours = dictionary.load(SOURCE, lambda file: (counts, total), tmp_path)
    chance = random.Random(5)
    sample = chance.sample(sorted(counts), 5000)
    assert ours == total
    assert [words[word] for word in sample] == [counts[word] for word in sample]
    assert all(word + "龘" not in words for word in sample if word + "龘" not in counts)
    assert words.get("龘龘龘", 7) == 7
    with pytest.raises(KeyError):
        words["龘龘龘"]
    ours_, theirs = cutter(words, ours), cutter(counts, total)
    for _ in range(50):
        text = "".join(chance.sample(sample, 8))
        assert list(ours_.cut(text)) == list(theirs.cut(text))


def small(file: Any) -> tuple[dict[str, int], int]:
    return {"你": 0, "你好": 9, "\ud800": 1}, 10


def refused(file: Any) -> tuple[dict[str, int], int]:
    raise AssertionError("the file was there")


def test_the_second_start_reads_the_file_and_a_damaged_one_is_made_again(tmp_path: Path) -> None:
    dictionary.load(SOURCE, small, tmp_path)
    words, total = dictionary.load(SOURCE, refused, tmp_path)
    assert (words["你好"], words["你"], "你们" in words, total) == (9, 0, False, 10)
    (kept,) = tmp_path.glob("words-*.npy")
    whole = kept.read_bytes()
    for damaged in (b"", whole[:90], b"x" * 200):
        kept.write_bytes(damaged)
        assert dictionary.load(SOURCE, small, tmp_path)[1] == 10
        assert kept.read_bytes() == whole
    np.save(kept, np.array([{"a": 1}], dtype=object))  # a pickle: never opened
    assert dictionary.load(SOURCE, small, tmp_path)[1] == 10


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    words, total = dictionary.load(SOURCE, small, tmp_path / "missing")
    assert (words["你好"], total) == (9, 10)

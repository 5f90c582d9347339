"""Numbers of sentences that are wholly English."""

import pytest

from tts_service.text.clean import clean
from tts_service.text.english_words import cardinal, year
from tts_service.text.normalise import normalise


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("She has 3 cats and 25 dogs.", "She has three cats and twenty five dogs."),
        ("The 1,200 users left in 1492.", "The one thousand two hundred users left in fourteen ninety two."),
        ("It grew by 3.5% in 2026!", "It grew by three point five percent in twenty twenty six!"),
        ("He paid $1 for it, not $3.99.", "He paid one dollar for it, not three dollars and ninety nine cents."),
        ("We meet at 8:05 or at 9:00.", "We meet at eight oh five or at nine o clock."),
        (
            "It was 2019-2021, 3-5 of my years.",
            "It was twenty nineteen to twenty twenty one, three to five of my years.",
        ),
        ("The 3.11.2 release is out", "The three point one one point two release is out"),
        ("It is -5 here and +3.5 there", "It is minus five here and plus three point five there"),
        ("It takes 100-200 of them", "It takes one hundred to two hundred of them"),
        ("My agent is 007.", "My agent is zero zero seven."),
        ("It costs $20 or €1.05.", "It costs twenty dollars or one euro and five cents."),
        ("The deal of $1.5 million is 1/2 of it.", "The deal of one point five million dollars is one half of it."),
        ("We drove at 60 mph in the 1990s.", "We drove at sixty miles per hour in the nineteen nineties."),
        ("It weighs 1 kg at 25°C.", "It weighs one kilogram at twenty five degrees Celsius."),
        ("The shop is open 24/7, from 9:30 AM", "The shop is open twenty four seven, from nine thirty A M"),
        ("You can call 911 for my 10+ friends", "You can call nine one one for my ten plus friends"),
        ("The F-22 of May 5 is no B-52", "The F twenty two of May fifth is no B fifty two"),
        ("We have GPT-4o, v2.5 and RTX4090", "We have GPT four o, v two point five and RTX forty ninety"),
        ("It was on 2025-03-04 at 10:00", "It was on March fourth, twenty twenty five at ten o clock"),
        ("Mr. Li has 2 dogs. Dr. Wang has 3.", "Mister Li has two dogs. Doctor Wang has three."),
    ],
)
def test_an_english_sentence_has_english_numbers(written: str, said: str) -> None:
    assert normalise(clean(written)) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("我说 the cat is 3 years old", "我说the cat is三years old"),
        ("Mr. Li说don't worry", "Mister Li说don't worry"),
        ("Nov. 22, 2026上线", "二零二六年十一月二十二日上线"),
        ("他说：“The cat is 3.”，共4只", "他说：“The cat is three.”，共四只"),
        ("RTX 4090 Super Max 24", "RTX四零九零Super Max二十四"),
        ("iPhone 15 and 16", "iPhone十五and十六"),
        ("The host is 10.0.0.1:80 of A100", "The host is一零点零点零点一冒号八零of A one hundred"),
    ],
)
def test_names_addresses_and_mixed_sentences_keep_their_chinese_numbers(written: str, said: str) -> None:
    assert normalise(clean(written)) == said


def test_each_sentence_is_judged_by_itself() -> None:
    said = normalise(clean("共3个。There are 3 of them. 共3个\nIt is 4 of us"))
    assert said == "共三个。There are three of them.共三个\nIt is four of us"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "zero"),
        (110, "one hundred ten"),
        (1_000_001, "one million one"),
        (999_999_999_999_999, cardinal(999) + " trillion " + cardinal(999_999_999_999)),
    ],
)
def test_whole_numbers_are_read_by_their_groups(value: int, said: str) -> None:
    assert cardinal(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(2005, "two thousand five"), (1900, "nineteen hundred"), (1905, "nineteen oh five")]
)
def test_years_are_read_in_two_halves(value: int, said: str) -> None:
    assert year(value) == said

"""Logs and values on their way into a comment."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import escape

from orchestrator.answers.safe import bmp, clean_log, clean_value, redact, tail


def test_a_secret_is_hidden_wherever_it_stands() -> None:
    text = "login deploybot with s3cr&t/pw, url ?p=s3cr%26t%2Fpw"
    assert redact(text, ["s3cr&t/pw"]) == "login deploybot with ***, url ?p=***"


def test_the_longer_secret_is_hidden_whole() -> None:
    assert redact("token abcd1234efgh", ["abcd", "abcd1234efgh"]) == "token ***"


def test_each_line_of_a_key_is_a_secret() -> None:
    assert (
        redact("got  QUJDREVGRw==  here", ["-----BEGIN KEY-----\nQUJDREVGRw==\n-----END KEY-----"]) == "got  ***  here"
    )


def test_a_password_in_a_url_is_hidden_without_being_known() -> None:
    assert redact("cloning https://bot:hunter2@git.example/x.git", []) == "cloning https://bot:***@git.example/x.git"


def test_a_tiny_or_empty_secret_hides_nothing() -> None:
    assert redact("a day at the sea", ["", "a", "sea"]) == "a day at the sea"


def test_colours_and_window_titles_are_no_part_of_a_log() -> None:
    assert clean_log("\x1b[1;31merror\x1b[0m \x1b]0;title\x07done\x1b(B\n") == "error done\n"


def test_a_progress_bar_leaves_its_last_state() -> None:
    assert clean_log("get  10%\rget  50%\rget 100%\r\nnext\r\n") == "get 100%\nnext\n"


def test_characters_of_four_bytes_are_written_out() -> None:
    assert bmp("好\U0001f600\U00020bb7\ud83d") == "好[grinning face][U+20BB7][U+D83D]"


def test_a_value_is_shortened_visibly() -> None:
    assert len(clean_value("x" * 10_000)) == 2000
    assert clean_value("x" * 10_000).endswith("…")


def test_one_endless_line_keeps_its_end() -> None:
    end = tail("x" * 100_000 + "the end", 1000)
    assert end.text.startswith("…x")
    assert end.text.endswith("the end")


@settings(max_examples=200, deadline=None)
@given(
    st.text(st.characters() | st.sampled_from("\n\r\x1b[]m<&\"'"), max_size=400),
    st.integers(min_value=16, max_value=600),
)
def test_a_tail_always_fits_and_is_always_printable(log: str, limit: int) -> None:
    end = tail(log, limit)
    assert len(str(escape(end.text)).encode()) <= limit
    assert all(ord(char) < 0x10000 and char not in "\x1b\r\x00" for char in end.text)


@pytest.mark.parametrize("hostile", ["\x1b[" * 50_000, "\x1b]" * 50_000, "\r" * 100_000, "\x1bP" * 50_000])
def test_a_hostile_log_is_cleaned_in_one_pass(hostile: str) -> None:
    assert len(clean_log(hostile)) <= len(hostile)

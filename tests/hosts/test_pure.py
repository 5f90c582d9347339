"""What reads a host's words, and what builds ours, without a host."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.hosts.job_output import MAX_OUTPUT_BYTES, MAX_OUTPUTS, MAX_VALUE, decode_chunk, parse_outputs
from orchestrator.hosts.shell import exports, program, quote

SHELL_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(text=st.text(st.characters(exclude_categories=["Cs"])), size=st.integers(4, 9))
def test_a_log_read_in_pieces_is_the_log(text: str, size: int) -> None:
    data, pieces, offset = text.encode(), [], 0
    while offset < len(data):
        chunk = data[offset : offset + size]
        piece, used = decode_chunk(chunk, final=offset + len(chunk) >= len(data))
        assert used > 0
        pieces.append(piece)
        offset += used
    assert "".join(pieces) == text


@given(data=st.binary(max_size=40), size=st.integers(4, 9))
def test_bytes_that_are_no_text_never_hold_the_reading_up(data: bytes, size: int) -> None:
    offset = 0
    while offset < len(data):
        chunk = data[offset : offset + size]
        _, used = decode_chunk(chunk, final=offset + len(chunk) >= len(data))
        assert used > 0
        offset += used


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(SHELL_TEXT, min_size=1, max_size=5))
def test_a_program_hands_any_text_through_a_real_shell(texts: list[str]) -> None:
    body = exports({"VALUE": texts[0]}) + f'printf "%s\\0" "$VALUE" {" ".join(map(quote, texts))}'
    done = subprocess.run(["/bin/sh", "-s"], input=program(body), capture_output=True, check=True)
    assert done.stdout == b"".join(text.encode() + b"\0" for text in [texts[0], *texts])


def test_a_program_that_was_cut_off_does_nothing_by_halves() -> None:
    whole = program("echo one\necho two")
    for end in range(len(whole) - 1):
        done = subprocess.run(["/bin/sh", "-s"], input=whole[:end], capture_output=True, check=False)
        assert done.stdout in {b"", b"one\ntwo\n"}, whole[:end]


@pytest.mark.parametrize(
    "data",
    [
        b"no separator\n",
        b"=value\n",
        b"1name=value\n",
        b"na me=value\n",
        "变量=value\n".encode(),
        b"name=a\x1bb\n",
        b"name=a\rb\n",
        b"name=\xff\n",
        b"name=" + b"x" * (MAX_VALUE + 1),
        b"".join(b"n%d=1\n" % number for number in range(MAX_OUTPUTS + 1)),
        b"n=1\n" * (MAX_OUTPUT_BYTES // 4 + 1),
    ],
)
def test_outputs_that_are_no_outputs_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="outputs"):
        parse_outputs(data)


def test_outputs_keep_what_follows_the_first_equals_sign_and_the_last_of_a_name() -> None:
    assert parse_outputs("\na=1=2\nb=\nb=两 词\n".encode()) == {"a": "1=2", "b": "两 词"}

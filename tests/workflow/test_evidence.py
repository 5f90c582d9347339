"""A log is kept within bounds, whatever a host writes."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.workflow.evidence import KeptLog


def kept(limit: int, *pieces: str) -> str:
    log = KeptLog(limit)
    for piece in pieces:
        log.add(piece)
    return log.text()


@given(st.lists(st.text(max_size=30), max_size=20))
def test_what_fits_is_kept_as_it_came(pieces: list[str]) -> None:
    assert kept(1300, *pieces) == "".join(pieces)


@given(st.lists(st.text(alphabet="abc\n", max_size=300), max_size=30), st.integers(2, 200))
def test_what_does_not_fit_keeps_its_beginning_and_its_end(pieces: list[str], limit: int) -> None:
    whole, found, half = "".join(pieces), kept(limit, *pieces), limit // 2
    assert found.startswith(whole[:half])
    assert found.endswith(whole[half:][-half:])
    assert len(found) <= 3 * half + 50


def test_an_endless_log_costs_no_more_memory_than_its_limit() -> None:
    tracemalloc.start()
    log = KeptLog(1_000_000)
    for _ in range(300):
        log.add("x" * 262_144)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8_000_000
    assert "characters left out" in log.text()

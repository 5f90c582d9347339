"""Whatever stands in a ticket: never an exception, never a value beyond the whitelist, never a long wait."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.tickets import DeploySpec, ExtraRule, TicketProblems, TicketRules, parse_ticket
from orchestrator.tickets.html_lines import TextTooLong, html_to_lines

HOSTS = ("gpu-01", "gpu-02")
RULES = TicketRules(hosts=HOSTS, extras=(ExtraRule("emotion", ("情感",), ("happy",)),))
REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}")

TAGS = ("<p>", "</p>", "<br>", "<table>", "</table>", "<tr>", "</tr>", "<td>", "</td>", "<pre>", "</pre>", "<ul><li>")
ODD = ("<!--", "-->", "<script>", "</script>", "<![CDATA[", "<", ">", '"', "<a title='")
KEYS = ("分支", "主机", "端口", "服务", "剧本", "验证文本", "情感", "branch", "host", "port", "text", "prot", "说明")
VALUES = ("gpu-01", "main", "v2/x", "7860", "80", "$(reboot)", ";rm", "a..b", "-", "默认", "happy")
MARKS = (
    "：",
    ": ",
    "=",
    "\n",
    "，",
    "；",
    " ",
    "<",
    ">",
    "&nbsp;",
    "&#x0;",
    "&#xD800;",
    "&#99999999999;",
    "\x00",
    "\x1b",
    "\u202e",
)
pieces = st.one_of(st.sampled_from((*TAGS, *ODD, *KEYS, *VALUES, *MARKS)), st.text(max_size=12))
descriptions = st.lists(pieces, max_size=40).map("".join)


@settings(max_examples=600, deadline=None)
@given(st.text(max_size=40), descriptions)
def test_no_ticket_yields_a_value_beyond_the_whitelist(title: str, description: str) -> None:
    parsed = parse_ticket(title, description, rules=RULES)
    if isinstance(parsed, TicketProblems):
        for problem in parsed.problems:
            assert problem.message
            assert problem.shown.isprintable()
            assert problem.message.isprintable()
        return
    assert isinstance(parsed, DeploySpec)
    assert parsed.ref is None or (REF.fullmatch(parsed.ref) and ".." not in parsed.ref)
    assert parsed.host in (None, *HOSTS)
    assert parsed.port is None or 1024 <= parsed.port <= 65535
    assert parsed.text is None or (len(parsed.text) <= 300 and parsed.text.isprintable())
    for name in (parsed.service, parsed.playbook):
        assert name is None or (re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name) and ".." not in name)
    assert dict(parsed.extras) in ({}, {"emotion": "happy"})


@settings(max_examples=300, deadline=None)
@given(descriptions)
def test_lines_are_numbered_and_hold_no_break(description: str) -> None:
    lines = html_to_lines(description)
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    assert all(line.text and "\n" not in line.text for line in lines)


HOSTILE = {
    "half tags": "<a" * 260_000,
    "tags": "<b>" * 170_000,
    "open quotes": "<p title='" * 52_000,
    "open comments": "<!--" * 130_000,
    "open scripts": "<script>" * 65_000,
    "nested tables": "<table><tr><td>" * 34_000,
    "colons": " :" * 32_000,
    "pairs": "端口：1 " * 5_000,
    "unknown words": "<p>prit:1</p>" * 6_000,
    "separators": "分支/" * 6_000 + "：x",
    "one long number": "&#" + "1" * 60_000 + ";",
    "references": "&amp;" * 60_000,
    "less than": "<" * 60_000,
    "spaces": "<p>分支" + " " * 60_000 + "：x</p>",
    "brackets": "<p>" + "(" * 60_000 + "：x</p>",
    "blank lines": "<p>&nbsp;</p>" * 39_000,
}


@pytest.mark.parametrize("description", HOSTILE.values(), ids=HOSTILE.keys())
def test_malice_as_long_as_may_be_is_read_in_a_moment(description: str) -> None:
    began = time.process_time()
    parse_ticket("【A部署】", description, rules=RULES)
    assert time.process_time() - began < 3


def test_a_flood_of_problems_is_cut() -> None:
    parsed = parse_ticket("【A部署】", "<p>端口：1</p>" * 3000, rules=RULES)
    assert isinstance(parsed, TicketProblems)
    assert len(parsed.problems) == 20


def test_too_much_html_is_not_even_looked_at() -> None:
    with pytest.raises(TextTooLong):
        html_to_lines("<b>" * 400_000)

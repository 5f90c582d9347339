"""What a person sees of a description, line by line."""

from __future__ import annotations

import pytest

from orchestrator.tickets.html_lines import Line, html_to_lines


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("<p>a</p>\n<p>b</p>", ["a", "b"]),
        ("<p>a\n  b\tc&nbsp;&nbsp;d</p>", ["a b c d"]),
        ("a<br>b<br/>c<br />d", ["a", "b", "c", "d"]),
        ("a\nb", ["a", "b"]),
        ("<b>a</b>\nb", ["a", "b"]),
        ("<div>a<div>b</div>c</div>", ["a", "b", "c"]),
        ("<p>&nbsp;</p><p></p><p>a</p>", ["a"]),
        ("<pre>a\n  b\n\nc</pre>d", ["a", "b", "c", "d"]),
        ("<p>a &lt;b&gt; &amp; c &#20013; &bogus;</p>", ["a <b> & c 中 &bogus;"]),
        ("<p>1 < 2 and a<3</p>", ["1 < 2 and a<3"]),
        ('<p title="a > b">x</p>', ["x"]),
        ("<p title='it' data-x=y'z>x</p>", ["x"]),
        ("<script>no</script><style>no</style><p>yes</p><textarea>no</textarea>", ["yes"]),
        ("<!-- no --><p>yes</p><!DOCTYPE no><?php no ?>", ["yes"]),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", ["a", "b", "c"]),
        ("<p>a", ["a"]),
        ("a</p></td></table>b", ["a", "b"]),
        ("<p>unclosed <a href='x", ["unclosed"]),
    ],
)
def test_lines_are_what_a_browser_shows(html: str, lines: list[str]) -> None:
    assert [line.text for line in html_to_lines(html)] == lines


def test_a_row_keeps_its_cells_and_its_table() -> None:
    html = "<p>x</p><table><tr><td>a</td><td></td><td><p>b</p><p>c</p></td></tr></table><table><tr><td>d<td>e</table>"
    assert html_to_lines(html) == (
        Line(1, "x"),
        Line(2, "a | b c", ("a", "", "b\nc"), 1),
        Line(3, "d | e", ("d", "e"), 2),
    )


def test_a_table_in_a_cell_has_rows_of_its_own() -> None:
    inner = "<table><tr><td>k</td><td>v</td></tr></table>"
    html = f"<table><tr><td>a</td><td>{inner}</td></tr><tr><td>b</td><td>c</td></tr></table>"
    assert [(line.text, line.table) for line in html_to_lines(html)] == [("k | v", 2), ("a", 1), ("b | c", 1)]


def test_rows_that_were_never_closed_are_rows() -> None:
    html = "<table><tr><td>a</td><td>b</td><tr><td>c</td><td>d</td></table>"
    assert [line.cells for line in html_to_lines(html)] == [("a", "b"), ("c", "d")]

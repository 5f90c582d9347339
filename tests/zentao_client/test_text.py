"""Text that ZenTao keeps: nothing lost, nothing cut in the middle."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zentao_client.text import (
    VOID_TAGS,
    escape,
    file_name,
    fit_html,
    has_marker,
    marker_span,
    plain,
    readable,
    safe_html,
)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("部署完成 ✅", "部署完成 [OK]"),
        ("😀", "[grinning face]"),
        ("🚀 起飞", "[rocket] 起飞"),
        ("𠮷野家", "[U+20BB7]野家"),
        ("a\x00b\x1b[31mc", "ab[31mc"),
        ("一\n二\t三", "一\n二\t三"),
        ("\U000f0000", "[U+F0000]"),
    ],
)
def test_what_the_database_would_turn_into_question_marks_is_written_out(text: str, kept: str) -> None:
    assert readable(text) == kept


@given(st.text())
def test_readable_text_fits_three_bytes_per_character(text: str) -> None:
    assert all(len(one.encode("utf-8", "surrogatepass")) <= 3 for one in readable(text))
    assert readable(readable(text)) == readable(text)


def test_emoji_written_as_entities_are_replaced_and_other_entities_stay() -> None:
    assert safe_html("<p>&#128512; &#x1F600; &lt;b&gt; &#20013;</p>") == (
        "<p>[grinning face] [grinning face] &lt;b&gt; &#20013;</p>"
    )


def test_plain_text_is_escaped_once_with_its_lines() -> None:
    assert escape('List<String> & "x"\n二') == "List&lt;String&gt; &amp; &quot;x&quot;<br />二"


class _Balance(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sound = True

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID_TAGS:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """An empty element opens nothing."""

    def handle_endtag(self, tag: str) -> None:
        self.sound = self.sound and bool(self.open) and self.open.pop() == tag


def balanced(html: str) -> bool:
    parser = _Balance()
    parser.feed(html)
    return parser.sound and not parser.open


PIECES = st.recursive(
    st.text("ab中文日志 \n", max_size=12) | st.sampled_from(["&lt;", "&amp;", "<br />", '<img src="/x" alt="" />']),
    lambda inner: st.builds(
        lambda tag, parts: f'<{tag} title="中">{"".join(parts)}</{tag}>',
        st.sampled_from(["p", "ul", "li", "strong", "span", "pre"]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=25,
)


@given(PIECES, st.integers(120, 400))
def test_cut_html_fits_is_well_formed_and_loses_no_word(html: str, limit: int) -> None:
    fitted = fit_html(html, limit, notice="[…]")
    assert len(fitted.html.encode()) <= limit
    assert balanced(fitted.html)
    assert balanced(fitted.remainder)
    joined = fitted.html.removesuffix("[…]") + fitted.remainder if fitted.remainder else fitted.html

    def words(text: str) -> str:
        return re.sub(r"\s+", "", re.sub(r"<[^>]*>", "", text))

    assert words(joined) == words(html)
    assert not re.search(r"&(?!lt;|amp;)", fitted.html)


def test_html_within_the_limit_is_left_alone() -> None:
    html = "<p>" + "字" * 21_000 + "</p>"
    assert fit_html(html).html == html
    assert fit_html(html).remainder == ""


def test_a_marker_survives_what_the_sanitiser_does_to_attributes() -> None:
    span = marker_span("zd:run-1:done")
    assert has_marker(f"上传了附件 a.log\n{span}<p>x</p>", "zd:run-1:done")
    assert has_marker("<span class='x' title='zd:run-1:done' >y</span>", "zd:run-1:done")
    assert not has_marker(span, "zd:run-1:don")
    assert not has_marker(span, "zd:run-1:done2")
    assert not has_marker("<p>zd:run-1:done</p>", "zd:run-1:done")
    for bad in ("", 'a"b', "a b", "<x>", "中"):
        with pytest.raises(ValueError, match="not a marker"):
            marker_span(bad)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("deploy.log", "deploy.log"),
        ("page.HTML", "page.HTML.txt"),
        ("x.py", "x.py.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\日志.log", "日志.log"),
        ("截图😀.png", "截图[grinning face].png"),
        ('a"b<c>.log', "a_b_c_.log"),
        ("...", "file"),
        ("html", "html"),
    ],
)
def test_a_file_s_name_is_one_that_zentao_keeps(name: str, kept: str) -> None:
    assert file_name(name) == kept


def test_words_of_html_compare_across_tags_and_entities() -> None:
    assert plain("<p>a &lt;b&gt;</p>\n<p>c</p>") == "a <b> c"

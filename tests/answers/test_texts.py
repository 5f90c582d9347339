"""What people read in the ticket: compared with texts that were looked at, and attacked."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest
from jinja2 import UndefinedError

from orchestrator.answers.contexts import Failed, Finished, Speech, Step, Succeeded
from orchestrator.answers.dense import dense
from orchestrator.answers.texts import MAX_BYTES, MAX_TITLE, Outcome, outcomes, render
from orchestrator.settings import Language
from tests.answers.samples import BEGAN, contexts, finding, poisoned

GOLDEN = Path(__file__).parent / "golden"
LANGUAGES = get_args(Language)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

ROW = re.compile(r"(?<=>)(?=<(?:p|table|/table|tr|ul|/ul|li|h3|pre)\b)")
"""Where a text is broken into lines for the eye; the text itself has no breaks."""

KEPT_TAGS = frozenset(
    ("p", "br", "strong", "table", "tr", "td", "pre", "code", "ul", "li", "a", "span", "img", "div", "hr", "h3")
)
KEPT_ATTRIBUTES = frozenset(("style", "href", "title", "src", "alt"))
KEPT_STYLES = frozenset(
    ("border", "padding", "margin", "vertical-align", "background-color", "border-collapse", "color", "white-space")
)


class Reader(HTMLParser):
    """Collects tags, attributes and text, and whether every tag is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.open: list[str] = []
        self.balanced = True
        self.data = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update((name, value or "") for name, value in attrs)
        if tag not in ("br", "img", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("br", "img", "hr"):
            return
        self.balanced &= bool(self.open) and self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.data += data


def golden_file(outcome: Outcome, language: Language) -> Path:
    return GOLDEN / f"{language}-{outcome}.{'txt' if outcome == 'bug_title' else 'html'}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_each_answer_reads_as_it_did_when_somebody_looked_at_it(outcome: Outcome, language: Language) -> None:
    text = ROW.sub("\n", render(outcome, contexts(language)[outcome], language)) + "\n"
    file = golden_file(outcome, language)
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), "look at it, then run again with UPDATE_GOLDEN=1"


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_one_golden_text_for_each_outcome_and_no_other(language: Language) -> None:
    expected = {golden_file(outcome, language) for outcome in OUTCOMES}
    assert expected == set(GOLDEN.glob(f"{language}-*"))
    assert set(outcomes()) == set(contexts(language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_only_what_zentao_keeps_is_used(outcome: Outcome, language: Language) -> None:
    if outcome == "bug_title":
        return
    page = Reader(render(outcome, contexts(language)[outcome], language))
    assert page.tags <= KEPT_TAGS
    assert {name for name, _ in page.attributes} <= KEPT_ATTRIBUTES
    styles = {part.split(":")[0] for name, value in page.attributes if name == "style" for part in value.split(";")}
    assert styles <= KEPT_STYLES
    assert page.balanced
    assert not page.open


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_no_line_break_stands_outside_of_a_log_because_zentao_22_shows_each_as_a_gap(
    outcome: Outcome, language: Language
) -> None:
    text = render(outcome, contexts(language)[outcome], language)
    assert "\n" not in re.sub(r"<pre\b.*?</pre>", "", text, flags=re.DOTALL)
    assert "\n</pre>" not in text


def test_words_stay_apart_where_a_template_breaks_its_lines() -> None:
    assert dense("<p>one\n  two</p>\n\n<p>\n<code>a</code>\n<code>b</code>\n三</p>") == (
        "<p>one two</p><p><code>a</code> <code>b</code>三</p>"
    )
    assert dense("<p>x</p>\n<pre>a\n\n  b\n</pre>\n<p>y</p>") == "<p>x</p><pre>a\n\n  b</pre><p>y</p>"


POISONS = (
    "<script>alert(1)</script>",
    "{{7*7}} {% raw %} ${7*7}",
    "</pre></td></tr></table><iframe src=x>",
    "\"><img src=x onerror=alert(1)>' onmouseover='x",
    "javascript:alert(1)",
    "\U0001f600\U00020bb7\U0001f1e8\U0001f1f3",
    "\x1b[31mred\x1b[0m\x07\x00\u202eevil\x9b31m",
    "<!-- --><![CDATA[x]]>&lt;b&gt;&#60;",
    "",
)


@pytest.mark.parametrize("poison", POISONS)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_hostile_words_are_shown_and_do_nothing(outcome: Outcome, poison: str) -> None:
    clean = render(outcome, contexts("zh-CN")[outcome], "zh-CN")
    text = render(outcome, poisoned(contexts("zh-CN")[outcome], poison), "zh-CN")
    assert all(ord(char) < 0x10000 and (char.isprintable() or char == "\n") for char in text)
    assert "49" not in text or "49" in clean
    if outcome == "bug_title":
        assert "\n" not in text
        return
    page = Reader(text)
    assert page.tags <= KEPT_TAGS - {"img"}
    assert page.balanced
    assert not page.open
    assert {name for name, _ in page.attributes} <= KEPT_ATTRIBUTES
    assert not [value for name, value in page.attributes if name == "href" and not value.startswith("http")]
    if poison.startswith("<script>"):
        assert poison in page.data


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("unit", ["x", "界", "<", "\"'&", "\U0001f600", "line of a log\n"])
def test_no_answer_reaches_the_length_that_zentao_cuts(outcome: Outcome, unit: str) -> None:
    text = render(outcome, poisoned(contexts("zh-CN")[outcome], unit * 20_000), "zh-CN")
    assert len(text.encode()) <= MAX_BYTES
    if outcome == "bug_title":
        assert len(text) <= MAX_TITLE


def test_a_long_log_keeps_its_end_and_says_how_much_is_missing() -> None:
    failed = contexts("zh-CN")["failed"]
    assert isinstance(failed, Failed)
    log = "".join(f"line {number} of <many>\n" for number in range(5000)) + "the very end\n"
    text = render("failed", replace(failed, log=log), "zh-CN")
    assert "the very end\n" not in text  # nothing follows it inside of <pre>
    assert "the very end</pre>" in text
    omitted = re.search(r"前面省略 (\d+) 行", text)
    assert omitted is not None
    assert f"line {omitted.group(1)} of" in text
    assert f"line {int(omitted.group(1)) - 1} of" not in text


def test_an_unknown_failure_is_called_unknown_and_shows_the_log() -> None:
    failed = contexts("zh-CN")["failed"]
    assert isinstance(failed, Failed)
    text = render("failed", replace(failed, finding=finding("zh-CN", "odd\n"), log="odd\n"), "zh-CN")
    assert "原因未知" in text
    assert "odd</pre>" in text


@pytest.mark.parametrize(
    ("rollback", "words"),
    [
        ("restored", "原来的版本已恢复运行"),
        ("failed", "服务现在不可用"),
        ("nothing_to_restore", "服务现在没有运行"),
        ("untouched", "没有动过正在运行的版本"),
    ],
)
def test_a_failure_says_what_serves_now(rollback: str, words: str) -> None:
    failed = contexts("zh-CN")["failed"]
    assert isinstance(failed, Failed)
    assert words in render("failed", replace(failed, rollback=rollback), "zh-CN")  # type: ignore[arg-type]


def test_figures_that_are_none_are_shown_as_unknown() -> None:
    good = contexts("en")["succeeded"]
    assert isinstance(good, Succeeded)
    silent = Speech(text="…", seconds=float("nan"), rms=0.0, rtf=float("inf"))
    text = render("succeeded", replace(good, speech=silent, steps=(Step("a", "a", None, "ok"),)), "en")
    assert "? s long, loudness −∞ dBFS, real-time factor ?" in text


@pytest.mark.parametrize(
    "html",
    [
        '<img src="/x.png" onload="evil()" />',
        '<img src="javascript:x" />',
        '<img src="/x.png" /><script>evil()</script>',
        "<b>no picture</b>",
    ],
)
def test_only_a_plain_picture_passes_as_html(html: str) -> None:
    good = contexts("en")["succeeded"]
    assert isinstance(good, Succeeded)
    page = Reader(render("succeeded", replace(good, screenshot_html=html), "en"))
    assert not page.tags & {"img", "script", "b"}


def test_a_date_is_left_out_where_it_is_the_same() -> None:
    good = contexts("en")["succeeded"]
    assert isinstance(good, Succeeded)
    assert "(2026-11-22 13:42:17 – 13:45:37)" in render("succeeded", good, "en")
    later = replace(good, finished_at=BEGAN.replace(day=23))
    assert "(2026-11-22 13:42:17 – 2026-11-23 13:42:17)" in render("succeeded", later, "en")


def test_a_team_replaces_one_text_and_keeps_the_others(tmp_path: Path) -> None:
    own = tmp_path / "zh-CN" / "finished.html.j2"
    own.parent.mkdir()
    own.write_text("<p>我们的话：{{ files[0] }}</p>", encoding="utf-8")
    context = contexts("zh-CN")["finished"]
    assert isinstance(context, Finished)
    context = replace(context, files=("<李雷>",))
    assert render("finished", context, "zh-CN", folders=[tmp_path]) == "<p>我们的话：&lt;李雷&gt;</p>"
    assert "部署成功" in render("succeeded", contexts("zh-CN")["succeeded"], "zh-CN", folders=[tmp_path])


def test_a_template_with_an_unknown_name_fails_loudly(tmp_path: Path) -> None:
    own = tmp_path / "en" / "finished.html.j2"
    own.parent.mkdir()
    own.write_text("{{ newer_than }}", encoding="utf-8")
    context = contexts("en")["finished"]
    assert isinstance(context, Finished)
    with pytest.raises(UndefinedError, match="newer_than"):
        render("finished", context, "en", folders=[tmp_path])


def test_an_outcome_wants_its_own_context() -> None:
    with pytest.raises(TypeError, match="failed needs Failed, not Succeeded"):
        render("failed", contexts("en")["succeeded"], "en")

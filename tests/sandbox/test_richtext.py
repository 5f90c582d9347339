"""What ZenTao's filter keeps of a text."""

from __future__ import annotations

import pytest

from zentao_client.sandbox import richtext

from .conftest import Office


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("<p>a<br>b</p>", "<p>a<br />b</p>"),
        ("error: <nil> at List<String>, 5 < 6", "error:  at List, 5 &lt; 6"),
        ('<span title="run=42" id="m" data-x="1" class="c">x</span>', '<span title="run=42" class="c">x</span>'),
        ('<p style="color:red;position:fixed">x</p>', '<p style="color:#FF0000;">x</p>'),
        ('<a href=" javascript:alert(1)">x</a>', "<a>x</a>"),
        ('<a href="http://x/?a=1&b=2">x</a>', '<a href="http://x/?a=1&amp;b=2">x</a>'),
        ("<script>alert(1)</script><!-- m --><mark>m</mark>", "m"),
        ("<details><summary>s</summary>d</details>", "sd"),
        ("<table><tr><td>a</td></tr></table>", "<table><tr><td>a</td></tr></table>"),
        ("eval(1) <?php echo 1; ?>", "e v a l(1) &lt;?php echo 1; ?&gt;"),
        ('<img src="data:image/png;base64,AA==" />', ""),
        ("<p><b>open", "<p><b>open</b></p>"),
        ("a\x00b\x07c\nd", "abc\nd"),
        ("第一行\n- a", "第一行\n- a"),
        (
            '<pre><code class="language-bash">a && b</code></pre>',
            '<pre><code class="language-bash">a &amp;&amp; b</code></pre>',
        ),
    ],
)
def test_the_filter(written: str, stored: str) -> None:
    assert richtext.sanitise(written) == stored


def test_filtering_twice_changes_nothing_more() -> None:
    once = richtext.sanitise('<p title="a&quot;b">x &lt;b&gt; <img src="/a?b=1&amp;c=2" alt=""/></p>')
    assert richtext.sanitise(once) == once


def test_a_comment_is_cut_at_65535_bytes_in_silence(office: Office) -> None:
    task, token = office.task(), office.login()
    office.comment(task, "<p>" + "汉" * 30_000 + "</p>", token)
    kept = office.comments(task)[0].encode()
    assert 65_532 < len(kept) <= 65_535
    assert not kept.endswith(b"</p>")


def test_a_description_may_be_larger(office: Office) -> None:
    task = office.task(description="<p>" + "字" * 200_000 + "</p>")
    assert len(office.sandbox.task(task)["desc"]) == 200_007


def test_four_byte_characters_are_lost_on_18_8_and_kept_on_22_4(office: Office, modern: Office) -> None:
    for each, shown in ((office, "发布 ????"), (modern, "发布 🚀")):
        task = each.task("发布 🚀")
        assert each.sandbox.task(task)["name"] == shown
        each.sandbox.as_user("deploybot").comment("task", task, "<p>发布 &#128640;</p>")
        assert each.comments(task) == [f"<p>{shown}</p>"]


def test_an_uploaded_picture_is_stored_by_number_and_shown_by_address(office: Office) -> None:
    task, token = office.task(), office.login()
    reply = office.client.post("/api.php/v1/files?uid=u1", headers={"Token": token}, files={"imgFile": ("a.png", b"1")})
    relative = reply.json()["url"].removeprefix(office.sandbox.url)
    office.comment(task, f'<p><img src="{relative}" alt="" /></p>', token)
    office.comment(task, f'<p><img src="{reply.json()["url"]}" alt="" /></p>', token)
    stored = office.comments(task)
    assert stored[0] == '<p><img src="{1.png}" alt="" /></p>'
    assert stored[1].startswith('<p><img src="http://')  # an absolute address stays as typed
    shown = office.client.get(f"/api.php/v1/tasks/{task}", headers={"Token": token}).json()["actions"][1]["comment"]
    assert f'src="{reply.json()["url"]}"' in shown
    assert "setImageSize" in shown

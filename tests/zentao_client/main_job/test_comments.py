"""Comments that stand once, and files beside them."""

from __future__ import annotations

import threading

import pytest

from tests.zentao_client.conftest import Stage
from tests.zentao_client.main_job.material import png
from zentao_client import Rejected, Unsupported, Upload


def test_a_comment_with_chinese_an_emoji_and_a_picture_stands_once_however_often_it_is_added(stage: Stage) -> None:
    zentao = stage.client()
    task = stage.new_task(zentao)
    marker = f"zd:run-{task.id}:accepted"
    image = zentao.files.upload_image("截图.png", png())
    html = f"<p>部署 <strong>完成</strong> 🚀</p><p>{image.html}</p>"
    assert zentao.comments.find("task", task.id, marker) is None
    first = zentao.comments.add("task", task.id, html, marker=marker)
    again = zentao.comments.add("task", task.id, html, marker=marker)
    assert (first.created, again.created, again.id) == (True, False, first.id)
    assert "部署 <strong>完成</strong> [rocket]" in first.html
    assert str(image.id) in first.html
    assert first.actor == stage.bot
    assert zentao.files.download(image.id) == png()
    stored = [action for action in zentao.tasks.get(task.id).actions if marker in action.comment]
    assert [action.id for action in stored] == [first.id]


def test_a_comment_beyond_the_limit_is_cut_between_characters_and_the_rest_is_handed_back(stage: Stage) -> None:
    zentao = stage.client()
    task = stage.new_task(zentao)
    lines = [f"第 {number} 行" for number in range(6000)]
    html = "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"
    comment = zentao.comments.add("task", task.id, html, marker=f"zd:{task.id}:long")
    assert len(comment.html.encode()) <= 65_535
    assert comment.html.count("<ul>") == comment.html.count("</ul>") == 1
    assert "�" not in comment.html
    assert "第 5999 行" in comment.remainder


@pytest.mark.parametrize("signed", [False, True], ids=["", "with an 应用"])
def test_somebody_else_s_comment_with_our_marker_does_not_count(stage: Stage, signed: bool) -> None:
    if signed and stage.entry is None:
        pytest.skip("no 应用 on this server")
    zentao, human = stage.client(entry=stage.entry if signed else None), stage.client(stage.human)
    task = stage.new_task(zentao)
    human.comments.add("task", task.id, "<p>抢先</p>", marker="zd:run:event")
    assert zentao.comments.find("task", task.id, "zd:run:event") is None
    assert zentao.comments.add("task", task.id, "<p>真的</p>", marker="zd:run:event").created


def test_the_comment_of_a_transition_is_found_by_its_marker(stage: Stage) -> None:
    zentao = stage.client()
    task = stage.new_task(zentao)
    moved = zentao.tasks.start(task.id, left=1, comment='<span title="zd:r:start"></span><p>开始</p>')
    found = zentao.comments.find("task", task.id, "zd:r:start")
    assert found is not None
    assert found.id == moved.actions[-1].id


def test_threads_hold_a_token_each_and_comment_at_the_same_time(stage: Stage) -> None:
    zentao = stage.client()
    task = stage.new_task(zentao)
    ids: list[int] = []

    def comment(number: int) -> None:
        ids.append(zentao.comments.add("task", task.id, f"<p>{number}</p>", marker=f"zd:t:{number}").id)

    threads = [threading.Thread(target=comment, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(ids)) == 4
    if stage.sandbox is not None:
        tokens = {entry.token for entry in stage.sandbox.requests.matching("comment", method="POST")}
        assert len(tokens) == 4


def test_the_signed_call_of_an_entry_confirms_comments(stage: Stage) -> None:
    if stage.entry is None:
        pytest.skip("no 应用 on this server")
    zentao = stage.client(entry=stage.entry)
    task = stage.new_task(zentao)
    assert zentao.ways()["comment"][0] == "signed comment"
    comment = zentao.comments.add("task", task.id, "<p>签名</p>", marker="zd:s:1")
    assert comment.created
    assert comment.actor == stage.bot


def test_an_open_task_takes_files_only_where_that_is_safe(stage: Stage) -> None:
    zentao = stage.client()
    task = stage.new_task(zentao)
    if zentao.server.dialect == "v18":
        with pytest.raises(Unsupported):
            zentao.files.attach("task", task.id, [Upload("a.log", b"1")])
        return
    (attached,) = zentao.files.attach("task", task.id, [Upload("a.log", b"1")])
    assert [file.id for file in zentao.tasks.get(task.id).files] == [attached.id]
    comment = zentao.comments.add("task", task.id, "<p>见附件</p>", marker="zd:x:files")
    (on_comment,) = zentao.files.attach("comment", comment.id, [Upload("b.log", b"22")])
    entry = next(action for action in zentao.tasks.get(task.id).actions if action.id == comment.id)
    assert [file.id for file in entry.files] == [on_comment.id]


def test_an_empty_file_is_refused_before_anything_is_sent(stage: Stage) -> None:
    zentao = stage.client()
    task = stage.new_task(zentao)
    with pytest.raises(Rejected, match=r"empty\.log"):
        zentao.tasks.finish(task.id, consumed=1, files=[Upload("empty.log", b"")])
    assert zentao.tasks.get(task.id).status == "wait"

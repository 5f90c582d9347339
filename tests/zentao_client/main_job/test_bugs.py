"""Failures as bugs: one each, found again, reopened, with files."""

from __future__ import annotations

from tests.zentao_client.conftest import Stage
from tests.zentao_client.main_job.material import png, too_long, unique
from zentao_client import StatusChange, Upload


def test_a_text_too_long_for_a_bug_s_reopening_goes_on_in_a_file(stage: Stage) -> None:
    zentao, sandbox = stage.client(), stage.embedded()
    task = stage.new_task(zentao)
    bug = stage.new_bug(zentao, task)
    sandbox.as_user(stage.human).resolve_bug(bug.id)
    reopened = zentao.bugs.activate(bug.id, comment=too_long("仍然失败"))
    assert (reopened.status, reopened.remainder) == ("active", "")
    assert "仍然失败 4999".encode() in zentao.files.download(reopened.files[-1].id)


def test_a_failure_becomes_one_bug_linked_to_the_task_found_by_its_keyword(stage: Stage) -> None:
    zentao = stage.client()
    task = stage.new_task(zentao)
    product, keyword = stage.product, unique("zd")
    assert zentao.bugs.search(product, keyword=keyword) == ()
    bug = stage.new_bug(
        zentao,
        task,
        title=f"部署失败 #{task.id} gpu-01 <b>&",
        steps="<p>原因: CUDA out of memory 💥</p>",
        keyword=keyword,
        severity=2,
        type="install",
        assigned_to=stage.human,
        files=[Upload("deploy.log", b"Traceback"), Upload("x.py", b"print(1)")],
    )
    assert (bug.status, bug.task, bug.keywords, bug.severity) == ("active", task.id, keyword, 2)
    assert (bug.title, bug.assigned_to, bug.opened_by) == (f"部署失败 #{task.id} gpu-01 <b>&", stage.human, stage.bot)
    assert "CUDA out of memory [collision symbol]" in bug.steps
    assert {"deploy.log", "x.py.txt"} <= {file.name for file in bug.files}
    log = next(file for file in bug.files if file.name == "deploy.log")
    assert zentao.files.download(log.id) == b"Traceback"
    assert [found.id for found in zentao.bugs.search(product, keyword=keyword)] == [bug.id]
    assert zentao.bugs.search(product, keyword=keyword[:-2]) == (), "a part of the keyword is another keyword"
    comment = zentao.comments.add("bug", bug.id, "<p>又一次</p>", marker="zd:r2:bug")
    assert comment.created
    assert zentao.bugs.activate(bug.id).already


def test_files_are_added_to_a_bug_and_nothing_else_of_it_changes(stage: Stage) -> None:
    zentao = stage.client()
    task = stage.new_task(zentao)
    image = zentao.files.upload_image("w.png", png())
    before = stage.new_bug(
        zentao,
        task,
        title=f"标题 <x> & {task.id}",
        steps=f"<p>步骤 &lt;1&gt; {image.html}</p>",
        pri=1,
        assigned_to=stage.human,
    )
    uploads = [Upload("again.log", b"more"), Upload("again.wav", b"RIFF"), Upload("again.log", b"less")]
    attached = zentao.files.attach("bug", before.id, uploads)
    after = zentao.bugs.get(before.id)
    assert [file.name for file in attached] == ["again.log", "again.wav", "again.log"]
    assert [zentao.files.download(file.id) for file in attached] == [b"more", b"RIFF", b"less"]
    assert {file.id for file in attached} <= {file.id for file in after.files}
    edits = [action.name for action in after.actions].count("edited")
    assert edits <= 1, "one form for all of them on 18.x, no history at all on 22.x"
    for field in ("title", "status", "task", "keywords", "severity", "pri", "type", "assigned_to", "project"):
        assert getattr(after, field) == getattr(before, field), field
    assert "步骤 &lt;1&gt;" in after.steps
    assert str(image.id) in after.steps


def test_a_resolved_bug_is_reopened_with_a_comment(stage: Stage) -> None:
    zentao = stage.client()
    sandbox = stage.embedded()
    task = stage.new_task(zentao)
    bug = stage.new_bug(zentao, task)
    sandbox.as_user(stage.human).resolve_bug(bug.id)
    assert zentao.bugs.get(bug.id).status == "resolved"
    reopened = zentao.bugs.activate(bug.id, comment="<p>仍然失败</p>", assigned_to=stage.human)
    assert (reopened.status, reopened.assigned_to, reopened.activated_count) == ("active", stage.human, 1)
    assert reopened.actions[-1].status_change == StatusChange("resolved", "active")
    assert "仍然失败" in reopened.actions[-1].comment

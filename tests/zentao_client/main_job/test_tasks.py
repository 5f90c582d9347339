"""A ticket's way: statuses, history, search, edits, and what becomes of a text that is too long for it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.zentao_client.conftest import Stage
from tests.zentao_client.main_job.material import png, too_long, unique
from zentao_client import NotFound, Rejected, StatusChange, Task, Upload, Zentao


def test_a_ticket_goes_through_all_its_statuses_and_its_history_names_accounts_and_codes(stage: Stage) -> None:
    bot, human = stage.client(), stage.client(stage.human)
    task = stage.new_task(human, assigned_to=stage.bot, estimate=2, description="<p>分支: v23</p>")
    assert (task.status, task.assigned_to, task.estimate) == ("wait", stage.bot, 2)
    human.tasks.start(task.id, left=2, comment="<p>开始</p>")
    bot.tasks.pause(task.id, comment="<p>失败</p>")
    human.tasks.restart(task.id, left=1)
    bot.tasks.finish(task.id, consumed=0.25, comment="<p>完成</p>")
    human.tasks.activate(task.id, left=1, assigned_to=stage.bot)
    human.tasks.cancel(task.id, comment="<p>不要了</p>")
    last = human.tasks.close(task.id)
    assert last.status == "closed"
    moves = [(action.name, action.actor, action.status_change) for action in last.actions if action.status_change]
    assert moves == [
        ("started", stage.human, StatusChange("wait", "doing")),
        ("paused", stage.bot, StatusChange("doing", "pause")),
        ("restarted", stage.human, StatusChange("pause", "doing")),
        ("finished", stage.bot, StatusChange("doing", "done")),
        ("activated", stage.human, StatusChange("done", "doing")),
        ("canceled", stage.human, StatusChange("doing", "cancel")),
        ("closed", stage.human, StatusChange("cancel", "closed")),
    ]
    assert all(action.changes_complete for action in last.actions)
    assert all(abs(action.date - datetime.now(UTC)) < timedelta(minutes=5) for action in last.actions)


def test_the_history_keeps_what_an_edit_replaced(stage: Stage) -> None:
    human = stage.client(stage.human)
    name, other = unique("【甲部署】"), unique("【乙部署】")
    task = human.tasks.create(stage.execution, name, description="<p>分支: v23</p>")
    human.tasks.edit(task.id, name=other, description="<p>分支: v24</p>")
    human.tasks.edit(task.id, pri=1)
    edits = [dict(action.replaced) for action in human.tasks.get(task.id).actions if action.replaced]
    assert edits == [{"name": name, "description": "<p>分支: v23</p>"}]


def test_a_finished_ticket_carries_the_files_the_hours_and_the_comment(stage: Stage) -> None:
    zentao = stage.client()
    task = stage.new_task(zentao, assigned_to=stage.human)
    zentao.tasks.start(task.id, left=1)
    files = [
        Upload("deploy.log", "部署日志\n".encode()),
        Upload("speech.wav", b"RIFF0000WAVE"),
        Upload("page.html", b"<p>"),
        Upload("截图.png", png()),
    ]
    started = datetime.now(UTC) - timedelta(minutes=15)
    done = zentao.tasks.finish(task.id, consumed=0.25, started=started, comment="<p>部署完成</p>", files=files)
    assert (done.status, done.consumed, done.left) == ("done", 0.25, 0)
    assert done.assigned_to == stage.human, "the assignee stays"
    assert done.real_started is not None
    # An extension that would make ZenTao drop every file of the form gets another one.
    assert [file.name for file in done.files] == ["deploy.log", "speech.wav", "page.html.txt", "截图.png"]
    assert zentao.files.download(done.files[0].id) == "部署日志\n".encode()
    assert zentao.files.download(done.files[1].id) == b"RIFF0000WAVE"
    assert "<p>部署完成</p>" in done.actions[-1].comment


def end_of(zentao: Zentao, task: Task, word: str) -> str:
    """Where the end of a text that is too long has gone: "handed back", "a file", or "lost"."""
    if f"{word} 4999" in task.remainder:
        return "handed back"
    continued = [file for file in task.files if "-continued-" in file.name]
    assert task.remainder == ""
    return "a file" if continued and f"{word} 4999".encode() in zentao.files.download(continued[-1].id) else "lost"


def test_a_text_too_long_for_a_transition_goes_on_in_a_file_or_is_handed_back(stage: Stage) -> None:
    zentao = stage.client()
    task = stage.new_task(zentao, description=too_long("描述一"))
    tasks = zentao.tasks
    ends = {
        "edit": end_of(zentao, tasks.edit(task.id, description=too_long("描述二")), "描述二"),
        "assign without hours": end_of(zentao, tasks.assign(task.id, stage.human, comment=too_long("指派")), "指派"),
        "start": end_of(zentao, tasks.start(task.id, left=1, comment=too_long("开始")), "开始"),
        "assign": end_of(zentao, tasks.assign(task.id, stage.bot, comment=too_long("再指派")), "再指派"),
        "pause": end_of(zentao, tasks.pause(task.id, comment=too_long("暂停")), "暂停"),
        "restart": end_of(zentao, tasks.restart(task.id, left=1, comment=too_long("继续")), "继续"),
        "cancel": end_of(zentao, tasks.cancel(task.id, comment=too_long("取消")), "取消"),
        "activate": end_of(zentao, tasks.activate(task.id, left=1, comment=too_long("激活")), "激活"),
        "finish": end_of(zentao, tasks.finish(task.id, consumed=1, comment=too_long("完成")), "完成"),
        "close": end_of(zentao, tasks.close(task.id, comment=too_long("关闭")), "关闭"),
    }
    old = zentao.server.dialect == "v18"
    assert end_of(zentao, task, "描述一") == ("handed back" if old else "a file")
    assert ends == {verb: "handed back" if old and verb != "finish" else "a file" for verb in ends}


def test_tasks_are_found_by_name_status_assignee_and_id_and_the_last_page_is_not_repeated(stage: Stage) -> None:
    zentao = stage.client()
    name = unique("【搜索部署】")
    ids = [zentao.tasks.create(stage.execution, f"{name} {number}", assigned_to=stage.bot).id for number in range(3)]
    found = zentao.tasks.search(name=name, order="id_asc")
    assert [task.id for task in found] == ids
    assert found.total == 3
    assert found.is_last
    zentao.tasks.start(ids[0], left=1)
    assert [task.id for task in zentao.tasks.search(name=name, status=["doing"])] == [ids[0]]
    assert [task.id for task in zentao.tasks.search(ids=ids[1:], order="id_asc")] == ids[1:]
    assert zentao.tasks.search(name=name, assigned_to=stage.human).items == ()
    first = zentao.tasks.search(name=name, order="id_asc", limit=2)
    assert ([task.id for task in first], first.is_last) == (ids[:2], False)
    assert zentao.tasks.search(name=name, order="id_asc", limit=2, page=3).items == ()
    newest = zentao.tasks.search(name=name, order="lastEditedDate_desc", limit=1)
    assert [task.id for task in newest] == [ids[0]]


def test_a_task_is_edited_field_by_field(stage: Stage) -> None:
    zentao = stage.client()
    task = stage.new_task(zentao, description="<p>旧</p>", estimate=3)
    edited = zentao.tasks.edit(task.id, name="【新名部署】", pri=1, description="<p>新 <b>描述</b></p>")
    assert (edited.name, edited.pri, edited.estimate) == ("【新名部署】", 1, 3)
    assert "新 <b>描述</b>" in edited.description
    later = zentao.tasks.edit(task.id, deadline=date(2030, 1, 31))
    assert (later.deadline, later.name) == (date(2030, 1, 31), "【新名部署】")
    with pytest.raises(ValueError, match="status"):
        zentao.tasks.edit(task.id, status="done")


def test_a_task_is_assigned_also_when_it_has_no_hours_left(stage: Stage) -> None:
    zentao = stage.client()
    task = stage.new_task(zentao)
    assert task.left == 0
    assigned = zentao.tasks.assign(task.id, stage.human, comment="<p>请看</p>")
    assert assigned.assigned_to == stage.human
    assert any("请看" in action.comment for action in zentao.tasks.get(task.id).actions)
    assert zentao.tasks.assign(task.id, stage.human).already
    with pytest.raises(Rejected, match="nosuchuser"):
        zentao.tasks.assign(task.id, "nosuchuser")


def test_a_transition_that_stands_already_sends_nothing(stage: Stage) -> None:
    zentao = stage.client()
    task = stage.new_task(zentao)
    zentao.tasks.start(task.id, left=1)
    zentao.tasks.finish(task.id, consumed=1)
    again = zentao.tasks.finish(task.id, consumed=1, comment="<p>再来</p>")
    assert again.already
    assert again.consumed == 1, "ZenTao itself would have added the hours once more"
    with pytest.raises(Rejected, match="start starts from wait"):
        zentao.tasks.start(task.id, left=1)


def test_a_deleted_task_comes_marked_and_is_never_written_to(stage: Stage) -> None:
    zentao = stage.client()
    task = stage.new_task(zentao)
    stage.embedded().as_user(stage.human).delete_task(task.id)
    assert zentao.tasks.get(task.id).deleted
    with pytest.raises(NotFound):
        zentao.tasks.start(task.id, left=1)
    assert task.id not in [found.id for found in zentao.tasks.search(name=task.name)]

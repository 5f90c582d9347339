"""The pages: what a person reads, and that nothing foreign runs in them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from .conftest import Office, open_office


@pytest.fixture
def staffed() -> Iterator[Office]:
    """18.8 with buttons, acting as 林研发."""
    yield from open_office("18.8", acting_as="linyanfa")


def read(office: Office, address: str) -> str:
    reply = office.client.get(address)
    assert reply.status_code == 200
    return reply.text


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def test_the_list_shows_the_tasks_of_an_execution(staffed: Office) -> None:
    task = staffed.task()
    staffed.sandbox.as_user("linyanfa").start_task(task)
    text = words(read(staffed, "/"))
    for part in ("语音合成上线", "【IndexTTS2-V23部署】", "进行中", "部署机器人", "共 1 个任务"):
        assert part in text


def test_history_reads_as_sentences(staffed: Office) -> None:
    task = staffed.task()
    staffed.sandbox.as_user("linyanfa").start_task(task)
    text = words(read(staffed, f"/task/{task}"))
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d 由 林研发 启动。 未开始 → 进行中", text)


def test_the_page_address_of_zentao_shows_the_same_task(staffed: Office) -> None:
    task = staffed.task()
    assert read(staffed, f"/index.php?m=task&f=view&taskID={task}") == read(staffed, f"/task/{task}")


def test_files_pictures_and_sounds_are_shown(staffed: Office) -> None:
    task = staffed.task()
    site = staffed.sandbox.site
    numbers = [
        site.files.add(name, b"x", by="deploybot", object_type="task", object_id=task)
        for name in ("speech.wav", "webui.png", "deploy.log")
    ]
    page = read(staffed, f"/task/{task}")
    assert f'<audio controls preload="metadata" src="/file/{numbers[0]}">' in page
    assert f'<img src="/file/{numbers[1]}"' in page
    assert staffed.client.get(f"/file/{numbers[0]}").headers["content-type"] == "audio/wav"
    assert staffed.client.get(f"/file/{numbers[2]}").headers["content-type"].startswith("text/plain")


def test_a_linked_bug_is_one_click_away(staffed: Office) -> None:
    task = staffed.task()
    person = staffed.sandbox.as_user("deploybot")
    bug = person.create_bug(staffed.seed.product, "启动失败", task=task, steps="<p>显存不足</p>", keywords="zd-1")
    assert f'<a href="/bug/{bug}">#{bug} 启动失败</a>' in read(staffed, f"/task/{task}")
    text = words(read(staffed, f"/bug/{bug}"))
    for part in ("显存不足", "zd-1", "激活", "主干", "【IndexTTS2-V23部署】"):
        assert part in text


@pytest.mark.parametrize("version", ["18.8", "22.4"])
def test_nothing_from_a_ticket_becomes_code(version: str) -> None:
    for office in open_office(version):  # type: ignore[arg-type]
        attack = '<script>alert(1)</script><img src=x onerror="alert(2)"><a href="javascript:alert(3)">x</a>'
        task = office.task(f"{attack}{{{{ 7*7 }}}}", description=attack + "<p style='background:url(x)'>t</p>")
        office.sandbox.as_user("linyanfa").comment("task", task, attack + "<b title='\"><script>'>c</b>")
        office.sandbox.site.files.add(attack + ".log", b"1", by="admin", object_type="task", object_id=task)
        for address in ("/", f"/task/{task}"):
            page = read(office, address)
            body = page.partition("<main>")[2]
            assert "<script" not in body
            assert "javascript:" not in re.sub(r"&lt;.*?&gt;", "", body)
            assert not re.search(r"<[^>]*\son\w+=", body)
            assert "url(x)" not in body
            assert "{{ 7*7 }}" in body


def test_22_shows_the_line_breaks_of_a_text_and_18_does_not(staffed: Office, modern: Office) -> None:
    for office, shown in ((staffed, "v18"), (modern, "v22")):
        page = read(office, f"/task/{office.task(description='<p>a</p>' + chr(10) + '<p>b</p>')}")
        assert f'<body class="{shown}">' in page
        assert ".v22 .rich { white-space: pre-wrap; }" in page
        assert "<p>a</p>\n<p>b</p>" in page


def test_a_button_acts_as_the_human_and_tells_it(staffed: Office) -> None:
    task = staffed.task()
    reply = staffed.client.post(
        f"/task/{task}/act",
        headers={"Origin": staffed.sandbox.url},
        data={"deed": "start", "comment": "<b>go</b>"},
        follow_redirects=True,
    )
    assert "进行中" in words(reply.text)
    entry = staffed.sandbox.actions("task", task)[-1]
    assert (entry["actor"], entry["action"], entry["comment"]) == ("linyanfa", "started", "&lt;b&gt;go&lt;/b&gt;")


def test_a_button_that_zentao_refuses_says_so(staffed: Office) -> None:
    task = staffed.task()
    staffed.sandbox.as_user("linyanfa").start_task(task)
    reply = staffed.client.post(f"/task/{task}/act", headers={"Origin": staffed.sandbox.url}, data={"deed": "start"})
    assert "此任务已被启动" in reply.text


def test_other_origins_and_idle_sandboxes_get_no_buttons(staffed: Office, office: Office) -> None:
    task = staffed.task()
    foreign = staffed.client.post(
        f"/task/{task}/act", headers={"Origin": "http://evil.example"}, data={"deed": "start"}
    )
    assert foreign.status_code == 403
    own = office.task()
    assert "<button" not in read(office, f"/task/{own}")
    reply = office.client.post(f"/task/{own}/act", headers={"Origin": office.sandbox.url}, data={"deed": "start"})
    assert reply.status_code == 403


def test_what_is_not_there_is_said_to_be_missing(staffed: Office) -> None:
    reply = staffed.client.get("/task/999")
    assert reply.status_code == 404
    assert "没有找到" in reply.text


def test_a_file_is_read_by_its_web_path_without_login(office: Office) -> None:
    task = office.task()
    number = office.sandbox.site.files.add("a.log", b"line", by="deploybot", object_type="task", object_id=task)
    row = office.sandbox.site.files.get(number)
    assert row is not None
    place = office.sandbox.site.files.shape(row)["webPath"]
    assert httpx.get(office.sandbox.url + place).content == b"line"

"""Strict reading: what each dialect's answers mean. The bodies are distilled from answers of real servers."""

from __future__ import annotations

import json

import pytest

from zentao_client import BadReply, Forbidden, NotFound, Rejected
from zentao_client.protocol import (
    NotLoggedIn,
    Reply,
    messages_in,
    read_file,
    read_form,
    read_page,
    read_signed,
    read_v1,
    read_v2,
)

SNIPPET = "<html><meta charset='utf-8'/><script>if(parent !== window) parent.location.reload(true);</script>"
LOGIN_SNIPPET = "<html><meta charset='utf-8'/><script>self.location='/index.php?m=user&f=login';</script>"
TRACE = "<html><body>15:37:06 Uncaught Error: Class &quot;x&quot; not found in /srv/api.php</body></html>"


def reply(body: object, status: int = 200, location: str = "") -> Reply:
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return Reply(status, text.encode(), location)


def page(data: object) -> dict[str, object]:
    return {"status": "success", "data": json.dumps(data), "md5": "0"}


def test_v1_content_comes_as_it_is_with_both_kinds_of_numbers() -> None:
    assert read_v1(reply({"id": 2})) == {"id": 2}
    assert read_v1(reply({"id": "2"}, 201)) == {"id": "2"}
    assert read_v1(reply([{"key": "version"}])) == [{"key": "version"}]


@pytest.mark.parametrize("status", [200, 201])
def test_an_empty_success_is_no_success(status: int) -> None:
    for read in (read_v1, read_v2):
        with pytest.raises(BadReply, match="empty body"):
            read(reply("", status))


def test_two_documents_in_one_answer_are_no_answer() -> None:
    glued = '{"status":"fail","message":"不存在"}{"page":1,"total":0,"tasks":[]}'
    for read in (read_v1, read_v2, read_page):
        with pytest.raises(BadReply, match="more than one"):
            read(reply(glued))


def test_html_with_status_200_is_recognised_and_a_login_page_is_named() -> None:
    with pytest.raises(BadReply, match="an HTML page"):
        read_v1(reply("<html><h1>首页</h1></html>"))
    with pytest.raises(BadReply, match="the login page"):
        read_v1(reply("<form action='/sso'><input type='password' name='p'></form>"))


def test_the_excerpt_of_a_bad_reply_is_200_bytes_at_most() -> None:
    with pytest.raises(BadReply) as caught:
        read_v1(reply("不是 JSON " * 100))
    assert 0 < len(caught.value.excerpt.encode()) <= 202  # the last character may be cut


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "『任务名称』不能为空。"}, ("『任务名称』不能为空。",)),
        ({"error": ["此任务已被启动，不能重复启动！"]}, ("此任务已被启动，不能重复启动！",)),
        ({"error": {"deadline": "『截止日期』太早"}}, ("deadline: 『截止日期』太早",)),
        ({"error": {"name": ["太长", "重复"]}}, ("name: 太长", "name: 重复")),
        ({"error": "error"}, ("error",)),
    ],
)
def test_v1_refusals_keep_zentao_s_words_in_all_three_shapes(body: object, words: tuple[str, ...]) -> None:
    with pytest.raises(Rejected) as caught:
        read_v1(reply(body, 400))
    assert caught.value.messages == words


def test_v1_statuses_have_their_errors() -> None:
    with pytest.raises(NotLoggedIn):
        read_v1(reply({"error": "Unauthorized"}, 401))
    with pytest.raises(Forbidden, match="Access not allowed"):
        read_v1(reply({"error": "Access not allowed"}, 403))
    with pytest.raises(NotFound):
        read_v1(reply({"error": "404 Not found"}, 404))
    with pytest.raises(BadReply, match="HTTP 500"):
        read_v1(reply(TRACE, 500))
    with pytest.raises(Forbidden):
        read_v1(reply({"error": "error: no company-browse priv."}, 400))
    with pytest.raises(Rejected):
        read_v1(reply({"result": "fail", "message": {"consumed": ["不能为空"]}}))


def test_v2_success_is_in_the_body() -> None:
    assert read_v2(reply({"status": "success", "data": 108}))["data"] == 108
    assert read_v2(reply({"result": "success", "load": "/x"}))["load"] == "/x"
    assert read_v2(reply({"id": 1, "title": "d", "status": "normal"}), "title")["id"] == 1
    with pytest.raises(BadReply, match="neither success nor failure"):
        read_v2(reply({"status": None}))
    with pytest.raises(BadReply, match="'task'"):
        read_v2(reply({"status": "success"}), "task")


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"status": "fail", "message": "Task does not exist."}, 200, NotFound),
        ({"status": "fail", "message": "Task is not allowed."}, 200, Forbidden),
        ({"status": "fail", "message": "您没有访问权限"}, 200, Forbidden),
        ({"status": "fail", "message": "抱歉，您访问的对象不存在！"}, 200, NotFound),
        ({"status": "fail", "message": {"realStarted": ["『实际开始』不能为空。"]}}, 200, Rejected),
        ({"status": "failed", "reason": "登录失败"}, 200, Rejected),
        ({"result": "fail", "message": "x"}, 200, Rejected),
        ({"status": "error", "message": "Not allowed"}, 403, Forbidden),
        ({"status": "fail", "message": "Not allowed"}, 401, NotLoggedIn),
        ({"status": "fail", "code": 404}, 200, NotFound),
        ({"status": "fail", "message": 404}, 200, NotFound),
    ],
)
def test_v2_failures_have_their_errors(body: object, status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_v2(reply(body, status))


def test_v2_sends_an_expired_delete_to_the_login() -> None:
    with pytest.raises(NotLoggedIn):
        read_v2(Reply(302, b"", "/user-login-L3Rhc2tz.html"))
    with pytest.raises(NotLoggedIn):
        read_v2(Reply(302, b""))


def test_a_page_s_data_is_decoded_a_second_time() -> None:
    assert read_page(reply(page({"task": {"id": 2}}))) == {"task": {"id": 2}}
    with pytest.raises(BadReply, match="envelope"):
        read_page(reply({"task": {}}))


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("http://z.example/index.php?m=user&f=login&t=json&referer=Lw", NotLoggedIn),
        ("/user-login-Lw.html", NotLoggedIn),
        ("http://z.example/index.php?m=user&f=deny&t=json&module=task&method=view", Forbidden),
        ("/user-deny-task-view.html", Forbidden),
    ],
)
def test_a_page_that_leads_elsewhere_says_why(place: str, error: type[Exception]) -> None:
    for answer in (reply(page({"locate": place})), Reply(302, b"", place)):
        with pytest.raises(error):
            read_page(answer)
        with pytest.raises(error):
            read_form(answer)


def test_a_page_s_refusal_inside_its_data_counts() -> None:
    with pytest.raises(Forbidden):
        read_page(reply(page({"result": "fail", "message": "您没有访问权限"})))


def test_a_form_s_snippet_proves_nothing_and_its_alert_is_kept() -> None:
    assert read_form(reply(SNIPPET)).data is None
    assert read_form(reply(r"<script>alert('不能\'为空\n')</script>")).alert == "不能'为空\n"
    assert read_form(reply({"result": "success", "message": "保存成功", "id": "4"})).data["id"] == "4"
    with pytest.raises(Rejected, match="太长"):
        read_form(reply({"result": "fail", "message": {"title": "太长"}}))
    with pytest.raises(NotLoggedIn):
        read_form(reply(LOGIN_SNIPPET))
    with pytest.raises(BadReply):
        read_form(reply(""))
    with pytest.raises(BadReply):
        read_form(reply("<html><form></form><script></script></html>"))


def test_the_signed_api_tells_success_by_an_id() -> None:
    assert read_signed(reply({"status": "success", "data": 202})) == 202
    assert read_signed(reply({"status": "success", "data": {"task": {}}})) == {"task": {}}
    with pytest.raises(Forbidden):
        read_signed(reply({"status": "success", "data": {"result": "fail", "message": "您没有访问权限"}}))
    with pytest.raises(Forbidden, match="Token已失效"):
        read_signed(reply({"errcode": 405, "errmsg": "Token已失效"}))
    with pytest.raises(BadReply):
        read_signed(reply({"status": None}))


def test_a_download_is_bytes_only_if_the_server_calls_it_a_file() -> None:
    assert read_file(Reply(200, b"<html>mine", is_file=True)) == b"<html>mine"
    with pytest.raises(NotFound, match="未找到该文件"):
        read_file(reply("<html><body>未找到该文件，可能物理文件已被删除！</body></html>"))
    with pytest.raises(NotLoggedIn):
        read_file(reply(LOGIN_SNIPPET))
    with pytest.raises(NotFound):
        read_file(reply({"status": "fail", "code": 404}))
    with pytest.raises(Forbidden):
        read_file(reply(page({"locate": "/user-deny-file-download.html"})))
    with pytest.raises(BadReply):
        read_file(reply(TRACE, 500))


def test_messages_are_found_in_any_nesting() -> None:
    assert messages_in(None) == ()
    assert messages_in({"0": "甲", "b": {"c": ["乙"]}}) == ("甲", "b: c: 乙")
    assert messages_in(404) == ("404",)

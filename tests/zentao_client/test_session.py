"""The probe, the transport and the session, against a scripted server."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from zentao_client import BadReply, Entry, LoginRefused, Unavailable, Unsupported, WriteUnknown, Zentao, core

Answer = Callable[[httpx.Request], httpx.Response | None]
V2_MISSING = httpx.Response(500, html="<html>Class not found</html>")


class Script:
    """A ZenTao that answers the probe and a login; everything else is the test's."""

    def __init__(self, answer: Answer, *, version: str = "18.8", request_type: str = "GET", zone: str = "") -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []
        self.config = {"version": version, "requestType": request_type, "serverTime": 1_795_326_832}
        self.zone = zone

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        given = self.answer(request)
        if given is not None:
            return given
        path = request.url.path
        if request.url.params.get("mode") == "getconfig":
            return httpx.Response(200, text=json.dumps(self.config))
        if path.endswith("/configurations"):
            return httpx.Response(200, json=[{"key": "timezone", "value": self.zone}])
        if path.endswith("/v2/tasks/1"):
            return httpx.Response(500, text="<html>Class not found</html>")
        if path.endswith(("/tokens", "/users/login")):
            number = sum(1 for one in self.requests if one.url.path == path)
            return httpx.Response(201, json={"token": f"token-{number}", "status": "success"})
        return httpx.Response(404, json={"error": "404 Not found"})

    def logins(self) -> int:
        return sum(1 for one in self.requests if one.url.path.endswith(("/tokens", "/users/login")))


@pytest.fixture
def connect(tmp_path: Path) -> Callable[..., Zentao]:
    def make(script: Script, url: str = "http://zentao.example", entry: Entry | None = None) -> Zentao:
        return Zentao(
            url,
            account="bot",
            password="pw",
            state_dir=tmp_path,
            handler=httpx.MockTransport(script),
            entry=entry,
        )

    return make


Connect = Callable[..., Zentao]


def nothing(_: httpx.Request) -> None:
    return None


def test_making_a_client_sends_nothing_and_the_probe_comes_before_the_login(connect: Connect) -> None:
    script = Script(nothing)
    zentao = connect(script)
    assert script.requests == []
    assert zentao.server.version == "18.8"
    assert script.logins() == 0
    assert zentao.server is zentao.server


@pytest.mark.parametrize(
    ("version", "v2", "dialect"),
    [
        ("18.8", V2_MISSING, "v18"),
        ("17.7", V2_MISSING, "v18"),
        ("22.4", httpx.Response(401, json={"status": "fail", "message": "Not allowed"}), "v22"),
        ("max8.1", httpx.Response(401, json={"status": "fail", "message": "Not allowed"}), "v22"),
        ("max4.8", V2_MISSING, "v18"),
        ("20.1", httpx.Response(200, text=""), "v18"),
    ],
)
def test_the_dialect_is_what_the_server_answers_not_what_its_edition_calls_itself(
    connect: Connect, version: str, v2: httpx.Response, dialect: str
) -> None:
    def answer(request: httpx.Request) -> httpx.Response | None:
        return v2 if request.url.path.endswith("/v2/tasks/1") else None

    assert connect(Script(answer, version=version)).server.dialect == dialect


def test_clock_and_time_zone_come_from_the_server(connect: Connect) -> None:
    script = Script(nothing, zone="Europe/Berlin")
    script.config["serverTime"] = int((datetime.now(UTC) + timedelta(minutes=10)).timestamp())
    server = connect(script).server
    assert server.timezone == ZoneInfo("Europe/Berlin")
    assert abs(server.clock_skew - timedelta(minutes=10)) < timedelta(seconds=3)
    with pytest.raises(Unsupported, match="tzdata"):
        _ = connect(Script(nothing, zone="Mars/Olympus")).server


def test_the_clock_is_asked_again_once_ours_was_set_and_the_login_stays(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script(lambda request: httpx.Response(200, json={"tasks": [], "total": 0}) if is_search(request) else None)

    def is_search(request: httpx.Request) -> bool:
        return request.url.path.endswith("/v1/tasks")

    def asked() -> int:
        return sum(1 for one in script.requests if one.url.params.get("mode") == "getconfig")

    script.config["serverTime"] = int(datetime.now(UTC).timestamp())
    zentao = connect(script)
    zentao.tasks.search()
    assert abs(zentao.server.clock_skew) < timedelta(seconds=3)
    script.config["serverTime"] = int(datetime.now(UTC).timestamp()) - 3600
    zentao.tasks.search()
    assert asked() == 1
    offset = core._clock_offset()
    monkeypatch.setattr(core, "_clock_offset", lambda: offset + 3600)
    zentao.tasks.search()
    assert abs(zentao.server.clock_skew + timedelta(hours=1)) < timedelta(seconds=10)
    assert (asked(), script.logins()) == (2, 1)


def test_what_is_no_zentao_is_named(connect: Connect) -> None:
    pages = {
        "a login page": httpx.Response(200, text="<form><input type=password></form>"),
        "no ZenTao": httpx.Response(404, text="nginx"),
        "redirects to https": httpx.Response(301, headers={"Location": "https://zentao.example/"}),
    }
    for words, page in pages.items():
        with pytest.raises(BadReply, match=words):
            _ = connect(Script(lambda _, page=page: page)).server  # type: ignore[misc]
    with pytest.raises(Unavailable, match="503"):
        _ = connect(Script(lambda _: httpx.Response(503))).server


def test_a_401_is_answered_by_one_login_and_the_same_call(connect: Connect) -> None:
    def answer(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/user"):
            if request.headers["Token"] == "token-1":
                return httpx.Response(401, json={"error": "Unauthorized"})
            return httpx.Response(200, json={"profile": {"id": 1, "account": "bot"}})
        return None

    script = Script(answer)
    assert connect(script).users.me().account == "bot"
    assert script.logins() == 2


def test_a_token_that_is_never_accepted_ends_in_unavailable_not_in_a_loop(connect: Connect) -> None:
    def answer(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(401, json={"error": "Unauthorized"}) if request.url.path.endswith("/user") else None

    script = Script(answer)
    with pytest.raises(Unavailable, match="just issued"):
        connect(script).users.me()
    assert script.logins() == 2


def test_a_read_on_a_connection_that_was_just_closed_is_sent_once_more(connect: Connect) -> None:
    broken: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/user"):
            if not broken:
                broken.append(request)
                raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
            return httpx.Response(200, json={"profile": {"id": 1, "account": "bot"}})
        return None

    assert connect(Script(answer)).users.me().account == "bot"


def test_a_login_is_never_sent_twice(connect: Connect) -> None:
    def answer(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/tokens"):
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        return None

    script = Script(answer)
    with pytest.raises(Unavailable):
        connect(script).users.me()
    assert script.logins() == 1


def test_a_login_behind_html_opens_no_breaker_and_hides_the_body(connect: Connect) -> None:
    bodies = ["<html>maintenance</html>", '{"token":"s3cret-token"}{"x":1}']
    for body in bodies:

        def answer(request: httpx.Request, body: str = body) -> httpx.Response | None:
            return httpx.Response(200, text=body) if request.url.path.endswith("/tokens") else None

        with pytest.raises(BadReply) as caught:
            connect(Script(answer)).users.me()
        assert "s3cret" not in str(caught.value)


def test_22_x_falls_back_to_the_older_login_where_the_newer_is_missing(connect: Connect) -> None:
    def answer(request: httpx.Request) -> httpx.Response | None:
        path = request.url.path
        if path.endswith("/v2/tasks/1"):
            return httpx.Response(401, json={"status": "fail", "message": "Not allowed"})
        if path.endswith("/users/login"):
            return httpx.Response(200, text="")
        if path.endswith("/v1/user"):
            return httpx.Response(200, json={"profile": {"id": 1, "account": "bot"}})
        return None

    assert connect(Script(answer, version="22.4")).users.me().account == "bot"


def test_a_refused_login_of_22_x_is_a_refusal(connect: Connect) -> None:
    def answer(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/v2/tasks/1"):
            return httpx.Response(401, json={"status": "fail", "message": "Not allowed"})
        if request.url.path.endswith("/users/login"):
            return httpx.Response(200, json={"status": "failed", "reason": "登录失败"})
        return None

    with pytest.raises(LoginRefused, match="登录失败"):
        connect(Script(answer, version="22.4")).users.me()


def test_a_form_names_our_server_as_its_referer_also_in_a_sub_folder(connect: Connect) -> None:
    script = Script(
        lambda request: httpx.Response(200, text="<script>x</script>") if b"comment" in request.url.query else None
    )
    zentao = connect(script, url="http://zentao.example:8080/zentao/")
    session = zentao._core.session
    session.post_page("action", "comment", [("objectType", "task"), ("objectID", "2")], [("comment", "<p>中</p>")])
    sent = script.requests[-1]
    assert sent.headers["Referer"] == "http://zentao.example:8080/zentao/"
    assert (
        str(sent.url)
        == "http://zentao.example:8080/zentao/index.php?m=action&f=comment&objectType=task&objectID=2&t=json"
    )
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert sent.content == b"comment=%3Cp%3E%E4%B8%AD%3C%2Fp%3E"


def test_pages_have_addresses_of_the_server_s_kind(connect: Connect) -> None:
    script = Script(nothing, request_type="PATH_INFO")
    session = connect(script)._core.session
    with pytest.raises(BadReply):
        session.page("task", "view", [("taskID", "2")])
    assert str(script.requests[-1].url) == "http://zentao.example/task-view-2.json"


def test_a_write_without_an_answer_is_unknown_and_one_that_never_left_is_unavailable(connect: Connect) -> None:
    session = connect(Script(lambda request: _fail(request, httpx.ReadTimeout("too slow"))))._core.session
    with pytest.raises(WriteUnknown):
        session.v1("POST", "/tasks/2/start", json={"left": 1})
    session = connect(Script(lambda request: _fail(request, httpx.ConnectError("refused"))))._core.session
    with pytest.raises(Unavailable):
        session.v1("POST", "/tasks/2/start", json={"left": 1})
    session = connect(Script(lambda request: _fail(request, httpx.ReadTimeout("too slow"))))._core.session
    with pytest.raises(Unavailable):
        session.v1("GET", "/tasks/2/start")


def _fail(request: httpx.Request, error: Exception) -> None:
    if request.url.path.endswith("/start"):
        raise error


def test_a_signed_call_carries_the_signature_of_its_query_and_no_token(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    script = Script(
        lambda request: (
            httpx.Response(200, json={"status": "success", "data": 202}) if "code" in request.url.params else None
        )
    )
    session = connect(script, entry=Entry("deployer", "k" * 32))._core.session
    with caplog.at_level(logging.DEBUG):
        answer = session.signed("action", "comment", [("objectType", "task"), ("objectID", "2")], json={"comment": "x"})
    assert answer == 202
    sent = script.requests[-1]
    query, _, signature = sent.url.query.decode().rpartition("&token=")
    inner = hashlib.md5(query.encode()).hexdigest()
    assert signature == hashlib.md5((inner + "k" * 32).encode()).hexdigest()
    assert "Token" not in sent.headers
    assert script.logins() == 0
    assert "api.php" in caplog.text
    assert signature not in caplog.text, "a signature in a log could be used again"


def test_the_key_of_an_entry_is_not_printed() -> None:
    assert "secret" not in repr(Entry("code", "secret"))

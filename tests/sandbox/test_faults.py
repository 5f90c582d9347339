"""What can be made to go wrong, and what stands afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import httpx
import pytest

from zentao_client.sandbox import Fault

from .conftest import Office


def until(happened: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while time.monotonic() < deadline:
        if happened():
            return True
        pause.wait(0.01)
    return happened()


def test_a_timeout_after_commit_leaves_the_comment_there(office: Office) -> None:
    task, token = office.task(), office.login()
    office.sandbox.faults.add("timeout-after-commit", "f=comment")
    with pytest.raises(httpx.ReadTimeout):
        office.comment(task, "<p>once</p>", token, timeout=0.3)
    assert office.comments(task) == ["<p>once</p>"]
    office.comment(task, "<p>twice</p>", token)  # the fault was for one request
    assert office.comments(task) == ["<p>once</p>", "<p>twice</p>"]


def test_a_late_commit_comes_after_the_client_gave_up(modern: Office) -> None:
    task, token = modern.task(), modern.login()
    modern.sandbox.faults.add("late-commit", "actions/comment", seconds=0.2)
    address = f"/api.php/v2/actions/comment?objectType=task&objectID={task}"
    with pytest.raises(httpx.ReadTimeout):
        modern.client.post(address, headers={"Token": token}, json={"comment": "<p>late</p>"}, timeout=0.2)
    assert modern.comments(task) == []
    assert until(lambda: modern.comments(task) == ["<p>late</p>"])


def test_on_18_8_a_read_with_the_same_token_waits_for_the_late_commit(office: Office) -> None:
    task, token, other = office.task(), office.login(), office.login()
    office.sandbox.faults.add("late-commit", "f=comment", seconds=0.4)
    with pytest.raises(httpx.ReadTimeout):
        office.comment(task, "<p>late</p>", token, timeout=0.2)
    seen_by_other = office.client.get(f"/api.php/v1/tasks/{task}", headers={"Token": other}).json()["actions"]
    seen_by_same = office.client.get(f"/api.php/v1/tasks/{task}", headers={"Token": token}).json()["actions"]
    assert [len(seen_by_other), len(seen_by_same)] == [1, 2]


@pytest.mark.parametrize(
    ("kind", "status", "sign"),
    [("login-page", 200, "用户登录"), ("error-500", 500, "Uncaught PDOException"), ("empty", 200, "")],
)
def test_the_answer_can_be_something_else(office: Office, kind: str, status: int, sign: str) -> None:
    office.sandbox.faults.add(kind, "/ping", count=2)  # type: ignore[arg-type]
    token = office.login()
    for _ in range(2):
        reply = office.client.get("/api.php/v1/ping", headers={"Token": token})
        assert reply.status_code == status
        assert sign in reply.text
    assert office.client.get("/api.php/v1/ping", headers={"Token": token}).json()["token"] == token


def test_two_documents_in_one_answer(modern: Office) -> None:
    modern.sandbox.faults.add("two-documents", "/ping")
    reply = modern.client.get("/api.php/v1/ping", headers={"Token": modern.login()})
    assert "}{" in reply.text


def test_a_connection_can_be_reset_before_and_after_the_deed(office: Office) -> None:
    task, token = office.task(), office.login()
    office.sandbox.faults.add("reset", f"/tasks/{task}/start")
    office.sandbox.faults.add("reset-after-commit", f"/tasks/{task}/start")
    for expected in ("wait", "doing"):
        with pytest.raises(httpx.TransportError):
            office.client.post(f"/api.php/v1/tasks/{task}/start", headers={"Token": token}, json={"left": 1})
        assert office.sandbox.task(task)["status"] == expected


def test_offline_refuses_connections_and_comes_back_at_the_same_address(office: Office) -> None:
    office.login()
    with office.sandbox.offline(), pytest.raises(httpx.ConnectError):
        httpx.get(f"{office.sandbox.url}/index.php?mode=getconfig", timeout=2)
    assert httpx.get(f"{office.sandbox.url}/index.php?mode=getconfig").json()["version"] == "18.8"


def test_a_slow_request_is_carried_out_late(office: Office) -> None:
    office.sandbox.faults.add("slow", "/ping", seconds=0.3)
    token = office.login()
    begun = time.monotonic()
    office.client.get("/api.php/v1/ping", headers={"Token": token})
    assert time.monotonic() - begun >= 0.3


def test_faults_can_be_switched_over_http_from_loopback_only_pages(office: Office) -> None:
    added = office.client.post("/__sandbox__/faults", json={"kind": "empty", "path": "/ping", "method": "get"})
    assert Fault(**added.json()) == Fault(1, "empty", "/ping", "GET", 1, 5.0)
    assert office.client.post("/__sandbox__/faults", json={"kind": "nonsense"}).status_code == 422
    assert office.client.post("/__sandbox__/faults", json={"kind": "empty", "path": "("}).status_code == 422
    foreign = office.client.delete("/__sandbox__/faults", headers={"Origin": "http://evil.example"})
    assert foreign.status_code == 403
    assert office.client.delete("/__sandbox__/faults").json() == {"history_delay": 0.0, "faults": []}


def test_control_requests_are_not_in_the_log_and_others_are(office: Office) -> None:
    office.sandbox.requests.clear()
    office.client.get("/__sandbox__/requests")
    token = office.login()
    office.client.get("/api.php/v1/tasks?search=1&limit=5", headers={"Token": token})
    log = office.sandbox.requests
    assert (len(log), log.count("search=1", token=token), log.count(method="POST")) == (2, 1, 1)
    assert [entry["status"] for entry in office.client.get("/__sandbox__/requests").json()] == [201, 200]

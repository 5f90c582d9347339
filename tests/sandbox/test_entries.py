"""Calls signed by an 应用."""

from __future__ import annotations

import hashlib

from .conftest import Office

KEY = "0123456789abcdef0123456789abcdef"


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def signed(task: int, time: int = 0) -> str:
    query = f"m=action&f=comment&objectType=task&objectID={task}&t=json&code=deployer"
    if time:
        return f"/api.php?{query}&time={time}&token={md5(f'deployer{KEY}{time}')}"
    return f"/api.php?{query}&token={md5(md5(query) + KEY)}"


def test_a_signed_comment_is_confirmed_on_18_8(office: Office) -> None:
    task = office.task()
    office.sandbox.site.accounts.create_entry("部署", "deployer", KEY, "deploybot")
    reply = office.client.post(signed(task, 1000), json={"comment": "<p>一</p>"}).json()
    assert reply == {"status": "success", "data": office.sandbox.actions("task", task)[-1]["id"]}
    assert office.client.post(signed(task, 1000), json={"comment": "x"}).json()["errcode"] == 405
    assert office.client.post(signed(task), data={"comment": "<p>二</p>"}).json()["status"] == "success"
    assert office.client.post(signed(task), data={"comment": "<p>三</p>"}).json()["status"] == "success"
    assert office.client.post(signed(task) + "0", data={"comment": "x"}).json()["errcode"] == 401
    missing = office.client.post(signed(999), json={"comment": "x"}).json()
    assert missing == {"status": "success", "data": {"result": "fail", "message": "您没有访问权限"}}
    assert office.comments(task) == ["<p>一</p>", "<p>二</p>", "<p>三</p>"]


def test_on_22_4_it_is_stored_and_not_confirmed(modern: Office) -> None:
    task = modern.task()
    modern.sandbox.site.accounts.create_entry("部署", "deployer", KEY, "deploybot")
    assert modern.client.post(signed(task, 1000), json={"comment": "<p>一</p>"}).json() == {"status": None}
    assert modern.comments(task) == ["<p>一</p>"]


def test_an_entrys_key_is_a_token_on_18_8_only(office: Office, modern: Office) -> None:
    for each, status in ((office, 200), (modern, 401)):
        each.sandbox.site.accounts.create_entry("部署", "deployer", KEY, "deploybot")
        assert each.client.get("/api.php/v1/user", headers={"Token": KEY}).status_code == status

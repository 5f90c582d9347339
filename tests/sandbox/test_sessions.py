"""Logins, locks, expiry, and who waits for whom."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from zentao_client.sandbox import Sandbox

from .conftest import Office


def held_ping(office: Office, token: str, other: str) -> float:
    """Seconds that a ping with ``other`` takes while a request with ``token`` is held for half a second."""
    office.sandbox.faults.add("slow", "search=1", seconds=0.5)

    def hold() -> None:
        httpx.get(f"{office.sandbox.url}/api.php/v1/tasks?search=1", headers={"Token": token}, timeout=10)

    thread = threading.Thread(target=hold)
    thread.start()
    pause = threading.Event()
    while not office.sandbox.requests.count("search=1"):
        pause.wait(0.005)
    begun = time.monotonic()
    office.client.get("/api.php/v1/ping", headers={"Token": other})
    seconds = time.monotonic() - begun
    thread.join()
    return seconds


def test_on_18_8_requests_with_one_token_queue_up(office: Office) -> None:
    token = office.login()
    assert held_ping(office, token, token) > 0.3


def test_on_18_8_another_token_does_not_wait(office: Office) -> None:
    assert held_ping(office, office.login(), office.login()) < 0.3


def test_on_22_4_nobody_waits(modern: Office) -> None:
    token = modern.login()
    assert held_ping(modern, token, token) < 0.3


def test_a_lock_ends_after_ten_minutes_and_a_token_after_its_idle_life() -> None:
    now = [datetime(2026, 11, 22, 6, 0, tzinfo=UTC)]
    with Sandbox("18.8", clock=lambda: now[0]) as sandbox, httpx.Client(base_url=sandbox.url) as client:
        seed = sandbox.seed()
        good = {"account": "deploybot", "password": seed.password}
        for _ in range(6):
            client.post("/api.php/v1/tokens", json={**good, "password": "wrong"})
        assert client.post("/api.php/v1/tokens", json=good).status_code == 400
        now[0] += timedelta(minutes=10, seconds=1)
        token = client.post("/api.php/v1/tokens", json=good).json()["token"]
        now[0] += timedelta(seconds=1400)
        assert client.get("/api.php/v1/ping", headers={"Token": token}).status_code == 200
        now[0] += timedelta(seconds=1441)
        assert client.get("/api.php/v1/ping", headers={"Token": token}).status_code == 401


def test_an_expired_token_is_401_for_the_api_and_a_login_address_for_pages(office: Office) -> None:
    task, token = office.task(), office.login()
    office.sandbox.expire_tokens()
    assert office.client.get(f"/api.php/v1/tasks/{task}", headers={"Token": token}).status_code == 401
    reply = office.comment(task, "x", token)
    assert reply.status_code == 200
    assert "f=login" in reply.json()["data"]


def test_server_times_are_local_and_v1_times_are_utc() -> None:
    moment = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
    with Sandbox("18.8", clock=lambda: moment) as sandbox, httpx.Client(base_url=sandbox.url) as client:
        seed = sandbox.seed()
        task = sandbox.as_user("wangchanpin").create_task(seed.execution, "x")
        body = {"account": "deploybot", "password": seed.password}
        token = client.post("/api.php/v1/tokens", json=body).json()["token"]
        found = client.get(f"/api.php/v1/tasks/{task}", headers={"Token": token}).json()
        assert found["openedDate"] == "2026-11-22T20:30:00Z"
        assert found["actions"][0]["date"] == "2026-11-23 04:30:00"


def test_data_in_a_file_outlives_the_server(tmp_path: Path) -> None:
    place = tmp_path / "zentao.sqlite"
    with Sandbox("22.4", place) as sandbox:
        seed = sandbox.seed()
        task = sandbox.as_user("wangchanpin").create_task(seed.execution, "keep me")
    with Sandbox("22.4", place) as sandbox:
        assert sandbox.seed() == seed
        assert sandbox.task(task)["name"] == "keep me"


def test_ten_thousand_tasks_are_there_at_once_and_one_search_is_quick(office: Office) -> None:
    office.sandbox.create_tasks(10_000, execution=office.seed.execution)
    begun = time.monotonic()
    reply = office.client.get(
        "/api.php/v1/tasks?search=1&order=lastEditedDate_desc&limit=20", headers={"Token": office.login()}
    )
    assert reply.json()["total"] == 10_000
    assert time.monotonic() - begun < 2

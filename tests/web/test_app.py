from __future__ import annotations

import json
import socket
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from orchestrator.operations import Operations, UnknownRun
from orchestrator.store import Run, RunState, StepRecord, Store
from orchestrator.triggers.claim import ClaimRefused
from orchestrator.triggers.poller import PollStats
from orchestrator.web.app import WebServer, build_app, write_control_file
from zentao_client import LoginPaused, Unavailable

TOKEN = "control-token"


@dataclass
class StandIn:
    """The operator's side with a real store; starting is scripted."""

    store: Store
    answers: dict[int, Exception] = field(default_factory=dict)

    def run(self, task_id: int, *, again: bool = False) -> dict[str, Any]:
        if task_id in self.answers:
            raise self.answers[task_id]
        return {"run_id": f"run-{task_id}", "again": again}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.sqlite") as opened:
        yield opened


@pytest.fixture
def poller() -> Any:
    return SimpleNamespace(stats=PollStats(), interval=10.0, wake=lambda _: None)


@pytest.fixture
def engine() -> Any:
    return SimpleNamespace(is_running=True, cancel=lambda _: False, status=lambda _: None)


@pytest.fixture
def operations(store: Store, engine: Any) -> Operations:
    context = SimpleNamespace(store=store, engine=engine, zentao=None, server="s", settings=_settings())
    return Operations(context)  # type: ignore[arg-type]


def _settings() -> Any:
    from orchestrator.settings import Settings

    return Settings.model_validate({"zentao": {"url": "http://zentao.example", "account": "bot", "executions": [3]}})


@pytest.fixture
def client(operations: Operations, poller: Any) -> Iterator[httpx.Client]:
    app = build_app(operations, poller, webhook_secret=None, control_token=TOKEN)
    with WebServer("127.0.0.1", 0) as server, httpx.Client(base_url=server.serve(app).url, trust_env=False) as opened:
        yield opened


def allowed(**headers: str) -> dict[str, str]:
    return {"authorization": f"Bearer {TOKEN}", **headers}


def test_it_is_alive_and_says_which_version(client: httpx.Client) -> None:
    answer = client.get("/healthz").json()
    assert answer["status"] == "ok"
    assert answer["version"]


def test_it_is_ready_only_while_the_engine_runs_and_zentao_answers(
    client: httpx.Client, poller: Any, engine: Any
) -> None:
    assert client.get("/readyz").status_code == 503
    poller.stats.last_success = time.time()
    assert client.get("/readyz").status_code == 200
    poller.stats.last_success = time.time() - 31
    poller.stats.error = "Unavailable: connection refused"
    assert "connection refused" in client.get("/readyz").json()["reasons"][0]
    poller.stats.last_success = time.time()
    engine.is_running = False
    assert client.get("/readyz").status_code == 503


def test_metrics_count_polls_events_and_runs_and_name_no_ticket(
    client: httpx.Client, poller: Any, operations: Operations, store: Store
) -> None:
    poller.stats.polls, poller.stats.failed_polls, poller.stats.last_success = 7, 2, 1795326832.0
    operations.ended[RunState.SUCCEEDED] += 3
    text = client.get("/metrics").text
    for line in (
        'zentao_deploy_polls_total{outcome="ok"} 5.0',
        'zentao_deploy_polls_total{outcome="failed"} 2.0',
        'zentao_deploy_runs_ended_total{outcome="succeeded"} 3.0',
        'zentao_deploy_events_total{state="new"} 0.0',
        "zentao_deploy_last_successful_poll_timestamp_seconds 1.795326832e+09",
    ):
        assert line in text
    assert "task" not in text.replace("task_reads", "").replace("tasks", "").replace("single task", "")


def test_nothing_else_is_told_to_strangers(client: httpx.Client) -> None:
    for path in ("/", "/docs", "/openapi.json", "/redoc", "/control/runs"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": TOKEN},
        {"authorization": f"Bearer {TOKEN}", "x-forwarded-for": "10.0.0.1"},
        {"authorization": f"Bearer {TOKEN}", "forwarded": "for=10.0.0.1"},
    ],
)
def test_the_control_api_does_not_exist_without_the_token_or_through_a_proxy(
    client: httpx.Client, headers: dict[str, str]
) -> None:
    assert client.get("/control/runs", headers=headers).status_code == 404
    assert client.post("/control/runs", headers=headers, json={"task_id": 8}).status_code == 404


def test_a_run_is_started_or_refused_with_the_reason(
    client: httpx.Client, operations: Operations, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    from datetime import UTC, datetime

    stand_in = StandIn(
        store,
        {
            2: ClaimRefused("is being deployed", "run-2"),
            3: LoginPaused("paused", until=datetime.now(UTC)),
            4: Unavailable("down"),
        },
    )
    monkeypatch.setattr(operations, "run", stand_in.run)

    def ask(task_id: object) -> httpx.Response:
        return client.post("/control/runs", headers=allowed(), json={"task_id": task_id, "again": True})

    assert (ask(1).status_code, ask(1).json()) == (201, {"run_id": "run-1", "again": True})
    assert (ask(2).status_code, ask(2).json()["run_id"]) == (409, "run-2")
    assert (ask(3).status_code, ask(3).json()["kind"]) == (502, "login")
    assert (ask(4).status_code, ask(4).json()["kind"]) == (502, "zentao")
    assert ask(0).status_code == 422
    assert ask("x").status_code == 422


def test_following_gives_each_change_as_a_line_until_the_end(client: httpx.Client, store: Store) -> None:
    store.create_run(Run("run-8", "key", 8, "【TTS部署】", "pm"))
    changes = []
    with client.stream("GET", "/control/runs/run-8/follow", headers=allowed()) as answer:
        for line in answer.iter_lines():
            changes.append(json.loads(line))
            if len(changes) == 1:
                store.record_step(StepRecord("run-8", 1, "fetch", "取代码", "ok", 1.5))
            elif "step" in changes[-1]:
                store.update_run("run-8", state=RunState.SUCCEEDED, service_url="http://gpu-01:7860")
    assert [next(iter(change)) for change in changes] == ["run", "step", "run"]
    assert changes[1]["step"]["outcome"] == "ok"
    assert changes[2]["run"]["state"] == "succeeded"
    assert "detail" not in changes[2]["run"]


def test_runs_are_listed_and_shown_with_their_steps(client: httpx.Client, store: Store) -> None:
    store.create_run(Run("run-8", "key", 8, "【TTS部署】", "pm"))
    store.record_step(StepRecord("run-8", 1, "fetch", "取代码", "ok", 1.5))
    assert [run["run_id"] for run in client.get("/control/runs?task_id=8", headers=allowed()).json()] == ["run-8"]
    assert client.get("/control/runs/run-8", headers=allowed()).json()["steps"][0]["name"] == "fetch"
    for path in ("/control/runs/run-9", "/control/runs/run-9/follow"):
        answer = client.get(path, headers=allowed())
        assert (answer.status_code, "run-9" in answer.json()["error"]) == (404, True)


def test_a_run_that_never_began_is_cancelled_in_the_records(operations: Operations, store: Store) -> None:
    store.create_run(Run("run-8", "key", 8, "t", "pm"))
    assert operations.cancel("run-8")["state"] == "cancelled"
    assert operations.cancel("run-8")["state"] == "cancelled"
    with pytest.raises(UnknownRun):
        operations.cancel("run-9")


def test_the_control_file_is_for_our_eyes_only_and_replaces_an_old_one(tmp_path: Path) -> None:
    for url in ("http://127.0.0.1:1", "http://127.0.0.1:2"):
        path = write_control_file(tmp_path, url, TOKEN)
        assert json.loads(path.read_text())["url"] == url
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_taken_port_is_told_with_its_settings() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=rf"can't listen on 127\.0\.0\.1:{port}"):
            WebServer("127.0.0.1", port)

"""Outbound webhooks, received over real HTTP."""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from zentao_client.sandbox import wording

from . import contract
from .conftest import Office, open_office

RECORDINGS = os.environ.get("ZENTAO_RECORDINGS", "")


@dataclass
class Receiver:
    """What arrived, and what happens while a request is being answered."""

    url: str
    got: queue.Queue[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=queue.Queue)
    meanwhile: Callable[[], None] = lambda: None

    def next(self) -> dict[str, Any]:
        return self.got.get(timeout=5)[1]


@contextmanager
def receiving(status: int = 200) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.put((dict(self.headers.items()), json.loads(body)))
            receiver.meanwhile()
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hook?secret=abc")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_started_task_is_told_as_zentao_tells_it(office: Office) -> None:
    task = office.task()
    with receiving() as receiver:
        office.sandbox.add_webhook(receiver.url)
        office.sandbox.as_user("linyanfa").start_task(task, comment="<p>开始</p>")
        headers, body = receiver.got.get(timeout=5)
    assert list(body) == [
        "objectType",
        "objectID",
        "product",
        "execution",
        "action",
        "actor",
        "date",
        "comment",
        "text",
    ]
    assert body["actor"] == "linyanfa"
    assert body["product"] == f",{office.seed.product},"
    assert (body["action"], body["comment"]) == ("started", "<p>开始</p>")
    address = f"{office.sandbox.url}/index.php?m=task&f=view&id={task}"
    assert body["text"] == f"林研发开始了任务 [#{task}::【IndexTTS2-V23部署】]({address})"
    assert headers["Content-Type"] == "application/json;charset=utf-8"
    assert not {"User-Agent", "Authorization", "X-Signature"} & set(headers)


def test_a_receiver_sees_the_new_status_before_the_history_rows(modern: Office) -> None:
    task, token = modern.task(), modern.login()
    seen: list[tuple[str, list[Any]]] = []
    with receiving() as receiver:

        def look() -> None:
            found = modern.client.get(f"/api.php/v2/tasks/{task}", headers={"Token": token}).json()
            seen.append((found["task"]["status"], found["actions"][-1]["history"]))

        receiver.meanwhile = look
        modern.sandbox.add_webhook(receiver.url)
        modern.sandbox.as_user("linyanfa").start_task(task)
    assert seen == [("doing", [])]
    assert [one["field"] for one in modern.sandbox.actions("task", task)[-1]["changes"]][-1] == "status"


def test_history_rows_can_be_held_back_after_the_webhook(office: Office) -> None:
    task = office.task()
    with receiving() as receiver:
        office.sandbox.add_webhook(receiver.url)
        office.sandbox.faults.history_delay = 0.4
        worker = threading.Thread(target=lambda: office.sandbox.as_user("linyanfa").start_task(task))
        worker.start()
        receiver.next()
        assert office.sandbox.task(task)["status"] == "doing"
        assert office.sandbox.actions("task", task)[-1]["changes"] == []
        worker.join()
    assert office.sandbox.actions("task", task)[-1]["changes"] != []


def test_on_22_4_an_assigned_task_is_two_events(modern: Office) -> None:
    with receiving() as receiver:
        modern.sandbox.add_webhook(receiver.url)
        modern.task()
        assert [receiver.next()["action"], receiver.next()["action"]] == ["opened", "assigned"]


def test_async_hooks_wait_for_the_cron_and_keep_their_order(office: Office) -> None:
    task = office.task()
    with receiving() as receiver:
        office.sandbox.add_webhook(receiver.url, send_type="async")
        person = office.sandbox.as_user("linyanfa")
        person.start_task(task)
        person.pause_task(task)
        assert receiver.got.empty()
        assert office.sandbox.send_webhooks() == 2
        assert [receiver.next()["action"], receiver.next()["action"]] == ["started", "paused"]


def test_a_refused_or_failing_receiver_is_logged_and_never_tried_again(office: Office) -> None:
    task = office.task()
    with receiving(status=500) as receiver:
        failing = office.sandbox.add_webhook(receiver.url)
        refused = office.sandbox.add_webhook("http://127.0.0.1:9/hook")
        office.sandbox.as_user("linyanfa").start_task(task)
        receiver.next()
        assert receiver.got.empty()
    assert [len(office.sandbox.site.webhooks.log(one)) for one in (failing, refused)] == [1, 1]


def test_only_chosen_fields_are_sent_and_the_link_has_the_form_of_pages() -> None:
    for office in open_office("18.8", request_type="PATH_INFO"):
        task = office.task()
        with receiving() as receiver:
            office.sandbox.add_webhook(receiver.url, params=("objectType", "objectID"))
            office.sandbox.as_user("linyanfa").start_task(task)
            body = receiver.next()
        assert list(body) == ["objectType", "objectID", "text"]
        assert f"({office.sandbox.url}/task-view-{task}.html)" in body["text"]


def test_other_executions_can_be_left_out(office: Office) -> None:
    with receiving() as receiver:
        office.sandbox.add_webhook(receiver.url, executions=(office.seed.execution,))
        person = office.sandbox.as_user("linyanfa")
        person.create_task(office.seed.private_execution, "elsewhere")
        person.create_task(office.seed.execution, "here")
        assert "here" in receiver.next()["text"]


def test_deletions_hours_and_uploads_send_nothing(modern: Office) -> None:
    task, token = modern.task(), modern.login()
    with receiving() as receiver:
        modern.sandbox.add_webhook(receiver.url)
        headers = {"Token": token}
        hours = {"date": [modern.sandbox.site.clock.today()], "consumed": [1], "left": [1], "work": [""]}
        modern.sandbox.site.db.update("task", task, status="doing")
        assert modern.client.put(f"/api.php/v2/tasks/{task}/recordWorkhour", headers=headers, json=hours).json()[
            "message"
        ]
        modern.client.post("/api.php/v2/files", headers=headers, files={"file": ("a.txt", b"1")})
        modern.sandbox.as_user("linyanfa").delete_task(task)
        assert receiver.got.empty()


@pytest.mark.skipif(not RECORDINGS, reason="ZENTAO_RECORDINGS names no folder of recorded interactions")
def test_every_recorded_task_event_has_our_fields(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    task = office.task()
    with receiving() as receiver:
        office.sandbox.add_webhook(receiver.url)
        office.sandbox.as_user("linyanfa").start_task(task)
        ours = receiver.next()
    recorded = {
        name: one["request"]["body"]
        for name, one in contract.load(Path(RECORDINGS)).items()
        if "direction" in one and "type" not in name and "product" in one["request"]["body"]
    }
    differing = {name: contract.compare(body, ours, "", frozenset()) for name, body in recorded.items()}
    for name, body in recorded.items():
        if f"{wording.ACTION_VERB[body['action']]}任务 [#{body['objectID']}::" not in body["text"]:
            differing[name].append(body["text"])
    with capsys.disabled():
        print(f"\noutbound: {sum(not found for found in differing.values())} recorded events honoured")
    assert {name: found for name, found in differing.items() if found} == {}

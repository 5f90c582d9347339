"""ZenTao's traps and a bad network, with the embedded server: what the client does when the answer can't be trusted."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from tests.zentao_client.conftest import Stage
from zentao_client import (
    BadReply,
    Forbidden,
    Rejected,
    Unavailable,
    Unsupported,
    Upload,
    Zentao,
    ZentaoError,
)
from zentao_client import WriteUnknown as Unknown
from zentao_client.protocol import Reply
from zentao_client.transport import Call


def test_an_expired_token_is_renewed_once_and_the_call_repeated(embedded: Stage) -> None:
    zentao, sandbox = embedded.client(), embedded.embedded()
    task, product = embedded.new_task(zentao), embedded.product
    for call in (
        lambda: zentao.tasks.get(task.id),
        lambda: zentao.tasks.start(task.id, left=1),
        lambda: zentao.comments.add("task", task.id, "<p>x</p>", marker="zd:renewed"),
        lambda: zentao.tasks.search(limit=1),
        zentao.users.me,
        lambda: zentao.bugs.search(product, keyword="nosuch"),
    ):
        sandbox.expire_tokens()
        sandbox.requests.clear()
        call()
        logins = sandbox.requests.matching("/tokens|/users/login", method="POST")
        assert len(logins) == 1
    stored = [action for action in zentao.tasks.get(task.id).actions if "zd:renewed" in action.comment]
    assert len(stored) == 1


def test_nothing_is_kept_of_the_cookies_that_every_reply_sets(old: Stage) -> None:
    zentao = old.client()
    zentao.users.me()
    assert not list(zentao._core.transport._http.cookies.jar)


def test_a_comment_stored_before_the_connection_broke_is_found_and_not_sent_again(embedded: Stage) -> None:
    zentao, sandbox = embedded.client(), embedded.embedded()
    task = embedded.new_task(zentao)
    sandbox.faults.add("reset-after-commit", "comment", method="POST")
    comment = zentao.comments.add("task", task.id, "<p>一次</p>", marker="zd:r:once")
    assert comment.created
    assert zentao.comments.add("task", task.id, "<p>一次</p>", marker="zd:r:once").id == comment.id
    stored = [action for action in zentao.tasks.get(task.id).actions if "zd:r:once" in action.comment]
    assert len(stored) == 1


def test_a_comment_that_may_still_come_is_unknown_and_no_second_way_is_tried(embedded: Stage) -> None:
    zentao, sandbox = embedded.client(), embedded.embedded()
    task = embedded.new_task(zentao)
    zentao.tasks.assign(task.id, embedded.human)
    sandbox.faults.add("reset", "comment", method="POST")
    with pytest.raises(Unknown):
        zentao.comments.add("task", task.id, "<p>x</p>", marker="zd:r:lost")
    assert zentao.comments.find("task", task.id, "zd:r:lost") is None
    assert not sandbox.requests.matching("assignto", method="POST")[1:]


@pytest.mark.parametrize("kind", ["empty", "two-documents", "reset-after-commit"])
def test_a_transition_that_happened_behind_a_bad_answer_is_confirmed_by_reading_back(
    embedded: Stage, kind: str
) -> None:
    zentao, sandbox = embedded.client(), embedded.embedded()
    task = embedded.new_task(zentao)
    sandbox.faults.add(kind, f"/tasks/{task.id}/start")  # type: ignore[arg-type]
    started = zentao.tasks.start(task.id, left=1)
    assert (started.status, started.already) == ("doing", False)
    assert [action.name for action in started.actions].count("started") == 1


@pytest.mark.parametrize("kind", ["error-500", "login-page", "reset"])
def test_a_transition_that_did_not_happen_is_unknown_behind_a_bad_answer(embedded: Stage, kind: str) -> None:
    zentao, sandbox = embedded.client(), embedded.embedded()
    task = embedded.new_task(zentao)
    sandbox.faults.add(kind, f"/tasks/{task.id}/start")  # type: ignore[arg-type]
    with pytest.raises(Unknown):
        zentao.tasks.start(task.id, left=1)
    assert zentao.tasks.get(task.id).status == "wait"
    assert zentao.tasks.start(task.id, left=1).status == "doing"


@pytest.mark.parametrize("kind", ["empty", "two-documents", "error-500", "login-page"])
def test_a_search_with_a_bad_answer_says_try_later_and_shows_what_came(embedded: Stage, kind: str) -> None:
    zentao, sandbox = embedded.client(), embedded.embedded()
    zentao.users.me()
    sandbox.faults.add(kind, "search=1")  # type: ignore[arg-type]
    with pytest.raises(BadReply) as caught:
        zentao.tasks.search(limit=1)
    assert len(caught.value.excerpt.encode()) <= 200
    assert zentao.tasks.search(limit=1).total >= 0


def test_a_server_that_is_away_is_unavailable_and_nothing_was_sent(embedded: Stage) -> None:
    zentao, sandbox = embedded.client(), embedded.embedded()
    task = embedded.new_task(zentao)
    with sandbox.offline():
        with pytest.raises(Unavailable):
            zentao.tasks.get(task.id)
        with pytest.raises(Unavailable):
            zentao.tasks.start(task.id, left=1)
        with pytest.raises(Unavailable):
            Zentao(embedded.url, account="deploybot", password="x", state_dir=embedded.state_dir).server  # noqa: B018 - the probe is what fails
    assert zentao.tasks.get(task.id).status == "wait"


def test_a_client_made_while_the_server_is_away_works_when_it_is_back(old: Stage) -> None:
    sandbox = old.embedded()
    zentao = old.client()
    with sandbox.offline(), pytest.raises(Unavailable):
        zentao.tasks.search()
    assert zentao.tasks.search().total == 0


def test_a_file_upload_whose_answer_is_lost_is_confirmed_by_the_object(new: Stage) -> None:
    zentao, sandbox = new.client(), new.embedded()
    task = new.new_task(zentao)
    sandbox.faults.add("reset-after-commit", "/files", method="POST")
    (attached,) = zentao.files.attach("task", task.id, [Upload("deploy.log", b"12345")])
    assert (attached.name, attached.size) == ("deploy.log", 5)
    assert [file.id for file in zentao.tasks.get(task.id).files] == [attached.id]


def test_files_of_a_finish_that_was_cut_off_are_not_sent_twice(new: Stage) -> None:
    zentao, sandbox = new.client(), new.embedded()
    task = new.new_task(zentao)
    files = [Upload("run-1.log", b"12345"), Upload("run-1.wav", b"RIFF")]
    sandbox.faults.add("error-500", f"/tasks/{task.id}/finish")
    with pytest.raises(Unknown):
        zentao.tasks.finish(task.id, consumed=1, files=files)
    done = zentao.tasks.finish(task.id, consumed=1, files=files)
    assert [file.name for file in done.files] == ["run-1.log", "run-1.wav"]


def test_a_bug_created_behind_a_lost_answer_is_found_by_its_keyword(embedded: Stage) -> None:
    zentao, sandbox = embedded.client(), embedded.embedded()
    task = embedded.new_task(zentao)
    sandbox.faults.add("reset-after-commit", r"/bugs(\?|$)", method="POST")
    bug = embedded.new_bug(zentao, task, title=f"部署失败 #{task.id}", keyword="zd-lost")
    assert [found.id for found in zentao.bugs.search(embedded.product, keyword="zd-lost")] == [bug.id]


def test_another_bug_of_the_same_title_is_never_taken_for_ours(old: Stage) -> None:
    zentao = old.client()
    task = old.new_task(zentao)

    def create(keyword: str) -> int:
        return old.new_bug(zentao, task, title="部署失败", keyword=keyword).id

    first = create("zd-one")
    with pytest.raises(Rejected, match="instead of a new one"):
        create("zd-two")
    assert create("zd-one") == first


def test_what_a_bug_s_form_overwrote_is_put_back_and_reported(
    old: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    zentao, human = old.client(), old.client(old.human)
    task = old.new_task(zentao)
    bug = old.new_bug(zentao, task, title="部署失败 <a>", steps="<p>机器写的</p>", keyword="zd-form")
    reader = zentao._core.reader
    read, reads = reader.raw, []

    def read_and_then_a_person_edits(kind: str, object_id: int) -> object:
        found = read(kind, object_id)  # type: ignore[arg-type]
        reads.append(object_id)
        if len(reads) == 2:  # the values that the form will send
            body = {"title": "人改的 <b>", "steps": "<p>人写的</p>"}
            human._core.session.v1("PUT", f"/bugs/{bug.id}", json=body)
        return found

    monkeypatch.setattr(reader, "raw", read_and_then_a_person_edits)
    zentao.files.attach("bug", bug.id, [Upload("a.log", b"1")])
    after = human.bugs.get(bug.id)
    assert (after.title, after.steps) == ("人改的 <b>", "<p>人写的</p>")
    assert [file.name for file in after.files] == ["a.log"]
    assert "overwrote and restored ['steps', 'title']" in caplog.text


def test_a_person_who_was_faster_makes_the_transition_refused_and_not_ours(
    embedded: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    zentao, sandbox = embedded.client(), embedded.embedded()
    task = embedded.new_task(zentao)
    way = zentao._core.ways.moves[0]
    move = way.move

    def a_person_first(*arguments: object) -> None:
        sandbox.as_user(embedded.human).start_task(task.id)
        move(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(way, "move", a_person_first)
    with pytest.raises(Rejected):
        zentao.tasks.start(task.id, left=1)
    assert [action.name for action in zentao.tasks.get(task.id).actions].count("started") == 1


def test_history_rows_that_are_still_missing_are_told_apart_from_no_change(embedded: Stage) -> None:
    sandbox = embedded.embedded()
    zentao = embedded.client()
    task = embedded.new_task(zentao)
    sandbox.faults.history_delay = 1.0
    sandbox.add_webhook("http://127.0.0.1:9/hook")
    person = threading.Thread(target=lambda: sandbox.as_user(embedded.human).start_task(task.id))
    person.start()
    deadline = time.monotonic() + 10
    while not (entries := [one for one in zentao.tasks.get(task.id).actions if one.name == "started"]):
        assert time.monotonic() < deadline
    assert (entries[0].status_change, entries[0].changes_complete) == (None, False)
    person.join(20)
    (entry,) = [one for one in zentao.tasks.get(task.id).actions if one.name == "started"]
    assert entry.status_change is not None
    assert entry.changes_complete


def test_an_account_without_privileges_gets_forbidden_where_the_server_enforces_them(embedded: Stage) -> None:
    sandbox = embedded.embedded()
    task = embedded.new_task(embedded.client())
    outsider = embedded.client(sandbox.seed().outsider)
    with pytest.raises(Forbidden):
        outsider.comments.add("task", task.id, "<p>x</p>", marker="zd:out")
    if outsider.server.dialect == "v22":
        with pytest.raises(Forbidden):
            outsider.tasks.start(task.id, left=1)
    else:
        # 18.8 checks no privileges on its API; without the page we know no accounts.
        assert [action.actor for action in outsider.tasks.get(task.id).actions] == [None]


def test_a_task_in_an_execution_that_the_account_can_t_see_is_forbidden(old: Stage) -> None:
    sandbox = old.embedded()
    hidden = sandbox.as_user("admin").create_task(sandbox.seed().private_execution, "【秘密部署】")
    outsider = old.client(sandbox.seed().outsider)
    with pytest.raises(Forbidden):
        outsider.tasks.start(hidden, left=1)
    assert sandbox.task(hidden)["status"] == "wait", "the API would have refused and executed it all the same"


def test_an_entry_bound_to_somebody_else_writes_one_comment_and_no_other(
    old: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    entry = old.new_entry(old.human)
    zentao, human = old.client(entry=entry), old.client(old.human)
    task = old.new_task(zentao)
    first = zentao.comments.add("task", task.id, "<p>一</p>", marker="zd:r:1")
    assert (first.created, first.actor) == (True, old.human), "its id proves that it is ours"
    assert "bind the 应用 to 'deploybot'" in caplog.text
    human.comments.add("task", task.id, "<p>抢先</p>", marker="zd:r:2")
    assert zentao.comments.find("task", task.id, "zd:r:2") is None
    second = zentao.comments.add("task", task.id, "<p>二</p>", marker="zd:r:2")
    assert (second.created, second.actor) == (True, old.bot)
    assert old.client(entry=entry).comments.find("task", task.id, "zd:r:2") == replace(second, created=False)


def test_with_an_entry_another_s_transition_is_still_not_ours(old: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    zentao, sandbox = old.client(entry=old.entry), old.embedded()
    task = old.new_task(zentao)
    way = zentao._core.ways.moves[0]

    def a_person_instead(*_: object) -> None:
        sandbox.as_user(old.human).start_task(task.id)

    monkeypatch.setattr(way, "move", a_person_instead)
    with pytest.raises(Unknown):
        zentao.tasks.start(task.id, left=1)


def test_a_form_without_effect_lets_the_next_way_comment(old: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    zentao = old.client()
    task = old.new_task(zentao, assigned_to=old.human)
    session = zentao._core.session
    send = session._transport.send

    def send_without_referer(call: Call) -> Reply:
        # As a proxy that strips it would: ZenTao drops the form and answers as on success.
        headers = {key: value for key, value in call.headers.items() if key != "Referer"}
        return send(replace(call, headers=headers))

    monkeypatch.setattr(session._transport, "send", send_without_referer)
    comment = zentao.comments.add("task", task.id, "<p>换一条路</p>", marker="zd:other:way")
    entry = next(action for action in zentao.tasks.get(task.id).actions if action.id == comment.id)
    assert entry.name == "assigned"


def test_reading_a_task_costs_one_request_and_a_search_one(embedded: Stage) -> None:
    zentao, sandbox = embedded.client(), embedded.embedded()
    task = embedded.new_task(zentao)
    for call in (lambda: zentao.tasks.get(task.id), lambda: zentao.tasks.search(status=["wait", "doing"])):
        sandbox.requests.clear()
        call()
        assert len(sandbox.requests.matching()) == 1


def test_the_ways_can_be_shown_to_people(embedded: Stage) -> None:
    ways = embedded.client().ways()
    assert set(ways) >= {"login", "search", "read", "actor", "edit", "transition", "comment", "image", "file", "bug"}
    assert ways["login"][-1] == "v1 tokens"
    assert all(ways.values())
    assert all(isinstance(name, str) for names in ways.values() for name in names)


def test_errors_have_one_root() -> None:
    assert issubclass(BadReply, Unavailable)
    for error in (Forbidden, Rejected, Unavailable, Unsupported, Unknown):
        assert issubclass(error, ZentaoError)

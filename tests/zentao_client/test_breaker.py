"""A wrong password costs one login, whoever tries and however often: ZenTao locks the account at the sixth."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from tests.zentao_client.conftest import Stage
from zentao_client import LoginPaused, LoginRefused, Unavailable, Zentao
from zentao_client.breaker import FOREVER, Breaker

SERVER = "http://zentao.example"


def attempt(state_dir: Path, password: str, outcome: Exception | None = None, account: str = "bot") -> None:
    with Breaker(state_dir, SERVER, account, password).attempt():
        if outcome is not None:
            raise outcome


def refuse(state_dir: Path, password: str = "wrong") -> None:
    with pytest.raises(LoginRefused):
        attempt(state_dir, password, LoginRefused("登录失败"))


def test_after_a_refusal_no_login_is_tried_until_the_pause_is_over(tmp_path: Path) -> None:
    with time_machine.travel(datetime(2026, 11, 22, 8, tzinfo=UTC), tick=False) as clock:
        refuse(tmp_path)
        with pytest.raises(LoginPaused, match="登录失败") as caught:
            attempt(tmp_path, "wrong")
        assert caught.value.until == datetime(2026, 11, 22, 8, 15, tzinfo=UTC)
        clock.shift(timedelta(minutes=15))
        attempt(tmp_path, "wrong")


def test_the_pauses_grow_and_after_the_fourth_refusal_nothing_is_tried_until_the_file_is_removed(
    tmp_path: Path,
) -> None:
    with time_machine.travel(datetime(2026, 11, 22, tzinfo=UTC), tick=False) as clock:
        for hours in (0.25, 2, 24):
            refuse(tmp_path)
            with pytest.raises(LoginPaused):
                attempt(tmp_path, "wrong")
            clock.shift(timedelta(hours=hours))
        refuse(tmp_path)
        clock.shift(timedelta(days=3650))
        (file,) = tmp_path.glob("*.json")
        for password in ("wrong", "right"):
            with pytest.raises(LoginPaused, match=f"remove {re.escape(str(file))}") as caught:
                attempt(tmp_path, password)
            assert caught.value.until == FOREVER
        file.unlink()
        attempt(tmp_path, "right")


def test_changed_credentials_and_other_accounts_are_tried_at_once(tmp_path: Path) -> None:
    refuse(tmp_path)
    attempt(tmp_path, "wrong", account="another")
    attempt(tmp_path, "right")
    attempt(tmp_path, "wrong")  # the success has closed the breaker


def test_the_refusals_of_several_passwords_count_together(tmp_path: Path) -> None:
    for password in ("one", "two"):
        refuse(tmp_path, password)
        for known in ("one", password):
            with pytest.raises(LoginPaused, match="the next is tried at"):
                attempt(tmp_path, known)
    for password in ("three", "four"):
        refuse(tmp_path, password)
    with pytest.raises(LoginPaused, match="refused 4 times"):
        attempt(tmp_path, "five")


def test_a_server_that_is_away_does_not_open_it(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        attempt(tmp_path, "x", Unavailable("away"))
    attempt(tmp_path, "x")


def test_the_file_holds_no_password_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    refuse(tmp_path / "state", "sEcr3t-Pass")
    files = [path for path in (tmp_path / "state").iterdir() if path.suffix == ".json"]
    assert len(files) == 1
    assert "sEcr3t" not in files[0].read_text()
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


def test_a_damaged_file_is_forgotten(tmp_path: Path) -> None:
    refuse(tmp_path)
    (file,) = tmp_path.glob("*.json")
    file.write_text("{")
    attempt(tmp_path, "wrong")


SCRIPT = """
import sys
from pathlib import Path
from zentao_client import LoginPaused, LoginRefused, Zentao
with Zentao(sys.argv[1], account="deploybot", password=sys.argv[3], state_dir=Path(sys.argv[2])) as zentao:
    try:
        zentao.users.me()
    except (LoginRefused, LoginPaused) as error:
        print(type(error).__name__)
"""


def test_processes_and_threads_that_start_together_cost_one_failure(old: Stage) -> None:
    sandbox = old.embedded()
    command = [sys.executable, "-c", SCRIPT, old.url, str(old.state_dir), "wrong"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    printed = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert sorted(printed) == ["LoginPaused", "LoginPaused", "LoginRefused"]

    wrong = Zentao(old.url, account=old.bot, password="wrong", state_dir=old.state_dir)
    old.clients.append(wrong)
    outcomes: list[type[Exception]] = []

    def use() -> None:
        try:
            wrong.users.me()
        except LoginPaused as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert outcomes == [LoginPaused] * 4
    assert len(sandbox.requests.matching("/tokens", method="POST")) == 1
    # The account is not locked: the right password goes through.
    assert old.client().users.me().account == old.bot


def test_processes_with_different_wrong_passwords_never_lock_the_account(old: Stage) -> None:
    sandbox = old.embedded()

    def start(password: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SCRIPT, old.url, str(old.state_dir), password]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    # As two daemons that are restarted, and somebody who tries more passwords.
    processes = [start(password) for password in ("a", "b", "a", "b", "c", "d", "e")]
    assert all(process.communicate(timeout=60)[0] for process in processes)
    assert len(sandbox.requests.matching("/tokens", method="POST")) == 4
    (file,) = old.state_dir.glob("*.json")
    file.unlink()
    assert old.client().users.me().account == old.bot


def test_both_kinds_of_server_refuse_with_their_own_words(embedded: Stage) -> None:
    zentao = Zentao(embedded.url, account=embedded.bot, password="wrong", state_dir=embedded.state_dir)
    embedded.clients.append(zentao)
    with pytest.raises(LoginRefused, match="登录失败"):
        zentao.users.me()
    with pytest.raises(LoginPaused):
        zentao.users.me()

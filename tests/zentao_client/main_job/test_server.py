"""What is asked of a server beside tasks: people, products, things that don't exist."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.zentao_client.conftest import Stage
from zentao_client import Forbidden, NotFound, Zentao


def test_users_and_products_are_read(stage: Stage) -> None:
    zentao = stage.client()
    assert zentao.users.me().account == stage.bot
    person = zentao.users.get(stage.human)
    assert person.account == stage.human
    assert person.realname
    assert person.realname != stage.human
    with pytest.raises(NotFound):
        zentao.users.get("nosuchuser")
    with pytest.raises(NotFound):
        zentao.users.get(str(person.id))
    assert zentao.executions.products(stage.execution)


def test_what_does_not_exist_says_so(stage: Stage) -> None:
    zentao = stage.client()
    missing = 99_999_999
    with pytest.raises(NotFound):
        zentao.tasks.get(missing)
    with pytest.raises(NotFound):
        zentao.tasks.start(missing, left=1)
    with pytest.raises(NotFound):
        zentao.bugs.get(missing)
    with pytest.raises(NotFound):
        zentao.comments.add("task", missing, "<p>x</p>", marker="zd:x")
    with pytest.raises(NotFound):
        zentao.comments.add("bug", missing, "<p>x</p>", marker="zd:x")
    with pytest.raises(NotFound):
        zentao.files.download(missing)
    with pytest.raises((NotFound, Forbidden)):
        zentao.executions.products(missing)


def test_a_real_server_is_one_of_them_if_the_environment_names_it(tmp_path: Path) -> None:
    if "ZENTAO_LIVE_URL" not in os.environ:
        pytest.skip("no real server: ZENTAO_LIVE_URL and what conftest.py lists beside it are not set")
    account = os.environ["ZENTAO_LIVE_ACCOUNT"]
    password = os.environ["ZENTAO_LIVE_PASSWORD"]
    with Zentao(os.environ["ZENTAO_LIVE_URL"], account=account, password=password, state_dir=tmp_path) as zentao:
        print(zentao.server, zentao.ways())
        assert zentao.users.me().account == account

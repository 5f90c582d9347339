from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from orchestrator.logs import HIDDEN, set_up_logs


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_reaches_the_log_from_us_or_from_a_library(as_json: bool) -> None:
    out = io.StringIO()
    set_up_logs(as_json=as_json, secrets=["Pa55-wörd", ""], stream=out)
    log = structlog.get_logger("ours")
    log.info("login", url="http://z/index.php?zentaosid=abc123&x=1", password="Pa55-wörd", deep={"a": ["Pa55-wörd"]})
    log.info("hook", path="/webhooks/zentao/hook-secret-1 answered", error=ValueError("said Pa55-wörd"))
    logging.getLogger("library").warning("Token: %s", "tok-789")
    try:
        raise RuntimeError("with Pa55-wörd inside")
    except RuntimeError:
        log.exception("broken")
    text = out.getvalue()
    for secret in ("Pa55", "abc123", "hook-secret-1", "tok-789"):
        assert secret not in text
    assert text.count(HIDDEN) >= 6
    assert "x=1" in text


def test_json_lines_are_json_with_time_level_and_name() -> None:
    out = io.StringIO()
    set_up_logs(as_json=True, stream=out)
    structlog.get_logger("ours").info("开始", task=8, ok=True)
    logging.getLogger("library").warning("watch out")
    first, second = map(json.loads, out.getvalue().splitlines())
    assert (first["event"], first["task"], first["ok"], first["level"], first["logger"]) == (
        "开始",
        8,
        True,
        "info",
        "ours",
    )
    assert first["timestamp"].endswith("Z")
    assert (second["event"], second["logger"]) == ("watch out", "library")


def test_the_level_counts_and_chatty_libraries_stay_quiet() -> None:
    out = io.StringIO()
    set_up_logs("debug", stream=out)
    logging.getLogger("httpx").info("HTTP Request: GET /?token=x")
    logging.getLogger("apscheduler.scheduler").warning("skipped: maximum number of running instances")
    structlog.get_logger("ours").debug("here")
    assert "HTTP Request" not in out.getvalue()
    assert "skipped" not in out.getvalue()
    assert "here" in out.getvalue()
    set_up_logs("error", stream=out)
    structlog.get_logger("ours").warning("not this")
    assert "not this" not in out.getvalue()


@pytest.mark.parametrize("as_json", [False, True])
def test_a_reader_at_a_terminal_is_safe_from_what_others_wrote(as_json: bool) -> None:
    out = io.StringIO()
    set_up_logs("info", as_json=as_json, stream=out)
    logging.getLogger("library").warning("the host said %s", "\x1b]0;owned\x07 \x9b2J")
    try:
        raise RuntimeError("\x1b[31m from a host")
    except RuntimeError:
        structlog.get_logger("ours").exception("broke")
    assert not set("\x1b\x07\x9b") & set(out.getvalue())
    assert "owned" in out.getvalue()

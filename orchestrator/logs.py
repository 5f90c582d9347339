"""One log for everything: ours and the libraries', in one form, on standard error, without secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

HIDDEN = "[hidden]"
_SHORTEST_SECRET = 4
_IN_TEXT = re.compile(
    r"""(?P<name>(?:zentaosid|token|password|secret|sign)["']?\s*[=:]\s*["']?|/webhooks/zentao/)[^\s"'&,;<>]+""",
    re.IGNORECASE,
)
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CHATTY = (
    "apscheduler",
    "dbos",
    "fabric",
    "httpcore",
    "httpx",
    "invoke",
    "paramiko",
    "uvicorn.access",
    "uvicorn.error",
)


def set_up_logs(
    level: str = "info", *, as_json: bool = False, secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Send every log entry of this process to `stream` (standard error), at `level` and above.

    Args:
        as_json: one JSON object a line, for a log collector; else lines for people.
        secrets: values that never appear, wherever they come from. What looks like a token or a password in a text is
            hidden besides.
    """
    out = stream or sys.stderr
    hide = _Hider(secrets)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
    ]
    last: list[Processor] = (
        [structlog.processors.dict_tracebacks, hide, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if as_json
        else [structlog.processors.format_exc_info, hide, structlog.dev.ConsoleRenderer(colors=out.isatty())]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _CHATTY:
        # They tell of every request and every connection; what goes wrong is still said.
        logging.getLogger(name).setLevel(logging.WARNING)
    # A tick that takes longer than the interval is meant to be skipped; that is no warning.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.captureWarnings(capture=True)


class _Hider:
    """Replaces secrets in every text of an entry, however deep, and what a terminal would obey."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = sorted({secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, found))) if found else None

    def __call__(self, logger: Any, method: str, entry: EventDict) -> EventDict:
        return {key: self._hide(value) for key, value in entry.items()}

    def _hide(self, value: Any) -> Any:
        if isinstance(value, str):
            value = _COMMANDS.sub("\ufffd", value)
            if self._known is not None:
                value = self._known.sub(HIDDEN, value)
            return _IN_TEXT.sub(rf"\g<name>{HIDDEN}", value)
        if isinstance(value, dict):
            return {key: self._hide(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._hide(inner) for inner in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self._hide(str(value))

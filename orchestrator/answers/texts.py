"""The words of the bot: one template per outcome in `templates/<language>/`, rendered from plain data.

    html = render("succeeded", Succeeded(deployment=…, …), "zh-CN")

Every value is escaped by the template engine after control characters, colours and four-byte characters were taken
out, and the result stays under :data:`MAX_BYTES`, because ZenTao cuts longer comments silently. Pure apart from reading
the templates once. Secrets are the caller's business: pass logs through :func:`redact` first.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from orchestrator.answers import contexts
from orchestrator.answers.contexts import Context
from orchestrator.answers.dense import dense
from orchestrator.answers.safe import Tail, bmp, clean_log, clean_value, redact, tail
from orchestrator.resources import templates_folder
from orchestrator.settings import Language

__all__ = ["MAX_BYTES", "Outcome", "clean_log", "redact", "render"]

Outcome = Literal[
    "accepted",
    "succeeded",
    "finished",
    "failed",
    "refused",
    "not_allowed",
    "host_problem",
    "cancelled",
    "interrupted",
    "bug_title",
    "bug_steps",
    "bug_again",
    "task_description",
]

MAX_BYTES = 48 * 1024
"""The longest text rendered; ZenTao's limit is 65,535 bytes, and markers and pictures come on top."""
MAX_TITLE = 200

_BUDGETS = ((16 * 1024, 2000, 40), (4 * 1024, 400, 40), (1024, 100, 20), (512, 40, 6))
"""What is shown at most: bytes of log, characters of a value, rows of a list; the next when a text is too long."""
_PLAIN = frozenset(("bug_title",))
_TYPES: dict[str, type] = {kind.outcome: kind for kind in get_args(Context)}
_IMAGE = re.compile(r"<img\b[^<>]{1,2000}>", re.IGNORECASE)
_HANDLER = re.compile(r"[\s\"'/]on\w+\s*=|javascript:", re.IGNORECASE)


class TextTooLong(ValueError):
    """A template makes a text that ZenTao would cut, however short its values. The template has to be shortened."""


def render(outcome: Outcome, context: Context, language: Language = "zh-CN", *, folders: Sequence[Path] = ()) -> str:
    """The text of one answer: HTML for a comment (one line of plain text for ``bug_title``).

    `folders` are looked through first, so that a team can replace single templates. Raises TypeError when the
    context isn't the outcome's, TextTooLong for a template that says too much, jinja2's errors for a broken one.
    """
    expected = _TYPES[outcome]
    if not isinstance(context, expected):
        raise TypeError(f"{outcome} needs {expected.__name__}, not {type(context).__name__}")
    suffix = "txt" if outcome in _PLAIN else "html"
    template = _environment(tuple(folders)).get_template(f"{language}/{outcome}.{suffix}.j2")
    for log_budget, characters, rows in _BUDGETS:
        values = _fields(context, characters, rows)
        text = bmp(template.render(values, log_budget=log_budget)).strip()
        if outcome in _PLAIN:
            return " ".join(text.split())[:MAX_TITLE]
        text = dense(text)
        if len(text.encode()) <= MAX_BYTES:
            return text
    raise TextTooLong(f"{template.filename}: more than {MAX_BYTES} bytes with the shortest values")


def _fields(value: Any, characters: int, rows: int) -> dict[str, Any]:
    """A context's fields with long texts and lists shortened; logs and pictures are limited where they are shown."""
    shown = {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
    whole = ("log", "screenshot_html")
    return {name: item if name in whole else _shortened(item, characters, rows) for name, item in shown.items()}


def _shortened(value: Any, characters: int, rows: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= characters else value[: characters - 1] + "…"
    if isinstance(value, tuple):
        return tuple(_shortened(item, characters, rows) for item in value[:rows])
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(value, **_fields(value, characters, rows))
    return value


@lru_cache(maxsize=8)
def _environment(folders: tuple[Path, ...]) -> Environment:
    loaders = [FileSystemLoader(folder) for folder in (*folders, templates_folder())]
    environment = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=select_autoescape(disabled_extensions=("txt.j2",), default=True),
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        commit=_commit, duration_zh=_duration_zh, duration_en=_duration_en, moment=_moment, decibel=_decibel,
        image=_image, tail=_tail, web=_web, figure=_figure,
    )  # fmt: skip
    return environment


def _finalize(value: Any) -> Any:
    return clean_value(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _commit(value: str | None) -> str:
    return (value or "")[:12]


def _moment(value: datetime, after: datetime | None = None) -> str:
    """Date and time in the zone that the value carries (ZenTao's, so that it reads as the history around it).

    The date is left out where it is the same as that of the moment shown before.
    """
    same_day = after is not None and after.date() == value.date()
    return value.strftime("%H:%M:%S" if same_day else "%Y-%m-%d %H:%M:%S")


def _figure(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "?"


def _duration_zh(seconds: float | None) -> str:
    if seconds is None:
        return "—"
    if seconds < 60:
        return f"{_figure(seconds, 1)} 秒"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} 分 {rest} 秒"


def _duration_en(seconds: float | None) -> str:
    if seconds is None:
        return "—"
    if seconds < 60:
        return f"{_figure(seconds, 1)} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def _decibel(rms: float) -> str:
    """Loudness against full scale: 0.1 is -20.0."""
    return _figure(20 * math.log10(rms), 1) if rms > 0 else "−∞"


def _image(html: str) -> Markup:
    """Our client's picture as it is; anything that is no single harmless `<img>` is shown as text."""
    text = html.strip()
    if _IMAGE.fullmatch(text) and not _HANDLER.search(text):
        return Markup(text)  # noqa: S704 - checked above to be one <img> without a handler
    return Markup.escape(clean_value(text))


def _tail(log: str, limit: int) -> Tail:
    end = tail(log, limit)
    return Tail(Markup.escape(end.text), end.omitted)  # escaped here, so that a log is not cut as a value is


def _web(url: str) -> bool:
    """Whether a link may be made of it."""
    return url.startswith(("http://", "https://"))


def outcomes() -> tuple[str, ...]:
    """All outcomes, for tests and tools that show every text."""
    return get_args(Outcome)


assert set(_TYPES) == set(outcomes()), contexts.__name__

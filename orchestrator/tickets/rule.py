"""Which tasks are ours, and what their descriptions may say.

A task that isn't ours is never written to, so this rule is the outermost guard of the whole program. It is pure: the
caller brings the task, the configured executions and the bot's account.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from orchestrator.settings import DEFAULT_TITLE_RULE, Language

MAX_TITLE = 255
"""ZenTao's own limit for a task's name, in characters; what lies behind is not looked at."""

FIELDS = ("service", "ref", "host", "port", "playbook", "text")
"""The fields of :class:`~orchestrator.tickets.spec.DeploySpec` that a ticket can set by itself."""

NOTE_KEYS = (
    # What people write beside the settings, for each other: never an error, never an instruction to us.
    "项目", "字段", "参数", "设置", "键", "名称", "内容", "填写", "说明", "备注", "背景", "原因", "目的", "需求",
    "负责人", "申请人", "产品经理", "研发", "测试", "测试人员", "测试人", "验收", "验收人", "运维", "联系人",
    "优先级", "截止", "截止时间", "截止日期", "期望时间", "上线时间", "注意", "注意事项", "提示", "例如", "示例",
    "key", "field", "setting", "name", "value", "note", "notes", "reason", "background", "owner", "tester",
    "priority", "deadline", "example", "hint", "warning",
)  # fmt: skip


class TaskLike(Protocol):
    """What :func:`is_ours` reads from a task; the client's ``Task`` has it."""

    @property
    def name(self) -> str: ...
    @property
    def execution(self) -> int: ...
    @property
    def assigned_to(self) -> str | None: ...
    @property
    def deleted(self) -> bool: ...


@dataclass(frozen=True)
class TitleRule:
    """The configured pattern that a task's title has to contain.

    Named groups that are called like a field (``(?P<ref>v[0-9.]+)``) fill that field when the description is
    silent about it. Raises ``ValueError`` at construction when the pattern is no regular expression, so that a
    bad setting is found at start and not at the first ticket.
    """

    pattern: str = DEFAULT_TITLE_RULE

    def __post_init__(self) -> None:
        _ = self._compiled

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        try:
            return re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"title rule {self.pattern!r} is not a regular expression: {error}") from error

    def matches(self, title: str) -> bool:
        """Whether the title, read as plain text, contains the pattern."""
        return self._compiled.search(plain_title(title)) is not None

    def fields(self, title: str) -> dict[str, str]:
        """The values that the title itself gives, by field name; empty for the default rule."""
        found = self._compiled.search(plain_title(title))
        if found is None:
            return {}
        return {name: value for name, value in found.groupdict().items() if name in FIELDS and value}


@dataclass(frozen=True)
class ExtraRule:
    """A further key that tickets may set, such as 情感/emotion for a playbook that passes it on."""

    name: str
    aliases: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    """The values accepted; empty means any one-line text up to ``max_length`` characters."""
    max_length: int = 200


@dataclass(frozen=True)
class TicketRules:
    """What a description is checked against: names that exist here, and how this team words its tickets.

    An empty list of services or playbooks means that any well-formed name passes and the playbook room decides; an
    empty list of hosts means that no host can be named.
    """

    hosts: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    playbooks: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()
    title: TitleRule = field(default_factory=TitleRule)
    extras: tuple[ExtraRule, ...] = ()
    note_keys: tuple[str, ...] = NOTE_KEYS
    aliases: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Further words for known fields: ``{"算力机": "host"}``."""
    language: Language = "zh-CN"
    example_ref: str = "v2.3.0"
    example_port: int = 7860

    def __post_init__(self) -> None:
        unknown = sorted((self.required | set(self.aliases.values())) - set(FIELDS))
        if unknown:
            raise ValueError(f"no such ticket field: {', '.join(unknown)}; there are {', '.join(FIELDS)}")


def plain_title(title: str) -> str:
    """A title as the person sees it: ZenTao's own escaping undone once, cut at its limit.

    The result is plain text and may hold anything, so escape it wherever it is shown.
    """
    return html.unescape(title[: MAX_TITLE * 8])[:MAX_TITLE]


def is_ours(task: TaskLike, rule: TitleRule, executions: Collection[int], bot_account: str) -> bool:
    """Whether we may act on a task: it lies in a configured execution or is assigned to the bot, *and* is titled so.

    A deleted task is never ours, although ZenTao still answers for it.
    """
    if task.deleted:
        return False
    in_place = task.execution in executions or (bool(bot_account) and task.assigned_to == bot_account)
    return in_place and rule.matches(task.name)

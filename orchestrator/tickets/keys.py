"""The words by which people name a setting, in Chinese and English, and what they may have meant by another one."""

from __future__ import annotations

import difflib
import re
import unicodedata

from orchestrator.tickets.rule import FIELDS, TicketRules

LABELS: dict[str, dict[str, str]] = {
    "zh-CN": {
        "service": "服务", "ref": "分支", "host": "主机", "port": "端口", "playbook": "剧本", "text": "验证文本",
    },
    "en": {
        "service": "service", "ref": "ref", "host": "host", "port": "port", "playbook": "playbook", "text": "text",
    },
}  # fmt: skip
"""The word that our own texts use for each field."""

ALIASES: dict[str, tuple[str, ...]] = {
    name: tuple(words.split())
    for name, words in {
        "service": "服务 引擎 服务名 服务名称 应用 service engine app servicename",
        "ref": (
            "分支 版本 标签 提交 版本号 分支名 分支名称 标签名 提交号 代码分支 代码版本 部署版本 "
            "部署分支 git分支 git标签 git版本 branch version tag ref commit revision gitref gitbranch "
            "gittag gitcommit"
        ),
        "host": (
            "主机 服务器 机器 主机名 目标主机 目标服务器 目标机器 部署主机 部署机器 部署服务器 "
            "gpu主机 gpu服务器 host server machine hostname target targethost"
        ),
        "port": "端口 端口号 服务端口 监听端口 port serverport",
        "playbook": "剧本 方案 部署方案 部署剧本 playbook recipe",
        "text": (
            "验证文本 测试文本 试听文本 验证语句 测试语句 试听语句 验证文字 测试文字 试听文字 文本 "
            "text testtext sampletext verifytext sentence testsentence"
        ),
    }.items()
}
"""The words that people use, written as :func:`plain_key` leaves them (``git branch`` is ``gitbranch``)."""

_MISSPELT = {"分枝": "分支", "份支": "分支", "瑞口": "端口", "断口": "端口", "段口": "端口", "主机机": "主机"}

MAX_KEY = 24
"""Longer words in front of a colon are prose."""

_LEADING = re.compile(r"^(?:[-*+•·●○■□◆▪>#]+|[(（]?\d{1,2}[)）.、．]|[①②③④⑤⑥⑦⑧⑨⑩])\s*")
_REMARK = re.compile(r"[(（\[【][^()（）\[\]【】]{0,40}[)）\]】]$")
_WRAPPING = "*_`'\"“”‘’「」『』[]【】《》 \t"
_ALTERNATIVES = re.compile(r"[/、|,，]|或")


def plain_key(raw: str) -> str:
    """``1. **分 支**（必填）`` → ``分支``: list marks, emphasis, remarks, case, width and blanks don't matter."""
    key = _LEADING.sub("", raw.strip()[: MAX_KEY * 4])
    key = _REMARK.sub("", key.strip(_WRAPPING)).strip(_WRAPPING)
    folded = unicodedata.normalize("NFKC", key).casefold()
    return folded.replace(" ", "").replace("_", "").replace("-", "")


class Keys:
    """All the words that one team's rules know, folded for look-up."""

    def __init__(self, rules: TicketRules) -> None:
        self._fields: dict[str, str] = {}
        for name, words in ALIASES.items():
            self._fields.update((plain_key(word), name) for word in words)
        self._fields.update((plain_key(word), name) for word, name in rules.aliases.items())
        for extra in rules.extras:
            self._fields.update((plain_key(word), extra.name) for word in (extra.name, *extra.aliases))
        self._notes = frozenset(plain_key(word) for word in rules.note_keys) - self._fields.keys()
        self._words = tuple(self._fields)

    def field(self, raw: str) -> str | None:
        """The field that these words name, or None. ``分支/标签`` names one as long as its parts agree."""
        if len(raw) > MAX_KEY * 2:
            return None
        whole = self._fields.get(plain_key(raw))
        if whole is not None:
            return whole
        parts = {self._fields.get(plain_key(part)) for part in _ALTERNATIVES.split(raw) if part.strip()}
        return parts.pop() if len(parts) == 1 else None

    def is_note(self, raw: str) -> bool:
        """Whether the words head a remark among people, which is none of our business."""
        key = plain_key(raw)
        return not key or key in self._notes

    def near(self, raw: str) -> tuple[str, ...]:
        """Known words that look like this one, best first; empty when it is simply another word."""
        key = plain_key(raw)
        if key in _MISSPELT:
            return (_MISSPELT[key],)
        if not 3 <= len(key) <= MAX_KEY:
            return ()
        cutoff = 0.74 if key.isascii() else 0.66
        return tuple(difflib.get_close_matches(key, self._words, n=3, cutoff=cutoff))

    def common(self, language: str) -> tuple[str, ...]:
        """The words to recommend, one for each field."""
        labels = LABELS[language]
        return tuple(labels[name] for name in FIELDS)

"""One value of a ticket against its whitelist: the checked value, or the problem to tell.

Everything here decides by what is allowed, never by what looks dangerous: ``v23; rm -rf /`` is refused because a blank
and a semicolon are no part of a git name.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from orchestrator.tickets import wording
from orchestrator.tickets.rule import ExtraRule, TicketRules
from orchestrator.tickets.spec import TicketProblem

MAX_TEXT = 300
"""The longest sentence to be spoken, in characters."""
MAX_REF = 128
MAX_NAME = 64

_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}", re.ASCII)
_REF_CHARACTER = re.compile(r"[A-Za-z0-9._/-]", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_NAME_CHARACTER = re.compile(r"[A-Za-z0-9._-]", re.ASCII)
_SEVERAL = re.compile(r"[\s,，、;；/]+|和")
_SILENT = frozenset(
    ("", "-", "--", "—", "——", "/", "无", "空", "默认", "不填", "default", "none", "n/a", "na")
)  # fmt: skip
_REMARK = re.compile(r"（[^（）]{0,80}）$|(?<=\s)\([^()]{0,80}\)$")
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "「": "」", "『": "』"}
_TRAILING = "。，；、 "


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it stands in the ticket, with the place where it stands."""

    field: str
    raw: str
    line: int | None
    shown: str


def clean(given: Given) -> str:
    """The value without what people write around it: quotes, a remark in brackets, a full stop, full-width digits.

    The sentence to be spoken keeps its punctuation and its width.
    """
    value = given.raw.strip()
    if given.field == "text":
        return _unquote(value)
    value = _REMARK.sub("", value.rstrip(_TRAILING)).rstrip(_TRAILING)
    return unicodedata.normalize("NFKC", _unquote(value)).strip()


def is_silent(given: Given) -> bool:
    """Whether the value says "whatever is usual": an empty cell, a dash, 默认."""
    return clean(given).casefold() in _SILENT


def check(given: Given, rules: TicketRules) -> str | int | TicketProblem:
    """The value to use, or what is wrong with it. Never raises, whatever the text."""
    value = clean(given)
    if any(_is_control(char) for char in value):
        return _problem("control_character", given, rules, allowed=_allowed(given.field, rules))
    match given.field:
        case "ref":
            return _ref(given, value, rules)
        case "host":
            return _host(given, value, rules)
        case "port":
            return _port(given, value, rules)
        case "service":
            return _name(given, value, rules, rules.services)
        case "playbook":
            return _name(given, value, rules, rules.playbooks)
        case "text":
            return _text(given, value, rules, MAX_TEXT)
        case _:
            extra = next(extra for extra in rules.extras if extra.name == given.field)
            return _extra(given, value, rules, extra)


def missing(field: str, rules: TicketRules) -> TicketProblem:
    """The problem of a required field that the ticket doesn't set."""
    return _problem("missing", Given(field, "", None, ""), rules, allowed=_allowed(field, rules))


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def _unquote(value: str) -> str:
    while len(value) >= 2 and _QUOTES.get(value[0]) == value[-1]:
        value = value[1:-1].strip()
    return value


def _ref(given: Given, value: str, rules: TicketRules) -> str | TicketProblem:
    reason, part = _ref_fault(value)
    if reason:
        return _problem("ref_invalid", given, rules, reason=reason, part=part, allowed=_allowed("ref", rules))
    return value


def _ref_fault(value: str) -> tuple[str, str]:
    odd = next((char for char in value if not _REF_CHARACTER.match(char)), None)
    if odd is not None:
        return ("space", "") if odd.isspace() else ("character", odd)
    if not value or not value[0].isalnum():
        return "start", ""
    if len(value) > MAX_REF:
        return "length", str(MAX_REF)
    for part in ("..", "//", "/."):
        if part in value:
            return "part", part
    if ".lock/" in value:
        return "part", ".lock/"
    for part in (".lock", "/", "."):
        if value.endswith(part):
            return "end", part
    return ("", "") if _REF.fullmatch(value) else ("start", "")


def _host(given: Given, value: str, rules: TicketRules) -> str | TicketProblem:
    names = {name.casefold(): name for name in rules.hosts}
    found = names.get(value.casefold())
    if found is not None:
        return found
    parts = [part for part in _SEVERAL.split(value) if part]
    several = len(parts) > 1 and all(part.casefold() in names for part in parts)
    return _problem("host_several" if several else "host_unknown", given, rules, allowed=_allowed("host", rules))


def _port(given: Given, value: str, rules: TicketRules) -> int | TicketProblem:
    if value.isascii() and value.isdigit() and len(value) <= 5 and 1024 <= int(value) <= 65535:
        return int(value)
    return _problem("port_invalid", given, rules, allowed=_allowed("port", rules))


def _name(given: Given, value: str, rules: TicketRules, known: tuple[str, ...]) -> str | TicketProblem:
    names = {name.casefold(): name for name in known}
    found = names.get(value.casefold())
    if found is not None:
        return found
    allowed = _allowed(given.field, rules)
    if known:
        return _problem("name_unknown", given, rules, allowed=allowed)
    reason, part = _name_fault(value)
    if reason:
        return _problem("name_invalid", given, rules, reason=reason, part=part, allowed=allowed)
    return value


def _name_fault(value: str) -> tuple[str, str]:
    odd = next((char for char in value if not _NAME_CHARACTER.match(char)), None)
    if odd is not None:
        return ("space", "") if odd.isspace() else ("character", odd)
    if ".." in value:
        return "part", ".."
    if len(value) > MAX_NAME:
        return "length", str(MAX_NAME)
    return ("", "") if _NAME.fullmatch(value) else ("start", "")


def _text(given: Given, value: str, rules: TicketRules, limit: int) -> str | TicketProblem:
    value = " ".join(value.split())
    if len(value) > limit:
        allowed = (wording.rule("text", rules.language, limit=limit),)
        return _problem("text_too_long", given, rules, allowed=allowed, length=len(value), limit=limit)
    return value


def _extra(given: Given, value: str, rules: TicketRules, extra: ExtraRule) -> str | TicketProblem:
    if not extra.allowed:
        return _text(given, value, rules, extra.max_length)
    names = {name.casefold(): name for name in extra.allowed}
    found = names.get(value.casefold())
    return found if found is not None else _problem("name_unknown", given, rules, allowed=extra.allowed)


def _allowed(field: str, rules: TicketRules) -> tuple[str, ...]:
    match field:
        case "host":
            return rules.hosts
        case "ref" | "port":
            return (wording.rule(field, rules.language),)
        case "service" | "playbook":
            known = rules.services if field == "service" else rules.playbooks
            return known or (wording.rule("name", rules.language),)
        case "text":
            return (wording.rule("text", rules.language, limit=MAX_TEXT),)
        case _:
            return next((extra.allowed for extra in rules.extras if extra.name == field), ())


def example(field: str, rules: TicketRules) -> str:
    """One correct line for a field, with values that exist here."""
    speech = {"zh-CN": "你好，欢迎使用语音合成。", "en": "Hello, this is the speech service."}
    values = {
        "ref": rules.example_ref,
        "host": next(iter(rules.hosts), ""),
        "port": str(rules.example_port),
        "service": next(iter(rules.services), "bundled-tts"),
        "playbook": next(iter(rules.playbooks), "bundled-tts"),
        "text": speech[rules.language],
    }
    extra = next((extra.allowed[0] for extra in rules.extras if extra.name == field and extra.allowed), "")
    value = values.get(field, extra)
    return wording.example(field, value, rules.language) if value else ""


def _problem(
    code: str,
    given: Given,
    rules: TicketRules,
    *,
    reason: str = "none",
    part: str = "",
    allowed: tuple[str, ...] = (),
    **values: object,
) -> TicketProblem:
    return wording.problem(
        code,
        rules.language,
        line=given.line,
        shown=given.shown,
        key=given.field,
        value=given.raw,
        reason=reason,
        part=part,
        allowed=allowed,
        example=example(given.field, rules),
        **values,
    )

"""A failed step's log → cause and remedy, from a table that users extend.

The table (`playbooks/diagnosis.yaml`) holds rules. A rule's pattern is a piece of the log as it stands there, in which
`*` stands for anything and `{name}` takes a word or two out of the line for use in the texts. Matching is a chain of
plain searches: its time grows with the log's length only, whatever a user writes, and the log is bounded.

    book = load_rules(playbooks_folder() / "diagnosis.yaml", Path("/etc/zentao-deploy/diagnosis.yaml"))
    diagnosis = diagnose(log, step="start", rules=book)
    finding = diagnosis.finding("zh-CN") if diagnosis else book.unknown_finding("zh-CN")
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from orchestrator.lined_yaml import ConfigError, read_yaml, validated
from orchestrator.settings import Language

FILE_NAME = "diagnosis.yaml"
MAX_LOG = 512 * 1024
"""Only the last so many characters of a log are read: what ended a step stands at its end."""
MAX_LINE = 2000
MAX_CAPTURE = 80

Severity = Literal["error", "warning"]
Where = Literal["log", "error", "any"]

_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_TOKEN = re.compile(r"\*|\{([a-z_]{1,20})\}")
_PLACEHOLDER = re.compile(r"\{([a-z_]{1,20})\}")


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnosis in one language, ready for a comment."""

    title: str
    cause: str
    remedy: str
    line: str = ""
    """The line of the log that told it; empty where none did."""
    known: bool = True
    """False: no rule fits, and the texts say so."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a rule says about a failure. Plain data: can be stored and compared."""

    rule: str
    """The rule's id: stable, part of a bug's keyword, so that the same failure finds its bug again."""
    severity: Severity
    line: str
    line_number: int | None
    """Counted from 1 in the log as given; None when the error text told it."""
    findings: Mapping[Language, Finding]

    def finding(self, language: Language) -> Finding:
        """The texts in one language."""
        return self.findings[language]


@dataclass(frozen=True, slots=True)
class _Gap:
    name: str | None  # None: `*`


class Pattern:
    """A piece of a log line with gaps; compiled once, matched without backtracking, ASCII case ignored."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts: list[tuple[_Gap | None, str]] = []
        gap: _Gap | None = None
        at = 0
        for token in [*_TOKEN.finditer(text), None]:
            literal = text[at : token.start() if token else len(text)].translate(_LOWER)
            if literal:
                self._parts.append((gap, literal))
                gap = None
            if token:
                if gap is not None:
                    raise ValueError(f"pattern {text!r}: two gaps need some text between them")
                if token.group(1) and not self._parts:
                    raise ValueError(f"pattern {text!r}: nothing stands before {token.group()}")
                gap, at = _Gap(token.group(1)), token.end()
        self._last = gap
        if sum(len(literal.strip()) for _, literal in self._parts) < 3:
            raise ValueError(f"pattern {text!r} is too short to mean anything")

    def may_be_in(self, lowered: str) -> bool:
        """A quick look at a whole log, before its lines are looked at."""
        return all(literal in lowered for _, literal in self._parts)

    def match(self, line: str, lowered: str) -> dict[str, str] | None:
        """The captured words if the line holds the pattern, else None."""
        captured: dict[str, str] = {}
        at = 0
        for gap, literal in self._parts:
            found = lowered.find(literal, at)
            if found < 0:
                return None
            if gap is not None and gap.name is not None:
                value = line[at:found].strip()
                if not value or len(value) > MAX_CAPTURE:
                    return None
                captured[gap.name] = value
            at = found + len(literal)
        if self._last is not None and self._last.name is not None:
            words = line[at : at + MAX_CAPTURE].split()
            if not words:
                return None
            captured[self._last.name] = words[0].rstrip(".,;:")
        return captured


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _compiles(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        Pattern(text)
    return texts


PatternTexts = Annotated[tuple[str, ...], BeforeValidator(_as_list), AfterValidator(_compiles), Field(min_length=1)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Words(_Model):
    """One text in every language."""

    zh_cn: str = Field(alias="zh-CN", min_length=1)
    en: str = Field(min_length=1)

    def say(self, language: Language, captured: Mapping[str, str]) -> str:
        """The text with what was taken out of the log put in; a name that was not captured becomes `?`."""
        text = self.zh_cn if language == "zh-CN" else self.en
        return _PLACEHOLDER.sub(lambda name: captured.get(name.group(1), "?"), text).strip()


class Detail(Words):
    """A sentence added to the cause when a further line is found, such as who holds the memory."""

    pattern: PatternTexts

    @cached_property
    def compiled(self) -> tuple[Pattern, ...]:
        return tuple(Pattern(text) for text in self.pattern)


class Rule(_Model):
    """One row of the table."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,40}$")
    pattern: PatternTexts
    """One of these has to be found."""
    requires: Annotated[tuple[str, ...], BeforeValidator(_as_list), AfterValidator(_compiles)] = ()
    """Each of these has to stand somewhere in the log or the error text as well."""
    where: Where = "any"
    """Look into the step's `log`, the program's own `error` text, or both."""
    steps: tuple[str, ...] = ()
    """Only for these steps; empty: all."""
    above: dict[str, float] = {}
    """Captured numbers that have to exceed a limit."""
    priority: int = 100
    """The smallest wins; special causes before general ones."""
    severity: Severity = "error"
    title: Words
    cause: Words
    remedy: Words
    details: tuple[Detail, ...] = ()
    sample: str = ""
    """A log in which this rule, and no other before it, has to be found."""
    sample_error: str = ""
    """The same for the program's own error text; a rule has at least one of both."""
    sample_step: str | None = None

    @model_validator(mode="after")
    def _has_a_sample(self) -> Rule:
        if not self.sample and not self.sample_error:
            raise ValueError(f"rule {self.id}: give a sample or a sample_error, so that it can be tested")
        return self

    @cached_property
    def compiled(self) -> tuple[Pattern, ...]:
        return tuple(Pattern(text) for text in self.pattern)

    @cached_property
    def required(self) -> tuple[Pattern, ...]:
        return tuple(Pattern(text) for text in self.requires)


class Unknown(_Model):
    """What is said when no rule fits."""

    title: Words
    cause: Words
    remedy: Words


class _Table(_Model):
    unknown: Unknown | None = None
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules in the order in which they are tried."""

    rules: tuple[Rule, ...]
    unknown: Unknown

    def unknown_finding(self, language: Language) -> Finding:
        """The honest answer when no rule fits."""
        title, cause, remedy = (
            words.say(language, {}) for words in (self.unknown.title, self.unknown.cause, self.unknown.remedy)
        )
        return Finding(title, cause, remedy, known=False)


def rule_files(folders: Iterable[Path]) -> tuple[Path, ...]:
    """The tables in some playbook folders, those that have one."""
    return tuple(path for folder in folders if (path := folder / FILE_NAME).is_file())


def load_rules(*paths: Path) -> RuleBook:
    """Read tables; a later file replaces rules of the same id, and its rules come first among equal priorities.

    Raises ConfigError with file and line: not YAML, unknown keys, a pattern that means nothing, an id twice, no
    `unknown` text in any file.
    """
    merged: dict[str, Rule] = {}
    unknown: Unknown | None = None
    for path in paths:
        document = read_yaml(path)
        table = validated(document, _Table)
        own = {rule.id: rule for rule in table.rules}
        if len(own) < len(table.rules):
            ids = [rule.id for rule in table.rules]
            again = next(index for index, name in enumerate(ids) if name in ids[:index])
            message = f"rules[{again + 1}]: the id {ids[again]} is given twice"
            raise ConfigError.at(path, message, document.line(("rules", again)))
        merged = own | {name: rule for name, rule in merged.items() if name not in own}
        unknown = table.unknown or unknown
    if unknown is None:
        raise ConfigError.at(paths[0] if paths else Path(FILE_NAME), "unknown: is missing")
    return RuleBook(tuple(sorted(merged.values(), key=lambda rule: rule.priority)), unknown)


def diagnose(log_text: str, *, step: str | None, rules: RuleBook, error: str = "") -> Diagnosis | None:
    """The first rule that fits the log of a failed step, with the last line that it fits; None: not known.

    `error` is the program's own word for the failure, `"HostUnreachable: gpu-01: …"` for an exception.
    """
    log, said = _Text(log_text), _Text(error)
    for rule in rules.rules:
        if rule.steps and step not in rule.steps:
            continue
        texts = {"log": (log,), "error": (said,), "any": (said, log)}[rule.where]
        for text in texts:
            hit = _last_hit(rule, text)
            if hit is None or not all(any(_hits((one,), log)) or any(_hits((one,), said)) for one in rule.required):
                continue
            number, line, captured = hit
            return Diagnosis(
                rule=rule.id,
                severity=rule.severity,
                line=line,
                line_number=number if text is log else None,
                findings={language: _finding(rule, language, line, captured, log) for language in _LANGUAGES},
            )
    return None


_LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")


class _Text:
    """A bounded text, its lines, and the same in lower case with equal positions."""

    def __init__(self, text: str) -> None:
        kept = text[-MAX_LOG:]
        self.first = text.count("\n", 0, len(text) - len(kept)) + 1
        self.lowered = kept.translate(_LOWER)
        self.lines = [line[:MAX_LINE] for line in kept.split("\n")]
        self.lowered_lines = [line[:MAX_LINE] for line in self.lowered.split("\n")]


def _hits(patterns: Iterable[Pattern], text: _Text) -> Iterator[tuple[int, str, dict[str, str]]]:
    """From the last line to the first."""
    possible = [pattern for pattern in patterns if pattern.may_be_in(text.lowered)]
    if not possible:
        return
    for index in range(len(text.lines) - 1, -1, -1):
        for pattern in possible:
            captured = pattern.match(text.lines[index], text.lowered_lines[index])
            if captured is not None:
                yield text.first + index, text.lines[index].strip(), captured


def _last_hit(rule: Rule, text: _Text) -> tuple[int, str, dict[str, str]] | None:
    return next((hit for hit in _hits(rule.compiled, text) if _exceeds(rule.above, hit[2])), None)


def _exceeds(above: Mapping[str, float], captured: Mapping[str, str]) -> bool:
    try:
        return all(float(captured[name]) > limit for name, limit in above.items())
    except (KeyError, ValueError):
        return False


def _finding(rule: Rule, language: Language, line: str, captured: Mapping[str, str], log: _Text) -> Finding:
    cause = [rule.cause.say(language, captured)]
    for detail in rule.details:
        hit = next(_hits(detail.compiled, log), None)
        if hit is not None:
            cause.append(detail.say(language, {**captured, **hit[2]}))
    joined = ("" if language == "zh-CN" else " ").join(cause)
    return Finding(rule.title.say(language, captured), joined, rule.remedy.say(language, captured), line)

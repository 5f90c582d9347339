"""A playbook's variables: their types, and what a value must look like before anything is done with it.

Quoting keeps a value from being read as shell; these checks keep it from being nonsense (a port of 99999) or
from meaning something else to the program it is given to (a branch called `--upload-pack=…`).
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from orchestrator.playbook.words import NO_WORDS, Words, WordsField, both

Kind = Literal["string", "integer", "port", "ref", "path", "choice", "repository"]
Source = Literal["ticket", "inventory", "playbook"]

MAX_LENGTH = 1000
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What no value may hold: control characters (line breaks too), and halves of characters."""

_REF = re.compile(r"(?!.*(?:\.\.|//|/\.|\.lock(?:/|$)|@\{))[A-Za-z0-9][A-Za-z0-9._/+@-]{0,127}(?<![/.])")
_REPOSITORY = re.compile(
    r"https?://(?!-)(?![^/]*@)[^\s\\'\"`$;&|<>]+"  # a URL, without a token or password: the plan shows it
    r"|(?:ssh|git|file)://(?!-)(?![^/]*:[^/@]*@)[^\s\\'\"`$;&|<>]+"
    r"|[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*:(?!/?-)[^\s:\\'\"`$;&|<>]+"  # user@host:path
    r"|/[^\s].*"  # a folder on the host
)
_HARMLESS = re.compile(r"(?!-)[\w .,:@/+=%，。！？、-]*")


class BadValue(ValueError):
    """A value that a variable can't take. `code` names the kind, `allowed` says what would do."""

    def __init__(self, code: str, allowed: Words) -> None:
        super().__init__(allowed.en)
        self.code = code
        self.allowed = allowed

    def __reduce__(self) -> tuple[type[BadValue], tuple[str, Words]]:
        return (type(self), (self.code, self.allowed))


class Variable(BaseModel):
    """One declared variable.

    `from` says who may set it: `ticket` (a person, in the task's text), `inventory` (the operator, per host) or
    `playbook` (nobody: the default counts). Without a default somebody has to set it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    kind: Kind = Field(validation_alias="type")
    source: Source = Field(default="playbook", validation_alias="from")
    default: str | int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    ticket_keys: tuple[str, ...] = ()
    description: WordsField = NO_WORDS

    @field_validator("pattern")
    @classmethod
    def _is_a_pattern(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"is not a regular expression: {error}") from error
        return value

    @field_validator("default", mode="before")
    @classmethod
    def _no_yes_or_no(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("put yes, no, true, false in quotes; a variable holds a text or an integer")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Variable:
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError("`choices` belongs to type choice, and type choice needs it")
        if self.kind != "integer" and (self.minimum is not None or self.maximum is not None):
            raise ValueError("`minimum` and `maximum` belong to type integer")
        if self.pattern is not None and self.kind != "string":
            raise ValueError("`pattern` belongs to type string; the other types have their own rules")
        if self.ticket_keys and self.source != "ticket":
            raise ValueError("`ticket_keys` needs `from: ticket`")
        if self.source == "playbook" and self.default is None:
            raise ValueError("needs a `default`, because nobody else may set it")
        if self.default is not None and self.default != "":
            try:
                self.checked(str(self.default))
            except BadValue as error:
                raise ValueError(f"its own default does not fit: {error}") from error
        return self

    def checked(self, value: str) -> str:
        """`value`, normalised, if this variable may hold it; raises BadValue."""
        if CONTROL.search(value):
            raise BadValue(
                "control_character", both("不含换行或控制字符的一行文字", "one line without control characters")
            )
        if len(value) > MAX_LENGTH:
            raise BadValue("too_long", both(f"不超过 {MAX_LENGTH} 个字符", f"at most {MAX_LENGTH} characters"))
        match self.kind:
            case "integer":
                return _integer(value, self.minimum, self.maximum)
            case "port":
                return _integer(value, 1024, 65535)
            case "choice":
                return _choice(value, self.choices)
            case "string":
                return _string(value, self.pattern, trusted=self.source != "ticket")
            case "ref":
                if not _REF.fullmatch(value):
                    words = both(
                        "分支、标签或提交号，例如 v2.3.0 或 main", "a branch, tag or commit, such as v2.3.0 or main"
                    )
                    raise BadValue("bad_ref", words)
            case "path":
                if not value.startswith("/") or ".." in PurePosixPath(value).parts:
                    raise BadValue("bad_path", both("不含 .. 的绝对路径", "an absolute path without `..`"))
            case "repository":
                if not _REPOSITORY.fullmatch(value) or ".." in value.split("/"):
                    words = both("仓库地址（https、ssh）或绝对路径", "a repository's URL (https, ssh) or absolute path")
                    raise BadValue("bad_repository", words)
        return value


def _integer(value: str, low: int | None, high: int | None) -> str:
    limits = f"{'…' if low is None else low} - {'…' if high is None else high}"
    words = both(f"整数（{limits}）", f"a whole number ({limits})")
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", value):
        raise BadValue("not_a_number", words)
    number = int(value)
    if (low is not None and number < low) or (high is not None and number > high):
        raise BadValue("out_of_range", words)
    return str(number)


def _choice(value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise BadValue("not_a_choice", both("、".join(choices), ", ".join(choices)))
    return value


def _string(value: str, pattern: str | None, *, trusted: bool) -> str:
    if pattern is not None and not re.fullmatch(pattern, value):
        raise BadValue("bad_pattern", both(f"符合 {pattern} 的文字", f"a text that matches {pattern}"))
    if pattern is None and not trusted and not _HARMLESS.fullmatch(value):
        raise BadValue(
            "bad_text",
            both("文字、数字和常用标点，不以 - 开头", "words, digits and plain punctuation, not starting with -"),
        )
    return value

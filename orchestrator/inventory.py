"""The hosts that may be deployed to, and by whom.

A ticket only ever *names* a host; address, user, key, folder and the accounts that may deploy there stand in the
inventory file, which the operator keeps. See docs/configuration.md.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from orchestrator.lined_yaml import ConfigError, Document, Problem, read_yaml, validated

ANYBODY = "*"
"""As an account: whoever moves the task may deploy to the host."""

_HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_ADDRESS = re.compile(r"[A-Za-z0-9:][A-Za-z0-9.:_-]{0,252}(%[A-Za-z0-9]+)?")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_VARIABLE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _matching(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"{value[:80]!r} is no {what}")
        return value

    return AfterValidator(check)


def _root(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("must not hold control characters")
    path = PurePosixPath(value)
    if not path.is_absolute() or ".." in path.parts or len(path.parts) < 2:
        raise ValueError("must be an absolute folder below /, such as /data/tts (without `~` and `..`)")
    return str(path)


def _plain(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("must not hold control characters")
    return value


def _python(value: str) -> str:
    if not value or value.startswith("-") or _CONTROL.search(value):
        raise ValueError("must be a Python 3 on the host, such as python3.11 or /opt/python/bin/python3")
    return value


def _variables(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    for name, item in value.items():
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            raise ValueError(f"{name!r} is no variable name (lower-case letters, digits, underscores)")
        if isinstance(item, bool) or not isinstance(item, str | int | float):
            raise ValueError(f"{name} must be a text or a number")
    return {name: str(item) for name, item in value.items()}


Variables = Annotated[
    Mapping[str, Annotated[str, AfterValidator(_plain)]],
    BeforeValidator(_variables),
]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    address: Annotated[str, _matching(_ADDRESS, "host name or IP address")]
    port: int = Field(default=22, ge=1, le=65535)
    user: Annotated[str, _matching(_USER, "user name")]
    identity_file: Path | None = None
    known_hosts: Path | None = None
    root: Annotated[str, AfterValidator(_root)]
    service_address: Annotated[str, _matching(_ADDRESS, "host name or IP address")] | None = None
    service_port: int = Field(default=7860, ge=1024, le=65535)
    service_bind: Annotated[str, _matching(_ADDRESS, "host name or IP address")] = "0.0.0.0"  # noqa: S104
    python: Annotated[str, AfterValidator(_python)] = "python3"
    accounts: tuple[str, ...] = ()
    variables: Variables = Field(default_factory=dict)


class HostEntry(_Entry):
    """One host.

    `address`, `port`, `user`, `identity_file`, `known_hosts`: the way in by SSH (files None: ssh's own places).
    `root`: the folder on the host that holds releases and shared data. `service_address`, `service_port`,
    `service_bind`: where people (and the probes) reach the service, its usual port, and what it listens on.
    `python`: the interpreter that makes the service's environment. `accounts`: who may deploy here, by ZenTao
    account. `variables`: values that a playbook may ask for.
    """

    name: Annotated[str, _matching(_HOST_NAME, "host name (letters, digits, `.`, `_`, `-`)")]

    @property
    def reach(self) -> str:
        """The address under which the service is reached from here: `service_address`, else `address`."""
        return self.service_address or self.address

    def service_url(self, port: int) -> str:
        """The service's address for people and probes, e.g. `http://10.0.0.11:7860`."""
        return f"http://[{self.reach}]:{port}" if ":" in self.reach else f"http://{self.reach}:{port}"


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    hosts: dict[Annotated[str, _matching(_HOST_NAME, "host name (letters, digits, `.`, `_`, `-`)")], _Entry]


class Inventory(BaseModel):
    """All hosts, by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hosts: Mapping[str, HostEntry]

    @classmethod
    def load(cls, path: Path | str) -> Inventory:
        """Reads the inventory file; relative key files count from its folder.

        What stands under `defaults` counts for each host that says nothing else. Raises ConfigError with file
        and line of every mistake.
        """
        document = read_yaml(Path(path).expanduser().absolute())
        data, document = _with_defaults(document)
        entries = validated(document, _File, data).hosts
        return cls(hosts={name: _entry(name, entry, document.path.parent) for name, entry in entries.items()})

    def may_deploy(self, account: str | None, host: str) -> bool:
        """Whether the person with this ZenTao account may deploy to the host of this name."""
        entry = self.hosts.get(host)
        if entry is None or not account:
            return False
        return account in entry.accounts or ANYBODY in entry.accounts

    def deployable(self, account: str | None) -> tuple[str, ...]:
        """The names of the hosts that this account may deploy to, as the inventory orders them."""
        return tuple(name for name in self.hosts if self.may_deploy(account, name))


def _with_defaults(document: Document) -> tuple[dict[str, Any], Document]:
    """The hosts with `defaults` filled in, and each filled-in key's line where it really stands."""
    data = dict(document.data)
    defaults = data.pop("defaults", None) or {}
    if not isinstance(defaults, dict):
        raise ConfigError.at(document.path, "defaults: must hold `key: value` lines", document.line(["defaults"]))
    hosts = data.get("hosts")
    if not isinstance(hosts, dict) or not hosts:
        raise ConfigError.at(document.path, "hosts: must name at least one host", document.line(["hosts"]))
    lines = dict(document.lines)
    filled: dict[str, Any] = {}
    problems = []
    for name, entry in hosts.items():
        if not isinstance(name, str):
            problems.append(Problem(document.path, document.line(["hosts"]), f"hosts: put {name!r} in quotes"))
        if not isinstance(entry, dict):
            filled[name] = entry
            continue
        filled[name] = {**defaults, **entry}
        if isinstance(defaults.get("variables"), dict) and isinstance(entry.get("variables"), dict):
            filled[name]["variables"] = {**defaults["variables"], **entry["variables"]}
        for place, line in document.lines.items():
            if place[:1] == ("defaults",) and len(place) > 1:
                lines.setdefault(("hosts", name, *place[1:]), line)
    if problems:
        raise ConfigError(problems)
    return {**data, "hosts": filled}, replace(document, lines=lines)


def _entry(name: str, entry: _Entry, folder: Path) -> HostEntry:
    def absolute(path: Path | None) -> Path | None:
        return None if path is None else Path(os.path.normpath(folder / path.expanduser()))

    values = {field: getattr(entry, field) for field in _Entry.model_fields}
    values |= {"identity_file": absolute(entry.identity_file), "known_hosts": absolute(entry.known_hosts)}
    return HostEntry(name=name, **values)

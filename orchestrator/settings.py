"""What the operator decides: one YAML file, and the environment on top of it.

A setting stands in the file (`web: {port: 8642}`) or in the environment (`ZENTAO_DEPLOY_WEB__PORT=8642`, two
underscores between section and key), and the environment wins. A secret stands in neither: the settings name an
environment variable or a file that holds it, and it is read when it is needed. See docs/configuration.md.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PositiveInt,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from orchestrator.lined_yaml import ConfigError, Document, Problem, describe, read_yaml

FILE_NAME = "zentao-deploy.yaml"
PATH_VARIABLE = "ZENTAO_DEPLOY_CONFIG"
PREFIX = "ZENTAO_DEPLOY_"
DEFAULT_TITLE_RULE = r"【[^【】]*部署[^【】]*】"

Status = Literal["wait", "doing", "done", "pause", "cancel", "closed"]
Language = Literal["zh-CN", "en"]

_STATUS_NAMES: Mapping[str, Status] = {
    "wait": "wait", "doing": "doing", "done": "done", "pause": "pause", "cancel": "cancel", "closed": "closed",
    "未开始": "wait", "进行中": "doing", "已完成": "done", "已暂停": "pause", "已取消": "cancel", "已关闭": "closed",
}  # fmt: skip
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Trigger(_Section):
    """A change of status that starts a deployment. `old` None: from whatever it was before."""

    old: Status | None
    new: Status

    def matches(self, old: str, new: str) -> bool:
        """Whether a task's way from status `old` to `new` (ZenTao's codes) is this one; staying put never is."""
        return old != new and new == self.new and self.old in (None, old)

    def __str__(self) -> str:
        return f"{self.old or 'any'}->{self.new}"


def _trigger(value: object) -> object:
    """`wait->doing`, `未开始→进行中`, `any->done` or just `done`."""
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in re.split(r"->|→", value)]
    old, new = (["any", *parts] if len(parts) == 1 else parts)[:2]
    if len(parts) > 2 or new not in _STATUS_NAMES or old not in {"any", *_STATUS_NAMES}:
        allowed = "wait, doing, done, pause, cancel, closed"
        raise ValueError(f"{value!r} is no trigger; write `wait->doing`, `any->done` or `done` (statuses: {allowed})")
    return Trigger(old=None if old == "any" else _STATUS_NAMES[old], new=_STATUS_NAMES[new])


def _at_least_one(value: tuple[Trigger, ...]) -> tuple[Trigger, ...]:
    if not value:
        raise ValueError("must name at least one change of status")
    return value


def _regular_expression(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    return value


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a URL such as https://zentao.example.com")
    if parts.username or parts.password:
        raise ValueError("must not hold an account or a password")
    return value.rstrip("/")


def _environment_name(value: str) -> str:
    if not _VARIABLE_NAME.fullmatch(value):
        raise ValueError("must be the name of an environment variable")
    return value


TriggerField = Annotated[Trigger, BeforeValidator(_trigger), PlainSerializer(str)]
RegularExpression = Annotated[str, AfterValidator(_regular_expression)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
EnvironmentName = Annotated[str, AfterValidator(_environment_name)]


class EntrySettings(_Section):
    """A ZenTao "application" (后台 → 二次开发 → 应用), for calls that need its signature."""

    code: str
    key_env: EnvironmentName

    def read_key(self) -> SecretStr:
        """The application's key. Raises ConfigError when the variable is not set."""
        return read_secret(self.key_env, None, "zentao.entry.key_env")


class ZentaoSettings(_Section):
    """Which ZenTao, as whom, and where its deployment tasks lie."""

    url: HttpUrl
    account: str = Field(min_length=1)
    password_env: EnvironmentName = "ZENTAO_DEPLOY_PASSWORD"  # noqa: S105 - the name of a variable
    password_file: Path | None = None
    executions: tuple[PositiveInt, ...] = ()
    product: PositiveInt | None = None
    language: Language = "zh-CN"
    entry: EntrySettings | None = None
    timeout_seconds: float = Field(default=30.0, gt=0, le=600)
    settle_seconds: float = Field(default=60.0, ge=1, le=3600)

    def read_password(self) -> SecretStr:
        """The bot's password, read now: from `password_file` if given, else from the variable `password_env`.

        Raises ConfigError, naming the place, when nothing is there.
        """
        return read_secret(self.password_env, self.password_file, "zentao.password_env")


class RuleSettings(_Section):
    """Which tasks are ours, and which changes of their status start a deployment."""

    title: RegularExpression = DEFAULT_TITLE_RULE
    triggers: Annotated[tuple[TriggerField, ...], AfterValidator(_at_least_one)] = (
        Trigger(old="wait", new="doing"),
        Trigger(old="pause", new="doing"),
    )
    own_if_assigned: bool = True

    def triggered_by(self, old: str, new: str) -> bool:
        """Whether a change of status from `old` to `new` (ZenTao's codes) starts a deployment."""
        return any(trigger.matches(old, new) for trigger in self.triggers)


class PollSettings(_Section):
    """How often ZenTao is asked for changes."""

    interval_seconds: float = Field(default=10.0, ge=0.2, le=3600)


class WebSettings(_Section):
    """Where the daemon listens for ZenTao's webhook and for its own command line."""

    host: str = "127.0.0.1"
    port: int = Field(default=8642, ge=0, le=65535)
    public_url: HttpUrl | None = None
    webhook_secret_env: EnvironmentName | None = None

    def read_webhook_secret(self) -> SecretStr | None:
        """The secret part of the webhook's address; None when no webhook is configured.

        Raises ConfigError when the variable named in `webhook_secret_env` is not set.
        """
        if self.webhook_secret_env is None:
            return None
        return read_secret(self.webhook_secret_env, None, "web.webhook_secret_env")


class LogSettings(_Section):
    """How much the daemon tells, and in which form."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    as_json: bool = Field(default=False, alias="json")


class Settings(BaseSettings):
    """All of it, frozen. `path` is the file it came from; every path in it is absolute."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__", populate_by_name=True
    )

    zentao: ZentaoSettings
    rule: RuleSettings = RuleSettings()
    poll: PollSettings = PollSettings()
    web: WebSettings = WebSettings()
    data_dir: Path = Path("data")
    keep_runs_days: int = Field(default=90, ge=1, le=36500)
    inventory: Path = Path("inventory.yaml")
    playbooks: tuple[Path, ...] = ()
    default_playbook: str = "bundled-tts"
    log: LogSettings = LogSettings()
    path: Path | None = Field(default=None, exclude=True, repr=False)

    @model_validator(mode="after")
    def _something_is_ours(self) -> Settings:
        if not self.zentao.executions and not self.rule.own_if_assigned:
            raise ValueError("no task could ever be ours: name zentao.executions, or set rule.own_if_assigned")
        return self

    @classmethod
    def load(cls, path: Path | str | None = None) -> Settings:
        """Reads the settings file and the environment.

        The file is `path`, else the one named in `$ZENTAO_DEPLOY_CONFIG`, else `./zentao-deploy.yaml`, else
        `/etc/zentao-deploy/zentao-deploy.yaml`. Relative paths in it count from the file's folder. Raises
        ConfigError, with file and line of every mistake, and when there is no file.
        """
        document = read_yaml(_found(path))
        if "path" in document.data:
            raise ConfigError.at(document.path, "path: unknown key", document.line(["path"]))
        try:
            overrides = EnvSettingsSource(cls, env_ignore_empty=True)()
        except SettingsError as error:
            raise ConfigError.at(
                Path("environment"), f"a {PREFIX}… variable for a list is not JSON: {error}"
            ) from error
        overrides.pop("path", None)
        try:
            settings = cls.model_validate(_merged(document.data, overrides))
        except ValidationError as error:
            raise ConfigError([_problem(item, document, overrides) for item in error.errors()]) from error
        return settings._anchored(document.path)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is passed counts: `load` merges the environment itself, to tell in errors what came whence."""
        return (init_settings,)

    def _anchored(self, file: Path) -> Settings:
        def absolute(path: Path) -> Path:
            return Path(os.path.normpath(file.parent / path.expanduser()))

        password_file = self.zentao.password_file
        zentao = self.zentao.model_copy(update={"password_file": absolute(password_file) if password_file else None})
        return self.model_copy(
            update={
                "path": file,
                "zentao": zentao,
                "data_dir": absolute(self.data_dir),
                "inventory": absolute(self.inventory),
                "playbooks": tuple(absolute(folder) for folder in self.playbooks),
            }
        )


def read_secret(variable: str, file: Path | None, setting: str) -> SecretStr:
    """A secret from `file` (its text without the line end) if given, else from the environment variable.

    Raises ConfigError that names the place, never the content. `setting` is where the place is configured.
    """
    if file is not None:
        try:
            text = file.read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError.at(file, f"can't be read as a secret ({type(error).__name__})") from error
        if not text:
            raise ConfigError.at(file, "is empty, but should hold a secret")
        return SecretStr(text)
    text = os.environ.get(variable, "")
    if not text:
        raise ConfigError.at(Path("environment"), f"{variable} is not set, but {setting} names it for a secret")
    return SecretStr(text)


def _found(path: Path | str | None) -> Path:
    named = path or os.environ.get(PATH_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    places = (Path.cwd() / FILE_NAME, Path("/etc/zentao-deploy") / FILE_NAME)
    for place in places:
        if place.is_file():
            return place
    looked = " or ".join(str(place) for place in places)
    raise ConfigError.at(
        Path(FILE_NAME), f"no settings file: neither --config nor ${PATH_VARIABLE} names one, and none is at {looked}"
    )


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _problem(item: Any, document: Document, overrides: Mapping[str, Any]) -> Problem:
    location: tuple[str | int, ...] = item["loc"]
    kind = item["type"]
    message = describe(kind, location, item["msg"], Settings)
    if kind == "extra_forbidden" and location[-1] in ("password", "key", "webhook_secret", "secret"):
        message = f"{'.'.join(map(str, location))}: a secret stands in an environment variable or a file, not here"
    if _holds(overrides, location):
        return Problem(Path("environment"), None, f"{PREFIX}{'__'.join(map(str, location)).upper()}: {message}")
    return Problem(document.path, document.line(location), message)


def _holds(overrides: Any, location: tuple[str | int, ...]) -> bool:
    for part in location:
        if not isinstance(overrides, dict):
            return True
        if part not in overrides:
            return False
        overrides = overrides[part]
    return bool(location)

"""YAML files whose errors name the file and the line.

Settings, inventory and playbooks are read by people's eyes and edited by hand, so a mistake must be found
without a search: every problem is `file:line: key: what is wrong (did you mean …?)`, and all of a file's
problems are reported at once.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

_MAX_BYTES = 1_000_000
_MAX_NODES = 50_000

Location = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Problem:
    """One mistake in a file. `line` counts from 1; None where the file as a whole is meant."""

    file: Path
    line: int | None
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class ConfigError(ValueError):
    """A file that people write (settings, inventory, playbook) can't be used; `problems` names each mistake."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def at(cls, file: Path, message: str, line: int | None = None) -> ConfigError:
        """The error for one mistake."""
        return cls([Problem(file, line, message)])

    def __reduce__(self) -> tuple[type[ConfigError], tuple[tuple[Problem, ...]]]:
        # Exceptions cross process and checkpoint boundaries by pickle, which would pass the text, not the list.
        return (type(self), (self.problems,))


@dataclass(frozen=True)
class Document:
    """A YAML file's data together with the line of each key and list item, by its path from the root."""

    path: Path
    data: dict[str, Any]
    lines: Mapping[Location, int]
    texts: Mapping[Location, int] = dataclasses.field(default_factory=dict)
    """For each text, the line of its own first line: the one below the key, where the text is a `|` block."""

    def text_line(self, location: Sequence[str | int], offset: int) -> int | None:
        """The file's line of a text's line `offset` (from 1)."""
        first = self.texts.get(tuple(location))
        return self.line(location) if first is None else first + offset - 1

    def line(self, location: Sequence[str | int]) -> int | None:
        """The line of `location`, or of the nearest thing around it that stands in the file."""
        place = tuple(location)
        while place:
            if place in self.lines:
                return self.lines[place]
            place = place[:-1]
        return self.lines.get(())


def read_yaml(path: Path) -> Document:
    """Reads the mapping in `path`. Raises ConfigError: unreadable, not YAML, not a mapping, a key twice."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError.at(path, f"can't be read: {error.strerror or error}") from error
    if len(raw) > _MAX_BYTES:
        raise ConfigError.at(path, f"is larger than {_MAX_BYTES} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError.at(path, "is not UTF-8", raw[: error.start].count(b"\n") + 1) from error
    return parse_yaml(text, path)


def parse_yaml(text: str, path: Path) -> Document:
    """Like `read_yaml`, for a text that is already here; `path` only names it in errors."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return Document(path, {}, {(): 1})
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError.at(path, "must hold `key: value` lines", node.start_mark.line + 1)
        walk = _Walk(path, {}, {})
        walk.visit(node, (), ())
        data = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = " ".join(word for word in (error.context, error.problem) if word)
        raise ConfigError.at(path, f"is not YAML: {words}", mark.line + 1 if mark else None) from error
    except yaml.YAMLError as error:
        raise ConfigError.at(path, f"is not YAML: {error}") from error
    except RecursionError:
        raise ConfigError.at(path, "is nested too deeply") from None
    finally:
        loader.dispose()
    return Document(path, data, walk.lines, walk.texts)


@dataclass
class _Walk:
    """Collects the lines; refuses what PyYAML would take silently (a key twice) or never finish (a loop)."""

    path: Path
    lines: dict[Location, int]
    texts: dict[Location, int]

    def visit(self, node: yaml.Node, place: Location, above: tuple[int, ...]) -> None:
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        if id(node) in above:
            raise ConfigError.at(self.path, "an alias that holds itself", line)
        if len(self.lines) > _MAX_NODES:
            raise ConfigError.at(self.path, f"holds more than {_MAX_NODES} values", line)
        above = (*above, id(node))
        if isinstance(node, yaml.ScalarNode):
            self.texts[place] = line + 1 if node.style in ("|", ">") else line
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self.visit(item, (*place, index), above)
        elif isinstance(node, yaml.MappingNode):
            self._mapping(node, place, above)

    def _mapping(self, node: yaml.MappingNode, place: Location, above: tuple[int, ...]) -> None:
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigError.at(self.path, "a key must be a word", line)
            if key.value in seen:
                raise ConfigError.at(self.path, f"{_dotted((*place, key.value))} is given twice", line)
            seen.add(key.value)
            self.lines[(*place, key.value)] = line
            self.visit(value, (*place, key.value), above)


def validated(document: Document, model: type[Model], data: Mapping[str, Any] | None = None) -> Model:
    """`document` (or `data`, made from it) as a `model`; raises ConfigError with every mistake and its line."""
    try:
        return model.model_validate(document.data if data is None else data)
    except ValidationError as error:
        raise ConfigError(problems_of(error, document, model)) from error


def problems_of(error: ValidationError, document: Document, model: type[BaseModel]) -> list[Problem]:
    """Pydantic's findings in the file's own words: line, dotted key, and the nearest known key for a typo."""
    return [
        Problem(document.path, document.line(item["loc"]), describe(item["type"], item["loc"], item["msg"], model))
        for item in error.errors(include_url=False, include_input=False)
    ]


def describe(kind: str, location: Location, message: str, model: type[BaseModel]) -> str:
    """One finding in words. The offending value is left out: it could be a secret in the wrong place."""
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        known = known_keys(model, location[:-1])
        near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(sorted(known))}"
        return f"{_dotted(location)}: unknown key ({hint})"
    if kind == "missing":
        return f"{_dotted(location)}: is missing"
    message = message.removeprefix("Value error, ")
    return f"{_dotted(location)}: {message}" if location else message


def known_keys(model: type[BaseModel], location: Location) -> list[str]:
    """The keys that may stand at `location` of a file described by `model` (aliases as people write them)."""
    annotation: Any = model
    for part in location:
        annotation = _below(annotation, part)
    return sorted({key for option in _options(annotation) for key in _fields(option)})


def _below(annotation: Any, part: str | int) -> Any:
    for option in _options(annotation):
        fields = _fields(option)
        if part in fields:
            return fields[str(part)]
        arguments = get_args(option)
        if arguments and get_origin(option) is not None:
            return arguments[-1] if isinstance(part, str) else arguments[0]
    return None


def _options(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Annotated:
        return _options(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(option for argument in get_args(annotation) for option in _options(argument))
    return (annotation,)


def _fields(option: Any) -> dict[str, Any]:
    if isinstance(option, type) and issubclass(option, BaseModel):
        # What is excluded is set by us, not by people.
        fields = {name: field for name, field in option.model_fields.items() if not field.exclude}
        return {str(field.validation_alias or name): field.annotation for name, field in fields.items()}
    if isinstance(option, type) and dataclasses.is_dataclass(option):
        return {field.name: field.type for field in dataclasses.fields(option)}
    return {}


def _dotted(location: Location) -> str:
    text = ""
    for part in location:
        text += f"[{part + 1}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text

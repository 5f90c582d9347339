"""Reading playbooks, and refusing those that could not be run safely, with file and line."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pydantic import Field, JsonValue

from orchestrator.lined_yaml import ConfigError, Document, Location, Problem, read_yaml, validated
from orchestrator.playbook.schema import BUILT_IN, PHASES, PlaybookFile, Step
from orchestrator.playbook.templates import TemplateProblem, check_plain, check_shell
from orchestrator.resources import playbooks_folder

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_USED = re.compile(r"\bZD_([A-Z0-9_]+)")
ENVIRONMENT = (*(name.upper() for name in BUILT_IN), "URL", "OUTPUT")
"""What every script finds in its environment, after `ZD_`."""


class Playbook(PlaybookFile):
    """A checked playbook. `digest` is the SHA-256 of its file."""

    digest: str = Field(default="", exclude=True)

    @classmethod
    def load(cls, path: Path | str) -> Playbook:
        """Reads a playbook file. Raises ConfigError with file and line of every mistake, templates included."""
        document = read_yaml(Path(path))
        file = validated(document, PlaybookFile)
        problems = list(_problems(file, document))
        if problems:
            raise ConfigError(problems)
        values = {name: getattr(file, name) for name in PlaybookFile.model_fields}
        return cls.model_construct(**values, digest=hashlib.sha256(Path(path).read_bytes()).hexdigest())


def known_playbooks(places: Sequence[Path]) -> dict[str, Path]:
    """The playbooks at hand by name: files and folders in the order given, then those that ship with the program."""
    found: dict[str, Path] = {}
    for place in (*places, playbooks_folder()):
        for path in sorted(place.glob("*.yaml")) if place.is_dir() else [place]:
            if path.stem != "diagnosis":  # the table of causes and remedies lies in the same folder
                found.setdefault(path.stem, path)
    return found


def find_playbook(name: str, places: Sequence[Path]) -> Path:
    """The file of the playbook called `name`. Raises LookupError, naming those that exist."""
    known = known_playbooks(places)
    if not _NAME.fullmatch(name) or name not in known:
        raise LookupError(f"there is no playbook {name[:64]!r}; there are: {', '.join(sorted(known))}")
    return known[name]


def _problems(file: PlaybookFile, document: Document) -> Iterator[Problem]:
    names = {*BUILT_IN, *file.variables}
    author = {"root", "bind", "python"} | {n for n, variable in file.variables.items() if variable.source != "ticket"}

    def checked(source: str, place: Location, check: Callable[[str], None]) -> Iterator[Problem]:
        try:
            check(source)
        except TemplateProblem as error:
            yield Problem(document.path, document.text_line(place, error.line), f"{_where(place, file)}: {error}")

    def shell(source: str) -> None:
        check_shell(source, names, author)

    def plain(source: str) -> None:
        check_plain(source, names)

    yield from checked(file.functions, ("functions",), shell)
    for index, step in enumerate(file.steps):
        yield from checked(step.run, ("steps", index, "run"), shell)
    for index, back in enumerate(file.rollback):
        yield from checked(back.run, ("rollback", index, "run"), shell)
    for index, path in enumerate(file.on_failure.collect):
        yield from checked(path, ("on_failure", "collect", index), plain)
    if file.verify.speech is not None:
        for place, text in _texts(file.verify.speech.inputs, ("verify", "speech", "inputs")):
            yield from checked(text, place, lambda source: check_plain(source, {*names, "text"}))
    yield from _outputs(file, document)


def _texts(value: JsonValue, place: Location) -> Iterator[tuple[Location, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*place, index))


def _outputs(file: PlaybookFile, document: Document) -> Iterator[Problem]:
    """Each `ZD_…` that a script uses must be there by then, and no output may hide a built-in one."""
    there = set(ENVIRONMENT)
    early: set[str] = set()

    def used(source: str, place: Location, known: set[str]) -> Iterator[Problem]:
        for match in _USED.finditer(source):
            if match[1] not in known:
                line = document.text_line(place, source.count("\n", 0, match.start()) + 1)
                message = f"{_where(place, file)}: {match[0]} is no output of a step before it"
                yield Problem(document.path, line, message)

    for index, step in enumerate(file.steps):
        place: Location = ("steps", index)
        yield from used(step.run, (*place, "run"), there)
        for name in step.outputs:
            if name.upper() in there or name == "outcome":
                line = document.line((*place, "outputs", name))
                yield Problem(document.path, line, f"{_where(place, file)}: the output {name} is there already")
        there |= {name.upper() for name in step.outputs}
        if _is_early(step):
            early |= {name.upper() for name in step.outputs}
    yield from used(file.functions, ("functions",), set(ENVIRONMENT))
    for index, back in enumerate(file.rollback):
        yield from used(back.run, ("rollback", index, "run"), set(ENVIRONMENT) | early)


def _is_early(step: Step) -> bool:
    """Whether a rollback can count on this step's outputs: it comes before anything is touched."""
    return PHASES.index(step.phase) < PHASES.index("stop")


def _where(place: Location, file: PlaybookFile) -> str:
    if place[0] in ("steps", "rollback") and len(place) > 1 and isinstance(place[1], int):
        return f"step {(file.steps if place[0] == 'steps' else file.rollback)[place[1]].name}"
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in place)

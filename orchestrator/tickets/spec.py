"""What a ticket asks for, as plain data that every other room can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DeploySpec:
    """A ticket's wishes after parsing: checked for shape, not yet for existence.

    A field is ``None`` where the ticket is silent; the playbook's defaults and the inventory fill it. Every
    value has passed a whitelist, so it holds no control character, yet it stays *data*: whoever puts it into a
    command quotes it, whoever puts it into a page escapes it. The value can be pickled and compared.
    """

    service: str | None = None
    """Name of the service (engine) to deploy, e.g. ``bundled-tts``."""
    ref: str | None = None
    """Branch, tag or commit. Whether it exists is for git to say."""
    host: str | None = None
    """A name from the inventory, spelt as the inventory spells it."""
    port: int | None = None
    """1024 to 65535."""
    playbook: str | None = None
    """Name of a playbook, without path or suffix."""
    text: str | None = None
    """The sentence that the service has to speak, at most 300 characters, one line."""
    extras: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Further keys that the rules declare (``emotion``, ``voice``, …), by their declared name."""


@dataclass(frozen=True, slots=True)
class TicketProblem:
    """One thing in a ticket that a person has to correct before anything can be deployed."""

    code: str
    """Stable name of the kind of problem, e.g. ``ref_invalid``."""
    message: str
    """What is wrong, in the language of the ticket's readers, as one sentence of plain text."""
    line: int | None = None
    """The line in the description, from 1, blank lines not counted; ``None`` where no line is to blame."""
    shown: str = ""
    """That line's text, shortened, without control characters."""
    key: str = ""
    """The field concerned: ``ref``, ``host``, …; empty where none is."""
    allowed: tuple[str, ...] = ()
    """What would be accepted: a list of names, or one sentence that states the rule."""
    example: str = ""
    """One correct line, ready to be copied."""


@dataclass(frozen=True, slots=True)
class TicketProblems:
    """Why a ticket can't be carried out: everything at once, so that one correction is enough."""

    problems: tuple[TicketProblem, ...]

    def __post_init__(self) -> None:
        if not self.problems:
            raise ValueError("TicketProblems without a problem")

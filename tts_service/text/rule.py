"""One rule of normalisation: what it recognises, and how that is said."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

NUMBER: Final = r"(?:\d{1,3}(?:,\d{3}){1,5}|\d{1,20})(?:\.\d{1,12})?"
ALONE: Final = r"(?<![\dA-Za-z.])"
"""In front of a number: nothing that would make it part of a longer one."""
OVER: Final = r"(?![\dA-Za-z])(?!\.\d)"
"""Behind a number: it ends here."""
TO: Final = r"\s?(?:-|~|—{1,2}|至|到)\s?"


@dataclass(frozen=True)
class Rule:
    """`say` gets the match and answers with what is spoken, or None when this place is none of the rule's."""

    name: str
    pattern: re.Pattern[str]
    say: Callable[[re.Match[str]], str | None]


def rule(name: str, pattern: str, say: Callable[[re.Match[str]], str | None]) -> Rule:
    """Makes a rule; upper and lower case in the pattern are told apart, digits are ASCII."""
    return Rule(name, re.compile(pattern, re.ASCII), say)


def spelled(text: str) -> str:
    """Sets letters apart so that each is said by its name: ``"www"`` → ``" W W W "``."""
    return " " + " ".join(text.upper()) + " "

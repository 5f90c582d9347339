"""A ticket's title and description → what to deploy, or everything that has to be corrected first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from orchestrator.tickets import values, wording
from orchestrator.tickets.html_lines import Line, TextTooLong, html_to_lines
from orchestrator.tickets.keys import MAX_KEY, Keys
from orchestrator.tickets.rule import TicketRules, plain_title
from orchestrator.tickets.spec import DeploySpec, TicketProblem, TicketProblems
from orchestrator.tickets.values import Given

MAX_PROBLEMS = 20
"""More than this nobody reads; the first ones, in the order of the lines, are reported."""
_MAX_GUESSES = 200
"""How many unknown words are compared with the known ones (comparing is the only slow part)."""

_MAX_WORDS = 4
"""How many words a key may have (``git branch``), with one to spare."""

_COLON = re.compile(r"[:：﹕∶=＝]")
_AROUND = " ,，;；、|"
_BREAK = re.compile(r"[\s,，;；、|。]")
_TAG = re.compile(r"<[/!?]?[A-Za-z]")


def parse_ticket(title: str, description_html: str, *, rules: TicketRules) -> DeploySpec | TicketProblems:
    """Read a ticket as a person wrote it.

    Settings are rows of a table (键 | 值, also several pairs in a row, or a row of keys above a row of values) or
    lines ``键: 值``, several in a line if need be. Other prose is ignored. Every value passes a whitelist; the same
    key twice with different values, a word that looks like a misspelt key, and an unknown key inside a table of
    settings are problems. Never raises on what a ticket holds, and takes time linear in its size.
    """
    problems = list(_title_problems(title, rules))
    try:
        lines = html_to_lines(description_html)
    except TextTooLong:
        problems.append(wording.problem("too_long", rules.language))
        return TicketProblems(tuple(problems))
    found = _Reader(rules).read(lines)
    problems.extend(found.problems)
    chosen = _choose(found.given, rules, problems)
    for field, raw in rules.title.fields(title).items():
        if field not in chosen and not any(problem.key == field for problem in problems):
            chosen |= _choose([Given(field, raw, None, raw)], rules, problems)
    reported = {problem.key for problem in problems}
    for field in sorted(rules.required - chosen.keys() - reported):
        problems.append(values.missing(field, rules))
    if problems:
        problems.sort(key=lambda problem: problem.line or 0)
        return TicketProblems(tuple(problems[:MAX_PROBLEMS]))
    return _spec(chosen)


def _title_problems(title: str, rules: TicketRules) -> Iterator[TicketProblem]:
    plain = plain_title(title)
    allowed = (wording.rule("title", rules.language),)
    if _TAG.search(plain):
        yield wording.problem("title_html", rules.language, shown=plain, allowed=allowed)
    if not plain.isprintable():
        yield wording.problem("title_control", rules.language, shown=plain, allowed=allowed)


def _spec(chosen: dict[str, str | int]) -> DeploySpec:
    def text(name: str) -> str | None:
        value = chosen.get(name)
        return None if value is None else str(value)

    port = chosen.get("port")
    own = ("service", "ref", "host", "port", "playbook", "text")
    return DeploySpec(
        service=text("service"),
        ref=text("ref"),
        host=text("host"),
        port=port if isinstance(port, int) else None,
        playbook=text("playbook"),
        text=text("text"),
        extras={name: str(value) for name, value in chosen.items() if name not in own},
    )


def _choose(given: Iterable[Given], rules: TicketRules, problems: list[TicketProblem]) -> dict[str, str | int]:
    """Check each value and keep the first of each field; appends what is wrong to ``problems``."""
    chosen: dict[str, str | int] = {}
    first: dict[str, Given] = {}
    for item in given:
        if values.is_silent(item):
            continue
        value = values.check(item, rules)
        if isinstance(value, TicketProblem):
            problems.append(value)
        elif item.field not in chosen:
            chosen[item.field] = value
            first[item.field] = item
        elif chosen[item.field] != value:
            earlier = first[item.field]
            problems.append(
                wording.problem(
                    "duplicate",
                    rules.language,
                    line=item.line,
                    shown=item.shown,
                    key=item.field,
                    value=item.raw,
                    first=wording.visible(earlier.raw, 60),
                    first_line=earlier.line,
                    example=wording.example(item.field, str(chosen[item.field]), rules.language),
                )
            )
        if len(problems) >= MAX_PROBLEMS:
            break
    return chosen


@dataclass(frozen=True, slots=True)
class _Pair:
    field: str
    raw: str


class _Reader:
    """Goes through the lines once and gathers the values given and the keys not understood."""

    def __init__(self, rules: TicketRules) -> None:
        self._rules = rules
        self._keys = Keys(rules)
        self._guesses = 0
        self.given: list[Given] = []
        self.problems: list[TicketProblem] = []

    def read(self, lines: tuple[Line, ...]) -> _Reader:
        settings_tables: set[int] = set()
        strangers: list[tuple[Line, str]] = []
        open_key: str | None = None
        header: tuple[Line, tuple[str, ...]] | None = None
        for position, line in enumerate(lines):
            following = lines[position + 1] if position + 1 < len(lines) else None
            if header is not None:
                settings_tables.add(line.table)
                self._take(line, (_Pair(*pair) for pair in zip(header[1], line.cells, strict=False)))
                header = None
            elif line.cells and (fields := self._header(line, following)):
                header = (line, fields)
            elif line.cells:
                pairs, stranger = self._row(line.cells)
                if pairs:
                    settings_tables.add(line.table)
                if stranger:
                    strangers.append((line, stranger))
                self._take(line, pairs)
            else:
                pairs = self._pairs(line.text)
                if not pairs and open_key is not None:
                    pairs = self._continued(open_key, line)
                open_key = pairs[-1].field if pairs and not pairs[-1].raw else None
                self._take(line, pairs)
                if not pairs:
                    self._guess(line, _COLON.split(line.text, maxsplit=1))
        for line, key in strangers:
            if line.table in settings_tables:
                self._unknown(line, key, self._keys.near(key))
            else:
                self._guess(line, [key, ""])
        return self

    def _take(self, line: Line, pairs: Iterable[_Pair]) -> None:
        self.given.extend(
            Given(pair.field, pair.raw.replace("\n", " "), line.number, line.text) for pair in pairs if pair.raw
        )

    def _continued(self, field: str, line: Line) -> list[_Pair]:
        """``分支：`` with its value on the line below: taken only if it is a correct value, else it is prose."""
        value = values.check(Given(field, line.text, line.number, line.text), self._rules)
        return [] if isinstance(value, TicketProblem) else [_Pair(field, line.text)]

    def _header(self, line: Line, following: Line | None) -> tuple[str, ...]:
        """The fields, if this row holds nothing but different keys and the next one their values."""
        fields = tuple(self._keys.field(cell) or "" for cell in line.cells)
        if not all(fields) or len(set(fields)) < len(fields):
            return ()
        if following is None or following.table != line.table or len(following.cells) != len(fields):
            return ()
        return () if self._keys.field(following.cells[0]) else fields

    def _row(self, cells: tuple[str, ...]) -> tuple[list[_Pair], str]:
        """The pairs of a row, and its first cell where that is no known key."""
        pairs: list[_Pair] = []
        at = 0
        while at < len(cells):
            key = cells[at].rstrip(":： ")
            field = self._keys.field(key) if key else None
            if field is not None and at + 1 < len(cells):
                pairs.append(_Pair(field, cells[at + 1]))
                at += 2
            elif at and pairs:
                break  # what follows a pair and is no key explains it
            else:
                for text in cells[at].split("\n"):
                    pairs.extend(self._pairs(text))
                at += 1
        key = cells[0].rstrip(":： ")
        stranger = not pairs and bool(cells[1]) and len(key) <= MAX_KEY and not self._keys.is_note(key)
        return pairs, key if stranger else ""

    def _pairs(self, text: str) -> list[_Pair]:
        """All ``键: 值`` of one line. The sentence to be spoken takes the rest of its line, whatever is in it."""
        starts: list[tuple[int, int, str]] = []  # where the key begins, where the value begins, the field
        floor = 0
        for colon in _COLON.finditer(text):
            begin, field = self._key_before(text, floor, colon.start())
            if field is None:
                if not starts and self._keys.is_note(text[floor : colon.start()][: MAX_KEY * 2]):
                    return []
                continue
            starts.append((begin, colon.end(), field))
            floor = colon.end()
            if field == "text":
                break
        pairs = []
        for (_, value, field), (end, _, _) in zip(starts, [*starts[1:], (len(text), 0, "")], strict=False):
            last = end == len(text)
            pairs.append(_Pair(field, text[value:end].strip() if last else text[value:end].strip(_AROUND)))
        if starts and starts[0][0] > 0 and text[starts[0][0] : starts[0][1]].isascii():
            return pairs if any(self._is_correct(pair) for pair in pairs) else []
        return pairs

    def _is_correct(self, pair: _Pair) -> bool:
        """Whether words in the middle of an English sentence (`on a host: it holds …`) are a setting after all."""
        given = Given(pair.field, pair.raw, None, "")
        return pair.field != "text" and not isinstance(values.check(given, self._rules), TicketProblem)

    def _key_before(self, text: str, floor: int, colon: int) -> tuple[int, str | None]:
        """The longest known key that ends at the colon, and where it begins."""
        lowest = max(floor, colon - MAX_KEY * 2)
        candidates = [0] if floor == lowest == 0 else []
        candidates += [mark.end() for mark in _BREAK.finditer(text, lowest, colon)][-_MAX_WORDS:]
        for begin in candidates:
            raw = text[begin:colon]
            if raw.strip() and not raw.lstrip().startswith("--") and (field := self._keys.field(raw)):
                return begin, field
        return colon, None

    def _guess(self, line: Line, parts: list[str]) -> None:
        """A line whose first word is nearly a key was meant as one: better asked than ignored."""
        if len(parts) < 2 or len(parts[0]) > MAX_KEY or self._keys.is_note(parts[0]):
            return
        self._guesses += 1
        if self._guesses <= _MAX_GUESSES and (near := self._keys.near(parts[0])):
            self._unknown(line, parts[0], near)

    def _unknown(self, line: Line, key: str, near: tuple[str, ...]) -> None:
        if len(self.problems) >= MAX_PROBLEMS:
            return
        field = self._keys.field(near[0]) if near else None
        self.problems.append(
            wording.problem(
                "unknown_key",
                self._rules.language,
                line=line.number,
                shown=line.text,
                key=field or "",
                value=key.strip(),
                reason="near" if near else "none",
                part=near[0] if near else "",
                allowed=near or self._keys.common(self._rules.language),
                example=values.example(field or "ref", self._rules),
            )
        )

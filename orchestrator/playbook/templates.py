"""The templates inside a playbook: Jinja2 in a sandbox, where every `{{ value }}` is quoted by itself.

Two environments: *shell* for `run:` (a value becomes exactly one shell word) and *plain* for texts that never
reach a shell (the sentence to speak, names of log files). Values are texts and integers, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from orchestrator.playbook.shellscan import ShellContextError, ShellScan
from orchestrator.playbook.variables import CONTROL

_FILTERS = ("default", "lower", "upper", "replace", "trim", "length", "first", "last", "join")
_TESTS = ("defined", "undefined", "in", "eq", "ne", "lt", "gt", "le", "ge", "none")
_EXPRESSIONS = (
    nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand,
    nodes.And, nodes.Or, nodes.Not, nodes.Concat, nodes.Add, nodes.Sub, nodes.CondExpr,
)  # fmt: skip


class TemplateProblem(ValueError):
    """A template that can't be used. `line` is the template's own, from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class _ShellText(str):
    """Text that the playbook's author declared to be shell: it isn't quoted again."""

    __slots__ = ()


def quote(value: str) -> str:
    """`value` as exactly one literal shell word, always in quotes.

    Always, because a bare `A=b` or `then` would be harmless as text but not as the first word of a command.
    Raises ValueError for control characters (NUL, line breaks), which no checked value holds.
    """
    return "'" + _text(value).replace("'", "'\\''") + "'"


def render_shell(source: str, values: Mapping[str, str | int]) -> str:
    """A `run:` text with each value quoted. Raises TemplateProblem."""
    return _render(_SHELL, source, values)


def render_plain(source: str, values: Mapping[str, str | int]) -> str:
    """A text that never reaches a shell, with each value as it is. Raises TemplateProblem."""
    return _render(_PLAIN, source, values)


def check_plain(source: str, names: Collection[str]) -> None:
    """Raises TemplateProblem unless `source` can be rendered from these names, whatever their values."""
    _Checker(_PLAIN, names, ()).check(source)


def check_shell(source: str, names: Collection[str], author_names: Collection[str]) -> None:
    """Raises TemplateProblem unless each placeholder is known and stands where its quotes protect it.

    `author_names` are those among `names` that no ticket can set; only they and literals may pass the filter `shell`.
    """
    _Checker(_SHELL, names, author_names).check(source)


def _text(value: object) -> str:
    if isinstance(value, Undefined):
        return str(value)  # a StrictUndefined raises here
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"a {type(value).__name__} can't be put into a text; only texts and integers can")
    text = str(value)
    if CONTROL.search(text):
        raise ValueError("a value with control characters is refused")
    return text


def _quoted(value: object) -> str:
    return value if isinstance(value, _ShellText) else quote(_text(value))


def _environment(finalize: Callable[[object], str]) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        finalize=finalize,
        autoescape=False,  # shell and plain text, never HTML; quoting is finalize's work
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        comment_start_string="{##",  # `{#` begins ${#array} in a shell
        comment_end_string="##}",
    )
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in _FILTERS}
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    return environment


def _as_shell(value: object) -> _ShellText:
    text = _text(value)
    scan = ShellScan()  # it must not open a quote that what follows would close
    scan.text(text, 1)
    scan.end(1)
    if text.endswith(("$", "<", "(")):
        raise ValueError(f"shell text must not end with `{text[-1]}`")
    return _ShellText(text)


_PLAIN = _environment(_text)
_SHELL = _environment(_quoted)
_SHELL.filters["shell"] = _as_shell


def _render(environment: ImmutableSandboxedEnvironment, source: str, values: Mapping[str, str | int]) -> str:
    try:
        return environment.from_string(source).render(dict(values))
    except TemplateSyntaxError as error:
        raise TemplateProblem(error.message or "is no template", error.lineno) from error
    except (TemplateError, ValueError, TypeError) as error:
        raise TemplateProblem(str(error), 1) from error


class _Checker:
    """Walks a parsed template; only the few constructs that can be followed are let through."""

    def __init__(
        self, environment: ImmutableSandboxedEnvironment, names: Collection[str], author_names: Collection[str]
    ) -> None:
        self._environment = environment
        self._names = set(names)
        self._author_names = set(author_names)
        self._scan = ShellScan() if environment is _SHELL else None
        self._loops: list[str] = []

    def check(self, source: str) -> None:
        try:
            self._environment.compile(source)  # finds unknown filters and tests
            self._statements(self._environment.parse(source).body)
            if self._scan is not None:
                self._scan.end(source.count("\n") + 1)
        except TemplateSyntaxError as error:
            raise TemplateProblem(error.message or "is no template", error.lineno) from error
        except ShellContextError as error:
            raise TemplateProblem(str(error), error.line) from error

    def _statements(self, body: list[nodes.Node]) -> None:
        for node in body:
            if isinstance(node, nodes.Output):
                self._output(node)
            elif isinstance(node, nodes.If):
                self._condition(node)
            elif isinstance(node, nodes.For):
                self._loop(node)
            else:
                raise TemplateProblem("only {% if %} and {% for %} are supported", node.lineno)

    def _output(self, node: nodes.Output) -> None:
        for child in node.nodes:
            if isinstance(child, nodes.TemplateData):
                if self._scan is not None:
                    self._scan.text(child.data, child.lineno)
                continue
            if self._scan is not None:
                self._scan.hole(child.lineno)
            if isinstance(child, nodes.Filter) and child.name == "shell":
                self._shell_filter(child)
            else:
                self._expression(child)

    def _shell_filter(self, node: nodes.Filter) -> None:
        value = node.node
        known = isinstance(value, nodes.Name) and value.name in self._author_names and value.name not in self._loops
        if node.args or node.kwargs or not (known or isinstance(value, nodes.Const)):
            raise TemplateProblem(
                "`| shell` takes a literal or a variable that no ticket can set, and nothing after it", node.lineno
            )

    def _condition(self, node: nodes.If) -> None:
        self._expression(node.test)
        self._block(node.body, node.lineno)
        for branch in node.elif_:
            self._expression(branch.test)
            self._block(branch.body, branch.lineno)
        self._block(node.else_, node.lineno)

    def _loop(self, node: nodes.For) -> None:
        if not isinstance(node.target, nodes.Name) or node.recursive or node.test is not None or node.else_:
            raise TemplateProblem("only the plain `{% for name in list %}` is supported", node.lineno)
        if node.target.name in self._names:
            raise TemplateProblem(f"`{node.target.name}` is already a variable's name", node.lineno)
        self._expression(node.iter)
        self._names.add(node.target.name)
        self._loops.append(node.target.name)
        self._block(node.body, node.lineno)
        self._names.discard(self._loops.pop())

    def _block(self, body: list[nodes.Node], line: int) -> None:
        if self._scan is None:
            self._statements(body)
            return
        with self._scan.branch(line):
            self._statements(body)

    def _expression(self, node: nodes.Node) -> None:
        if not isinstance(node, _EXPRESSIONS):
            raise TemplateProblem(f"{type(node).__name__.lower()} expressions are not supported", node.lineno)
        if isinstance(node, nodes.Name) and node.name not in self._names:
            known = ", ".join(sorted(self._names))
            raise TemplateProblem(f"`{node.name}` is not declared (there are: {known})", node.lineno)
        if isinstance(node, nodes.Filter) and node.name == "shell":
            raise TemplateProblem("`| shell` must come last in a placeholder", node.lineno)
        children: list[Any] = list(node.iter_child_nodes())
        for child in children:
            self._expression(child)

"""What a ticket says never becomes shell: placeholders are quoted, and refused where quotes would not hold."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.playbook.templates import TemplateProblem, check_shell, quote, render_plain, render_shell
from tests.playbook.shells import run_script

HOSTILE = [
    "v23; rm -rf /",
    "$(touch canary)",
    "`touch canary`",
    "'; touch canary; '",
    "\"; touch canary; \"",
    "\\'; touch canary; #",
    "x\\",
    "a'$(touch canary)\"`touch canary`\\;touch canary;#",
    "&& touch canary",
    "| touch canary",
    "> canary",
    "--upload-pack=touch canary",
    "* ? [a-z] {a,b} ~ !!",
    "${IFS}touch${IFS}canary",
    "PATH=/tmp",
    "then",
    "",
    " leading and trailing ",
    "测试 语音，部署！",
]  # fmt: skip
NAMES, AUTHOR = {"value", "flags"}, {"flags"}


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_stays_one_literal_word(tmp_path: Path, value: str) -> None:
    source = 'set -- {{ value }}\n[ "$#" = 1 ] || exit 9\nprintf %s "$1" >got\n'
    check_shell(source, NAMES, AUTHOR)
    code, log, _ = run_script(render_shell(source, {"value": value}), tmp_path)
    assert (code, log) == (0, "")
    assert (tmp_path / "got").read_text("utf-8") == value
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_beside_other_text_stays_literal(tmp_path: Path, value: str) -> None:
    source = (
        'x=a{{ value }}b # {{ value }}\nf() { printf %s "$(printf %s {{ value }}z)"; }\nf >got; printf %s "$x" >>got\n'
    )
    check_shell(source, NAMES, AUTHOR)
    code, log, _ = run_script(render_shell(source, {"value": value}), tmp_path)
    assert (code, log) == (0, "")
    assert (tmp_path / "got").read_text("utf-8") == f"{value}za{value}b"
    assert not (tmp_path / "canary").exists()


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), max_size=60), min_size=1, max_size=40
    )
)
def test_any_text_comes_back_from_bash_as_it_went_in(values: list[str]) -> None:
    script = "printf '%s\\n' " + " ".join(quote(value) for value in values)
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True, timeout=20)
    assert done.stdout.decode().split("\n")[:-1] == values


FRAGMENTS = [
    "'", '"', "\\", "$", "$(", ")", "(", "((", "))", "${x:-", "${x}", "}", "#", " ", "\n", ";", "echo", "a", "$'", "$$",
    "{{ value }}", "{{ value }}", "{{ value }}", "{% if value %}", "{% else %}", "{% endif %}",
    "case x in x)", ";;", "esac", "<", "<<", "&", "|", "=", "[[", "]]", "{", "!", "`", "\\\n",
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(st.sampled_from(FRAGMENTS), min_size=2, max_size=12).filter(lambda parts: "{{ value }}" in parts))
def test_whatever_script_is_accepted_runs_nothing_that_a_value_says(
    parts: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    source = "echo " + "".join(parts)
    try:
        check_shell(source, NAMES, AUTHOR)
    except TemplateProblem:
        return
    folder = tmp_path_factory.mktemp("shell")
    for value in (
        "a'$(touch canary)\"`touch canary`\\;touch canary;#'\\''$(touch canary)",
        "'; touch canary; '",
        '";touch canary;"',
    ):
        script = render_shell(source, {"value": value})
        environment = {"PATH": os.environ["PATH"]}
        subprocess.run(
            ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, check=False, timeout=20
        )
        assert not (folder / "canary").exists(), script


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ('echo "{{ value }}"', "inside double quotes"),
        ("echo '{{ value }}'", "inside single quotes"),
        ("echo $'{{ value }}'", r"inside \$'…' quotes"),
        ('echo "a $b {{ value }}"', "inside double quotes"),
        ('echo "${x:-{{ value }}}"', r"inside \$\{…\}"),
        ("echo $(( {{ value }} + 1 ))", "inside arithmetic"),
        ("echo $(( (1) + ({{ value }}) ))", "inside arithmetic"),
        ("echo \\{{ value }}", "right after"),
        ("echo ${{ value }}", "right after"),
        ("echo `{{ value }}`", "instead of backticks"),
        ("cat <<EOF\n{{ value }}\nEOF\n", "here-documents"),
        ('echo "${x:-"{{ value }}"}"', "quotes, brackets and backslashes inside"),
        ("echo $(case x in a) echo;; esac)", "`case` inside"),
        ("echo 'open {{ value | lower }}", "inside single quotes"),
        ("echo 'open", "opened but not closed"),
        ("echo \\", "ends with a backslash"),
        ('{% if value %}"{% else %}"{% endif %}{{ value }}', "must be closed in the same part"),
        ("echo ${% if value %}{{ value }}{% endif %}", "right before a"),
        ("{% if value %}# it's{% endif %}", "right after a"),
        ("echo \\\n# it's\necho '{{ value }}'", "inside single quotes"),
        ("echo $\\\n{{ value }}", r"right after `\$`"),
        ("echo $(ca\\\nse x in a) echo;; esac)", "`case` inside"),
    ],
)
def test_a_placeholder_where_quotes_would_not_hold_is_refused(source: str, told: str) -> None:
    with pytest.raises(TemplateProblem, match=told):
        check_shell(source, NAMES, AUTHOR)


@pytest.mark.parametrize(
    "source",
    [
        "# it's a comment\ncd {{ value }} && echo \"it's fine\"\n",
        "echo ${#list[@]} ${x:-} \"${x:-none}\" $'it\\'s' {{ value }}\n",
        "case $x in\n  a) echo {{ value }} ;;\n  *) echo b ;;\nesac\n",
        "x=$(cd {{ value }} && pwd)\n",
        'echo "$(basename -- {{ value }})"\n',
        "awk '{ print $1 }' {{ value }}\n",
        '(cd {{ value }}; ls) | while read -r a; do echo "$a"; done\n',
        "echo a#b'c' {{ value }}\n",
        "{% for part in ['a', 'b'] %}\nmkdir -p {{ value }}/{{ part }}\n{% endfor %}\n",
        "{% if value == 'x' %}\necho 'one' {{ value }}\n{% elif value in ['y', 'z'] %}\n echo two\n"
        "{% else %}\n # not\n{% endif %}\n",
        "[ $((1 + 2)) = 3 ] && echo {{ value }} # done",
    ],
)
def test_ordinary_scripts_are_accepted(source: str) -> None:
    check_shell(source, NAMES, AUTHOR)
    script = render_shell(source, {"value": "it's $(touch canary)"})
    assert subprocess.run(["bash", "-n", "-c", script], capture_output=True, check=False, timeout=20).returncode == 0


def test_a_loop_repeats_its_lines() -> None:
    source = "{% for part in ['a b', 'c'] %}\nmkdir {{ value }}/{{ part }}\n{% endfor %}\n"
    assert render_shell(source, {"value": "/x"}) == "mkdir '/x'/'a b'\nmkdir '/x'/'c'\n"


def test_only_what_no_ticket_can_set_may_be_marked_as_shell() -> None:
    check_shell("run {{ flags | shell }} {{ '-v 2' | shell }}", NAMES, AUTHOR)
    assert render_shell("run {{ flags | shell }} {{ '-v 2' | shell }}", {"flags": "-a 'b c'"}) == "run -a 'b c' -v 2"


@pytest.mark.parametrize(
    "source",
    [
        "{{ value | shell }}",
        "{{ (flags ~ value) | shell }}",
        "{{ (flags | shell) ~ value }}",
        "{{ flags | lower | shell }}",
        "{{ flags | shell | lower }}",
        "{{ flags | default(value) | shell }}",
        "{% for flags in [value] %}{{ flags | shell }}{% endfor %}",
        "{% for each in [value] %}{{ each | shell }}{% endfor %}",
        "{% set flags = value %}{{ flags | shell }}",
        "{% if value | shell %}a{% endif %}",
    ],
)
def test_a_ticket_value_can_not_be_smuggled_through_the_shell_filter(source: str) -> None:
    with pytest.raises(TemplateProblem):
        check_shell(source, NAMES, AUTHOR)


@pytest.mark.parametrize("flags", ["'open", '"', "a\\", "x $", "$("])
def test_shell_text_that_would_swallow_what_follows_is_refused(flags: str) -> None:
    with pytest.raises(TemplateProblem):
        render_shell("run {{ flags | shell }}{{ value }}", {"flags": flags, "value": "x"})


@pytest.mark.parametrize(
    "source",
    [
        "{{ value.__class__ }}", "{{ value.upper() }}", "{{ value['x'] }}", "{{ range(9) }}", "{{ cycler }}",
        "{{ nope }}", "{{ value | attr('x') }}", "{{ value | safe }}", "{{ value * 9 }}", "{% include 'x' %}",
        "{% import 'x' as y %}", "{% macro m() %}{% endmacro %}", "{% raw %}{{ {% endraw %}{% set x = 1 %}",
        "{{ value", "{% for a, b in [[1,2]] %}{% endfor %}",
    ],
)  # fmt: skip
def test_template_tricks_are_refused(source: str) -> None:
    with pytest.raises(TemplateProblem):
        check_shell(source, NAMES, AUTHOR)


@pytest.mark.parametrize(
    "value", ["a\nb", "a\0b", "a\rb", "a\x1b[31m", "a\u2028b", "a\x9bb", "\ud800", True, None, 1.5, ["a"]]
)
def test_control_characters_and_other_types_are_refused(value: object) -> None:
    for render in (render_shell, render_plain):
        with pytest.raises(TemplateProblem):
            render("x {{ value }}", {"value": value})  # type: ignore[dict-item]


def test_a_plain_text_is_not_quoted() -> None:
    assert render_plain("说：{{ value }}。", {"value": "it's"}) == "说：it's。"


def test_a_mistake_tells_its_line() -> None:
    with pytest.raises(TemplateProblem) as caught:
        check_shell('cd /\n\necho ok\necho "x {{ value }}"\n', NAMES, AUTHOR)
    assert caught.value.line == 4

"""The pages are true: links lead somewhere, tests, steps and settings exist, nothing of one machine is left in."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from orchestrator.inventory import HostEntry
from orchestrator.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tts_service" / "voices").rglob("*.md")])
_LINK = re.compile(r"(?:\]\(|src=\")([^)\"\s]+)[)\"]")
_SOURCES = {".py", ".md", ".sh", ".yaml", ".yml", ".toml", ".html", ".j2", ".txt", ".json", ".css", ".sql", ".service"}
_LEFT_OUT = {".git", ".venv", "demo-out", "shared", "node_modules", "cache_hub", "__pycache__", "work", "build", "dist"}


@cache
def sources() -> tuple[Path, ...]:
    """The files that were written by hand, in a clone and in an unpacked archive."""

    def below(folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            if path.is_dir() and path.name not in _LEFT_OUT and not path.name.endswith("_cache"):
                yield from below(path)
            elif path.is_file() and (path.suffix in _SOURCES or path.name == "Makefile"):
                yield path

    return tuple(below(ROOT))


def read(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def unwrapped(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in _LINK.findall(text):
        if not re.match(r"[a-z]+:|#", target):
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_every_page_can_be_reached_from_both_readmes() -> None:
    for readme in ("README.md", "README.zh-CN.md"):
        reached = {(ROOT / target).resolve() for target in _LINK.findall(read(readme)) if "//" not in target}
        assert [page for page in (ROOT / "docs").glob("*.md") if page.resolve() not in reached] == []


def test_both_readmes_hold_the_same_commands_and_links() -> None:
    def held(readme: str) -> tuple[set[str], set[str]]:
        text = read(readme)
        return set(_LINK.findall(text)) - {"README.md", "README.zh-CN.md"}, set(re.findall(r"make [a-z-]+", text))

    assert held("README.md") == held("README.zh-CN.md")


def test_every_test_that_the_guarantees_name_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", read("docs/guarantees.md")))
    text = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 30
    assert named - set(re.findall(r"^def (test_\w+)\(", text, re.MULTILINE)) == set()


def test_the_ten_guarantees_are_numbered_and_each_names_a_test() -> None:
    parts = re.split(r"^(\d+)\. ", read("docs/guarantees.md"), flags=re.MULTILINE)[1:]
    assert parts[::2] == [str(number) for number in range(1, 11)]
    assert all("`test_" in part for part in parts[1::2])


def test_the_story_in_the_architecture_names_every_durable_step() -> None:
    story = unwrapped(read("docs/architecture.md"))
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "orchestrator" / "workflow").glob("*.py"))
    steps = re.findall(r'@step\(\s*"([^"]+)"', code)
    assert len(steps) > 15
    assert [name for name in steps if name not in story] == []


def test_the_architecture_names_every_room() -> None:
    page = read("docs/architecture.md")
    rooms = [path for path in (ROOT / "orchestrator").iterdir() if (path / "__init__.py").exists()]
    for room in (*rooms, ROOT / "zentao_client", ROOT / "tts_service", ROOT / "ops", ROOT / "benchmarks"):
        assert f"`{room.relative_to(ROOT).as_posix()}/`" in page, room


def settings_keys(model: type, prefix: str = "") -> Iterator[str]:
    """Every key as it stands in the file; nested sections (also optional ones) with a dot."""
    for name, field in model.model_fields.items():  # type: ignore[attr-defined]
        if field.exclude:
            continue
        key = prefix + (field.alias or name)
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
        inner = [kind for kind in kinds if isinstance(kind, type) and hasattr(kind, "model_fields")]
        if inner and key != "rule.triggers":
            yield from settings_keys(inner[0], f"{key}.")
        else:
            yield key


def test_every_setting_is_documented() -> None:
    page = read("docs/configuration.md")
    assert [key for key in settings_keys(Settings) if f"`{key}`" not in page] == []


def test_every_key_of_a_host_is_documented() -> None:
    page = read("docs/configuration.md").partition("## Inventory")[2]
    assert [key for key in HostEntry.model_fields if f"`{key}`" not in page and key != "name"] == []


def test_every_decision_and_every_dependency_has_its_line_in_the_index() -> None:
    index = read("docs/decisions/README.md")
    pages = {path.name for path in (ROOT / "docs" / "decisions").glob("*.md")} - {"README.md"}
    assert {name for name in pages if f"]({name}): " not in index} == set()
    project = tomllib.loads(read("pyproject.toml"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    wanted += [item for extra in project["project"]["optional-dependencies"].values() for item in extra]
    names = {re.match(r"[A-Za-z0-9-]+", item)[0] for item in wanted}  # type: ignore[index]
    assert {name for name in names if not re.search(rf"\b{re.escape(name.lower())}\b", index.lower())} == set()


def test_no_lock_file_or_requirement_pins_a_local_build_or_a_file() -> None:
    for name in ("pyproject.toml", "tts_service/requirements.txt", "ops/setup.sh"):
        assert not re.search(r"\+cpu|\+cu\d|file://", read(name)), name


# Built from pieces, so that this file doesn't hold what it looks for.
# Sample logs and sample sentences may hold a path that anybody could have.
_HOMES = re.compile(r"(?<![\w.])/" + r"(root|work)/(?!index)")
_INDEXES = re.compile(r"(pypi\.tuna|mirrors?\.(aliyun|ustc|cloud)|/opt/" + r"(wheels|pypi))")


@pytest.mark.parametrize("pattern", [_HOMES, _INDEXES], ids=["folders of one machine", "package mirrors"])
def test_nothing_of_one_machine_is_left_in_a_file(pattern: re.Pattern[str]) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in sources()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []

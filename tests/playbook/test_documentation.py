"""What docs/playbooks.md shows is true."""

from __future__ import annotations

import re
from pathlib import Path

from orchestrator.inventory import HostEntry
from orchestrator.playbook import Playbook
from tests.playbook.shells import planned

PAGE = (Path(__file__).parents[2] / "docs" / "playbooks.md").read_text("utf-8")


def test_the_playbook_in_the_documentation_loads_and_gives_a_plan(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "my-tts.yaml"
    path.write_text(block, "utf-8")
    host = HostEntry(name="h", address="a", user="u", root="/data/tts", variables={"repository": "https://h/x.git"})
    plan = planned(Playbook.load(path), host)
    assert "git clone --quiet --branch 'main' -- 'https://h/x.git' new" in plan.render()

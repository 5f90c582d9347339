"""An engine in a process of its own, which may die in the midst of a step or be killed."""

import subprocess
import sys
from pathlib import Path

CHILD = """
import sys
from pathlib import Path
from orchestrator.engine import Engine
from tests.engine import stories
engine = Engine(Path(sys.argv[1]))
engine.launch()
engine.start(getattr(stories, sys.argv[2]), sys.argv[3], *sys.argv[4:])
print("started", flush=True)
try:
    engine.wait(sys.argv[3], timeout=60)
finally:
    engine.shutdown()
"""


def command(data: Path, story: str, workflow_id: str, log: str) -> list[str]:
    """Starts an engine on `data` and one of the stories; says ``started`` and waits for its end."""
    return [sys.executable, "-c", CHILD, str(data), story, workflow_id, log]


def died(data: Path, workflow_id: str, log: str) -> subprocess.CompletedProcess[bytes]:
    """Lets a process begin the story that kills it."""
    return subprocess.run(command(data, "dying", workflow_id, log), capture_output=True, timeout=60, check=False)

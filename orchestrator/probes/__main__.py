"""`python -m orchestrator.probes speech|screenshot`: a task as JSON comes in, the finding as JSON goes out."""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    """Runs one probe and leaves without waiting for threads that a client library may have left behind."""
    kind = sys.argv[1] if len(sys.argv) == 2 else ""
    if kind == "speech":
        from orchestrator.probes.speech_child import probe  # noqa: PLC0415
    elif kind == "screenshot":
        from orchestrator.probes.screenshot_child import probe  # noqa: PLC0415
    else:
        sys.exit("usage: python -m orchestrator.probes speech|screenshot <task.json")
    # What libraries print must not get into the answer, and no grandchild may hold it open.
    answer = os.dup(1)
    os.dup2(2, 1)
    finding = json.dumps(probe(json.load(sys.stdin))).encode()
    with os.fdopen(answer, "wb") as file:
        file.write(finding)
    sys.stderr.flush()
    os._exit(0)


main()

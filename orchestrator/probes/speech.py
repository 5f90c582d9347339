"""Does the service speak? The daemon's side: the sentence goes to a child process, its finding comes back."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from orchestrator.probes.child import ChildFailed, run_child
from orchestrator.probes.limits import SpeechLimits
from orchestrator.probes.results import SpeechResult


class SpeechRequest(Protocol):
    """What to say and what counts as said; a plan's `verify.speech` is one.

    `inputs` go to the Gradio endpoint `api_name` by name; `timeout` in seconds, for everything.
    """

    @property
    def api_name(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, Any]: ...
    @property
    def timeout(self) -> float: ...
    @property
    def limits(self) -> SpeechLimits: ...


def probe_speech(url: str, request: SpeechRequest, out_wav: Path) -> SpeechResult:
    """Lets the service at `url` speak, checks the sound, and leaves it in `out_wav` (also when it is refused).

    Never raises for what the service does: a dead port, an error of the page, silence or a hanging service are
    results with `ok` False and a reason.
    """
    begun = time.monotonic()
    task = {
        "url": url,
        "api_name": request.api_name,
        "inputs": dict(request.inputs),
        "out": str(out_wav.absolute()),
        "limits": dataclasses.asdict(request.limits),
    }
    try:
        finding = run_child("speech", task, request.timeout)
    except ChildFailed as failure:
        finding = {"ok": False, "detail": str(failure)}
    return SpeechResult(**{**finding, "took": time.monotonic() - begun})

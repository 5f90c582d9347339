"""Is it well? Port, HTTP, speech and picture. The heavy two work in a child process; importing this stays light."""

from orchestrator.probes.limits import SpeechLimits
from orchestrator.probes.network import probe_http, probe_port
from orchestrator.probes.results import ProbeResult, ScreenshotResult, SpeechResult
from orchestrator.probes.screenshot import ScreenshotRequest, take_screenshot
from orchestrator.probes.speech import SpeechRequest, probe_speech

__all__ = [
    "ProbeResult",
    "ScreenshotRequest",
    "ScreenshotResult",
    "SpeechLimits",
    "SpeechRequest",
    "SpeechResult",
    "probe_http",
    "probe_port",
    "probe_speech",
    "take_screenshot",
]

"""What ``/metrics`` tells: requests by outcome, seconds spoken and computed, who waits, memory; as Prometheus reads."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from tts_service.app.health import About

OUTCOMES: Final = ("ok", "refused", "busy", "failed", "gone")
"""How a request ends: spoken; the caller's mistake; no room (429, 503); our failure; the client left."""
_RATIOS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_SECONDS: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Meter:
    """Counts for one service. Page and API report here; safe from any thread."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter("tts_requests", "Requests by outcome", ["channel", "outcome"], registry=registry)
        self._speech = Counter("tts_speech_seconds", "Seconds of speech made", registry=registry)
        self._compute = Counter(
            "tts_compute_seconds", "Seconds that requests took to speak, turns of others included", registry=registry
        )
        self._rtf = Histogram(
            "tts_real_time_factor", "Seconds taken for a second of speech", buckets=_RATIOS, registry=registry
        )
        self._first = Histogram(
            "tts_first_chunk_seconds", "From the slot to the first samples", buckets=_SECONDS, registry=registry
        )
        self._measures = Counter(
            "tts_memory_measures", "Steps taken because memory ran out", ["measure"], registry=registry
        )
        self.spoke = False
        """Whether it has really spoken since it was started."""
        ProcessCollector(registry=registry)

    def ended(self, channel: str, outcome: str) -> None:
        """A request has ended: `channel` is ``api`` or ``page``, `outcome` one of `OUTCOMES`."""
        self._requests.labels(channel, outcome).inc()

    def first_chunk(self, seconds: float) -> None:
        """The first samples were there after this time."""
        self._first.observe(seconds)

    def spoken(self, seconds: float, compute_seconds: float, measures: Sequence[str] = ()) -> None:
        """So much was spoken, in that time; `measures` as in `Speech`."""
        self.spoke = self.spoke or seconds > 0
        self._speech.inc(seconds)
        self._compute.inc(compute_seconds)
        if seconds > 0:
            self._rtf.observe(compute_seconds / seconds)
        for measure in measures:
            self._measures.labels(measure).inc()

    def text(self, about: "About") -> bytes:
        """All figures, as Prometheus reads them."""
        return generate_latest(self._registry) + generate_latest(_Now(about))


class _Now(CollectorRegistry):
    """What is read at the moment of asking."""

    def __init__(self, about: "About") -> None:
        super().__init__()
        self.register(_State(about))


class _State(Collector):
    def __init__(self, about: "About") -> None:
        self._about = about

    def collect(self) -> Iterator[Metric]:
        about, crowd = self._about, self._about.admission.crowd
        health = about.engine.health()
        yield GaugeMetricFamily("tts_running", "Requests that compute now", crowd.running)
        yield GaugeMetricFamily("tts_waiting", "Requests that wait for their turn", crowd.waiting)
        yield GaugeMetricFamily("tts_ready", "1 when it can speak and lets requests in", float(about.ready))
        yield InfoMetricFamily(
            "tts_service",
            "Version, commit, engine, and what it computes with",
            {
                "version": about.version,
                "commit": about.commit,
                "engine": about.engine.name,
                "device": health.device,
                "precision": health.precision,
            },
        )

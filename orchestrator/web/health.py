"""Is it alive, is it ready, and what has it done: /healthz, /readyz, /metrics.

Base units, one prefix, no ticket ids in labels.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from orchestrator.operations import Operations
from orchestrator.store.records import EventState, RunState
from orchestrator.triggers.poller import Poller

PREFIX = "zentao_deploy"


class _Figures(Collector):
    """Reads the figures when they are asked for. Counters begin at 0 with each start of the daemon."""

    def __init__(self, operations: Operations, poller: Poller, version: str) -> None:
        self._operations = operations
        self._poller = poller
        self._version = version

    def collect(self) -> Iterator[Metric]:
        stats = self._poller.stats
        info = GaugeMetricFamily(f"{PREFIX}_build_info", "The version that runs.", labels=["version"])
        info.add_metric([self._version], 1)
        yield info
        polls = CounterMetricFamily(f"{PREFIX}_polls", "Ticks that asked ZenTao.", labels=["outcome"])
        polls.add_metric(["ok"], stats.polls - stats.failed_polls)
        polls.add_metric(["failed"], stats.failed_polls)
        yield polls
        yield CounterMetricFamily(f"{PREFIX}_webhook_hints", "Webhook hints about tasks.", stats.wakeups)
        yield CounterMetricFamily(f"{PREFIX}_task_reads", "Looks into single tasks.", stats.looks)
        last = GaugeMetricFamily(
            f"{PREFIX}_last_successful_poll_timestamp_seconds", "Unix time of the last tick that ZenTao answered."
        )
        if stats.last_success is not None:
            last.add_metric([], stats.last_success)
        yield last
        events = CounterMetricFamily(f"{PREFIX}_events", "Transitions met, by what was made of them.", labels=["state"])
        for state in EventState:
            events.add_metric([state.value], self._operations.reader.met[state])
        yield events
        ended = CounterMetricFamily(f"{PREFIX}_runs_ended", "Deployments that ended, by outcome.", labels=["outcome"])
        for outcome in RunState:
            if outcome.final:
                ended.add_metric([outcome.value], self._operations.ended[outcome])
        yield ended
        yield GaugeMetricFamily(f"{PREFIX}_runs_active", "Deployments under way.", len(self._operations.active))


def health_routes(operations: Operations, poller: Poller, *, version: str, alive: Callable[[], bool]) -> APIRouter:
    """The three routes. Ready means: the engine runs, and ZenTao answered within the last three ticks."""
    router = APIRouter()
    registry = CollectorRegistry()
    registry.register(_Figures(operations, poller, version))

    @router.get("/healthz")
    def healthz() -> dict[str, Any]:
        return {"status": "ok", "version": version}

    @router.get("/readyz")
    def readyz() -> JSONResponse:
        stats = poller.stats
        age = None if stats.last_success is None else time.time() - stats.last_success
        reasons = []
        if not alive():
            reasons.append("the engine is not running")
        if age is None or age > max(30.0, 3 * poller.interval):
            reasons.append(f"ZenTao has not answered: {stats.error or 'not asked yet'}")
        return JSONResponse(
            {"ready": not reasons, "reasons": reasons, "seconds_since_poll": None if age is None else round(age, 1)},
            200 if not reasons else 503,
        )

    @router.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router

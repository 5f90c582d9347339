"""Durable workflows behind our own names; no other room knows of DBOS.

A *workflow* is a plain function that tells a story; each *step* in it has an effect or reads the world. A step that
has ended is never run again: after a crash the function runs from the top, finished steps answer from the record, and
the first unfinished one is run (so a step must find what its earlier, interrupted self began).

    @step("ask the host")
    def ask(host: str) -> str: ...

    @workflow("greet")
    def greet(host: str) -> str:
        return ask(host)

    with Engine(Path("data")) as engine:            # takes the lock, then launches
        engine.start(greet, "greet-1", "gpu-01")    # a second start with the same id changes nothing
        engine.wait("greet-1", timeout=10)

Outside a running engine the decorated functions are ordinary functions, which is how tests read a story without one.
"""

from orchestrator.engine.dbos_life import APPLICATION_VERSION
from orchestrator.engine.declarations import HOSTS, Workflow, cancelled, declared, running, sleep, step, workflow
from orchestrator.engine.engine import Engine
from orchestrator.engine.errors import Cancelled, EngineBusy, EngineError, StepFailed, Stopping, UnknownWorkflow
from orchestrator.engine.state import WorkflowState

__all__ = [
    "APPLICATION_VERSION",
    "HOSTS",
    "Cancelled",
    "Engine",
    "EngineBusy",
    "EngineError",
    "StepFailed",
    "Stopping",
    "UnknownWorkflow",
    "Workflow",
    "WorkflowState",
    "cancelled",
    "declared",
    "running",
    "sleep",
    "step",
    "workflow",
]

"""What can go wrong with a workflow, and the form in which a failure is stored."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager


class EngineError(Exception):
    """Base of what can go wrong with the engine itself."""


class EngineBusy(EngineError):
    """Another process owns this data folder's engine: hand the work to it instead of opening a second one."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(pid)
        self.pid = pid

    def __str__(self) -> str:
        return f"the engine is in use by process {self.pid}" if self.pid else "the engine is in use"


class UnknownWorkflow(EngineError):
    """No workflow has this id."""


class StepFailed(EngineError):
    """A step's error that can't be stored as it is; its kind and its words survive a restart in this form."""


class Cancelled(Exception):
    """The workflow was asked to stop. Raised before each step that isn't a clean-up step; catch it to tidy up."""


class Stopping(BaseException):
    """This process is shutting down. Never catch it: the workflow continues here when the daemon is back.

    Not an `Exception`, so that no step records it as its failure.
    """


@contextmanager
def storable_errors() -> Iterator[None]:
    """Let errors through that can be stored and read again; turn the others into `StepFailed` with their words."""
    try:
        yield
    except Exception as error:
        try:
            copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes, never left this function
            survives = type(copy) is type(error) and str(copy) == str(error)
        except Exception:
            survives = False
        if survives:
            raise
        raise StepFailed(f"{type(error).__name__}: {error}") from error

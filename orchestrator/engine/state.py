"""What the engine knows of one workflow, in our words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from dbos import WorkflowStatus

CANCEL_REQUESTED: Final = "cancel_requested"
"""The attribute of a workflow that was asked to stop."""
OPEN: Final = ("PENDING", "ENQUEUED", "DELAYED")
"""DBOS's words for a workflow that has not ended."""

Phase = Literal["queued", "running", "succeeded", "failed", "cancelled"]
PHASES: Final[dict[str, Phase]] = {
    "DELAYED": "queued",
    "ENQUEUED": "queued",
    "PENDING": "running",
    "SUCCESS": "succeeded",
    "ERROR": "failed",
    "CANCELLED": "cancelled",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
}


@dataclass(frozen=True, slots=True)
class WorkflowState:
    """What the engine knows of one workflow. Times are Unix seconds."""

    id: str
    name: str
    phase: Phase
    cancel_requested: bool
    parent: str | None
    created_at: float
    ended_at: float | None
    error: str | None
    version: str | None = None
    """The application version that began it; only that one can go on with it."""

    @property
    def ended(self) -> bool:
        """True once nothing more will happen."""
        return self.phase in ("succeeded", "failed", "cancelled")


def state_of(found: WorkflowStatus) -> WorkflowState:
    """DBOS's record of a workflow as ours."""
    error = found.error
    return WorkflowState(
        id=found.workflow_id,
        name=found.name,
        phase=PHASES[found.status],
        cancel_requested=bool((found.attributes or {}).get(CANCEL_REQUESTED)),
        parent=found.parent_workflow_id,
        created_at=(found.created_at or 0) / 1000,
        ended_at=None if found.completed_at is None else found.completed_at / 1000,
        version=found.app_version,
        error=None if error is None else f"{type(error).__name__}: {error}",
    )

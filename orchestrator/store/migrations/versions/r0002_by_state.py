"""Indexes for what every tick asks: which events wait, which runs are under way."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Index both tables by state."""
    op.create_index("event_by_state", "event", ["state"])
    op.create_index("run_by_state", "run", ["state"])

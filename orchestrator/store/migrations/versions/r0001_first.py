"""The first tables: cursors, events, runs and their steps, intents, answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything."""
    op.create_table(
        "cursor",
        sa.Column("source", sa.String, primary_key=True),
        sa.Column("value", sa.JSON, nullable=False),
    )
    op.create_table(
        "event",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("server", sa.String, nullable=False),
        sa.Column("task_id", sa.Integer, nullable=False),
        sa.Column("action_id", sa.Integer, nullable=False),
        sa.Column("action_date", sa.String, nullable=False),
        sa.Column("actor", sa.String),
        sa.Column("old", sa.String),
        sa.Column("new", sa.String, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("execution", sa.Integer, nullable=False),
        sa.Column("project", sa.Integer, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("run_id", sa.String),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("seen_at", sa.String, nullable=False),
    )
    op.create_index("event_by_task", "event", ["task_id", "state"])
    op.create_table(
        "run",
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("event_key", sa.String, nullable=False, unique=True),
        sa.Column("task_id", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("actor", sa.String),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("host", sa.String),
        sa.Column("playbook", sa.String),
        sa.Column("ref", sa.String),
        sa.Column("commit", sa.String),
        sa.Column("service_url", sa.String),
        sa.Column("bug_id", sa.Integer),
        sa.Column("failed_step", sa.String),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("started_at", sa.String),
        sa.Column("finished_at", sa.String),
    )
    op.create_index("run_by_task", "run", ["task_id", "state"])
    op.create_table(
        "run_step",
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("finished_at", sa.String, nullable=False),
    )
    op.create_table(
        "intent",
        sa.Column("marker", sa.String, primary_key=True),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("task_id", sa.Integer, nullable=False),
        sa.Column("verb", sa.String, nullable=False),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("action_id", sa.Integer),
        sa.Column("created_at", sa.String, nullable=False),
    )
    op.create_index("intent_by_task", "intent", ["task_id"])
    op.create_table(
        "answer",
        sa.Column("marker", sa.String, primary_key=True),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("object_type", sa.String, nullable=False),
        sa.Column("object_id", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("result_id", sa.Integer),
        sa.Column("sent_at", sa.String),
        sa.Column("confirmed_at", sa.String),
    )
    op.create_index("answer_by_run", "answer", ["run_id"])

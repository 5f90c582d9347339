"""Our own tables. Migrations in `migrations/` create them; a test holds the two against each other."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

cursors = Table("cursor", metadata, Column("source", String, primary_key=True), Column("value", JSON, nullable=False))

events = Table(
    "event",
    metadata,
    Column("key", String, primary_key=True),
    Column("server", String, nullable=False),
    Column("task_id", Integer, nullable=False),
    Column("action_id", Integer, nullable=False),
    Column("action_date", String, nullable=False),
    Column("actor", String),
    Column("old", String),
    Column("new", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("execution", Integer, nullable=False),
    Column("project", Integer, nullable=False),
    Column("source", String, nullable=False),
    Column("state", String, nullable=False),
    Column("run_id", String),
    Column("note", Text, nullable=False),
    Column("seen_at", String, nullable=False),
    Index("event_by_task", "task_id", "state"),
    Index("event_by_state", "state"),
)

runs = Table(
    "run",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("event_key", String, nullable=False, unique=True),
    Column("task_id", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("actor", String),
    Column("state", String, nullable=False),
    Column("host", String),
    Column("playbook", String),
    Column("ref", String),
    Column("commit", String),
    Column("service_url", String),
    Column("bug_id", Integer),
    Column("failed_step", String),
    Column("detail", JSON, nullable=False),
    Column("created_at", String, nullable=False),
    Column("started_at", String),
    Column("finished_at", String),
    Index("run_by_task", "task_id", "state"),
    Index("run_by_state", "state"),
)

steps = Table(
    "run_step",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("outcome", String, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("detail", Text, nullable=False),
    Column("finished_at", String, nullable=False),
)

intents = Table(
    "intent",
    metadata,
    Column("marker", String, primary_key=True),
    Column("run_id", String, nullable=False),
    Column("task_id", Integer, nullable=False),
    Column("verb", String, nullable=False),
    Column("target", String, nullable=False),
    Column("action_id", Integer),
    Column("created_at", String, nullable=False),
    Index("intent_by_task", "task_id"),
)

answers = Table(
    "answer",
    metadata,
    Column("marker", String, primary_key=True),
    Column("run_id", String, nullable=False),
    Column("object_type", String, nullable=False),
    Column("object_id", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("result_id", Integer),
    Column("sent_at", String),
    Column("confirmed_at", String),
    Index("answer_by_run", "run_id"),
)

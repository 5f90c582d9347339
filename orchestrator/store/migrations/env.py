"""Run by Alembic with an open connection in `config.attributes`: never from a URL, so no secret is in a file."""

from __future__ import annotations

from alembic import context

from orchestrator.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()

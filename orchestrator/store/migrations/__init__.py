"""Alembic's environment for our tables; `orchestrator.store` runs it when a database is older than the code."""

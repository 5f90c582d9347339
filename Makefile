# The commands of this project. `make demo` and `make test` do all their set-up themselves.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV_PATH = $(shell ops/venv-path.sh)
PYTHON_RUN = $(VENV_PATH)/bin/python
# Test workers: one a core. Files stay together, so that a server started for a file is started once.
WORKERS ?= auto

.PHONY: help demo demo-stop test check format bench-daemon bench-ssh

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

demo: ## a ticket deploys the bundled engine, here and now (KEEP=1 leaves it running, BROKEN=1 shows a failure)
	@ops/setup.sh demo
	@$(PYTHON_RUN) -m orchestrator.demo $(if $(KEEP),--keep) $(if $(BROKEN),--broken)

demo-stop: ## end what `make demo KEEP=1` left running
	@$(PYTHON_RUN) -m orchestrator.demo --stop

test: ## set-up and all tests
	@ops/setup.sh test
	@$(PYTHON_RUN) -m pytest -q -n $(WORKERS) --dist loadfile $(ARGS)

check: ## ruff and mypy (strict)
	@ops/setup.sh check
	@$(PYTHON_RUN) -m ruff check .
	@$(PYTHON_RUN) -m ruff format --check .
	@$(PYTHON_RUN) -m mypy

format: ## put the code into its form
	@ops/setup.sh check
	@$(PYTHON_RUN) -m ruff check --fix .
	@$(PYTHON_RUN) -m ruff format .

bench-daemon: ## webhook and poll to first comment, idle cost of the daemon
	@ops/setup.sh demo
	@$(PYTHON_RUN) -m benchmarks.daemon

bench-ssh: ## our host layer against a bare fabric pool
	@ops/setup.sh test
	@$(PYTHON_RUN) -m benchmarks.ssh

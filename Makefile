# The commands of this project. `make demo` and `make test` do all their set-up themselves.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Test workers: one a core. Files stay together, so that a server started for a file is started once.
WORKERS ?= auto

.PHONY: help demo demo-stop test check format bench-daemon bench-ssh bench-text bench-polyphones bench-matching bench-tts bench-load voice voice-report judge

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

demo: ## a ticket deploys the bundled engine, here and now (KEEP=1 leaves it running, BROKEN=1 shows a failure)
	@ops/setup.sh demo
	@ops/run.sh -m orchestrator.demo $(if $(KEEP),--keep) $(if $(BROKEN),--broken)

demo-stop: ## end what `make demo KEEP=1` left running
	@ops/run.sh -m orchestrator.demo --stop

test: ## set-up and all tests (ARGS="tests/hosts -k lock" for some of them, WORKERS=4)
	@ops/setup.sh test
	@ops/run.sh -m pytest -q -n $(WORKERS) --dist loadfile $(ARGS)

check: ## ruff and mypy (strict)
	@ops/setup.sh check
	@ops/run.sh -m ruff check .
	@ops/run.sh -m ruff format --check .
	@ops/run.sh -m mypy

format: ## put the code into its form
	@ops/setup.sh check
	@ops/run.sh -m ruff check --fix .
	@ops/run.sh -m ruff format .

bench-daemon: ## webhook and poll to first comment, idle cost of the daemon
	@ops/setup.sh demo
	@ops/run.sh -m benchmarks.daemon

bench-ssh: ## our host layer against a bare fabric pool
	@ops/setup.sh test
	@ops/run.sh -m benchmarks.ssh

bench-text: ## share of written cases that the front end reads right, by class
	@ops/setup.sh check
	@ops/run.sh -m benchmarks.text

bench-polyphones: ## characters of several readings, in cross-validation (DATA=folder of the CPP set)
	@ops/setup.sh check
	@ops/run.sh -m benchmarks.polyphones --data "$(or $(DATA),$(error DATA=folder of the polyphone set is needed))"

bench-matching: ## how near the matched voice comes to strangers (needs espeak-ng)
	@ops/setup.sh check
	@ops/run.sh -m benchmarks.matching

bench-tts: ## the bundled voice against VITS and HiFi-GAN V2, first chunk, cold start, memory
	@ops/setup.sh bench
	@ops/run.sh -m benchmarks.tts

bench-load: ## 200 clients at once for a minute against the speech service
	@ops/setup.sh check
	@ops/run.sh -m benchmarks.load

voice: ## train the bundled voice from nothing (hours; goes on where it stopped; VERSION=4 names the result, MINUTES=150)
	@ops/setup.sh check
	@ops/run.sh -m tts_service.training.all --version $(or $(VERSION),next) $(if $(MINUTES),--minutes $(MINUTES))

judge: ## train the phone recogniser that `tts-service score` and the voice's report use (MINUTES=60)
	@ops/setup.sh check
	@ops/run.sh -m tts_service.training.judge --minutes $(or $(MINUTES),60)

voice-report: ## measure the bundled voice on held-out sentences (needs the corpus that `make voice` leaves; DEVICE=cuda)
	@ops/setup.sh check
	@ops/run.sh -m tts_service.training.report $(if $(DEVICE),--device $(DEVICE))

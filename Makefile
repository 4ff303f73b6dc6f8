# The two commands of the README are `make demo` and `make test`. `make help` lists all.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo setup test stack browser screenshots check fix bench verify-upstreams verify-clients lock clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

demo: $(VENV)/.sandbox-stamp ## Try it: sandbox upstreams, a full refresh, then http://127.0.0.1:8000 (PORT=…)
	@PORT=$(PORT) exec $(BIN)/python -m finops.sandbox.demo

setup: $(VENV)/.dev-stamp ## Make .venv with all dependencies, the tools for development included

test: $(VENV)/.dev-stamp ## Run the whole suite on SQLite and on PostgreSQL with Valkey
	@$(BIN)/python -m tests.run $(ARGS)

stack: $(VENV)/.dev-stamp ## Run the services of docker-compose.yml without Docker, in front of the sandbox
	@$(BIN)/python -m tests.stack

browser: $(VENV)/.dev-stamp ## Look at every page with Chromium: `apt-get install chromium` if it is not there
	@$(BIN)/python -m pytest tests/browser -q -p no:cacheprovider $(ARGS)

screenshots: $(VENV)/.dev-stamp ## Make pictures of every page and state in var/screenshots
	@$(BIN)/python -m tests.browser.screenshots $(ARGS)

check: $(VENV)/.dev-stamp ## Formatting, lint, types, import order, templates, migrations
	@$(BIN)/python -m tests.check

fix: $(VENV)/.dev-stamp ## Format and mend what can be mended by itself
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .
	@git ls-files -co --exclude-standard 'templates/*.html' | xargs -r $(BIN)/djade --target-version 5.2 --quiet || true
	@git ls-files -co --exclude-standard 'templates/*.html' | xargs -r $(BIN)/djhtml --tabwidth 2 || true

bench: $(VENV)/.dev-stamp ## Print each benchmark beside its reference
	@$(BIN)/python -m tests.benchmarks.run $(ARGS)

verify-upstreams: $(VENV)/.dev-stamp ## Check our client against the real Boavizta API, run as a separate service
	@$(BIN)/python -m tests.upstreams.verify_boavizta

verify-clients: $(VENV)/.dev-stamp ## Run clients that others wrote for the Carbon Aware SDK against our server
	@$(BIN)/python -m tests.clients.verify_clients

lock: $(VENV)/.dev-stamp ## Resolve pyproject.toml anew into the lock files
	@$(BIN)/python -m tests.project.lock

clean: ## Remove .venv and var
	rm -rf $(VENV) .venv-boavizta var

$(VENV)/.sandbox-stamp: requirements-sandbox.lock
	@$(PYTHON) setup_env.py $(VENV) requirements-sandbox.lock
	@touch $@

$(VENV)/.dev-stamp: requirements-dev.lock
	@$(PYTHON) setup_env.py $(VENV) requirements-dev.lock
	@touch $@
	@touch $(VENV)/.sandbox-stamp

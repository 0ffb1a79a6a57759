# Each target is one intention; `make help` lists them.
SHELL := /bin/sh
.SHELLFLAGS := -ec
.DEFAULT_GOAL := help
.PHONY: help setup pages demo run stop test check docs nightly bench clean

PYTHON ?= python3.11
DATA ?= var
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PAGE_SOURCES := package.json $(wildcard package-lock.json) $(wildcard hotline/web/client/*) \
	$(wildcard case_bridge/web/client/*)
BUILT := hotline/web/static/built

help:  ## Show this list
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-14s %s\n", $$1, $$2}'

setup: .venv/.program  ## Make .venv with the program `hotline`

pages: $(BUILT)/.made  ## Build the pages' scripts and styles

demo: setup pages  ## Start everything and play the stories (ONCE=1: then stop)
	$(BIN)/hotline demo $(if $(ONCE),--once)

run: setup pages  ## Start everything in DATA (default: var)
	$(BIN)/hotline serve --data $(DATA)

stop: setup  ## End everything that runs in DATA
	$(BIN)/hotline stop --data $(DATA)

test: .venv/.tools pages  ## Run every test; installs the other makers' phones and browser first
	.ci/packages
	$(BIN)/pytest -n 3 --dist loadgroup

check: .venv/.tools  ## Lint, format, types, import contracts, documents in step with the tables
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/architecture

docs: .venv/.tools  ## Write the documents that follow from tables, settings and tests
	$(BIN)/python -m config.drawings
	$(BIN)/python -m config.settings_page
	if [ -f config/requirements.py ]; then $(BIN)/python -m config.requirements; fi

nightly: .venv/.tools  ## The queue's promises in far more orders than a test run has time for
	$(BIN)/python -m benchmarks.queues.simulate --schedules 100000
	HOTLINE_ANY_ORDER=400 $(BIN)/pytest -q -n 0 tests/integration/hotline/queues/test_any_order.py

bench: .venv/.tools pages  ## Measure this machine again (docs/benchmarks.md)
	$(BIN)/python -m benchmarks

clean:  ## Remove what was built and installed; data stays
	rm -rf .venv node_modules $(BUILT)

# The stamps below make a second call quick; each is newer than what it was made from.

.venv/.made:
	PYTHON=$(PYTHON) .ci/venv
	touch $@

.venv/.program: .venv/.made requirements.lock pyproject.toml
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

.venv/.tools: .venv/.program requirements-dev.lock
	$(PIP) install --require-hashes -r requirements-dev.lock
	touch $@

$(BUILT)/.made: .venv/.program $(PAGE_SOURCES)
	PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build
	mkdir -p $(BUILT) && touch $@

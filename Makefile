# Callyard: every command a developer or an operator's first hour needs.
#
#   make install   .venv with callyard and the developers' tools
#   make demo      a small call centre with real SIP and RTP, on free loopback ports
#   make run       the service alone, with the sample configuration
#   make test      everything: installs what is missing, runs the whole suite
#   make check     what must be green before a commit: no network, no apt
#   make nightly   the property tests with a large budget, then the whole suite on the compiled build (hours)
#   make mutation  mutation testing of queues/ (an hour or more); MUTATE="queues.lines*" for a part
#   make bench     the benchmarks; writes bench/RESULTS.md
#   make docs      regenerates the generated pages under docs/
#   make compiled  .venv-compiled as production runs it, the hot path in C (needs gcc and Python's headers; minutes)
#   make compiled-test   the whole suite on that build

SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
COMPILED := .venv-compiled
STAMP := $(VENV)/.installed
COMPILED_STAMP := $(COMPILED)/.installed
PYTHON ?=
BENCH_FLAGS ?=
AND_COMPILED = $(if $(wildcard $(COMPILED)/bin/callyard),--compiled $(COMPILED)/bin/callyard)
PYTEST_FLAGS ?=

.PHONY: help install system-packages run demo test check lint types fast nightly mutation bench docs compiled compiled-test format clean

help:
	@sed -n '3,13s/^# *//p' Makefile

$(STAMP): pyproject.toml constraints.txt scripts/install.sh
	@PYTHON="$(PYTHON)" scripts/install.sh $(VENV)
	@touch $@

install: $(STAMP)

system-packages:
	@scripts/system-packages.sh

run: install
	@$(BIN)/python scripts/run.py

demo: install
	@$(BIN)/callyard demo

test: install system-packages
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

# `check` never installs: it must work offline, and fail clearly where nothing was installed yet.
$(BIN)/callyard:
	@echo "make check: nothing is installed yet; run 'make install' first" >&2; exit 1

check: lint types fast

lint: | $(BIN)/callyard
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: | $(BIN)/callyard
	$(BIN)/mypy --strict

fast: | $(BIN)/callyard
	$(BIN)/python -m pytest -m "not interop" $(PYTEST_FLAGS)

format: | $(BIN)/callyard
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

nightly: | $(BIN)/callyard
	$(BIN)/python -m pytest tests/property --hypothesis-profile=nightly $(PYTEST_FLAGS)
	$(MAKE) compiled-test

# mutmut works on a copy of its own (mutants/); it is installed beside the other tools only for this.
mutation: install
	$(BIN)/python -m pip install -q -c constraints.txt mutmut
	$(BIN)/mutmut run $(MUTATE)
	$(BIN)/mutmut results

bench: install system-packages
	$(BIN)/python -m bench.engine --write $(if $(wildcard $(COMPILED)/bin/python),--also $(COMPILED)/bin/python)
	$(BIN)/python -m bench.core_call
	$(BIN)/python -m bench.queued_call $(AND_COMPILED) $(BENCH_FLAGS)
	$(BIN)/python -m bench.registrar $(AND_COMPILED)
	$(BIN)/python -m bench.dmq_sync $(AND_COMPILED)

# Built anew when a source or anything of the build has changed.
$(COMPILED_STAMP): $(shell find app b2bua media migrations queues sipcore scripts -type f -not -name '*.pyc') \
		hatch_build.py pyproject.toml constraints.txt
	@PYTHON="$(PYTHON)" scripts/compiled.sh $(COMPILED)
	@touch $@

compiled: $(COMPILED_STAMP)

compiled-test: install system-packages compiled
	@scripts/compiled-test.sh $(COMPILED) $(BIN)/python $(PYTEST_FLAGS)

docs: install
	$(BIN)/callyard docs settings > docs/configuration.md
	$(BIN)/python scripts/diagrams.py > docs/state-machines.md

clean:
	rm -rf $(VENV) $(COMPILED) mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

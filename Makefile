# Works with GNU make 3.81 (macOS). Every target brings .venv/ in line with the locks first.
SHELL := /bin/sh
PYTHON ?= python3
ARGS ?=
SPREAD ?= -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
BIN := .venv/bin
UV := .venv-lock/bin/uv
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.PHONY: help venv dev up demo generate check test test-all bench lint lock clean runtime-env test-env have-python

help: ## show this list
	@echo 'usage: make [PYTHON=python3.12] [ARGS="..."] TARGET'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile

venv: test-env ## bring .venv/ in line with runtime.lock and test.lock
	@echo '.venv/ is in line with the locks'

dev: test-env ## venv and the git hooks; SERVICE=document: run it beside stand-ins
	@$(if $(SERVICE),$(BIN)/cloudsync-gen dev $(SERVICE) $(ARGS),$(BIN)/pre-commit install)

up: test-env ## run all services together, until Ctrl-C (ARGS="--only document,file")
	@$(BIN)/cloudsync-gen up $(ARGS)

demo: test-env ## run CloudSync's services and play its story on them (ARGS="--traces FILE")
	@PYTHONPATH=tests:templates/chassis/src $(BIN)/python -m demo $(ARGS)

generate: runtime-env ## write what the model implies (ARGS="user-service --diff")
	@$(BIN)/cloudsync-gen generate $(ARGS)

check: runtime-env ## check the model against all rules
	@$(BIN)/cloudsync-gen check $(ARGS)

test: test-env ## run every kind of test, small counts, fixed seeds (ARGS="-k lock")
	@$(BIN)/python -m pytest $(SPREAD) $(ARGS)

test-all: test-env ## run the tests with the full figures
	@$(BIN)/python -m pytest --full $(SPREAD) $(ARGS)

bench: test-env ## measure the budgets, as ratios in one run
	@PYTHONPATH=tests $(BIN)/python -m bench $(ARGS)

lint: test-env ## ruff, black, mypy --strict, shellcheck, actionlint
	@$(BIN)/python .ci/lint.py

lock: ## compile both locks from pyproject.toml (UPGRADE=1: to the newest releases)
	@test -x $(UV) || { $(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install -qq uv==0.13.8; }
	@$(COMPILE) pyproject.toml --group build -o runtime.lock
	@$(COMPILE) --group pyproject.toml:test -c runtime.lock -o test.lock
	@echo 'runtime.lock and test.lock are up to date; `make venv` installs them'

clean: ## remove caches and builds; .venv/ stays, it is brought in line by itself
	@rm -rf build dist .cloudsync-gen .mypy_cache .pytest_cache .ruff_cache .hypothesis .venv-lock
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

runtime-env: have-python
	@$(PYTHON) .ci/venv.py runtime

test-env: have-python
	@$(PYTHON) .ci/venv.py test

have-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'cloudsync-gen needs Python 3.11 or newer, and $(PYTHON) is not that.' >&2; \
	  echo 'Install one, or name it: make PYTHON=/path/to/python3.11 ...' >&2; exit 2; }

# Every target sets up what it needs in .venv. All it takes is Python 3.11 or newer, and make.
#
#   make test ARGS="-k signature"      hands arguments on to the program behind the target
#   make demo PYTHON=python3.13        chooses the Python that .venv is made with

PYTHON ?= python3
ARGS ?=

BIN := .venv/bin
# setuptools warns at length of every editable installation whose folders have other names than their packages.
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test serve lint bench clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s%s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: .venv/.demo ## tell the story in the terminal: emit, sign, deliver, retry, disable
	@$(BIN)/mockstore demo $(ARGS)

test: .venv/.test ## run the tests
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup $(ARGS)

serve: .venv/.demo ## run the server on this machine
	@$(BIN)/mockstore serve $(ARGS)

lint: .venv/.lint ## check style, types and the order of the layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: .venv/.bench ## measure the speed, side by side with the peers
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## remove .venv and everything else that was made here
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is touched only after everything before it has worked, so an interrupted installation starts anew.

.venv/.base:
	@command -v '$(PYTHON)' >/dev/null || { \
		echo "No '$(PYTHON)' on this machine: install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2; \
		exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "'$(PYTHON)' is $$('$(PYTHON)' --version 2>&1); mockstore needs 3.11 or newer: make PYTHON=python3.12" >&2; \
		exit 1; }
	@echo "Setting up .venv with $$('$(PYTHON)' --version)"
	@'$(PYTHON)' -m venv .venv
	@$(PIP) install 'pip>=25.1'
	@touch $@

.venv/.demo: .venv/.base pyproject.toml
	@echo "Installing mockstore into .venv"
	@$(PIP) install --editable .
	@touch $@

.venv/.test: .venv/.demo
	@echo "Installing what the tests need"
	@$(PIP) install --group test
	@touch $@

.venv/.lint: .venv/.test
	@echo "Installing what the checks need"
	@$(PIP) install --group bench --group lint
	@touch $@

.venv/.bench: .venv/.demo
	@echo "Installing what the benchmarks need"
	@$(PIP) install --group bench
	@touch $@

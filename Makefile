# Every target sets up what it needs in .venv. All it takes is Python 3.11 or newer, and make.
#
#   make test ARGS="-k signature"      hands arguments on to the program behind the target
#   make demo PYTHON=python3.13        chooses the Python that .venv is made with

PYTHON ?= python3
ARGS ?=

BIN := .venv/bin
# setuptools warns at length of every editable installation whose folders have other names than their packages.
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip --disable-pip-version-check --quiet

SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo --non-interactive)
APT = $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -qq --yes --no-install-recommends

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test serve lint audit docs screenshots bench peers kill servers clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s%s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

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

audit: .venv/.lint ## look for known vulnerabilities, here and in what is used
	$(BIN)/bandit --quiet --recursive mockstore pytest_plugin --configfile pyproject.toml
	$(BIN)/python -m tests.vulnerabilities

docs: .venv/.docs ## build the manual, strictly, into build/docs
	@$(BIN)/python docs/reference.py
	@$(BIN)/python docs/gallery.py
	@$(BIN)/python -m sphinx -q -n -W --keep-going -b html docs build/docs
	@echo "build/docs/index.html"

screenshots: .venv/.test servers ## make the pictures in docs/pictures anew
	@$(BIN)/python docs/screenshots.py
	@$(BIN)/python docs/failure.py

kill: .venv/.test servers ## kill the server 100 times while it delivers, and count what is lost
	@$(BIN)/python -m benchmarks.durable --rounds 100 $(ARGS)
	@$(BIN)/python -m benchmarks.durable --rounds 100 --database postgresql --servers 2 $(ARGS)

servers: ## install the real servers that some tests want, from Debian's packages: PostgreSQL and Chromium
	@command -v psql >/dev/null && ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || $(APT) postgresql
	@command -v chromium >/dev/null || $(APT) chromium

bench: .venv/.bench ## measure the speed, side by side with the peers
	@$(BIN)/python -m benchmarks $(ARGS)

peers: ## install WireMock and Mockoon, which `make bench` then measures too, into .venv/peers; needs npm, and Java to run
	@command -v npm >/dev/null || { echo "No npm on this machine: install Node.js" >&2; exit 1; }
	@npm install --prefix .venv/peers --no-fund --no-audit --silent wiremock @mockoon/cli

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

.venv/.docs: .venv/.test
	@echo "Installing what the manual needs"
	@$(PIP) install --group docs
	@touch $@

.venv/.bench: .venv/.demo
	@echo "Installing what the benchmarks need"
	@$(PIP) install --group bench
	@touch $@

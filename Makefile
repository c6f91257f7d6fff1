# Two commands do everything on a fresh machine with Python 3.11+ and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Twice the cores: many tests wait for processes of their own.
JOBS ?= $(shell $(PYTHON) -c "import os; print(2 * (os.cpu_count() or 1))")
DEMO ?= workplace-sync-demo
NPM := tests/foreign/npm/node_modules/.installed

.PHONY: demo console test check bench bench-readme fix lock clean

demo: $(STAMP)
	$(BIN)/workplace-sync demo

# The console on what the demo has left behind; the first line is the link that lets Ada in, once.
console: $(STAMP)
	@test -e $(DEMO)/.workplace-sync-demo || $(BIN)/workplace-sync demo --folder $(DEMO)
	@$(BIN)/workplace-sync --home $(DEMO) account invite ada
	@$(BIN)/workplace-sync --home $(DEMO) serve

test: $(STAMP) $(NPM)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal --cov --cov-report=term-missing:skip-covered -m "not bench"

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/workplace-sync policy lint policies
	$(BIN)/workplace-sync policy test policies
	$(MAKE) --no-print-directory test

bench: $(STAMP)
	$(BIN)/python -m pytest -m bench -s -q tests/benchmarks

# The same, with the table put into the README.
bench-readme: $(STAMP)
	$(BIN)/python -m pytest -m bench -s -q tests/benchmarks --bench-into README.md

fix: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The lock names no host, so it can be committed; plain pip installs from it.
lock: $(STAMP)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra pdf --extra apprise --generate-hashes --universal --python-version 3.11 \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet \
		--output-file requirements.lock build-requirements.in

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "workplace-sync needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q workplace_sync
	@touch $@

# Bundles are verified by the sigstore project's code as well, where npm is there; without it those tests are skipped.
$(NPM): tests/foreign/npm/package.json
	@if command -v npm > /dev/null; then \
		npm --prefix tests/foreign/npm install --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel error && touch $@ \
		|| echo "npm could not install @sigstore/verify; the tests that need it will say so" >&2; fi

clean:
	rm -rf tests/foreign/npm/node_modules $(VENV) .mypy_cache .ruff_cache .pytest_cache .coverage workplace-sync-demo

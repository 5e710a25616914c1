PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# two files of tests at a time; what a file's tests share is then made once
SIDE_BY_SIDE := -n 2 --dist loadscope --no-loadscope-reorder

.PHONY: demo install dev format check test test-all parity test-integration test-faults bench-gpu

# What the demo needs, and no more: no torch, no test tools.
install: $(VENV)/.installed
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check --quiet -c constraints.txt -e .
	touch $@

dev: $(VENV)/.installed-dev
$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --disable-pip-version-check --quiet -c constraints.txt torch==2.13.0
	$(BIN)/pip install --disable-pip-version-check --quiet -c constraints.txt -e '.[dev,gpu]'
	touch $@

demo: install
	$(BIN)/nightshoot render manifests/demo.csv --out renders

format: dev
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

check: dev
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/lint-imports && $(BIN)/pyright

test: dev
	$(BIN)/pytest $(SIDE_BY_SIDE)

# The same, and every further number of ranks, placement and kind of weights: minutes more.
test-all: dev
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "not cluster and not faults"

# Every tensor of a golden set, GOLDEN=<folder>; without one, the set beside this checkout.
parity: dev
	$(BIN)/python -m tests.parity

# A real Prefect server on PostgreSQL, workers, SeaweedFS: needs PostgreSQL installed, a quarter of
# an hour.
test-integration: dev
	$(BIN)/pytest -m "cluster and not faults"

# The same servers, killed in every way: up to an hour, by hand.
test-faults: dev
	$(BIN)/pytest -m faults

# The engine on one GPU, random weights, under ten minutes; beside the reference with
# REFERENCE=<checkout of its repository>; more options in ARGS. The page: benchmarks/results/.
bench-gpu: dev
	$(BIN)/python -m benchmarks.gpu $(if $(REFERENCE),--reference $(REFERENCE)) $(ARGS)

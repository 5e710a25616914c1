PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# three files of tests at a time, or SIDES, as tests wait for processes and disks a sixth of the time (on
# two shared cores 10:18 instead of 12:32, 2026-11-30); what a file's tests share is then made once
SIDES := 3
# (CI gives another, which runs one or two tests that failed a second time)
PYTEST := pytest
# pip compiles what it installs on one core, a third of its time; this does it on all of them. Packages hold
# a few files that no Python compiles, as pip knows too
PIP_INSTALL = $(BIN)/pip install --disable-pip-version-check --quiet --no-compile -c constraints.txt
COMPILE = $(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
SIDE_BY_SIDE = -n $(SIDES) --dist loadscope --no-loadscope-reorder

.PHONY: demo install dev format check test test-all parity test-integration test-faults fuzz harms bench-gpu count-gpu compile-gpu card-tables

# Only what the demo needs: no torch, no test tools.
install: $(VENV)/.installed
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) -e .
	$(COMPILE)
	touch $@

dev: $(VENV)/.installed-dev
$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP_INSTALL) torch==2.13.0
	$(PIP_INSTALL) -e '.[dev,gpu]'
	$(COMPILE)
	touch $@

demo: install
	$(BIN)/nightshoot render manifests/demo.csv --out renders

format: dev
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

check: dev
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/lint-imports && $(BIN)/pyright

test: dev
	$(BIN)/$(PYTEST) $(SIDE_BY_SIDE)

# The same with every further number of ranks, placement and kind of weights, and what the tests with
# servers leave out, and properties with examples of their own each time: takes minutes more.
test-all: dev
	NIGHTSHOOT_NEW_EXAMPLES=1 $(BIN)/pytest $(SIDE_BY_SIDE) -m "not faults and (sweep or not cluster)"

# Compares every tensor of a golden set, GOLDEN=<folder>; by default the set beside this checkout.
parity: dev
	$(BIN)/python -m tests.parity

# Tests with a real Prefect server, workers and SeaweedFS: needs PostgreSQL, takes eleven minutes. Each
# side has servers of its own.
test-integration: dev
	$(BIN)/$(PYTEST) $(SIDE_BY_SIDE) tests/integration -m "cluster and not faults and not sweep"

# Kills the same servers in every way: takes up to an hour, so it is run by hand.
test-faults: dev
	$(BIN)/pytest -m faults

# Damages files of every kind that rows name, for SECONDS in all, and keeps what reveals a fault in
# KEPT=<folder>; `make test` does the same for a few seconds.
SECONDS := 600
fuzz: dev
	NIGHTSHOOT_FUZZ_S=$(SECONDS) NIGHTSHOOT_FUZZ_KEPT=$(KEPT) $(BIN)/pytest -n 0 tests/fuzz

# Damages every kind of file of finished campaigns in every way, for SECONDS in all and with seeds from SEED
# on, and tells what one more run does not heal; `make test-all` does a part of it.
SEED := 1
harms: dev
	NIGHTSHOOT_HARMS_S=$(SECONDS) NIGHTSHOOT_HARMS_SEED=$(SEED) $(BIN)/pytest -n 0 tests/harms -m "not faults"

# Measures the engine on one GPU with random weights in under ten minutes, and the reference too with
# REFERENCE=<checkout of its repository>; more options in ARGS. The page goes to benchmarks/results/.
bench-gpu: dev
	$(BIN)/python -m benchmarks.gpu $(if $(REFERENCE),--reference $(REFERENCE)) $(ARGS)

# Counts the work of a segment on a GPU that is not there, and writes the page that tests/fake_gpu
# holds the engine to: five minutes of the processor.
count-gpu: dev
	$(BIN)/python -m tests.fake_gpu

# Compiles what the engine compiles on a GPU for cards that are not there, and writes a page of registers and
# spills: a quarter of an hour. It has an environment of its own with the CUDA build of torch: 6 GB, no driver.
# (=== takes no build for CPUs that lies on a disk.)
CUDA_VENV := .venv-cuda
compile-gpu: $(CUDA_VENV)/.installed
	$(CUDA_VENV)/bin/python -m tests.cubins
$(CUDA_VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(CUDA_VENV)
	$(CUDA_VENV)/bin/pip install --disable-pip-version-check --quiet -c constraints.txt torch===2.13.0
	$(CUDA_VENV)/bin/pip install --disable-pip-version-check --quiet -c constraints.txt -e '.[gpu]'
	touch $@

# Writes the tables of cards in docs/operations.md anew, and the page of where a block's time goes, from the
# counted work and the datasheets.
card-tables: dev
	$(BIN)/python -m benchmarks.cards
	$(BIN)/python -m benchmarks.block_time

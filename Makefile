# Every target makes its own virtual environment in .venv and installs what it needs.
# PYTHON names the interpreter to make it with: make test PYTHON=python3.12
# MINUTES says how long the soak lasts, WORKERS how many processes read: make soak MINUTES=3
# JOBS says how many tests run at a time: make test JOBS=1
# PYTHONS and MACHINES say what the pex runs on: make pex PYTHONS=3.12 MACHINES=x86_64
# UPGRADE=1 takes the newest packages: make lock UPGRADE=1

PYTHON ?= python3
MINUTES ?= 20
WORKERS ?= 1
JOBS ?= 4
RUNS ?= 5
VENV := .venv
BIN := $(VENV)/bin
TOOLS := build/tools

# The tests start the command hundreds of times; without compiled files each start
# would compile all of it.
unexport PYTHONDONTWRITEBYTECODE

.DELETE_ON_ERROR:
.PHONY: help demo test test-all soak check bench bench-peers man dist pex lock format clean

help:  ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(VENV)/shipper.stamp  ## Send real exchanges from an app to a local receiver; files in demo/.
	$(BIN)/shipper demo --keep demo

# Of unit and integration tests alone it is measured what they cover: measuring makes
# the hundreds of processes of the others slow. The documents are read by `check`.
test: $(VENV)/dev.stamp  ## Run the tests of every day, with branch coverage.
	$(BIN)/python -m pytest -m "not slow" -n $(JOBS) --dist worksteal \
	    tests/property tests/chaos tests/e2e
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -m "not slow" -n $(JOBS) --dist worksteal \
	    tests/unit tests/integration --ignore=tests/unit/test_docs.py
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-all: $(VENV)/dev.stamp  ## Run every test, the long ones too.
	$(BIN)/python -m pytest

soak: $(VENV)/dev.stamp  ## Kill writers and shipper at random, count every line; 20 minutes.
	$(BIN)/python -m tests.soak.soak --minutes $(MINUTES) --workers $(WORKERS)

check: $(VENV)/dev.stamp  ## Run formatter, linter, types, layers, spelling, documents.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/python -m pytest -q tests/unit/test_docs.py

bench: $(VENV)/shipper.stamp  ## Measure each step of hot path and writer; seconds.
	$(BIN)/python -m benchmarks.hot_path
	$(BIN)/python benchmarks/writer.py
	$(BIN)/python benchmarks/formats.py

# As root it installs the programs of the others from Debian; what is not there is
# left out. RUNS says how many rounds: make bench-peers RUNS=3
bench-peers: $(VENV)/bench.stamp  ## Measure beside other programs; 20 minutes.
	$(BIN)/python -m benchmarks.peers throughput --runs $(RUNS)
	$(BIN)/python -m benchmarks.peers reaction --runs $(RUNS)
	$(BIN)/python -m benchmarks.peers workers --runs $(RUNS)
	$(BIN)/python -m benchmarks.middleware --runs $(RUNS)
	$(BIN)/python -m benchmarks.write_up

man: $(BIN)/python  ## Build the manual page: build/shipper.1.
	mkdir -p build
	PYTHONPATH=. $(BIN)/python docs/man.py > build/shipper.1

# The same commit gives the same bytes, wherever and whenever they are made.
dist pex: export SOURCE_DATE_EPOCH := $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),1577836800)

dist: $(TOOLS)/stamp  ## Build wheel and sdist, and check what they say of themselves.
	rm -f dist/hartail-*
	$(TOOLS)/bin/hatchling build
	$(TOOLS)/bin/twine check --strict dist/hartail-*
	cd dist && sha256sum hartail-* > SHA256SUMS

pex: dist  ## Build dist/shipper.pex, one file for hosts without pip; half a minute.
	PYTHONS='$(PYTHONS)' MACHINES='$(MACHINES)' \
	    .ci/pex.sh $(TOOLS) dist/hartail-*.whl dist/shipper.pex
	cd dist && sha256sum shipper.pex > shipper.pex.sha256

lock: $(TOOLS)/stamp  ## Pin what the shipper needs, with hashes, in requirements.lock.
	$(TOOLS)/bin/uv pip compile --quiet --universal --python-version 3.11 \
	    --extra shipper --extra zstd --generate-hashes $(if $(UPGRADE),--upgrade) \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
	    --output-file requirements.lock pyproject.toml

format: $(VENV)/dev.stamp  ## Format the code and mend what the linter can.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## Remove what the targets above have made.
	rm -rf $(VENV) demo build dist .coverage .coverage.* .mypy_cache .ruff_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# A stamp is newer than pyproject.toml when what that file asks for is installed.
$(VENV)/shipper.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[shipper]'
	@touch $@

$(VENV)/dev.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/shipper.stamp

$(TOOLS)/stamp: .ci/tools.txt
	@$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(VENV)/bench.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[shipper,bench]'
	@touch $@ $(VENV)/shipper.stamp

# Every target makes what it needs in .venv, with nothing but Python 3.11 or newer and pip.
#
## make demo    install, train a small LSTM for a minute, show what it writes
## make test    install the `test` extra, run the tests and the docstrings' examples (some: make test TESTS=tests/nn)
## make lint    ruff and the import contracts
## make types   mypy --strict
## make docs    the examples in the docstrings and the README, the links in the Markdown files
## make coverage  branches and lines of the engine, operations, layers, optimizers, training and data that tests reach
## make versions  those tests on every Python there is, with the oldest NumPy and the newest (some: make versions TESTS=tests/nn)
## make survivors mutation testing of the engine, operations, optimizers and the reader of checkpoints
## make site    the documentation site, in site/; runs the tutorials that have changed, in full with FULL=--full: ten minutes
## make bench   beside other libraries, depth, import, single operations, the README's figures: half an hour
## make clean   remove .venv and what the tools left behind; runs/ stays

VENV := .venv
PY := $(VENV)/bin/python
PYTHON ?= $(shell for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$candidate -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$candidate && break; done)

# The arrays are small: BLAS threads would only get in each other's way beside several test processes.
PYTEST := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(PY) -m pytest

# Where a second thread can be worth its while.
TWO_THREADS := $(foreach cell,lstm gru rnn,S-$(cell) M-$(cell)) L-lstm $(foreach size,S M L,$(size)-lstm-embedding $(size)-lstm-dense)

# What the rest stands on; commands, pictures and pages are left out.
CORE := $(addprefix tests/,engine ops autograd functional tensor optim nn models data train checkpoint)

.PHONY: help demo test lint types docs site coverage versions survivors bench clean

help:
	@sed -n 's/^## //p' Makefile

demo: $(VENV)/.core
	$(VENV)/bin/tinygrad-seq demo

test: $(VENV)/.test
	$(PYTEST) -n auto --maxprocesses 8 --dist worksteal $(TESTS)

lint: $(VENV)/.dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(VENV)/bin/lint-imports

types: $(VENV)/.dev
	$(PY) -m mypy

docs: $(VENV)/.test
	$(PYTEST) tinygrad_seq backends tests/test_readme.py tests/test_packaging.py::test_links_in_markdown_lead_to_files

coverage: $(VENV)/.test $(VENV)/.meta
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(PY) -m coverage run -m pytest $(CORE)
	$(PY) -m coverage combine
	$(PY) -m coverage report
	$(PY) -m coverage json --quiet -o - | $(PY) -m benchmarks.reliability.branches

versions: $(VENV)/.meta
	$(VENV)/bin/nox -- $(or $(TESTS),$(CORE))

survivors: $(VENV)/.test $(VENV)/.meta
	$(PY) -m benchmarks.reliability.survivors

site: $(VENV)/.docs
	OPENBLAS_NUM_THREADS=1 $(PY) tutorials/run.py --stale $(FULL)
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict

bench: $(VENV)/.bench
	$(PY) -m benchmarks.peers
	$(PY) -m benchmarks.peers --threads 2 --workloads $(TWO_THREADS)
	$(PY) -m benchmarks.roofline
	$(PY) -m benchmarks.depth
	$(PY) -m benchmarks.import_cost
	$(PY) -m benchmarks.arity
	$(PYTEST) benchmarks --benchmark-only
	$(PY) -m benchmarks.readme

clean:
	rm -rf $(VENV) build dist site htmlcov .benchmarks .coverage .coverage.* .hypothesis
	rm -rf mutants .nox .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find tinygrad_seq backends tests benchmarks tutorials -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# One stamp per set of extras: a set is installed again when pyproject.toml is newer than its stamp.
$(VENV)/.core: pyproject.toml $(VENV)/.created
	$(PY) -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.test $(VENV)/.dev $(VENV)/.docs $(VENV)/.meta $(VENV)/.bench: $(VENV)/.%: pyproject.toml $(VENV)/.created
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

$(VENV)/.created:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer with the venv module found." \
		"Get one from python.org (Debian, Ubuntu: apt install python3-venv)" \
		"or name yours: make PYTHON=/path/to/python demo" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

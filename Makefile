SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto

.PHONY: install system demo test test-full bench lint docs clean

install: $(VENV)/.installed  ## a virtual environment with everything

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "invoicebatch needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[lab,dask,test]'
	touch $@

system: install  ## programs the tests drive: Chromium, LibreOffice, qpdf, poppler
	./tests/system-packages

demo: install  ## the main job on a sample, in ./demo
	$(BIN)/python -m invoicebatch demo demo

test: install system lint  ## everything that must hold before a change lands
	$(BIN)/python -m pytest -n $(WORKERS) -m 'not full and not bench'

test-full: install system lint  ## the slow sweeps too
	$(BIN)/python -m pytest -n $(WORKERS) -m 'not bench'

bench: install  ## measurements, side by side in one run
	$(BIN)/python -m pytest -m bench -s tests/bench

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: install  ## what is derived in the documentation: docs/tables.md, the table of actions in README.md
	$(BIN)/python docs/generate.py

clean:
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .pytest_cache

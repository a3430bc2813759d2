SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LATEST := .venv-latest
WORKERS ?= auto
# The pinned versions, also of what a package is built with: older pips read the one name for that, newer ones the other.
PINNED := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt
# Tests start hundreds of commands: each would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install constraints system demo test test-full test-portable test-latest bench audit lint docs pictures site clean

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 14

install: $(VENV)/.installed  ## a virtual environment with everything, in the versions of constraints.txt

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "invoicebatch needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv --clear $(VENV)
	$(PINNED) $(BIN)/python -m pip install --quiet --editable '.[all,docs,test]'
	touch $@

constraints:  ## pin anew: the newest versions that pyproject.toml allows
	$(PYTHON) -m venv --clear $(LATEST)
	$(LATEST)/bin/python -m pip install --quiet hatchling editables --editable '.[all,docs,test]'
	$(LATEST)/bin/python -m pip freeze --exclude-editable | grep -E '^[^ ]+==[^ ]+$$' > constraints.txt

system: install  ## programs the tests drive: Chromium, LibreOffice, qpdf, poppler
	./tests/system-packages

demo: install  ## the main job on a sample, in ./demo
	$(BIN)/python -m invoicebatch demo demo

test: install system lint  ## everything that must hold before a change lands
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m 'not full and not bench'

test-full: install system lint  ## the slow sweeps too
	ALL_EXAMPLES=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m 'not bench'

test-portable: install system  ## the tests by the ways of files and locks that Windows must go
	INVOICEBATCH_PORTABLE=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m 'not full and not bench'

test-latest:  ## the tests with the newest of everything: what differs, what broke; TESTS=tests/store narrows it
	./tests/system-packages
	PYTHON='$(PYTHON)' WORKERS='$(WORKERS)' TESTS='$(TESTS)' .ci/test-latest

bench: install  ## measurements, side by side in one run
	$(BIN)/python -m pytest -m bench -s tests/bench

audit: install  ## published faults of what is installed
	$(BIN)/python -m pip install --quiet pip-audit
	$(BIN)/python -m pip_audit

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

site: install  ## the documentation as web pages, in ./site; its search works when served: python -m http.server -d site
	$(BIN)/python -m mkdocs build --clean --site-dir site

docs: install  ## what is derived in the documentation: docs/tables.md, the table of actions in README.md
	$(BIN)/python docs/generate.py

pictures: system  ## the pictures of the actions' dialogs in the documentation, taken in Chromium
	$(BIN)/python -m docs.pictures

clean:
	rm -rf $(VENV) $(LATEST) demo site .mypy_cache .ruff_cache .pytest_cache

# make demo   tags the sample documents and leaves a table, a report and an audit in build/demo
# make test   runs all tests
# make lint   runs the linters and the type checker
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SAMPLES := $(wildcard corpus/samples/*.docx corpus/samples/*.pdf corpus/samples/*.html corpus/samples/*.txt)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test lint samples clean

demo: $(VENV)/installed
	@test build/demo/run.json -nt models/standard/manifest.json || rm -rf build/demo
	@$(BIN)/gcmtag tag $(SAMPLES) -o build/demo --format parquet,csv
	@$(BIN)/gcmtag audit build/demo -o build/demo/audit/report.html

test: $(VENV)/installed-dev
	@$(BIN)/python -m pytest

lint: $(VENV)/installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

samples: $(VENV)/installed-dev
	@$(BIN)/python corpus/samples/make.py

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("gcmtag needs Python 3.11 or newer: make PYTHON=python3.12")'
	@echo "Installing into $(VENV); the first time this takes a few minutes."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@$(PIP) --editable '.[dev,hxl]'
	@touch $@

clean:
	rm -rf $(VENV) build dist

# Everything that a person types: make run, make test. The environment is made once, and again when pins change.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCENARIO ?= scenarios/baseline.yaml

.PHONY: run install test lint bench clean checks fuzz mutants

run: install
	@$(BIN)/mobank run $(SCENARIO)

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "mobank needs Python 3.11 or newer as '$(PYTHON)': install it, or run make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv module is missing: install it (Debian, Ubuntu: apt-get install python3-venv)"; exit 1; }
	@echo "making $(VENV) (once; a minute or two) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[excel]'
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@

test: $(VENV)/.installed-test
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.installed-test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(VENV)/.installed-test
	@$(BIN)/python -m tests.benchmarks

# Ten times as many generated texts, records and workbooks as `make test` tries, counted by kind: some twenty minutes.
fuzz: $(VENV)/.installed-test
	@MOBANK_FUZZ=10 $(BIN)/python -m pytest -n 0 -s tests/faults/test_texts.py tests/faults/test_texts_end_to_end.py \
	  tests/faults/test_terminals.py tests/faults/test_records.py tests/faults/test_job_files.py \
	  tests/unit/spreadsheets/test_mutations.py

# Small changes of the code that makes numbers: which ones does no test notice? An hour or two; see tests/mutants.
mutants: $(VENV)/.installed-test
	@$(BIN)/python -m tests.mutants watch
	@$(BIN)/python -m tests.mutants watch --interpreted
	@$(BIN)/python -m tests.mutants try
	@$(BIN)/python -m tests.mutants report

# Are fits to be trusted? Slopes of the density at the truth, then fits and forecasts of synthetic banks: hours.
checks: $(VENV)/.installed
	@$(BIN)/mobank sbc --check score --banks 400
	@$(BIN)/mobank sbc calibration/checks/monthly.yaml --check score --banks 400
	@$(BIN)/mobank sbc calibration/checks/monthly_lost.yaml --check score --banks 400
	@$(BIN)/mobank sbc --banks 200
	@$(BIN)/mobank sbc calibration/checks/monthly.yaml --banks 300
	@$(BIN)/mobank sbc calibration/checks/monthly_lost.yaml --banks 100

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
